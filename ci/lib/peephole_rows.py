"""Rows of ir-specs/peepholes.toml: their assembly as bit-vectors, and their proofs.

Semantics are those of RFC 9669: arithmetic of 64 bits, or of 32 with a zero high half; shifts modulo the width; division by zero is 0, its
remainder the number itself. Memory is an array of bytes.
"""

import re
import tomllib

import z3

OPERATORS = ("+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "%=", "^=", "=", "s>>=")
COMPARISONS = ("==", ">", ">=", "&", "!=", "s>", "s>=", "<", "<=", "s<", "s<=")
REGISTER = re.compile(r"([rw])([a-d]|10|[0-9])")
PLACE = r"\*\(u(8|16|32|64) \*\)\(r([a-d]) \+ ([K-P]|-?\d+)\)"
# What is proved in this many milliseconds is proved.
PATIENCE = 30_000


def read(path):
    """The rows by their names."""
    with open(path, "rb") as file:
        return tomllib.load(file)


def low(value):
    return z3.Extract(31, 0, value)


def extended(value):
    return z3.ZeroExt(64 - value.size(), value)


class Machine:
    """Registers, memory, and whether the jump at the end was taken. Equal names are equal values before the first instruction."""

    def __init__(self):
        self.registers = {}
        self.memory = z3.Array("memory", z3.BitVecSort(64), z3.BitVecSort(8))
        self.taken = None
        self.assumed = []

    def register(self, name):
        return self.registers.setdefault(name, z3.BitVec(f"r{name}", 64))

    def number(self, text, bits):
        """An immediate of so many bits, whose sign is extended. A variable has a value that the field can have."""
        if not text.isupper():
            return z3.BitVecVal(int(text), 64)
        value = z3.BitVec(text, 64)
        if bits == 64:
            return value
        field = z3.SignExt(64 - bits, z3.Extract(bits - 1, 0, value))
        self.assumed.append(value == field)
        return field

    def operand(self, text):
        match = REGISTER.fullmatch(text)
        return self.register(match[2]) if match else self.number(text, 32)

    def run(self, lines):
        for line in lines:
            self.step(line)
        return self

    def step(self, line):
        if match := re.fullmatch(r"if (\S+) (\S+) (\S+) goto L", line):
            left, right = self.operand(match[1]), self.operand(match[3])
            if match[1][0] == "w":
                left, right = low(left), low(right)
            self.taken = holds(match[2], left, right)
        elif match := re.fullmatch(r"r([a-d]) = (\S+) ll", line):
            self.registers[match[1]] = self.number(match[2], 64)
        elif match := re.fullmatch(rf"lock {PLACE} \+= [rw]([a-d])", line):
            at = self.register(match[2]) + self.number(match[3], 16)
            self.store(at, int(match[1]), self.load(at, int(match[1])) + self.register(match[4]))
        elif match := re.fullmatch(rf"{PLACE} = (\S+)", line):
            at = self.register(match[2]) + self.number(match[3], 16)
            self.store(at, int(match[1]), self.operand(match[4]))
        elif match := re.fullmatch(rf"[rw]([a-d]) = {PLACE}", line):
            at = self.register(match[3]) + self.number(match[4], 16)
            self.registers[match[1]] = self.load(at, int(match[2]))
        else:
            self.compute(line)

    def compute(self, line):
        target, operator, source = line.split(" ")
        name = REGISTER.fullmatch(target)[2]
        left, right = self.register(name), self.operand(source)
        if target[0] == "w":
            self.registers[name] = extended(computed(operator, low(left), low(right)))
        else:
            self.registers[name] = computed(operator, left, right)

    def load(self, at, bits):
        parts = [z3.Select(self.memory, at + byte) for byte in range(bits // 8)]
        value = parts[0] if len(parts) == 1 else z3.Concat(*reversed(parts))
        return value if bits == 64 else extended(value)

    def store(self, at, bits, value):
        for byte in range(bits // 8):
            self.memory = z3.Store(self.memory, at + byte, z3.Extract(8 * byte + 7, 8 * byte, value))


def computed(operator, left, right):
    """The result of an assignment's operator, in the width of its operands."""
    count = right & (right.size() - 1)
    zero = z3.BitVecVal(0, right.size())
    return {
        "+=": lambda: left + right, "-=": lambda: left - right, "*=": lambda: left * right, "|=": lambda: left | right,
        "&=": lambda: left & right, "^=": lambda: left ^ right, "=": lambda: right, "<<=": lambda: left << count,
        ">>=": lambda: z3.LShR(left, count), "s>>=": lambda: left >> count,
        "/=": lambda: z3.If(right == zero, zero, z3.UDiv(left, right)),
        "%=": lambda: z3.If(right == zero, left, z3.URem(left, right)),
    }[operator]()


def holds(comparison, left, right):
    """A condition of two numbers."""
    return {
        "==": lambda: left == right, "!=": lambda: left != right, ">": lambda: z3.UGT(left, right), ">=": lambda: z3.UGE(left, right),
        "<": lambda: z3.ULT(left, right), "<=": lambda: z3.ULE(left, right), "s>": lambda: left > right, "s>=": lambda: left >= right,
        "s<": lambda: left < right, "s<=": lambda: left <= right, "&": lambda: (left & right) != 0,
    }[comparison]()


def counterexample(row):
    """None: the row is proved. Else what it is wrong for, as text."""
    facts = [fact.split(" ") for fact in row.get("when", [])]
    names = {kind: {of.lstrip("rw") for word, of in facts if word == kind} for kind in ("dead", "low", "narrow", "zero")}
    first, second = Machine().run(row["from"]), Machine().run(row["to"])
    if set(second.registers) - set(first.registers):
        return "it reads or writes a register that the instructions do not have"
    solver = z3.Solver()
    solver.set("timeout", PATIENCE)
    # What the fields of the first instructions can have is given; those of the second have to be shown to have it.
    solver.add(*first.assumed)
    for name in names["narrow"]:
        solver.add(z3.Extract(63, 32, z3.BitVec(f"r{name}", 64)) == 0)
    for name in names["zero"]:
        solver.add(z3.BitVec(f"r{name}", 64) == 0)
    unsigned = [z3.BitVec(of, 64) for word, of in facts if word == "u32"]
    for number in unsigned:
        solver.add(z3.ULE(number, 0xFFFFFFFF))
    differs = [first.memory != second.memory]
    if (first.taken is None) != (second.taken is None):
        return "one of the two has a jump"
    if first.taken is not None:
        differs.append(first.taken != second.taken)
    for name in first.registers:
        left, right = first.register(name), second.register(name)
        if name in names["low"]:
            left, right = low(left), low(right)
        if name not in names["dead"]:
            differs.append(left != right)
    solver.add(z3.Or(*differs))
    answer = solver.check()
    return None if answer == z3.unsat else str(solver.model()) if answer == z3.sat else "no answer in time"


def mistakes(rows):
    """A line for each row that is not proved, or is not as the compiler takes it."""
    found = []
    for name, row in rows.items():
        words = {fact.split(" ")[0] for fact in row.get("when", [])}
        if words & {"dead", "low"} and words & {"narrow", "zero"}:
            found.append(f"{name}: facts before and behind (src/codegen/peephole/windows.rs)")
        if len(row["to"]) > len(row["from"]):
            found.append(f"{name}: makes code longer")
        why = counterexample(row)
        if why:
            found.append(f"{name}: {why}")
    return found
