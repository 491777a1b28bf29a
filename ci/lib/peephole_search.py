"""Cheaper instructions for a window: enumerates them, tries them on numbers, and proves the rest (peephole_rows.py)."""

import itertools
import random
import re

import peephole_rows
from peephole_windows import DEAD, LOW

MASK, LOW_MASK = (1 << 64) - 1, (1 << 32) - 1
_OPERATORS = ("=", "+=", "-=", "|=", "&=", "^=", "<<=", ">>=", "s>>=", "*=")
# Programs of more instructions are too many.
LONGEST = 2
_TRIALS = 12


def signed(value, bits):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def apply(operator, left, right, bits):
    """The result, as a number without sign."""
    mask = (1 << bits) - 1
    left, right = left & mask, right & mask
    count = right & (bits - 1)
    return {
        "=": lambda: right, "+=": lambda: left + right, "-=": lambda: left - right, "|=": lambda: left | right, "&=": lambda: left & right,
        "^=": lambda: left ^ right, "<<=": lambda: left << count, ">>=": lambda: left >> count,
        "s>>=": lambda: signed(left, bits) >> count, "*=": lambda: left * right, "/=": lambda: left // right if right else 0,
        "%=": lambda: left % right if right else left,
    }[operator]() & mask


def compare(comparison, left, right, bits):
    mask = (1 << bits) - 1
    if comparison.startswith("s"):
        left, right, comparison = signed(left, bits), signed(right, bits), comparison[1:]
    else:
        left, right = left & mask, right & mask
    return {"==": left == right, "!=": left != right, ">": left > right, ">=": left >= right, "<": left < right, "<=": left <= right,
            "&": bool(left & right & mask)}[comparison]


def run(lines, registers):
    """Registers afterwards, and whether the jump is taken."""
    values, taken = dict(registers), None
    for line in lines:
        words = line.split(" ")
        if words[0] == "if":
            bits = 64 if words[1][0] == "r" else 32
            right = values[words[3][1:]] if words[3][0] in "rw" else int(words[3])
            taken = compare(words[2], values[words[1][1:]], right, bits)
        elif words[-1] == "ll":
            values[words[0][1:]] = int(words[2]) & MASK
        else:
            bits = 64 if words[0][0] == "r" else 32
            right = values[words[2][1:]] if words[2][0] in "rw" else int(words[2])
            values[words[0][1:]] = apply(words[1], values[words[0][1:]], right, bits)
    return values, taken


def slots(lines):
    return sum(2 if line.endswith(" ll") else 1 for line in lines)


def facts(results, narrow):
    """The `when` of a row, of the two kinds; a row has one of them."""
    ahead = [f"dead r{name}" if wanted == DEAD else f"low r{name}" for name, wanted in results if wanted in (DEAD, LOW)]
    return ahead, [f"narrow r{name}" for name in narrow]


class Window:
    """A window, with numbers to try."""

    def __init__(self, lines, when):
        self.lines, self.when = lines, when
        self.names = sorted(set(re.findall(r"\b[rw]([a-d])\b", " ".join(lines))))
        self.written = sorted({line.split(" ")[0][1:] for line in lines if not line.startswith("if ")})
        self.reads = {name for line in lines for name in re.findall(r"\b[rw]([a-d])\b", line)}
        self.trials = self._trials()
        self.wanted = [self._outcome(self.lines, trial) for trial in self.trials]

    def _trials(self):
        chance = random.Random(1)
        numbers = [0, 1, MASK, LOW_MASK, 1 << 63, 1 << 31, 0x80]
        narrow = {fact[-1] for fact in self.when if fact.startswith("narrow")}

        def number(name):
            value = chance.choice(numbers) if chance.random() < 0.3 else chance.getrandbits(64)
            return value & LOW_MASK if name in narrow else value
        return [{name: number(name) for name in self.names} for _ in range(_TRIALS)]

    def _outcome(self, lines, trial):
        values, taken = run(lines, trial)
        dead = {fact[-1] for fact in self.when if fact.startswith("dead")}
        low = {fact[-1] for fact in self.when if fact.startswith("low")}
        kept = tuple(values[name] & (LOW_MASK if name in low else MASK) for name in self.names if name not in dead)
        return kept, taken

    def fits(self, lines):
        return all(self._outcome(lines, trial) == wanted for trial, wanted in zip(self.trials, self.wanted))

    def constants(self):
        own = {int(word) for line in self.lines for word in re.findall(r"(?<![\w*])-?\d+\b", line)}
        made = {left + right for left, right in itertools.combinations(own, 2)} | {left & right for left in own for right in own}
        made |= {left | right for left in own for right in own} | {signed(one, 32) for one in own}
        return sorted(one for one in own | made | {0, 1, -1, 32} if -(1 << 31) <= one < 1 << 31)[:12]

    def instructions(self):
        """All that a shorter program may have, but the jump."""
        operands = [*self.constants()]
        for name in self.written:
            for letter in "rw":
                for operator in _OPERATORS:
                    sources = [f"{letter}{other}" for other in self.names] + operands
                    yield from (f"{letter}{name} {operator} {source}" for source in sources)

    def jumps(self):
        for name in self.names:
            for letter in "rw":
                for comparison in peephole_rows.COMPARISONS:
                    sources = [f"{letter}{other}" for other in self.names if other != name] + self.constants()
                    yield from (f"if {letter}{name} {comparison} {source} goto L" for source in sources)

    def shorter(self):
        """Shorter programs, the shortest first, that agree on what was tried."""
        most = slots(self.lines) - 1
        instructions = list(self.instructions())
        ends = [(one,) for one in self.jumps()] if self.lines[-1].startswith("if ") else [()]
        for length in range(0, min(most - len(ends[0]), LONGEST - len(ends[0])) + 1):
            for body in itertools.product(instructions, repeat=length):
                # What is not the case for one trial is not tried on others.
                for end in ends:
                    if self._outcome(body + end, self.trials[0]) == self.wanted[0] and self.fits(body + end):
                        yield body + end


def generalised(row):
    """The row with a variable for each constant that may have another value."""
    own = sorted({word for line in row["from"] for word in re.findall(r"(?<![\w*])-?\d+\b", line)})
    # `L` is where jumps lead.
    for letter, constant in zip("KMNP", own):
        pattern = rf"(?<![\w*]){re.escape(constant)}\b"
        other = {key: [re.sub(pattern, letter, line) for line in row[key]] for key in ("from", "to")}
        other = {**row, **other}
        if peephole_rows.counterexample(other) is None:
            row = other
    return row


def best(lines, results, narrow):
    """A row for a window: the shortest program that is proved, with as few facts as it needs. None: there is none."""
    for when in facts(results, narrow):
        window = Window(lines, when)
        for shorter in itertools.islice(window.shorter(), 20):
            row = {"from": list(lines), "to": list(shorter), "when": when}
            if peephole_rows.counterexample(row) is not None:
                continue
            for fact in when:
                less = {**row, "when": [one for one in row["when"] if one != fact]}
                if peephole_rows.counterexample(less) is None:
                    row = less
            return generalised(row)
    return None
