"""Attaching programs to events of the kernel by bpf(2) and perf_event_open(2)."""

import ctypes
import fcntl
import os
import platform
import struct
from pathlib import Path

import bpf

_PERF_EVENT_OPEN = {"x86_64": 298, "aarch64": 241}[platform.machine()]
# Of include/uapi/linux/bpf.h and perf_event.h.
_RAW_TRACEPOINT_OPEN = 17
_TYPE_TRACEPOINT, _FLAG_CLOEXEC = 2, 8
_ENABLE, _SET_BPF = 0x2400, 0x40042408
_EVENTS = Path("/sys/kernel/tracing/events")
_libc = ctypes.CDLL(None, use_errno=True)


def attach(program, section):
    """Attaches an open program at what its section names; the descriptors that hold it there."""
    kind, _, event = section.partition("/")
    attached = {"tp_btf": lambda _: _raw(program, ""), "raw_tp": lambda name: _raw(program, name), "raw_tracepoint": lambda name: _raw(program, name),
                "tracepoint": lambda name: _of_event(program, name), "tp": lambda name: _of_event(program, name)}
    return [attached[kind](event)]


def _raw(program, name):
    text = ctypes.create_string_buffer(name.encode())
    attr = ctypes.create_string_buffer(128)
    struct.pack_into("<QI", attr, 0, ctypes.addressof(text) if name else 0, program)
    fd, errno = bpf.call(_RAW_TRACEPOINT_OPEN, attr)
    if fd < 0:
        raise RuntimeError(f"raw tracepoint {name}: {os.strerror(errno)}")
    return fd


def _of_event(program, name):
    number = int((_EVENTS / name / "id").read_text())
    # `struct perf_event_attr` of 112 bytes: its type, its size, the number of the event, a sample for each.
    attr = ctypes.create_string_buffer(struct.pack("<IIQQ", _TYPE_TRACEPOINT, 112, number, 1), 112)
    # Of any process, on CPU 0: the program sees the events of all CPUs.
    fd = _libc.syscall(_PERF_EVENT_OPEN, attr, -1, 0, -1, _FLAG_CLOEXEC)
    if fd < 0:
        raise RuntimeError(f"{name}: {os.strerror(ctypes.get_errno())}")
    fcntl.ioctl(fd, _SET_BPF, program)
    fcntl.ioctl(fd, _ENABLE, 0)
    return fd
