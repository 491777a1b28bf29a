"""Numbers that generated programs compute: as text of the language, with the function that says what they are.

Arithmetic is that of docs/language.md: operands have at least 32 bits, the wider one decides, everything is unsigned and wraps.
"""

from dataclasses import dataclass
from typing import Callable


@dataclass(frozen=True)
class Number:
    text: str
    # 0 of a literal, which takes the type of the other operand.
    bits: int
    # {name of a source → its value} → the number
    value: Callable[[dict], int]

    def wide(self):
        return max(self.bits, 32)


def literal(n):
    return Number(hex(n) if n > 255 else str(n), 0, lambda _sources: n)


def source(name, bits):
    return Number(name, bits, lambda sources: sources[name])


def _shifted(op, left, right, bits):
    count = right % bits
    return left << count if op == "<<" else left >> count


def _computed(op, left, right, bits):
    if op in ("<<", ">>"):
        return _shifted(op, left, right, bits)
    if op in ("/", "%") and right == 0:
        return left if op == "%" else 0
    return {"+": lambda: left + right, "-": lambda: left - right, "*": lambda: left * right, "/": lambda: left // right,
            "%": lambda: left % right, "&": lambda: left & right, "|": lambda: left | right, "^": lambda: left ^ right}[op]()


def binary(op, left, right):
    # The count of a shift does not widen what is shifted.
    bits = left.wide() if op in ("<<", ">>") else max(left.wide(), right.wide())
    wrap = (1 << bits) - 1
    return Number(f"({left.text} {op} {right.text})", bits,
                  lambda sources: _computed(op, left.value(sources), right.value(sources), bits) & wrap)


def cast(number, bits):
    return Number(f"({number.text} as u{bits})", bits, lambda sources: number.value(sources) & ((1 << bits) - 1))


def chosen(left, op, right, then, otherwise):
    compare = {"<": lambda a, b: a < b, ">": lambda a, b: a > b, "==": lambda a, b: a == b}[op]
    return Number(f"({left.text} {op} {right.text} ? {then.text} : {otherwise.text})", max(then.wide(), otherwise.wide()),
                  lambda sources: (then if compare(left.value(sources), right.value(sources)) else otherwise).value(sources))


def matched(number, cases, default):
    """`cases`: number → number."""
    arms = ", ".join(f"{case}: {yields}" for case, yields in cases.items())
    return Number(f"(match ({number.text}) {{ {arms}, default: {default} }})", 32,
                  lambda sources: cases.get(number.value(sources), default))


def looked_up(name, table, number):
    """An element of a constant array of bytes; zero beyond its end."""
    def value(sources):
        index = number.value(sources)
        return table[index] if index < len(table) else 0
    return Number(f"{name}[{number.text}]", 8, value)


def mixed(number):
    """A hash of a number, by a function of the program: any number of its bits."""
    bits = number.wide()
    factor, shift = MIXES[bits]

    def value(sources):
        product = number.value(sources) * factor & ((1 << bits) - 1)
        return product ^ product >> shift
    return Number(f"mix{bits}({number.text})", bits, value)


def divided(op, number, bits, divisor):
    """(text, function) of a number as one with a sign, divided by a positive number, which is (text, value)."""
    text, by = divisor

    def value(sources):
        left = number.value(sources) & ((1 << bits) - 1)
        left -= (1 << bits) if left >> (bits - 1) else 0
        # Towards zero.
        quotient = abs(left) // by * (1 if left >= 0 else -1)
        return quotient if op == "/" else left - quotient * by
    return f"(({number.text} as i{bits}) {op} {text})", value


TABLE = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3]
# By bits: an odd factor, and a shift.
MIXES = {32: (0x9E3779B1, 15), 64: (0x9E3779B97F4A7C15, 29)}
# Global variables that divide: their types, and what they are.
DIVISORS = {"per": ("u32", 40), "per64": ("u64", 23), "step": ("i32", 7)}
SOURCES = {"b": 8, "c": 8, "w": 16, "d": 32, "q": 64}


def _small(rng, names):
    """A number of few bits, or nothing that limits it."""
    return rng.choice([
        lambda: source(rng.choice(["b", "c"]), 8),
        lambda: binary("&", some_source(rng, names), literal(rng.choice([1, 3, 7, 15, 31, 12]))),
        lambda: binary("%", some_source(rng, names), literal(rng.choice([3, 5, 7, 8, 10, 16, 20]))),
    ])()


def some_source(rng, names):
    name = rng.choice(names)
    return source(name, SOURCES.get(name, 32))


def _mask(rng):
    return literal(rng.choice([1, 3, 7, 15, 31, 63, 255, 6, 12, 20, 60, 0xfff]))


def _divisor(rng):
    return literal(rng.choice([2, 3, 5, 7, 10, 16, 20, 40, 64, 100, 255, 1000]))


def _variable(rng):
    name = rng.choice(["per", "per64"])
    ty, value = DIVISORS[name]
    return Number(name, int(ty[1:]), lambda _sources: value)


def _with_sign(rng, number):
    """(text, function) of a remainder or a quotient with a sign, and how many bits it has."""
    bits = rng.choice([8, 16, 32, 32, 64])
    by = rng.choice([3, 7, 40, 100])
    divisor = ("step", DIVISORS["step"][1]) if rng.random() < 0.3 else (str(by), by)
    if rng.random() < 0.2:
        return *divided("/", number, bits, (hex(1 << (bits - 5)), 1 << (bits - 5))), max(bits, 32)
    return *divided("%", number, bits, divisor), max(bits, 32)


def _raised(rng, number):
    """Such a number, with so much added that few are below zero, without sign."""
    text, value, bits = _with_sign(rng, number)
    by = rng.choice([0, 6, 16, 39, 99])
    return Number(f"(({text} + {by}) as u{bits})", bits, lambda sources: (value(sources) + by) & ((1 << bits) - 1))


def number(rng, names, depth):
    """Any expression of a depth; `names`: what it may read."""
    if depth == 0:
        return some_source(rng, names)
    inner = number(rng, names, depth - 1)
    small = _small(rng, names)
    forms = [
        lambda: binary("%", inner, _divisor(rng)),
        lambda: binary("%", inner, _divisor(rng)),
        lambda: binary("&", inner, _mask(rng)),
        lambda: binary("&", inner, _mask(rng)),
        lambda: binary("&", inner, some_source(rng, names)),
        lambda: binary(">>", inner, literal(rng.choice([1, 2, 4, 5, 7, 12, 26]))),
        lambda: binary(">>", cast(literal(rng.choice([1, 7, 15, 0x33, 0xf0])), 32), small),
        lambda: binary(">>", literal(rng.choice([1, 7, 15, 0x33, 0xf0])), small),
        lambda: binary("<<", cast(literal(rng.choice([1, 2, 3])), 32), binary("&", inner, literal(rng.choice([1, 3, 7])))),
        lambda: binary("<<", small, literal(rng.choice([1, 2, 3]))),
        lambda: binary(">>", inner, small),
        lambda: binary("%", inner, small),
        lambda: binary("/", inner, _divisor(rng)),
        lambda: binary("/", small, some_source(rng, names)),
        lambda: binary("%", inner, _variable(rng)),
        lambda: binary("%", mixed(inner), _divisor(rng)),
        lambda: binary("%", mixed(inner), _divisor(rng)),
        lambda: binary("*", binary("%", mixed(inner), _divisor(rng)), literal(rng.choice([2, 3, 4, 8, 12]))),
        lambda: binary("*", binary("%", mixed(inner), _divisor(rng)), binary("%", mixed(small), _divisor(rng))),
        lambda: binary(">>", binary("*", cast(mixed(cast(inner, 32)), 64), _divisor(rng)), literal(32)),
        lambda: _raised(rng, mixed(inner)),
        lambda: _raised(rng, inner),
        lambda: cast(inner, 8),
        lambda: cast(inner, 8),
        lambda: cast(inner, 16),
        lambda: cast(inner, 32),
        lambda: binary("+", inner, small),
        lambda: binary("+", inner, literal(rng.choice([1, 2, 7, 14, 30]))),
        lambda: binary("*", small, literal(rng.choice([2, 3, 4, 5, 12, 40]))),
        lambda: binary("*", small, _small(rng, names)),
        lambda: binary("-", literal(rng.choice([7, 15, 31])), binary("&", inner, literal(7))),
        lambda: binary("|", small, literal(rng.choice([1, 8, 16, 5]))),
        lambda: binary("|", small, _small(rng, names)),
        lambda: binary("^", small, _small(rng, names)),
        lambda: chosen(small, rng.choice(["<", ">", "=="]), _small(rng, names), literal(rng.choice([0, 1, 7, 30])), literal(rng.choice([2, 9, 33]))),
        lambda: _smaller(inner, cast(literal(rng.choice([5, 15, 20, 40])), 32)),
        lambda: _smaller(inner, small),
        lambda: matched(binary("&", inner, literal(3)), {0: rng.randrange(40), 1: rng.randrange(40), 2: rng.randrange(20)}, rng.randrange(10)),
        lambda: looked_up("TABLE", TABLE, binary(rng.choice(["&", "%"]), inner, literal(rng.choice([15, 7, 10, 16])))),
        lambda: looked_up("TABLE", TABLE, inner),
    ]
    return rng.choice(forms)()


def _smaller(left, right):
    bits = max(left.wide(), right.wide())
    left, right = (cast(one, bits) if one.bits != bits else one for one in (left, right))
    return chosen(left, "<", right, left, right)


def index(rng, names):
    """An expression, in half the cases in an operation that keeps small numbers as they are, such as a mask of as many bits."""
    inner = number(rng, names, rng.choice([1, 1, 2, 2, 3]))
    for _ in range(rng.choice([0, 1, 1, 2])):
        inner = rng.choice([
            lambda: cast(inner, 8),
            lambda: cast(inner, 16),
            lambda: binary("&", inner, literal(rng.choice([7, 15, 31, 63, 127, 255, 1023]))),
            lambda: binary("%", inner, literal(rng.choice([8, 16, 64, 256, 7, 40, 100]))),
            lambda: binary("%", inner, literal(rng.choice([3, 5, 10, 20]))),
            lambda: binary("+", inner, literal(rng.choice([1, 2, 6, 13]))),
            lambda: binary("*", inner, literal(rng.choice([2, 3, 4]))),
            lambda: binary(">>", inner, literal(rng.choice([1, 3]))),
        ])()
    return inner


def less(rng, of):
    """A number with a sign; below zero it is beyond every end."""
    if rng.random() < 0.5:
        text, value, bits = _with_sign(rng, of)
    else:
        by, bits = rng.choice([1, 3, 10]), 32
        whole = cast(of, 8) if rng.random() < 0.5 else binary("&", of, literal(1023))
        text, value = f"(({whole.text} as i32) - {by})", lambda sources: whole.value(sources) - by

    def beyond(sources):
        number = value(sources)
        return number if number >= 0 else 1 << 62
    # For an access that adds something to it.
    beyond.exact = value
    return Number(text, bits, beyond)
