"""BPF_PROG_TEST_RUN by the system call: for many packets, for what the program leaves of a packet, and for packets in parts."""

import ctypes
import errno
import os
import platform
import struct

_SYSCALL = {"x86_64": 321, "aarch64": 280}[platform.machine()]
_OBJ_GET, _PROG_TEST_RUN = 7, 10
# What a program may add to a packet.
_ROOM = 256
_libc = ctypes.CDLL(None, use_errno=True)


def _bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr, len(attr))
    result = _libc.syscall(_SYSCALL, command, buffer, len(attr))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result, buffer.raw


class Program:
    """A program that is pinned at `path`."""

    def __init__(self, path):
        self._path = ctypes.create_string_buffer(os.fsencode(path))
        self.fd, _ = _bpf(_OBJ_GET, struct.pack("<QII", ctypes.addressof(self._path), 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        os.close(self.fd)

    def run(self, packet, linear=None):
        """The result and the packet after it; `linear` is how many bytes of an XDP packet are directly accessible."""
        retval, _duration, left = self.repeat(packet, 1, b"" if linear is None else struct.pack("<6I", 0, linear, 0, 0, 0, 0))
        return retval, left

    def repeat(self, packet, times, context=b""):
        """The result, the nanoseconds of one run, and the packet after it."""
        data, ctx = ctypes.create_string_buffer(packet, len(packet)), ctypes.create_string_buffer(context, len(context))
        out = ctypes.create_string_buffer(len(packet) + _ROOM)
        attr = struct.pack("<4I2Q4I2Q4I", self.fd, 0, len(packet), len(out), ctypes.addressof(data), ctypes.addressof(out),
                           times, 0, len(context), 0, ctypes.addressof(ctx) if context else 0, 0, 0, 0, 0, 0)
        _, after = _bpf(_PROG_TEST_RUN, attr)
        retval, size, duration = struct.unpack_from("<I4xI20xI", after, 4)
        return retval, duration, out.raw[:size]

    def takes_linear(self):
        """Whether the kernel lets a test say how much of an XDP packet is linear (Linux 6.18)."""
        try:
            self.run(bytes(100), 50)
        except OSError as refused:
            if refused.errno != errno.EINVAL:
                raise
            return False
        return True
