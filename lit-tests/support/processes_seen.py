#!/usr/bin/env python3
"""Runs an executable that lists the machine's processes, and compares its lines with /proc.

    processes_seen.py [--] EXECUTABLE [ARG]…

A line is `PID PPID UID NAME`. Each process that has the same three in /proc before and after must have its line, and the executable too.
"""

import os
import pathlib
import subprocess
import sys


# The longest name that the kernel keeps of a task (TASK_COMM_LEN less the NUL); /proc shows longer ones of workers.
NAME = 15


def processes():
    """What /proc says of each process: parent, user and name."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            # A process that is hidden from this one may be hidden from iterators too.
            (folder / "ns" / "pid").readlink()
            fields = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        except OSError:
            continue
        found[int(folder.name)] = (int(fields["PPid"]), int(fields["Uid"].split()[1]), fields["Name"].strip()[:NAME])
    return found


def main():
    command = sys.argv[1:][sys.argv[1:2] == ["--"] :]
    before = processes()
    lister = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    printed = lister.communicate(timeout=60)[0]
    after = processes()
    seen = {}
    for line in printed.splitlines()[1:]:
        pid, parent, user, name = line.split(None, 3)
        seen[int(pid)] = (int(parent), int(user), name)
    for pid, process in before.items():
        # A kernel worker's name in /proc says what it works on.
        if after.get(pid) == process and seen.get(pid) != process and not process[2].startswith("kworker"):
            sys.exit(f"/proc has {pid} {process}, {command[0]} printed {seen.get(pid)}")
    own = (os.getpid(), os.geteuid(), os.path.basename(command[0])[:NAME])
    if seen.get(lister.pid) != own:
        sys.exit(f"{command[0]} is {lister.pid} {own}, but printed {seen.get(lister.pid)}")
    print(f"{'all' if len(seen) > 2 else 'too few'} processes")
    sys.exit(lister.returncode)


main()
