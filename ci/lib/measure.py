"""Measuring: alternating runs, so that a busy machine disturbs all contestants alike; medians, and their spread."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """The median of the runs and their quartiles."""

    median: float
    low: float
    high: float

    def __str__(self):
        return f"{number(self.median)} [{number(self.low)} … {number(self.high)}]"


@dataclass(frozen=True)
class Least(Figure):
    """The least of the runs, which nothing else on the machine made longer; in brackets how far the others are."""

    least: float

    def __str__(self):
        return f"{number(self.least)} [{number(self.median)} … {number(self.high)}]"


def number(value):
    return f"{value:.1f}" if value < 100 and value != int(value) else f"{value:.0f}"


def figure(samples):
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Figure(median, low, high)


def least(samples):
    return Least(**vars(figure(samples)), least=min(samples))


def alternating(contestants, rounds, made=figure):
    """name → what is `made` of the samples; `contestants` is name → function that runs once and returns what it measured."""
    samples = {name: [] for name in contestants}
    for run in contestants.values():
        run()  # caches are warm for all
    for _ in range(rounds):
        for name, run in contestants.items():
            samples[name].append(run())
    return {name: made(values) for name, values in samples.items()}


def cpu_milliseconds(command, env=None):
    """User and system time of a whole command, its children too."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    stderr = process.stderr.read()
    _pid, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{stderr.decode(errors='replace')}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def to_output(command):
    """From the start of a program to the first thing that it prints, in milliseconds: wall time, and time of a processor; then Ctrl-C ends it."""
    import signal

    begun = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = process.stdout.read(1)
    elapsed = time.monotonic() - begun
    # It waits then, or is about to: nanoseconds on a processor, of Documentation/scheduler/sched-stats.rst.
    time.sleep(0.002)
    with open(f"/proc/{process.pid}/schedstat", encoding="ascii") as stat:
        spent = int(stat.read().split()[0])
    process.send_signal(signal.SIGINT)
    _output, errors = process.communicate(timeout=20)
    if not first:
        raise RuntimeError(f"{' '.join(command)} printed nothing:\n{errors.decode(errors='replace')}")
    return elapsed * 1000, spent / 1e6


def milliseconds_to_output(command):
    return to_output(command)[0]


if __name__ == "__main__":
    # Run inside a network namespace by ci/bench: the number of rounds, the commands as JSON; prints their figures, of the time and of the
    # processor's.
    import json

    rounds, commands = int(sys.argv[1]), json.loads(sys.argv[2])
    runs = {str(i): (lambda command=command: to_output(command)) for i, command in enumerate(commands)}
    found = alternating(runs, rounds, list)
    print(json.dumps([[vars(figure([run[part] for run in samples])) for samples in found.values()] for part in (0, 1)]))
