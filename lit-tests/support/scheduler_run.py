#!/usr/bin/env python3
"""Loads the CPUs while a program's scheduler (sched_ext) has them, and looks at what the kernel says of it.

In a RUN line (lit.cfg.py calls it %scheduler-run):

    %scheduler-run --name fifo_sched --load 0 --load 0 --load 10 --seconds 5 -- %t --every=200 | FileCheck %s

In order: starts the program, waits until the kernel has a scheduler of the name --name; starts a busy process for each --load, of that
niceness, all on one CPU, and several that sleep and wake; after --seconds prints the kernel's state, whether it has ended the scheduler, how
many tasks it has refused, and whether processes of one niceness had more of the CPU than nicer ones (`prefers`) or no less than half as
much as others (`shares`); stops the program by a signal, and checks that the kernel schedules by itself again and the processes run on.
Standard output ends with the program's own: of lines that differ in numbers alone, the last one.
"""

import argparse
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
from patience import PATIENCE  # noqa: E402
from program import Failure, Program  # noqa: E402

_FOLDER = "/sys/kernel/sched_ext"
_BUSY = "while True: pass"
_WAKING = "import time\nwhile True: time.sleep(0.001)"
_WAKERS = 4
_PATIENCE = 20


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True)
    parser.add_argument("--load", action="append", type=int, default=[], metavar="NICE", help="a busy process")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("program", nargs="+")
    return parser.parse_args()


def kernel(what):
    try:
        with open(f"{_FOLDER}/{what}", encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def wait_until(what):
    deadline = time.monotonic() + _PATIENCE * PATIENCE
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def busy(text, nice, cpu=None):
    def prepare():
        os.nice(nice)
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})

    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", sys.executable, "-S", "-c", text], preexec_fn=prepare)


def ticks(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def shares(loads, begun, nices):
    """What each niceness had of the CPU, a process."""
    spent = {}
    for process, before, nice in zip(loads, begun, nices):
        spent.setdefault(nice, []).append(ticks(process) - before)
    means = [sum(spent[nice]) / len(spent[nice]) for nice in sorted(spent)]
    if len(means) > 1:
        return "prefers" if all(one > 1.5 * other for one, other in zip(means, means[1:])) else f"does not prefer: {spent}"
    return "shares" if 2 * min(spent[nices[0]]) >= max(spent[nices[0]]) else f"does not share: {spent}"


def run(options, program):
    if not wait_until(lambda: kernel("state") == "enabled" or program.ended()) or program.ended():
        raise Failure(f"the kernel has no scheduler:\n{program.stdout()}{program.stderr()}")
    cpu = min(os.sched_getaffinity(0))
    loads = [busy(_BUSY, nice, cpu) for nice in options.load]
    wakers = [busy(_WAKING, 0) for _ in range(_WAKERS)]
    try:
        # An interpreter that starts does what the test is not about.
        time.sleep(1)
        begun = [ticks(process) for process in loads]
        time.sleep(options.seconds)
        print(f"state {kernel('state')}, ops {kernel('root/ops')}, rejected {kernel('nr_rejected')}, {shares(loads, begun, options.load)}")
        status = program.stop()
        print(f"ended with status {status}")
        if not wait_until(lambda: kernel("state") == "disabled"):
            raise Failure(f"the kernel still has a scheduler: {kernel('state')}")
        before = [ticks(process) for process in loads]
        alive = wait_until(lambda: all(ticks(process) > had for process, had in zip(loads, before)))
        print(f"then state {kernel('state')}, the processes run: {alive}")
    finally:
        for process in [*loads, *wakers]:
            process.kill()
            process.wait()


def main():
    options = arguments()
    with Program(None, options.program) as program:
        try:
            run(options, program)
        finally:
            last = {re.sub(r"\d+", "N", line): line for line in program.stdout().splitlines()}
            print(*last.values(), sep="\n")
            sys.stderr.write(program.stderr())


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"scheduler_run: {failure}")
