#!/usr/bin/env python3
"""Runs an executable that traces the kernel, does something for it to see, and ends it.

    tracing_run.py [--name NAME] [--ready LINE | --attached] [--live] [--connect] [--futex] [--call FUNCTION,NUMBER…]… [--resolve NAME]
                   [--run PROGRAM]
                   [--expect-line LINE]… [--] EXECUTABLE [ARG]…

When the executable has printed `ready`, or the line that --ready names, or with --attached holds a link of BPF, this runs `true` under the NAME (by default `ks_traced`),
which so has its own `comm`, with --connect makes a TCP connection to 127.0.0.1, and with --futex holds a lock that a thread of a
higher priority waits for, so that the kernel raises the priority of the holder, `{ppid}`, until that unlocks. With
--run it runs another program to its end, with --call it calls a function of libc, with --resolve it looks up the IPv4 addresses of a name for TCP, as `{ppid}` too. Then it sends the executable SIGINT, and prints what
it printed besides. In LINE, which must be a line of that but for its blanks, `{pid}`, `{ppid}` and `{uid}` are of the process, `{path}`,
`{file}` is the last name of its file, `{dev}` and `{ino}` those of its file, as the kernel has them inside; `{files}` is how many files
it may open, `{group}` its supplementary group, `{priority}` its priority in the kernel's numbers; `{comm}` is the name of `{ppid}`, `{port}` what that connected to, and `{number}` any number. With --live the
executable prints these lines before it ends.
"""

import argparse
import contextlib
import ctypes
import os
import pathlib
import re
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
# DEFAULT_PRIO of include/linux/sched/prio.h: the priority of a process that is not nice.
DEFAULT_PRIORITY = 120
# The mark of a number in expected lines.
NUMBER = "\0"
# The number of the system call on x86-64, and words of include/uapi/linux/futex.h.
SYS_FUTEX = 202
FUTEX_LOCK_PI = 6
FUTEX_UNLOCK_PI = 7
FUTEX_WAITERS = 0x80000000


def plain(line):
    """Blanks are one space each."""
    return " ".join(line.split())


def fits(line, expected):
    """Whether a line is the expected one, in which `{number}` is any number."""
    pattern = r"[0-9.]+".join(re.escape(part) for part in plain(expected).split(NUMBER))
    return re.fullmatch(pattern, plain(line)) is not None


def seen_live(tracer, wanted):
    """What the executable prints until it has printed these lines."""
    printed, left = "", set(wanted)
    late = threading.Timer(PATIENCE, tracer.kill)
    late.start()
    for line in tracer.stdout:
        printed += line
        left = {expected for expected in left if not fits(line, expected)}
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


def await_line(tracer, ready):
    """Prints what comes before the line."""
    for line in tracer.stdout:
        if line.strip() == ready:
            return
        print(line, end="")
    sys.exit(f"{tracer.args[0]} ended with {tracer.wait()} before it was ready")


def await_link(tracer):
    """Waits until the executable holds a link of BPF."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and tracer.poll() is None:
        for file in pathlib.Path(f"/proc/{tracer.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if "bpf_link" in os.readlink(file) or "raw-tracepoint" in os.readlink(file):
                    return
        time.sleep(0.01)
    sys.exit(f"{tracer.args[0]} attached nothing")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="ks_traced")
    parser.add_argument("--ready", default="ready")
    parser.add_argument("--attached", action="store_true")
    parser.add_argument("--call", action="append", default=[])
    parser.add_argument("--resolve")
    parser.add_argument("--run")
    parser.add_argument("--live", action="store_true")
    parser.add_argument("--connect", action="store_true")
    parser.add_argument("--futex", action="store_true")
    parser.add_argument("--expect-line", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[options.command[:1] == ["--"] :]
    tracer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        if options.attached:
            await_link(tracer)
        else:
            await_line(tracer, options.ready)
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, options.name)
            os.symlink(shutil.which("true"), link)
            traced = subprocess.Popen([link], extra_groups=[GROUP])
            traced.wait()
            file = os.stat(link)
        port = connect() if options.connect else None
        for call in options.call:
            name, *numbers = call.split(",")
            getattr(ctypes.CDLL("libc.so.6"), name)(*(ctypes.c_long(int(number)) for number in numbers))
        if options.run:
            subprocess.run([options.run], check=True)
        if options.resolve:
            socket.getaddrinfo(options.resolve, None, socket.AF_INET, socket.SOCK_STREAM)
        if options.futex:
            boost()
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        numbers = {"files": files, "group": GROUP, "pid": traced.pid, "ppid": os.getpid(), "uid": os.getuid(),
                   "priority": DEFAULT_PRIORITY + os.nice(0), "ino": file.st_ino, "path": link, "file": os.path.basename(os.path.realpath(shutil.which("true"))), "port": port, "number": NUMBER}
        with open("/proc/self/comm", encoding="utf-8") as file_of_name:
            numbers["comm"] = file_of_name.read().strip()
        numbers["dev"] = os.major(file.st_dev) << 20 | os.minor(file.st_dev)
        wanted = {line.format(**numbers) for line in options.expect_line}
        printed = seen_live(tracer, wanted) if options.live else ""
        tracer.send_signal(signal.SIGINT)
        printed += tracer.communicate(timeout=PATIENCE)[0]
    finally:
        tracer.kill()
    print(printed, end="")
    for line in wanted:
        if not any(fits(own, line) for own in printed.splitlines()):
            sys.exit(f"no line `{line.replace(NUMBER, '{number}')}` in what {command[0]} printed")
    sys.exit(tracer.returncode)


main()
