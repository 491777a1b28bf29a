"""hostile.py [--pipe] PROGRAM: starts the program with a terminal as standard output, or a pipe, then a process whose name moves the cursor and
begins a line, and prints the bytes of the line about it."""

import os
import pathlib
import pty
import select
import shutil
import signal
import sys
import tempfile
import time

as_pipe = sys.argv[1] == "--pipe"
program = sys.argv[-1]
reader, writer = os.pipe() if as_pipe else pty.openpty()
pid = os.fork()
if pid == 0:
    os.dup2(writer, 1)
    os.execv(program, [program])
os.close(writer)
with tempfile.TemporaryDirectory() as folder:
    hostile = pathlib.Path(folder) / "z\033[31m\nq"
    # Any program would do that ends at once.
    shutil.copy(program, hostile)
    seen = b""
    deadline = time.monotonic() + 20
    while b"q\r\n" not in seen and b"q\n" not in seen and time.monotonic() < deadline:
        child = os.fork()
        if child == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.execv(hostile, [hostile, "--help"])
        os.waitpid(child, 0)
        while select.select([reader], [], [], 0.2)[0]:
            seen += os.read(reader, 4096)
os.kill(pid, signal.SIGTERM)
os.waitpid(pid, 0)
lines = seen.replace(b"\r\n", b"\n").splitlines()
print(next((line for line in lines if line.endswith(b"q")), seen))
