"""What a program has put into a ring buffer that is pinned (Documentation/bpf/ringbuf.rst)."""

import mmap
import os
import struct

import bpf

_BUSY, _DISCARDED = 1 << 31, 1 << 30
_HEADER = 8


class Ring:
    def __init__(self, path):
        fd = bpf.opened(path)
        self._size = bpf.map_entries(path)
        # A page with the position of the reader, one with that of the writers, and the data, twice.
        self._reader = mmap.mmap(fd, mmap.PAGESIZE, offset=0)
        self._writers = mmap.mmap(fd, mmap.PAGESIZE + 2 * self._size, prot=mmap.PROT_READ, offset=mmap.PAGESIZE)
        os.close(fd)

    def records(self):
        """Takes all records out."""
        at, end = (struct.unpack_from("<Q", page)[0] for page in (self._reader, self._writers))
        while at < end:
            begin = mmap.PAGESIZE + at % self._size
            head = struct.unpack_from("<I", self._writers, begin)[0]
            if head & _BUSY:
                break
            length = head & ~_DISCARDED
            if not head & _DISCARDED:
                yield self._writers[begin + _HEADER:begin + _HEADER + length]
            at += -(-(length + _HEADER) // 8) * 8
        self._move(at)

    def clear(self):
        self._move(struct.unpack_from("<Q", self._writers)[0])

    def _move(self, position):
        struct.pack_into("<Q", self._reader, 0, position)
