"""Makes events of the kernel, as a process of its own: `traced_events.py KIND`.

Prints the number by which the programs of ci/peers know what to watch. For each number of events that it reads then, it makes them, and
prints what they took in nanoseconds.
"""

import contextlib
import mmap
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

# Bytes of a block, and how far apart blocks are, so that none is merged with another.
_BLOCK, _STEP, _BLOCKS = 4096, 32768, 128


@contextlib.contextmanager
def executions():
    def once():
        os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)

    yield os.getpid(), once


@contextlib.contextmanager
def opens():
    def once():
        os.close(os.open("/etc/hosts", os.O_RDONLY))
        with contextlib.suppress(FileNotFoundError):
            os.open("/nowhere/that/has/a/path/of/some/length", os.O_RDWR)

    yield os.getpid(), once


@contextlib.contextmanager
def removals():
    def once():
        for path in ("/nowhere/guarded/file", "/nowhere/else", "/nowhere/guarded/folder/with/a/file.txt"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path, dir_fd=ANY_FOLDER)

    yield os.getpid(), once


# With a folder Python removes by `unlinkat`.
ANY_FOLDER = os.open("/", os.O_PATH)


@contextlib.contextmanager
def connections():
    with socket.create_server(("127.0.0.1", 0)) as server:
        def once():
            with socket.create_connection(server.getsockname()) as client:
                # Ends at once, so that no port is held.
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                server.accept()[0].close()

        yield server.getsockname()[1], once


@contextlib.contextmanager
def reads():
    """Of a loop device."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        file.truncate(_STEP * _BLOCKS)
        device = subprocess.run(["losetup", "--find", "--show", file.name], capture_output=True, text=True, check=True).stdout.strip()
        disk, room, turn = os.open(device, os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, _BLOCK), iter(lambda: 0, 1)
        block = 0

        def once():
            nonlocal block
            block = (block + 1) % _BLOCKS
            os.preadv(disk, [room], block * _STEP)

        number = os.stat(device).st_rdev
        try:
            # As the kernel has it inside, MKDEV of include/linux/kdev_t.h.
            yield os.major(number) << 20 | os.minor(number), once
        finally:
            os.close(disk)
            subprocess.run(["losetup", "--detach", device], check=True)


@contextlib.contextmanager
def sleeps():
    yield os.getpid(), lambda: time.sleep(0.00002)


def main():
    kind, = sys.argv[1:]
    with {made.__name__: made for made in (executions, opens, removals, connections, reads, sleeps)}[kind]() as (watched, once):
        print(watched, flush=True)
        for line in sys.stdin:
            begun = time.monotonic_ns()
            for _ in range(int(line)):
                once()
            print(time.monotonic_ns() - begun, flush=True)


if __name__ == "__main__":
    main()
