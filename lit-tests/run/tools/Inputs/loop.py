"""A block device on a file of its own, which nobody else uses, and requests to it.

    with Loop() as loop:
        loop.read(sector=8, bytes=4096)
        loop.name      # loop0
"""

import fcntl
import mmap
import os
import tempfile

# Of include/uapi/linux/loop.h and fs.h.
LOOP_SET_FD, LOOP_CLR_FD, LOOP_CTL_GET_FREE = 0x4C00, 0x4C01, 0x4C82
BLKDISCARD = 0x1277
SIZE = 16 << 20
# Columns of /sys/block/NAME/stat (Documentation/block/stat.rst).
STATS = {"read": 0, "write": 4, "discard": 11}


class Loop:
    def __enter__(self):
        self.file = tempfile.TemporaryFile(dir=".")
        self.file.truncate(SIZE)
        control = os.open("/dev/loop-control", os.O_RDWR)
        self.name = f"loop{fcntl.ioctl(control, LOOP_CTL_GET_FREE)}"
        os.close(control)
        # Requests of the device itself, not of pages.
        self.device = os.open(f"/dev/{self.name}", os.O_RDWR | os.O_DIRECT)
        fcntl.ioctl(self.device, LOOP_SET_FD, self.file.fileno())
        return self

    def __exit__(self, *_):
        fcntl.ioctl(self.device, LOOP_CLR_FD, 0)
        os.close(self.device)
        self.file.close()

    def read(self, sector, size):
        os.preadv(self.device, [mmap.mmap(-1, size)], sector * 512)

    def write(self, sector, size):
        os.pwritev(self.device, [mmap.mmap(-1, size)], sector * 512)

    def discard(self, sector, size):
        span = (sector * 512).to_bytes(8, "little") + size.to_bytes(8, "little")
        fcntl.ioctl(self.device, BLKDISCARD, span)

    def done(self):
        """How many requests of each kind the device has done."""
        with open(f"/sys/block/{self.name}/stat", encoding="ascii") as file:
            stats = file.read().split()
        return {kind: int(stats[column]) for kind, column in STATS.items()}
