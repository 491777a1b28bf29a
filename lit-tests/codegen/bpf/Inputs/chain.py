"""Prints a program that calls DEPTH functions deep, each with FIELDS 8-byte locals on its stack and too long to be inlined."""

import sys

depth, fields = int(sys.argv[1]), int(sys.argv[2])
members = ", ".join(f"f{i}: u64" for i in range(fields))
work = "".join(
    f"    b.f0 += n * {i + 3}\n    b.f1 ^= b.f0 >> {i % 5 + 1}\n    b.f0 += b.f1 * n\n    m[{i}] = b\n" for i in range(20)
)
print(f"struct Big {{ {members} }}\nvar m : hash<u32, Big>(64)\nvar x: u64")
for level in range(depth - 1, 0, -1):
    call = f"f{level + 1}(n) + f{level + 1}(n + 5)" if level < depth - 1 else "n"
    print(f"@helper fn f{level}(n: u64) -> u64 {{\n    var b: Big\n    b.f1 = {call}\n{work}    return b.f0 + b.f1\n}}")
print("@xdp fn top(ctx: *xdp_md) -> xdp_action {\n    x = f1(now_ns()) + f1(3)\n    return XDP_PASS\n}")
