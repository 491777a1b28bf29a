"""Which program types may call which helpers, as the running kernel says: it is asked to load `call N; exit`."""

import ctypes
import os
import struct

import bpf

# Program types that load only with an attach type of theirs: `enum bpf_attach_type` of include/uapi/linux/bpf.h.
_ATTACH_TYPES = {"cgroup_sock_addr": 10, "cgroup_sockopt": 22, "sk_lookup": 36, "netfilter": 45}


def probe(types, helpers):
    """helper → the program types that may call it, of those that this kernel loads without more; and those types."""
    loadable = {name: number for name, number in types.items() if _load(name, number, [_MOVE, _EXIT]) == ""}
    may = {helper: [] for helper in helpers}
    for name, number in loadable.items():
        for helper, at in helpers.items():
            log = _load(name, number, [struct.pack("<BBhi", 0x85, 0, 0, at), _MOVE, _EXIT])
            if "cannot use helper" not in log and "unknown func" not in log and "invalid func" not in log:
                may[helper].append(name)
    return may, list(loadable)


_MOVE, _EXIT = struct.pack("<Q", 0xB7), struct.pack("<Q", 0x95)


def _load(name, number, code):
    """What the verifier writes where it refuses the program; nothing where it does not."""
    code = ctypes.create_string_buffer(b"".join(code))
    licence, log = ctypes.create_string_buffer(b"GPL"), ctypes.create_string_buffer(1 << 12)
    attr = ctypes.create_string_buffer(152)
    struct.pack_into("<IIQQIIQ", attr, 0, number, (len(code) - 1) // 8, ctypes.addressof(code), ctypes.addressof(licence), 1,
                     len(log), ctypes.addressof(log))
    struct.pack_into("<I", attr, 68, _ATTACH_TYPES.get(name, 0))
    fd, errno = bpf.call(bpf.PROG_LOAD, attr)
    if fd >= 0:
        os.close(fd)
        return ""
    return log.value.decode() or os.strerror(errno)
