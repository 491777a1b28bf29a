"""What writes a generated program: names, bounds and heads of loops."""

import random

WORDS = ["GET", "POST", "Host", "alpha", "beta", "be", "a", "aa", "example", "x", "www"]


class Writer:
    def __init__(self, seed):
        self.random = random.Random(seed)
        # Of the texts that functions take.
        self.text_size = self.pick([8, 12, 16])
        # Whether functions may be for both sides.
        self.plain = True
        self._names = {}

    def pick(self, choices):
        return self.random.choice(choices)

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def word(self):
        return self.pick(WORDS)

    def fresh(self, word):
        """A name that no other has."""
        self._names[word] = self._names.get(word, 0) + 1
        count = self._names[word]
        return word if count == 1 else f"{word}{count}"

    def helper(self):
        return "" if self.plain and self.chance(40) else "@helper "

    def bound(self, most, config="limits.most"):
        """How often a loop runs: a constant, or a number that only running knows."""
        return self.pick([str(most), str(most), str(most), "MOST", config, "limits.most"])

    def loop(self, index, bound):
        """(the lines that begin a loop of so many iterations, those that end it)"""
        return self.pick([
            ([f"for ({index} in 0..{bound}) {{"], ["}"]), ([f"for ({index} in 0..{bound}) {{"], ["}"]),
            ([f"var {index}: u32 = 0", f"while ({index} < {bound}) {{"], [f"{index} += 1", "}"]),
            ([f"var {index}: u32 = 0", "loop {", f"if ({index} >= {bound}) break"], [f"{index} += 1", "}"]),
        ])


def indented(lines):
    """The text of lines, indented by their braces."""
    text, depth = [], 0
    for line in "\n".join(lines).split("\n"):
        closes = line.startswith("}")
        text.append("    " * (depth - closes) + line if line else "")
        depth += line.count("{") - line.count("}")
    return "\n".join(text) + "\n"
