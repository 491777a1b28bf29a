"""Writes a program that looks at the same bytes in a local variable, a global one, a slice and, in the kernel, in a packet,
and yields the number of the first thing that is not what Python finds, or 0.

    views.py program    the program
    views.py run        hands the packet to each of its programs, through what the other arguments run
"""

import random
import subprocess
import sys
from itertools import product

random.seed(9)
DATA = bytes(random.getrandbits(8) for _ in range(61))
OTHER = bytes(DATA[:20] + bytes([DATA[20] ^ 1]) + DATA[21:40])


def view(data, offset, count=None):
    rest = data[offset:] if offset <= len(data) else b""
    return rest if count is None else rest[:count]


def ones(total, bits):
    while total >> bits:
        total = (total & (1 << bits) - 1) + (total >> bits)
    return total


def words(data):
    data += bytes(-len(data) % 4)
    return [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]


def difference(old, fresh, seed):
    total = seed + sum(word ^ 0xFFFFFFFF for word in words(old)) + sum(words(fresh))
    return ones(total, 32)


def order(left, right, count):
    left, right = left[:count], right[:count]
    return (left > right) - (left < right)


def number(value):
    """Unknown to the compiler."""
    return f"({value} + zero)"


checks = []
for index in (0, 7, 60, 61, 1000, 0x10000, 0x100000001):
    byte = DATA[index] if index < len(DATA) else 0
    checks += [f"b[{number(index)}] != {byte}", f"b[{index}] != {byte}"]
for offset, count in product((0, 60, 61, 1 << 33), (None, 1, 16, 1 << 40)):
    part = view(DATA, offset, count)
    args = number(offset) + ("" if count is None else f", {number(count)}")
    checks.append(f"len(b.slice({args})) != {len(part)} || b.slice({args})[0] != {part[0] if part else 0}")
    if count is not None:
        exists = offset + count <= len(DATA)
        checks.append(f"exists(b, {number(offset)}, {number(count)}) != {str(exists).lower()}")
for size in (1, 2, 4, 8):
    for offset in (3, 61 - size, 62 - size, (1 << 64) - 1):
        part = DATA[offset : offset + size]
        value = int.from_bytes(part, "little") if len(part) == size else 0
        checks.append(f"b.read({number(offset)}, u{size * 8}) != {value}")
        if size > 1:
            value = int.from_bytes(part, "big") if len(part) == size else 0
            checks.append(f"(b.read({number(offset)}, be{size * 8}) as u{size * 8}) != {value}")
for offset in (0, 49, 50):
    part = DATA[offset : offset + 12] if offset + 12 <= len(DATA) else bytes(12)
    first, second = int.from_bytes(part[:4], "little"), int.from_bytes(part[8:10], "little")
    checks.append(f"wrong_part(b.read({number(offset)}, Part), {first}, {part[4]}, {second})")
for offset, count in ((0, 40), (20, 1)):
    left, right = view(DATA, offset, count), view(OTHER, offset, count)
    l, r = f"b.slice({number(offset)}, {count})", f"o.slice({number(offset)}, {count})"
    for most in (1, 21):
        sign = order(left, right, most)
        checks.append(f"sign(compare({l}, {r}, {most})) != {sign}")
    sign = order(DATA[:13], right, 100)
    checks.append(f"sign(compare(b.slice(0, 13), {r}, 100)) != {sign}")
    checks.append(f"({l} == {r}) != {str(left == right).lower()}")
for offset, count, seed in ((0, 61, 0), (1, 57, 0x89ABCDEF), (3, 2, 1)):
    old, fresh = view(DATA, offset, count), view(OTHER, count // 2, offset + 3)
    b, o = f"b.slice({number(offset)}, {number(count)})", f"o.slice({count // 2}, {offset + 3})"
    checks += [
        f"csum_diff({b}, {o}, {seed}) != {difference(old, fresh, seed)}",
        f"csum_diff(null, {b}, {seed}) != {difference(b'', old, seed)}",
    ]
text = "".join(chr(c) for c in b"abc")
checks.append(f'b.slice(0, 3) == "{text}" || !(t.slice(1, 3) == "bcd") || t.slice(1, 3) == "bc" || t != "abcdefgh"')

PER = 10
if sys.argv[1] == "run":
    packet = bytes(14) + DATA + OTHER
    for which in range(-(-len(checks) // PER)):
        once = ["--prog", f"p{which}", "--data-hex", packet.hex(), "--expect-retval", "0"]
        subprocess.run(sys.argv[2:] + once, check=True)
    sys.exit()
print("@packed struct Part { a: u32, b: u32, c: u16, d: u16 }")
print("var zero: u64\nvar data: u8[61] =", list(DATA), "\nvar other: u8[40] =", list(OTHER))
print("fn sign(n: i32) -> i32 { return n < 0 ? -1 : n > 0 ? 1 : 0 }")
print("fn exists(b: bytes, at: u64, n: u64) -> bool {\n    if (var _s = b.slice(at, n)) return true\n    return false\n}")
print("fn wrong_part(p: Part, a: u32, b: u32, c: u16) -> bool { return p.a != a || (p.b & 255) != b || p.c != c }")
groups = list(enumerate(checks[at : at + PER] for at in range(0, len(checks), PER)))
for which, group in groups:
    print(f"fn checks{which}(b: bytes, o: bytes, t: bytes) -> u32 {{")
    for at, check in enumerate(group, which * PER + 1):
        print(f"    if ({check}) return {at}")
    print("    return 0\n}")
print('fn host_checks() -> u32 {\n    var b = data\n    var o = other\n    var t: bytes = "abcdefgh"\n    var wrong: u32 = 0')
for which, _ in groups:
    print(f"    wrong = checks{which}(b, o, t)\n    if (wrong != 0) return wrong")
    print(f"    wrong = checks{which}(data, other, t)\n    if (wrong != 0) return 1000 + wrong")
print("    return 0\n}")
for which, _ in groups:
    print(f"@xdp fn p{which}(ctx: *xdp_md) -> xdp_action {{")
    print('    var t: bytes = "abcdefgh"\n    var b = data\n    var o = other')
    print(f"    var wrong = checks{which}(ctx.bytes(14, 61), ctx.bytes(75), t)\n    if (wrong != 0) return wrong as xdp_action")
    print(f"    wrong = checks{which}(b, o, t)\n    return wrong as xdp_action\n}}")
loads = "\n".join(f"    load(p{which})" for which, _ in groups)
print(f'fn main() -> i32 {{\n{loads}\n    print("wrong: %u", host_checks())\n    return 0\n}}')
