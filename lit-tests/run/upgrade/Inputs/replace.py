"""Replaces a program while packets come: `replace.py HOOK EXECUTABLE`. Prints what it sees, for FileCheck."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "ci", "lib"))
import bpf  # noqa: E402
import netns  # noqa: E402
from program import Program, wait_detached  # noqa: E402

_SENDERS, _EACH = 2, 50_000
_PINS = "/sys/fs/bpf/ks_lit_replace"


class Versions:
    """Processes of the program, each with a number of its own, for which it counts."""

    def __init__(self, pair, command):
        self.pair, self.command, self.started = pair, command, []

    def start(self, *options, wait=True):
        program = Program(self.pair, [*self.command, f"--version={len(self.started) + 1}", *options])
        self.started.append(program)
        if wait:
            program.wait_output("runs")
        return program

    def running(self):
        return [program for program in self.started if not program.ended()]


def dropped():
    """How many packets each version has dropped."""
    lines = bpf.map_lines("dropped", ("pinned", f"{_PINS}/maps/dropped"))
    # The last entries are for other purposes.
    return [int(line.split("=")[1]) for line in lines if int(line.split("[")[1].split("]")[0]) < 60]


def drops(pair):
    """How many of 20 datagrams the program drops, by its own account; none arrives."""
    before = sum(dropped())
    arrived = pair.udp(20)
    return f"drops: {sum(dropped()) - before - arrived} of 20"


def under_load(pair, versions):
    versions.start("--pin-links")
    before, sent = sum(dropped()), []
    with pair.socket("udp") as receiver:
        receiver.bind((netns.HERE_ADDRESS, 7777))
        receiver.setblocking(False)
        flood = threading.Thread(target=lambda: sent.append(pair.flood(_EACH, _SENDERS)))
        flood.start()
        while flood.is_alive():
            replaced = versions.running()
            versions.start("--replace")
            replaced[-1].wait()
        flood.join()
        arrived = 0
        try:
            while receiver.recv(65536):
                arrived += 1
        except BlockingIOError:
            pass
    counted = dropped()
    print(f"{_EACH * _SENDERS} packets, {arrived} arrived, each dropped by one version: {sum(counted) - before == sent[0]}")
    print(f"replaced during that: {sum(count > 0 for count in counted) > 1}, left: {len(versions.running())} process")
    print(f"statuses of the replaced: {set(program.wait() for program in versions.started[:-1])}")


def fails(pair, versions):
    [running] = versions.running()
    status = versions.start("--replace", "--missing", wait=False).wait()
    print(f"failed with {status}, the other one runs: {versions.running() == [running]}, and {drops(pair)}")


def killed_early(pair, versions):
    [running] = versions.running()
    early = versions.start("--replace", "--spin", wait=False)
    early.wait_output("spins")
    early.stop("KILL")
    print(f"killed before it waits, the other one runs: {versions.running() == [running]}, and {drops(pair)}")


def loops(pair, versions):
    """A program that loops without a wait."""
    first = versions.start("--pin-links")
    looping = versions.start("--replace", "--spin", wait=False)
    first.wait()
    print(f"one that does not wait takes over: {versions.running() == [looping]}, and {drops(pair)}")
    looping.stop("TERM")


def at_once(pair, versions):
    old = versions.running()
    both = [versions.start("--replace", wait=False) for _ in range(2)]
    for program in both:
        program.wait_output("runs")
    end = time.monotonic() + 20
    while len(left := versions.running()) > 1 and time.monotonic() < end:
        time.sleep(0.02)
    print(f"of two at once one runs: {len(left) == 1 and left[0] in both and old[0].ended()}, and {drops(pair)}")


def without(versions):
    """Started with the option that keeps links, but not the one that replaces."""
    program = versions.start("--pin-links", wait=False)
    print(f"without the option: {program.wait()}")
    said = re.search(r"the process \d+ of this program has attached it there", program.stderr())
    print(re.sub(r"\d+", "N", said[0]) if said else program.stderr())


def killed(pair, versions):
    [running] = versions.running()
    running.stop("KILL")
    print(f"killed, and {drops(pair)}")
    following = versions.start("--pin-links")
    print(f"the next one runs, and {drops(pair)}")
    print(following.stderr().split(": ", 1)[1].strip())
    following.stop("TERM")


def main():
    hook, executable = sys.argv[1:]
    subprocess.run(["rm", "-rf", _PINS], check=True)
    with netns.Pair(_SENDERS) as pair:
        versions = Versions(pair, [executable, f"--hook={hook}"])
        try:
            under_load(pair, versions)
            fails(pair, versions)
            killed_early(pair, versions)
            at_once(pair, versions)
            without(versions)
            killed(pair, versions)
            loops(pair, versions)
            wait_detached(pair)
            print(f"ended, nothing attached, pinned: {sorted(os.listdir(_PINS))}")
        finally:
            for program in versions.running():
                os.kill(program.pid(), signal.SIGKILL)
            subprocess.run(["rm", "-rf", _PINS], check=True)


main()
