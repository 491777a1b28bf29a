#!/usr/bin/env python3
"""Runs an executable that counts events of the kernel, makes such events, ends it, and compares what it printed with what was done.

    events_run.py --ready LINE [--name NAME] [--calls N] [--opens N] [--sleeps N] [--spins FILE] [--reads N] --expect-sum PATTERN LEAST MOST [--] EXECUTABLE [ARG]…

When the executable has printed LINE, a process of its own name NAME makes N system calls (getppid), opens a file and one that is not
there N times each, and sleeps N times for a millisecond; FILE is executed for two seconds; N blocks of a loop device are read, one after the
other, past all caches. Then the executable gets SIGINT. PATTERN is a regular expression for lines, blanks being one space each; the sum of
its first group over all lines that match, or without a group their number, must be from LEAST to MOST. `{pid}` in it is the process, `{file}` the file that
is opened, `{disk}` the loop device, `{spin}` the process of FILE. Without a loop device the test passes, and says so.
"""

import argparse
import ctypes
import mmap
import os
import re
import signal
import subprocess
import sys
import tempfile
import time


# In seconds.
PATIENCE = 60
SPIN = 2
# Of include/uapi/linux/prctl.h.
PR_SET_NAME = 15
BLOCK = 4096
# Lines of a run that failed.
MOST_SHOWN = 60


def named(name, work):
    """The number of a process of this name that did the work."""
    pid = os.fork()
    if pid != 0:
        os.waitpid(pid, 0)
        return pid
    ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode(), 0, 0, 0)
    work()
    os._exit(0)


def open_files(file, times):
    for _ in range(times):
        os.close(os.open(file, os.O_RDONLY))
        try:
            os.open(file + ".none", os.O_RDONLY)
        except FileNotFoundError:
            pass


def attached_loop(folder):
    """A loop device with blocks of its own; none where there are no such devices."""
    file = os.path.join(folder, "disk")
    with open(file, "wb") as disk:
        disk.write(os.urandom(1 << 22))
    made = subprocess.run(["losetup", "--find", "--show", file], capture_output=True, text=True)
    return made.stdout.strip() if made.returncode == 0 else None


def read_blocks(device, times):
    room = mmap.mmap(-1, BLOCK)
    disk = os.open(device, os.O_RDONLY | os.O_DIRECT)
    for block in range(times):
        # Far apart, so that none is merged with another.
        os.preadv(disk, [room], block * 8 * BLOCK)
    os.close(disk)


def counted(pattern, lines):
    found = [match for match in (re.fullmatch(pattern, line) for line in lines) if match]
    return sum(int(match.group(1)) if match.re.groups else 1 for match in found)


def act(options, folder, device):
    """Does what is asked for; what `{…}` is replaced by."""
    file = os.path.join(folder, "opened")
    with open(file, "w"):
        pass

    def work():
        for _ in range(options.calls):
            os.getppid()
        open_files(file, options.opens)
        for _ in range(options.sleeps):
            time.sleep(0.001)

    values = {"pid": str(named(options.name, work)), "file": file}
    if options.spins:
        spinning = subprocess.Popen([options.spins])
        values["spin"] = str(spinning.pid)
        time.sleep(SPIN)
        options.after.append(spinning)
    if device:
        number = os.stat(device).st_rdev
        values["disk"] = f"{os.major(number)}:{os.minor(number)}"
        read_blocks(device, options.reads)
        time.sleep(0.2)
    return values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ready", default="ready")
    parser.add_argument("--name", default="ks_events")
    for count in ("--calls", "--opens", "--sleeps", "--reads"):
        parser.add_argument(count, type=int, default=0)
    parser.add_argument("--spins")
    parser.add_argument("--expect-sum", nargs=3, action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    options.after = []
    command = options.command[options.command[:1] == ["--"] :]
    with tempfile.TemporaryDirectory() as folder:
        device = attached_loop(folder) if options.reads else None
        if options.reads and not device:
            print("there is no loop device")
            return
        tracer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            if not any(line.strip() == options.ready for line in tracer.stdout):
                sys.exit(f"{command[0]} ended with {tracer.wait()} before it was ready")
            values = act(options, folder, device)
            time.sleep(0.3)
            tracer.send_signal(signal.SIGINT)
            printed = tracer.communicate(timeout=PATIENCE)[0]
        finally:
            tracer.kill()
            for process in options.after:
                process.kill()
                process.wait()
            if device:
                subprocess.run(["losetup", "--detach", device], check=True)
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    for pattern, least, most in options.expect_sum:
        filled = re.sub(r"\{([a-z]+)\}", lambda match: re.escape(values[match.group(1)]), pattern)
        total = counted(filled, lines)
        if not int(least) <= total <= int(most):
            near = [line for line in lines if any(value in line for value in values.values())]
            print(f"{len(lines)} lines; those with {values}:", *near[:MOST_SHOWN], "the last:", *lines[-MOST_SHOWN:], sep="\n")
            sys.exit(f"`{filled}` counts {total}, not from {least} to {most}")
    sys.exit(tracer.returncode)


main()
