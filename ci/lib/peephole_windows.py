"""Windows of BPF code: up to 6 instructions of one block that depend on one another, with what is read of their registers behind them."""

from dataclasses import dataclass

LONGEST = 6
LONGEST_GAP = 8
FULL, LOW, DEAD = 2, 1, 0
_OPERATIONS = {0x0: "+=", 0x1: "-=", 0x2: "*=", 0x3: "/=", 0x4: "|=", 0x5: "&=", 0x6: "<<=", 0x7: ">>=", 0x9: "%=", 0xA: "^=", 0xB: "=",
               0xC: "s>>="}
_COMPARISONS = {0x1: "==", 0x2: ">", 0x3: ">=", 0x4: "&", 0x5: "!=", 0x6: "s>", 0x7: "s>=", 0xA: "<", 0xB: "<=", 0xC: "s<", 0xD: "s<="}
_CALL, _EXIT, _GOTO, _GOTOL = 0x85, 0x95, 0x05, 0x06
# Operations whose result has a zero high half for every verifier too (src/codegen/peephole/known.rs).
_SHOWN = ("+=", "-=", "&=", "=")


@dataclass(frozen=True)
class Step:
    """An instruction: its registers, and how it is written if the search knows it; `name` gives the names of registers."""
    reads: frozenset
    writes: frozenset
    # By register: what is read of it.
    wanted: tuple
    text: object = None
    is_jump: bool = False
    memory: bool = False
    shows_narrow: bool = False


def _of(reads, writes, wanted=FULL, **more):
    return Step(frozenset(reads), frozenset(writes), tuple((register, wanted) for register in reads), **more)


def step(insn, is_pinned):
    """What an instruction does. Those that loaders relocate are written by nobody."""
    dst, src, kind, high = insn.dst, insn.src, insn.opcode & 7, insn.opcode >> 4
    by_register = bool(insn.opcode & 8)
    if insn.opcode == _CALL:
        return _of(range(1, 6), range(0, 6), memory=True)
    if insn.opcode == _EXIT:
        return _of([0], [])
    if insn.opcode in (_GOTO, _GOTOL):
        return _of([], [], is_jump=True)
    if insn.opcode == 0x18:
        text = None if is_pinned or src else lambda name: f"r{name(dst)} = {insn.immediate} ll"
        return _of([], [dst], text=text)
    if kind == 1:
        return _of([src], [dst], memory=True, shows_narrow=insn.opcode & 0x18 != 0x18 and insn.opcode & 0xE0 == 0x60)
    if kind in (2, 3):
        fetches = insn.opcode & 0xE0 == 0xC0
        return _of([dst, src, 0] if fetches else [dst] + [src] * (kind == 3), [], memory=True)
    if kind in (5, 6):
        return _jump(insn, by_register, is_pinned)
    if high == 0xD or high == 0x8 or insn.offset or high not in _OPERATIONS:
        return _of([dst, src] if by_register else [dst], [dst])
    return _arithmetic(insn, by_register, is_pinned)


def _jump(insn, by_register, is_pinned):
    letter, wanted = ("r", FULL) if insn.opcode & 7 == 5 else ("w", LOW)
    comparison = _COMPARISONS.get(insn.opcode >> 4)

    def text(name):
        right = f"{letter}{name(insn.src)}" if by_register else insn.immediate
        return f"if {letter}{name(insn.dst)} {comparison} {right} goto L"
    reads = [insn.dst, insn.src] if by_register else [insn.dst]
    return _of(reads, [], wanted, text=None if is_pinned or comparison is None else text, is_jump=True)


def _arithmetic(insn, by_register, is_pinned):
    letter, wanted = ("r", FULL) if insn.opcode & 7 == 7 else ("w", LOW)
    operator = _OPERATIONS[insn.opcode >> 4]

    def text(name):
        right = f"{letter}{name(insn.src)}" if by_register else insn.immediate
        return f"{letter}{name(insn.dst)} {operator} {right}"
    reads = ([insn.src] if by_register else []) + ([] if operator == "=" else [insn.dst])
    shown = letter == "w" and (operator in _SHOWN or not by_register and operator in ("|=", "^=", "<<=", ">>="))
    return _of(reads, [insn.dst], wanted, text=None if is_pinned else text, shows_narrow=shown)


class Code:
    """The instructions of a section with their blocks, and what is read behind each."""

    def __init__(self, section, pinned, starts):
        self.insns = section.instructions()
        self.steps = [step(insn, insn.at in pinned) for insn in self.insns]
        index = {insn.at: at for at, insn in enumerate(self.insns)}
        self.next, leaders = [], {index[start] for start in starts}
        for at, insn in enumerate(self.insns):
            follows = [] if insn.opcode in (_EXIT, _GOTO, _GOTOL) else [at + 1]
            if self.steps[at].is_jump:
                distance = insn.immediate if insn.opcode == _GOTOL else insn.offset
                target = index[insn.at + 8 + 8 * distance]
                follows.append(target)
                leaders.add(target)
            if self.steps[at].is_jump or insn.opcode == _EXIT:
                leaders.add(at + 1)
            self.next.append([one for one in follows if one < len(self.insns)])
        self.leaders = leaders
        self.behind = self._demands()

    def _demands(self):
        before = [{} for _ in self.insns]
        behind = [{} for _ in self.insns]
        changes = True
        while changes:
            changes = False
            for at in reversed(range(len(self.insns))):
                joined = {}
                for follower in self.next[at]:
                    for register, wanted in before[follower].items():
                        joined[register] = max(wanted, joined.get(register, DEAD))
                behind[at] = joined
                own = {register: wanted for register, wanted in joined.items() if register not in self.steps[at].writes}
                for register, wanted in self.steps[at].wanted:
                    # A copy is read as far as its result is.
                    own[register] = max(wanted, own.get(register, DEAD))
                if own != before[at]:
                    before[at], changes = own, True
        return behind

    def windows(self):
        """The windows that end at each instruction, from one instruction on: (lines, results, narrow registers)."""
        start = 0
        for end in range(len(self.insns)):
            if end in self.leaders:
                start = end
            if self.steps[end].text:
                yield from self._ending(start, end)

    def _ending(self, start, end):
        chosen, reads = [end], set(self.steps[end].reads)
        at = end
        while True:
            window = self._window(start, chosen)
            if window:
                yield window
            at -= 1
            # The next instruction before that writes what is read, or reads and writes the same.
            while at >= max(start, end - LONGEST - LONGEST_GAP) and not self.steps[at].writes & reads:
                at -= 1
            if at < max(start, end - LONGEST - LONGEST_GAP) or not self.steps[at].text or len(chosen) == LONGEST:
                return
            chosen.insert(0, at)
            reads |= self.steps[at].reads

    def _window(self, start, chosen):
        steps = [self.steps[at] for at in chosen]
        reads, writes = frozenset().union(*(one.reads for one in steps)), frozenset().union(*(one.writes for one in steps))
        for between in set(range(chosen[0], chosen[-1])) - set(chosen):
            other = self.steps[between]
            if other.writes & (reads | writes) or other.reads & writes:
                return None
        names = {}
        lines = tuple(one.text(lambda register: names.setdefault(register, "abcdefghijk"[len(names)])) for one in steps)
        # A shift by itself makes a zero that no verifier knows (`known-zero` of the table).
        if len(names) > 4 or any(line.split(" ")[1] == ">>=" and line.split(" ")[0] == line.split(" ")[2] for line in lines):
            return None
        behind = self.behind[chosen[-1]]
        results = tuple(sorted((names[register], behind.get(register, DEAD)) for register in writes))
        inputs = [register for register in names if self._is_narrow(start, chosen[0], register)]
        return lines, results, tuple(sorted(names[register] for register in inputs))

    def _is_narrow(self, start, at, register):
        for before in reversed(range(start, at)):
            if register in self.steps[before].writes:
                return self.steps[before].shows_narrow
        return False


def of(own):
    """The code of an object's sections."""
    core = {(name, words[0]) for name, words in own.records()["core"]}
    for section in own.code():
        pinned = {offset for offset, _, _ in section.relocations}
        pinned |= {offset for name, offset in core if name == section.name}
        starts = {0} | {symbol.value for symbol in own.functions(section)}
        yield Code(section, pinned, starts)
