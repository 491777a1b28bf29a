"""A program of large functions (`program`), or what it prints (`expected`): statements, ranges of a `match`, calls of as many functions."""

import sys

_STATEMENTS, _RANGES, _CALLS = 6000, 2500, 2500
_MASK = 2**64 - 1


def _program():
    yield "var a: u64 = 1\nvar b: u64 = 2\nfn f(x: u32) -> u32 {\n    return match (x) {"
    yield from (f"        {i * 10}..={i * 10 + 5}: {i * 7919 % 1000}," for i in range(_RANGES))
    yield "        default: 1000,\n    }\n}"
    yield from (f"fn f{i}(x: u64) -> u64 {{ return x * {i % 89 + 3} + {i} }}" for i in range(_CALLS))
    yield "fn steps() {"
    yield from (f"    a = a * {i % 97 + 3} + b" if i % 2 else f"    b = b ^ (a + {i})" for i in range(_STATEMENTS))
    yield "}\nfn main() -> i32 {\n    steps()\n    print(a, b)"
    yield from (f"    a = f{i}(a)" for i in range(_CALLS))
    yield "    print(a)\n    var sum: u64 = 0"
    yield f"    for (i in 0..{_RANGES * 10 + 20}) {{\n        sum = sum * 3 + f(i)\n    }}\n    print(sum)\n    return 0\n}}"


def _expected():
    a, b = 1, 2
    for i in range(_STATEMENTS):
        if i % 2:
            a = a * (i % 97 + 3) + b & _MASK
        else:
            b = b ^ (a + i & _MASK)
    yield f"{a} {b}"
    for i in range(_CALLS):
        a = a * (i % 89 + 3) + i & _MASK
    yield str(a)
    found = 0
    for i in range(_RANGES * 10 + 20):
        chosen = i // 10 * 7919 % 1000 if i < _RANGES * 10 and i % 10 <= 5 else 1000
        found = found * 3 + chosen & _MASK
    yield str(found)


print("\n".join({"program": _program, "expected": _expected}[sys.argv[1]]()))
