"""Loops over what was found in a packet at a computed offset: each form of loop with each access in it (as bound_accesses.py)."""

from dataclasses import dataclass
from typing import Callable

from bound_accesses import Access

_WORD = 0xFFFFFFFF
_WRITERS = ("xdp", "frags", "tc")


@dataclass
class Step:
    """A statement of the body; `run` changes the state."""
    text: str
    run: Callable[["State"], None]
    writes: bool = False


class State:
    def __init__(self, sources, data, start):
        self.sources, self.data, self.start = sources, bytearray(data), start
        self.r, self.k = 1, 0

    def at(self, offset):
        """A byte of the part, which begins at `start`."""
        at = self.start + offset
        return self.data[at] if at < len(self.data) else 0

    def add(self, number):
        self.r = (self.r + number) & _WORD


def _write(at):
    def run(state):
        state.data[state.start + at] ^= 1
    return run


def _nested(state):
    for j in range(3):
        state.add(state.at(j))


def _steps(rng, size):
    """Statements on a part of so many bytes that is there."""
    at, pair = rng.randrange(size), rng.randrange(size - 1)
    return [
        Step(f"r += part[{at}]", lambda s: s.add(s.at(at))),
        Step(f"r += part[k % {size}]", lambda s: s.add(s.at(s.k % size))),
        Step(f"r += part[k & 3]", lambda s: s.add(s.at(s.k & 3))),
        Step(f"r += part[(k + c) % {size}]", lambda s: s.add(s.at((s.k + s.sources["c"]) % size))),
        Step(f"r += part.read({pair}, u16)", lambda s: s.add(s.at(pair) + 256 * s.at(pair + 1))),
        Step(f"r += part.read(k % {size - 1}, u16)", lambda s: s.add(s.at(s.k % (size - 1)) + 256 * s.at(s.k % (size - 1) + 1))),
        Step('r += part.slice(1, 2) == "ab" ? 5 : 2', lambda s: s.add(5 if (s.at(1), s.at(2)) == (97, 98) else 2)),
        Step('if (part[k % 4] == \'a\') r += 3', lambda s: s.add(3 if s.at(s.k % 4) == 97 else 0)),
        Step("for (j in 0..3) { r += part[j] }", _nested),
        Step("r += pk[k]", lambda s: s.add(s.data[s.k] if s.k < len(s.data) else 0)),
        Step("if (var inner = part.slice(k % 7, 2)) { r += inner[1] }", lambda s: s.add(s.at(s.k % 7 + 1) if s.k % 7 + 2 <= size else 0)),
        Step(f"part[{at}] ^= 1", _write(at), True),
        Step("shared[k & 15] = part[0]", lambda _s: None),
        Step("r ^= bpf_get_smp_processor_id() & 0", lambda _s: None),
    ]


def _ends(rng):
    """The form of a loop, and whether it goes on, from what is counted and `r`."""
    n = rng.choice([3, 9, 20, 700])
    return rng.choice([
        (f"for (k in 0..{n})", lambda s: s.k < n),
        ("for (k in 0..(c as u32))", lambda s: s.k < s.sources["c"]),
        ("for (k in 1..=(d % 40))", lambda s: s.k + 1 <= s.sources["d"] % 40),
        ("while (k < d % 50)", lambda s: s.k < s.sources["d"] % 50),
        ("while (r < 1000)", lambda s: s.r < 1000),
        ("while (r < 1000 && k < c)", lambda s: s.r < 1000 and s.k < s.sources["c"]),
        ("loop", lambda s: s.k < 25),
        ("while (true)", lambda s: s.r < 30000),
    ])


def _leaves(form):
    return {"loop": ["if (k >= 25) break"], "while (true)": ["if (r >= 30000) break"]}.get(form, [])


def _loop(rng, size):
    """(lines, the function that runs them, whether they write)"""
    form, goes_on = _ends(rng)
    steps = rng.sample(_steps(rng, size), rng.choice([1, 1, 2, 3]))
    counted = form.startswith("for")
    first = 1 if form.startswith("for (k in 1") else 0
    body = [*_leaves(form), *(step.text for step in steps), "r = r * 3 + 1", *([] if counted else ["k += 1"])]
    lines = [*([] if counted else ["var k: u32 = 0"]), f"{form} {{", *(f"    {line}" for line in body), "}"]

    def run(state):
        state.k = 0
        while goes_on(state):
            state.k += first
            for step in steps:
                step.run(state)
            state.k -= first
            state.r, state.k = (state.r * 3 + 1) & _WORD, state.k + 1
    return lines, run, any(step.writes for step in steps)


def _part(rng, index):
    """A loop over a part that is there, in its own branch or after an early return."""
    size = rng.choice([4, 6, 8, 16])
    lines, run, writes = _loop(rng, size)

    def value(sources, pk):
        start = index.value(sources)
        if start + size > len(pk):
            return 77
        state = State(sources, pk, start)
        run(state)
        return state.r
    head = ["r = 77", f"if (var part = pk.slice({index.text}, {size})) {{", "    r = 1"]
    return Access([*head, *(f"    {line}" for line in lines), "}"], value, _WRITERS if writes else ())


def _rest(rng, index):
    """A loop over what is behind an offset, which may be short."""
    lines, run, writes = _loop(rng, 8)

    def value(sources, pk):
        start = index.value(sources)
        if start + 16 > len(pk):
            return 77
        state = State(sources, pk, start)
        run(state)
        return state.r
    head = ["r = 77", f"var part = pk.slice({index.text})", "if (len(part) >= 16) {", "    r = 1"]
    return Access([*head, *(f"    {line}" for line in lines), "}"], value, _WRITERS if writes else ())


def _header(rng, index):
    """A pointer into the packet that a loop uses."""
    form, goes_on = _ends(rng)
    counted = form.startswith("for")
    first = 1 if form.startswith("for (k in 1") else 0
    use = rng.choice(["r += (*p)[k & 3]", "r += (*p)[1]", "r += (*p)[(k + c) % 4]"])

    def value(sources, _pk):
        found = sources["all"][index.value(sources):][:4]
        if len(found) < 4:
            return 77
        state = State(sources, b"", 0)
        while goes_on(state):
            k = state.k + first
            state.add(found[{"r += (*p)[k & 3]": k & 3, "r += (*p)[1]": 1}.get(use, (k + sources["c"]) % 4)])
            state.r, state.k = (state.r * 3 + 1) & _WORD, state.k + 1
        return state.r
    lines = ["r = 77", f"if (var p = ctx.packet({index.text}, u8[4])) {{", "    r = 1", *([] if counted else ["    var k: u32 = 0"]),
             f"    {form} {{", *(f"        {line}" for line in [*_leaves(form), use, "r = r * 3 + 1", *([] if counted else ["k += 1"])]), "    }", "}"]
    return Access(lines, value)


LOOPS = {"loop-part": _part, "loop-rest": _rest, "loop-header": _header}
