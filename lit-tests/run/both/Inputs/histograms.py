"""What `histograms.ks` prints, from the values that it counts: a model of histograms with exact numbers, compared with a file."""

import math
import struct
import sys
from fractions import Fraction

ALL = 2**64 - 1
LOWEST = -(2**63)
HIGHEST = 2**63 - 1


class Powers:
    """Below zero, zero, then from each power of two to the next."""

    def buckets(self):
        return [(None, 0), (0, 1)] + [(2**bits, 2 ** (bits + 1)) for bits in range(64)]

    def label(self, number):
        return shortest(number, 6)


class Steps:
    def __init__(self, low, high, step):
        self.low, self.high, self.step = low, high, step

    def buckets(self):
        inner = [(low, low + self.step) for low in range(self.low, self.high, self.step)]
        return [(None, self.low)] + inner + [(self.high, None)]

    def label(self, number):
        return shortest(number, 2) if self.step % 1024 == 0 else str(number)


def shortest(number, most):
    """With the largest suffix whose unit divides the number."""
    for power in range(most, 0, -1):
        if number and number % 1024**power == 0:
            return str(number // 1024**power) + " KMGTPE"[power]
    return str(number)


def single(number):
    """As an `f32`."""
    return struct.unpack("f", struct.pack("f", number))[0]


class Histogram:
    def __init__(self, kind, values):
        self.kind = kind
        self.values = sorted(value for value, times in values for _ in range(times))
        holds = lambda value, low, high: (low is None or low <= value) and (high is None or value < high)
        counts = [(low, high, sum(holds(v, low, high) for v in self.values)) for low, high in kind.buckets()]
        assert sum(count for *_, count in counts) == len(self.values)
        used = [index for index, (*_, count) in enumerate(counts) if count]
        self.used = counts[used[0] : used[-1] + 1]

    def sum(self):
        total = sum(self.values) % 2**64
        return total - 2**64 if total > HIGHEST else total

    def percentile(self, p):
        rank = max(math.ceil(Fraction(p) * len(self.values) / 100), 1)
        value = self.values[rank - 1]
        highs = [high for low, high, _ in self.used if (low is None or low <= value) and (high is None or value < high)]
        return HIGHEST if highs[0] is None else min(highs[0] - 1, HIGHEST)

    def lows(self):
        return [(LOWEST if low is None else min(low, HIGHEST), count) for low, _, count in self.used]

    def drawn(self):
        largest = max(count for *_, count in self.used)
        for low, high, count in self.used:
            if low is None:
                label = f"(..., {self.kind.label(high)})"
            elif high is None:
                label = f"[{self.kind.label(low)}, ...)"
            elif high == low + 1:
                label = f"[{self.kind.label(low)}]"
            else:
                label = f"[{self.kind.label(low)}, {self.kind.label(high)})"
            bar = "@" * int(single(single(single(count) / single(largest)) * 52))
            yield f"{label:<16}{count:>8} |{bar:<52}|"
        yield ""


def powers():
    for i in range(1, 64):
        power = 2**i
        yield from ((power + off, 1) for off in (-1, 0, 1))
        yield power, power >> 61
        yield power | 1, 2
    yield from ((ALL, 5), (ALL - 1, 1))
    lowest = -(ALL >> 1)
    yield from ((lowest, 1), (lowest - 1, 1), (-1, 1), (-1, 2), (0, 1), (0, 1))


def signed():
    lowest = -(ALL >> 1)
    yield from ((value, 1) for value in [lowest, lowest - 1, *range(-21, 12), ALL, ALL >> 1])


def steps():
    yield from ((value, 1) for value in [*range(10), 1023, 1024, 2047, 2048, 3072])
    yield ALL, 12


def lines():
    one = {"powers": Histogram(Powers(), powers()), "signed": Histogram(Steps(-20, 10, 10), signed())}
    one["steps"] = Histogram(Steps(1024, 3072, 1024), steps())
    by = {key - 1: Histogram(Powers(), [(n, 1) for n in range(9) if n % 4 == key]) for key in range(4)}
    names = {"one": [(0, 1)], "two": [(1, 7), (-(ALL >> 1), 1), (ALL, 1)]}
    names = {name: Histogram(Steps(0, 2, 1), values) for name, values in names.items()}
    order = lambda histograms: sorted(histograms.items(), key=lambda pair: (-len(pair[1].values), pair[0]))
    for name, histogram in one.items():
        yield f"{name}:"
        yield from histogram.drawn()
    for name, histograms in (("by", by), ("by_name", names)):
        for key, histogram in order(histograms):
            yield f"{name}[{key}]:"
            yield from histogram.drawn()
    for name, histogram in one.items():
        yield from (f"{name} {low}: {count}" for low, count in histogram.lows())
    for name, histogram in one.items():
        yield f"{name}: {len(histogram.values)} values, sum {histogram.sum()}"
    for p in range(101):
        yield from (f"{name} {p}%: {histogram.percentile(p)}" for name, histogram in one.items())
    yield f"powers 0.5%: {one['powers'].percentile('0.5')}"
    yield f"steps 99.9%: {one['steps'].percentile('99.9')}"
    for key, h in order(by):
        yield f"by[{key}]: {len(h.values)} values, sum {h.sum()}, median {h.percentile(50)}"
        yield from (f"by[{key}] {low}: {count}" for low, count in h.lows())
    yield from (f"two {low}: {count}" for low, count in names["two"].lows())
    yield f"two: {len(names['two'].values)} values, sum {names['two'].sum()}"


wanted = list(lines())
found = open(sys.argv[1], encoding="ascii").read().splitlines()
for number, (left, right) in enumerate(zip(found, wanted), 1):
    assert left == right, f"line {number}: {left!r} is not {right!r}"
assert len(found) == len(wanted), f"{len(found)} lines, not {len(wanted)}"
