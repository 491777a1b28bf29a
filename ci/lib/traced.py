"""Contests of programs that trace the kernel: all objects see the same events, at the same time.

What differs between runs of one object on a machine, other processes and the caches, so is the same for all; each is attached first, in the
middle and last in turn, since the one that reads memory first finds it cold. The times are the kernel's own (BPF_ENABLE_STATS).
"""

import contextlib
import ctypes
import json
import os
import statistics
import struct
import subprocess
import sys
from pathlib import Path

import bpf
import features
import measure
import peers
import tracing
from built import static_compiler
from pinned import Pinned
from table import counted, row

# Of include/uapi/linux/bpf.h: BPF_ENABLE_STATS, and its BPF_STATS_RUN_TIME.
_ENABLE_STATS, _STATS_RUN_TIME = 32, 0
# Events of the comparison of results, and how many are made in a round of the measurement: as many as take about as long.
_EVENTS = 5
_ROUND = {"executions": 50, "opens": 4000, "removals": 4000, "connections": 400, "reads": 1000, "sleeps": 1000}


class Attached(Pinned):
    """An object whose programs are attached, each at what its section names."""

    def __init__(self, path):
        super().__init__(path)
        self._held, self._fds = [], []
        report = peers.run([str(static_compiler()), "inspect", "--format=json", str(path)])
        for shown in json.loads(report)["programs"]:
            program = bpf.opened(self._progs() / shown["name"])
            self._fds.append(program)
            self._held += tracing.attach(program, shown["section"])

    def close(self):
        for fd in [*self._held, *self._fds]:
            os.close(fd)
        self._held, self._fds = [], []
        super().close()

    def spent(self):
        """The nanoseconds and the number of all runs of its programs while statistics were kept."""
        times, runs = zip(*map(bpf.run_statistics, self._fds))
        return sum(times), sum(runs)


class Events:
    """The process that makes events of a kind."""

    def __init__(self, kind):
        self._made = subprocess.Popen([sys.executable, str(Path(__file__).with_name("traced_events.py")), kind], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        self.watched = int(self._made.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self._made.stdin.close()
        self._made.wait()

    def make(self, count):
        print(count, file=self._made.stdin, flush=True)
        self._made.stdout.readline()


@contextlib.contextmanager
def statistics_of_runs():
    attr = ctypes.create_string_buffer(struct.pack("<I", _STATS_RUN_TIME), 128)
    fd, errno = bpf.call(_ENABLE_STATS, attr)
    if fd < 0:
        raise RuntimeError(f"the kernel keeps no times of programs: {os.strerror(errno)}")
    try:
        yield
    finally:
        os.close(fd)


def contestants(contest):
    return [who for mcpu in peers.KERNELS for who in (*contest.ours(mcpu), *contest.theirs(mcpu))]


@contextlib.contextmanager
def attached(contest, order, events):
    with contextlib.ExitStack() as held:
        objects = {who: held.enter_context(Attached(contest.object(who))) for who in order}
        for pinned in objects.values():
            pinned.set_global("watched", struct.pack("<I", events.watched))
        yield objects


def seen(program, pinned):
    """What an object has counted and sent."""
    held = pinned.globals()
    counts = [len(pinned.map_lines(name)) for name in program.counted]
    sent = []
    if program.ring:
        name, layout = program.ring
        for record in pinned.ring(name).records():
            fields = struct.unpack("<" + layout, record)
            sent.append([field.partition(b"\0")[0] if isinstance(field, bytes) else field for field in fields])
    return counts, [held[name] for name in program.variables], sent


def results(contest):
    program = contest.program
    with Events(program.events) as events, attached(contest, contestants(contest), events) as objects:
        events.make(_EVENTS)
        found = {who: seen(program, pinned) for who, pinned in objects.items()}
    first = next(iter(found.values()))
    unlike = [who for who, of in found.items() if of != first]
    for who in [next(iter(found)), *unlike] if unlike else []:
        print(f"{contest.name}: {who} {found[who]}", file=sys.stderr)
    records = len(first[2])
    return row(contest.name, f"results, {records} records" if program.ring else "results", "", "", "same", limit=1,
               ratio=2 if unlike or program.ring and not records else 1, gates=True)


def loaded(contest):
    """Whether all objects have the same results, and how many instructions the verifier walks."""
    walked = {}
    for who in contestants(contest):
        with Pinned(contest.object(who)) as pinned:
            walked[who] = sum(map(pinned.verified_instructions, pinned.programs()))
    if contest.program.events and not features.probe()["trace"]:
        yield results(contest)
    for mcpu in peers.KERNELS:
        yield counted(contest, "verified", mcpu, walked.__getitem__, "shown")


def run_time(contest, rounds):
    """Of one run, in the mean over all programs of the object."""
    kind = contest.program.events
    if not kind or features.probe()["trace"]:
        return
    whos = contestants(contest)
    spent = {who: [] for who in whos}
    with Events(kind) as events, statistics_of_runs():
        for turn in range(rounds):
            at = turn % len(whos)
            with attached(contest, whos[at:] + whos[:at], events) as objects:
                events.make(_ROUND[kind] // 10)
                before = {who: pinned.spent() for who, pinned in objects.items()}
                events.make(_ROUND[kind])
                for who, pinned in objects.items():
                    time, runs = (after - begun for begun, after in zip(before[who], pinned.spent()))
                    spent[who].append(time / runs)
    for mcpu in peers.KERNELS:
        ours, later, theirs = (spent[who] for who in (*contest.ours(mcpu), contest.theirs(mcpu)[0]))
        # Of each round, since all saw the same.
        ratio, later_ratio = (statistics.median(mine / other for mine, other in zip(of, theirs)) for of in (ours, later))
        yield row(contest.name, f"ns per run, {mcpu}", measure.figure(ours), measure.figure(theirs), "shown", ratio=ratio,
                  later=measure.figure(later), later_ratio=later_ratio)
