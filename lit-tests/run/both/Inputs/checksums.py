"""Writes a program whose function `wrong` yields the number of the first checksum that is not what Python computes, or 0."""

import random

random.seed(1624)


def ones(total, bits):
    """The sum in the arithmetic of one's complement."""
    while total >> bits:
        total = (total & (1 << bits) - 1) + (total >> bits)
    return total


def fold(total):
    return ~ones(total, 16) & 0xFFFF


def update(check, old, fresh, bits):
    total = ~check & 0xFFFF
    for value in (~old, fresh):
        total += sum(value >> at & 0xFFFF for at in range(0, bits, 16))
    return ~ones(total, 16) & 0xFFFF


def swap(value, size):
    return int.from_bytes(value.to_bytes(size, "little"), "big")


EDGES = [0, 1, 0xFFFF, 0xFFFE, 0x8000, 0x10000, 0xFFFF0000, 0xFFFFFFFF, 0xFFFE0001, 0xFFFEFFFF]
some = [random.getrandbits(32) for _ in range(6)]
inputs, checks = [], []


def variable(value):
    inputs.append(value)
    return f"v[{len(inputs) - 1}]"


for value in EDGES + some:
    checks.append((f"csum_fold({variable(value)})", fold(value)))
for check in (0, 0xFFFF, 0x1234):
    for old, fresh in zip(EDGES + some, some + EDGES):
        args = [f"({variable(n)} as u16)" for n in (check, old & 0xFFFF, fresh & 0xFFFF)]
        checks.append((f"csum_update16({', '.join(args)})", update(check, old & 0xFFFF, fresh & 0xFFFF, 16)))
        args = [f"({variable(check)} as u16)", variable(old), variable(fresh)]
        checks.append((f"csum_update32({', '.join(args)})", update(check, old, fresh, 32)))
# A `be` value is taken as it is stored: its bytes are those of the number, the highest first.
for old, fresh in ((80, 8080), (0x1234, 0xFF00)):
    expected = update(0x4321, swap(old, 2), swap(fresh, 2), 16)
    checks.append((f"csum_update16(0x4321, ({variable(old)} as be16), {fresh} as be16)", expected))
for old, fresh in ((0x0A000001, 0xC0A80102), (0xFFFFFFFF, 0)):
    expected = update(0x4321, swap(old, 4), swap(fresh, 4), 32)
    checks.append((f"csum_update32(0x4321, ({variable(old)} as be32), {fresh} as be32)", expected))

print(f"var v: u32[{len(inputs)}] = {inputs}")
print("fn wrong() -> u32 {")
for number, (call, expected) in enumerate(checks, 1):
    print(f"    if ({call} != {expected}) return {number}")
print("    return 0\n}")
print("@xdp fn in_kernel(_ctx: *xdp_md) -> xdp_action { return wrong() as xdp_action }")
print('fn main() -> i32 {\n    load(in_kernel)\n    print("wrong: %u", wrong())\n    return 0\n}')
