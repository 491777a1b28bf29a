"""What the running kernel says of helpers: it is asked to load small programs. A script of its own, for guests of ci/vm.

Which program types may call which helpers: whether `call N; exit` is refused for the call itself. Which helpers move the
packet: whether a pointer into the packet is valid behind a call with arguments that the kernel takes.
"""

import contextlib
import ctypes
import json
import os
import resource
import struct
import sys
import tomllib
from pathlib import Path

import bpf

_SPECS = Path(__file__).resolve().parent.parent.parent / "ir-specs"
# Program types that load only with an attach type of theirs: `enum bpf_attach_type` of include/uapi/linux/bpf.h.
_ATTACH_TYPES = {"cgroup_sock_addr": 10, "cgroup_sockopt": 22, "sk_lookup": 36, "netfilter": 45}
# Program types that read packets, and where their context (include/uapi/linux/bpf.h) has the pointers to the packet's begin
# and end: opcode of the load, offsets.
_LOAD32, _LOAD64 = 0x61, 0x79
_SKB = (_LOAD32, 76, 80)
_PACKETS = {
    "sched_cls": _SKB, "xdp": (_LOAD32, 0, 4), "lwt_xmit": _SKB, "lwt_seg6local": _SKB, "lwt_in": _SKB, "lwt_out": _SKB,
    "sk_skb": _SKB, "sk_msg": (_LOAD64, 0, 8), "sock_ops": (_LOAD64, 192, 200), "cgroup_skb": _SKB,
    "sk_reuseport": (_LOAD64, 0, 8), "flow_dissector": _SKB,
}
# Kinds of maps that such helpers take: `enum bpf_map_type`. An array, of programs, of events, of cgroups, of sockets.
_MAPS = (2, 3, 4, 8, 15, 18)
# The memory that helpers get: so many bytes on the stack, and so many of them where an argument says how many.
_MEMORY, _SIZE = 64, 4


def questions():
    """Program type → number, and helper → record, of the tables."""
    enums = tomllib.loads((_SPECS / "uapi/bpf.toml").read_text())["linux/bpf.h"]["enums"]
    types = {name.removeprefix("BPF_PROG_TYPE_").lower(): number for name, number in enums["bpf_prog_type"]["variants"] if number}
    return types, tomllib.loads((_SPECS / "helpers.toml").read_text())


def ask(types, helpers):
    """The answers: `count`, the number of the last helper that there is; `may`, helper → program types; `moves`, helpers."""
    # Kernels before 5.11 count programs as locked memory; later ones ask nothing.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    may, known = {helper: [] for helper in helpers}, 0
    for name, number in types.items():
        if _load(name, number, [_MOVE, _EXIT]) != "":
            continue
        for helper, spec in helpers.items():
            log = _load(name, number, [_call(spec["number"]), _MOVE, _EXIT])
            if "invalid func" not in log:
                known = max(known, spec["number"])
                if "cannot use helper" not in log and "unknown func" not in log:
                    may[helper].append(name)
    maps = [_map(kind) for kind in _MAPS]
    # What moves the packet has the context first: `check_helper_call` of kernel/bpf/verifier.c demands it.
    asked = {helper: spec for helper, spec in helpers.items() if spec.get("args", [{}])[0].get("kind") == "context"}
    moves = [helper for helper, spec in asked.items()
             if any(_moves(spec, name, types, maps) for name in may[helper] if name in _PACKETS)]
    return {"count": known, "may": may, "moves": moves}


def _moves(spec, name, types, maps):
    """Whether a read of the packet behind the call is not allowed, with any of the maps."""
    load, begin, end = _PACKETS[name]
    before = [
        _code(0xBF, 6, 1),  # r6 = ctx
        _code(load, 7, 6, begin), _code(load, 8, 6, end),
        _code(0xBF, 2, 7), _code(0x07, 2, 0, 0, 1),  # r2 = r7 + 1
        _code(0x2D, 2, 8, 1),  # over the next one if r2 > r8
        _code(0x05, 0, 0, 2),  # over the next two
        _MOVE, _EXIT,
        *[_code(0x7A, 10, 0, -8 * slot) for slot in range(1, _MEMORY // 8 + 1)],
    ]
    behind = [_call(spec["number"]), _code(0x71, 0, 7), _MOVE, _EXIT]
    return any("R7 invalid mem access" in _load(name, types[name], [*before, *_arguments(spec, fd), *behind]) for fd in maps)


def _arguments(spec, map_fd):
    args = spec["args"]
    sizes = {arg["size"] for arg in args if "size" in arg}
    for at, arg in enumerate(args[:5]):
        register, kind = at + 1, arg["kind"]
        if kind == "context":
            yield _code(0xBF, register, 6)
        elif kind == "map":
            yield _code(0x18, register, 1, 0, map_fd)
            yield bytes(8)
        elif kind == "scalar":
            yield _code(0xB7, register, 0, 0, _SIZE if at in sizes else 0)
        else:
            yield _code(0xBF, register, 10)
            yield _code(0x07, register, 0, 0, -_MEMORY)


def _code(opcode, target, source=0, offset=0, number=0):
    return struct.pack("<BBhi", opcode, target | source << 4, offset, number)


def _call(helper):
    return _code(0x85, 0, 0, 0, helper)


_MOVE, _EXIT = _code(0xB7, 0), _code(0x95, 0)


def _map(kind):
    attr = ctypes.create_string_buffer(128)
    struct.pack_into("<IIII", attr, 0, kind, 4, 4, 1)
    return bpf.call(bpf.MAP_CREATE, attr)[0]


def _load(name, number, code):
    """What the verifier writes where it refuses the program; nothing where it does not."""
    code = ctypes.create_string_buffer(b"".join(code))
    licence, log = ctypes.create_string_buffer(b"GPL"), ctypes.create_string_buffer(1 << 14)
    attr = ctypes.create_string_buffer(152)
    struct.pack_into("<IIQQIIQ", attr, 0, number, (len(code) - 1) // 8, ctypes.addressof(code), ctypes.addressof(licence), 1,
                     len(log), ctypes.addressof(log))
    struct.pack_into("<I", attr, 68, _ATTACH_TYPES.get(name, 0))
    fd, errno = bpf.call(bpf.PROG_LOAD, attr)
    if fd >= 0:
        os.close(fd)
        return ""
    return log.value.decode() or os.strerror(errno)


if __name__ == "__main__":
    json.dump(ask(*questions()), sys.stdout)
