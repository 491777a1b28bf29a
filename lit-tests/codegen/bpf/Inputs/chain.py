"""Prints a program that calls DEPTH functions deep, each with FIELDS 8-byte locals and too long to be inlined: fields of a
struct, or with `numbers` variables that are used after the call, of which the registers hold only a few."""

import sys

depth, fields = int(sys.argv[1]), int(sys.argv[2])
numbers = sys.argv[3:] == ["numbers"]
members = ", ".join(f"f{i}: u64" for i in range(2 if numbers else fields))
work = "".join(
    f"    b.f0 += n * {i + 3}\n    b.f1 ^= b.f0 >> {i % 5 + 1}\n    b.f0 += b.f1 * n\n    m[{i}] = b\n" for i in range(20)
)
print(f"struct Big {{ {members} }}\nvar m : hash<u32, Big>(64)\nvar x: u64")
for level in range(depth - 1, 0, -1):
    call = f"f{level + 1}(n) + f{level + 1}(n + 5)" if level < depth - 1 else "n"
    before = "".join(f"    var n{i} = now_ns()\n" for i in range(fields)) if numbers else ""
    after = "".join(f"    b.f0 += n{i} * b.f0\n" for i in range(fields)) if numbers else ""
    print(f"@helper fn f{level}(n: u64) -> u64 {{\n{before}    var b: Big\n    b.f1 = {call}\n{work}{after}    return b.f0 + b.f1\n}}")
print("@xdp fn top(ctx: *xdp_md) -> xdp_action {\n    x = f1(now_ns()) + f1(3)\n    return XDP_PASS\n}")
