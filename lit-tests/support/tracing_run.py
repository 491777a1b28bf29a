#!/usr/bin/env python3
"""Runs an executable that traces the kernel, does something for it to see, and ends it.

    tracing_run.py [--name NAME] [--ready LINE] [--live] [--connect] [--futex] [--expect-line LINE]… [--] EXECUTABLE [ARG]…

When the executable has printed `ready`, or the line that --ready names, this runs `true` under the NAME (by default `ks_traced`),
which so has its own `comm`, with --connect makes a TCP connection to 127.0.0.1, and with --futex holds a lock that a thread of a
higher priority waits for, so that the kernel raises the priority of the holder, `{ppid}`, until that unlocks. Then it sends the executable SIGINT, and prints what
it printed besides. In LINE, which must be a line of that but for its blanks, `{pid}`, `{ppid}` and `{uid}` are of the process, `{path}`,
`{dev}` and `{ino}` of its file, as the kernel has them inside; `{files}` is how many files it may open, `{group}` its
supplementary group; `{port}` is what was connected to. With --live the executable prints these
lines before it ends.
"""

import argparse
import ctypes
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


# In seconds.
PATIENCE = 30
# Any number: the kernel asks for no entry.
GROUP = 4711
# The number of the system call on x86-64, and words of include/uapi/linux/futex.h.
SYS_FUTEX = 202
FUTEX_LOCK_PI = 6
FUTEX_UNLOCK_PI = 7
FUTEX_WAITERS = 0x80000000


def plain(line):
    """Blanks are one space each."""
    return " ".join(line.split())


def seen_live(tracer, wanted):
    """What the executable prints until it has printed these lines."""
    printed, left = "", set(wanted)
    late = threading.Timer(PATIENCE, tracer.kill)
    late.start()
    for line in tracer.stdout:
        printed += line
        left.discard(plain(line))
        if not left:
            break
    late.cancel()
    return printed


def connect():
    """The port of a connection that was made and closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    return port


def futex(word, operation):
    """Locks or unlocks a word by the rules of priority inheritance."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYS_FUTEX, ctypes.byref(word), operation, 0, None, None, 0) != 0:
        sys.exit(f"futex: {os.strerror(ctypes.get_errno())}")


def boost():
    """Unlocks once a thread of a higher priority waits."""
    word = ctypes.c_uint32(0)

    def waiter():
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        futex(word, FUTEX_LOCK_PI)
        futex(word, FUTEX_UNLOCK_PI)

    futex(word, FUTEX_LOCK_PI)
    thread = threading.Thread(target=waiter)
    thread.start()
    deadline = time.monotonic() + PATIENCE
    while not word.value & FUTEX_WAITERS and time.monotonic() < deadline:
        time.sleep(0.01)
    # The kernel marks the word before it raises the priority.
    time.sleep(0.1)
    futex(word, FUTEX_UNLOCK_PI)
    thread.join()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="ks_traced")
    parser.add_argument("--ready", default="ready")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--connect", action="store_true")
    parser.add_argument("--futex", action="store_true")
    parser.add_argument("--expect-line", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[options.command[:1] == ["--"] :]
    tracer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        for line in tracer.stdout:
            if line.strip() == options.ready:
                break
            print(line, end="")
        else:
            sys.exit(f"{command[0]} ended with {tracer.wait()} before it was ready")
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, options.name)
            os.symlink(shutil.which("true"), link)
            traced = subprocess.Popen([link], extra_groups=[GROUP])
            traced.wait()
            file = os.stat(link)
        port = connect() if options.connect else None
        if options.futex:
            boost()
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        numbers = {"files": files, "group": GROUP, "pid": traced.pid, "ppid": os.getpid(), "uid": os.getuid(), "ino": file.st_ino, "path": link, "port": port}
        numbers["dev"] = os.major(file.st_dev) << 20 | os.minor(file.st_dev)
        wanted = {line.format(**numbers) for line in options.expect_line}
        printed = seen_live(tracer, wanted) if options.live else ""
        tracer.send_signal(signal.SIGINT)
        printed += tracer.communicate(timeout=PATIENCE)[0]
    finally:
        tracer.kill()
    print(printed, end="")
    missing = wanted.difference(plain(line) for line in printed.splitlines())
    if missing:
        sys.exit(f"no line `{missing.pop()}` in what {command[0]} printed")
    sys.exit(tracer.returncode)


main()
