# bpf(2) by ctypes. Names that begin with `_` belong to this module; what it exposes is at its end.
import collections.abc as _abc
import ctypes as _ctypes
import errno as _errno
import io as _io
import ipaddress as _ipaddress
import mmap as _mmap
import operator as _operator
import os as _os
import select as _select
import struct as _struct
import sys as _sys
import time as _time
from dataclasses import dataclass as _dataclass
from enum import IntEnum as _IntEnum

if _sys.version_info < (3, 11):
    raise ImportError(f"Python 3.11 or later is needed, and this is {_sys.version.split()[0]}")

# The number of bpf(2) and that of perf_event_open(2), by the machine.
_NUMBERS = {
    "x86_64": (321, 298), "aarch64": (280, 241), "riscv64": (280, 241), "loongarch64": (280, 241), "s390x": (351, 331),
    "ppc64le": (361, 319), "ppc64": (361, 319),
}
_MAP_LOOKUP, _MAP_UPDATE, _MAP_DELETE, _MAP_NEXT_KEY, _OBJ_GET = 1, 2, 3, 4, 7
_PROG_NEXT_ID, _MAP_NEXT_ID, _PROG_BY_ID, _MAP_BY_ID, _INFO_BY_FD, _BTF_BY_ID = 11, 12, 13, 14, 15, 19
_MAP_LOOKUP_AND_DELETE, _MAP_LOOKUP_BATCH = 21, 24
_F_LOCK, _F_MMAPABLE, _F_RDONLY, _F_RDONLY_PROG = 4, 1 << 10, 1 << 3, 1 << 7
# ENOTSUPP of the kernel, which no libc names.
_ENOTSUPP = 524

_libc = _ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = _ctypes.c_long


def _system_call(which, *arguments):
    numbers = _NUMBERS.get(_os.uname().machine)
    if numbers is None:
        raise OSError(_errno.ENOSYS, f"the number of the system call on {_os.uname().machine} is not known")
    result = _libc.syscall(_ctypes.c_long(numbers[which]), *arguments)
    if result < 0:
        code = _ctypes.get_errno()
        words = "not supported by this kernel" if code == _ENOTSUPP else _os.strerror(code)
        raise OSError(code, words)
    return result


def _bpf(command, attributes):
    """bpf(2); the kernel may write to the `bytearray`."""
    view = (_ctypes.c_char * len(attributes)).from_buffer(attributes)
    size = _ctypes.c_uint(len(attributes))
    return _system_call(0, _ctypes.c_int(command), _ctypes.byref(view), size)


def _words(form, *values):
    return bytearray(_struct.pack("=" + form, *values))


def _memory(data):
    """Memory with these bytes, or so many zeros, at a fixed address."""
    return _ctypes.create_string_buffer(data, data if isinstance(data, int) else len(data))


def _address(memory):
    return _ctypes.addressof(memory) if memory is not None else 0


def _element(command, fd, key, value, flags=0):
    """A command on one entry of a map."""
    return _bpf(command, _words("IIQQQ", fd, 0, _address(key), _address(value), flags))


def _next_id(command, after):
    """The next id after one; 0 at the end."""
    attributes = _words("III", after, 0, 0)
    try:
        _bpf(command, attributes)
    except FileNotFoundError:
        return 0
    return _struct.unpack_from("=I", attributes, 4)[0]


def _ids(command):
    found = _next_id(command, 0)
    while found:
        yield found
        found = _next_id(command, found)


def _by_id(command, number):
    """The descriptor of what has this id; none if it has gone."""
    try:
        return _bpf(command, _words("III", number, 0, 0))
    except FileNotFoundError:
        return None


def _info(fd, info):
    """Fills the `bytearray` with what the kernel says of a descriptor."""
    view = (_ctypes.c_char * len(info)).from_buffer(info)
    _bpf(_INFO_BY_FD, _words("IIQ", fd, len(info), _ctypes.addressof(view)))
    return info


class _MapInfo:
    """What the kernel says of a map (`struct bpf_map_info`)."""

    def __init__(self, fd):
        info = _info(fd, bytearray(88))
        self.kind, self.id, self.key_size, self.value_size, self.max_entries, self.flags = \
            _struct.unpack_from("=6I", info, 0)
        self.name = bytes(info[24:40]).split(b"\0")[0].decode("ascii", "replace")
        self.btf, self.key_type, self.value_type = _struct.unpack_from("=3I", info, 64)


class _ProgramInfo:
    """What the kernel says of a program (`struct bpf_prog_info`): its BTF and its maps."""

    def __init__(self, fd):
        count = _struct.unpack_from("=I", _info(fd, bytearray(208)), 52)[0]
        maps = _memory(max(4 * count, 4))
        info = bytearray(208)
        _struct.pack_into("=IQ", info, 52, count, _address(maps))
        _info(fd, info)
        count = min(count, _struct.unpack_from("=I", info, 52)[0])
        self.maps = _struct.unpack_from(f"={count}I", maps.raw, 0)
        self.btf = _struct.unpack_from("=I", info, 128)[0]


def _list_of_cpus(text):
    count = 0
    for part in text.strip().split(","):
        count = max(count, int(part.rpartition("-")[2]) + 1)
    return count


def _possible_cpus():
    with _io.open("/sys/devices/system/cpu/possible") as file:
        return _list_of_cpus(file.read())
