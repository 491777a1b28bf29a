"""Two connections whose near ends are in a map: what arrives at the first is sent on through the second, or stays."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

loopback.enter()
first, first_far = loopback.connection()
second, second_far = loopback.connection()
for end in (first, second_far):
    end.settimeout(0.5)
lines = []


def received(end):
    found = loopback.tried(lambda: end.recv(100))
    return "none" if found == "nothing" else found


with loopback.Running([*sys.argv[1:], f"--first={first.fileno()}", f"--second={second.fileno()}"], [first, second]) as program:
    for name, parts in (("whole", [b"2:hello,"]), ("halves", [b"2:wo", b"rld,"]), ("own", [b"1:to you,"]),
                        ("unknown", [b"3:nobody here,"])):
        for part in parts:
            first_far.sendall(part)
            time.sleep(0.1)
        lines.append(f"{name} {received(second_far)} {received(first)}")
    program.end()
print("\n".join(lines))
