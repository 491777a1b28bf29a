"""A process of one thread that works when it is asked to, and what the kernel itself counts of it.

    with Worker(lambda: time.sleep(0.1)) as worker:
        before = worker.counts()
        worker.work()
        after = worker.counts()
"""

import os
import time
from collections import namedtuple

from tool import PATIENCE, check

# How often it lost its CPU; how often it got one; nanoseconds on CPUs, and waiting for one when it could run.
Counts = namedtuple("Counts", "switches runs on_cpu waited")
_SETTLED = 0.05


class Worker:
    def __init__(self, work):
        self.do = work

    def __enter__(self):
        asks, self.asks = os.pipe()
        self.answers, answers = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.asks)
            try:
                while os.read(asks, 1):
                    self.do()
                    os.write(answers, b".")
            finally:
                os._exit(0)
        os.close(asks)
        os.close(answers)
        return self

    def __exit__(self, *_):
        os.close(self.asks)
        os.close(self.answers)
        os.waitpid(self.pid, 0)

    def work(self):
        os.write(self.asks, b".")
        check(os.read(self.answers, 1) == b".", "the worker has ended")

    def counts(self):
        """What was counted when it waits for work again."""
        deadline = time.monotonic() + PATIENCE
        last = None
        while time.monotonic() < deadline:
            now = self._counts()
            if now == last and self._of("stat").rpartition(") ")[2][0] == "S":
                return now
            last = now
            time.sleep(_SETTLED)
        raise AssertionError("the worker does not settle")

    def _counts(self):
        status = dict(line.split(":", 1) for line in self._of("status").splitlines())
        on_cpu, waited, runs = map(int, self._of("schedstat").split())
        return Counts(sum(int(status[f"{kind}_ctxt_switches"]) for kind in ("voluntary", "nonvoluntary")), runs, on_cpu, waited)

    def _of(self, name):
        with open(f"/proc/{self.pid}/{name}", encoding="ascii", errors="replace") as file:
            return file.read()

    def comm(self):
        return self._of("comm").strip()


def between(before, after):
    return Counts(*(late - early for early, late in zip(before, after, strict=True)))


def spin(seconds):
    """Uses so much time of a CPU."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def total(buckets):
    return sum(bucket["count"] for bucket in buckets)


def check_total(buckets, known):
    """Each event is counted once. Of a CPU that is always busy the kernel's tracepoint, also as perf shows it, lacks a switch now and then."""
    check(0.9 * known - 1 <= total(buckets) <= known, buckets, known)


def check_sum(buckets, nanoseconds):
    """The values of the buckets, in microseconds, are together about what the kernel measured, by the scheduler's clock."""
    least = sum(bucket["min"] * bucket["count"] for bucket in buckets)
    most = sum((bucket["max"] + 1) * bucket["count"] for bucket in buckets)
    known, doubt = nanoseconds / 1000, 100 * total(buckets)
    check(least <= 1.5 * known + doubt and known <= 2 * most + doubt, buckets, known)
