"""A connection whose near end is in a map: what arrives there stays, but for what begins with `!`."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

loopback.enter()
near, far = loopback.connection()
near.settimeout(0.5)
lines = []
with loopback.Running([*sys.argv[1:], f"--socket={near.fileno()}"], [near]) as program:
    for text in (b"hello", b"!", b"world"):
        far.sendall(text)
        found = loopback.tried(lambda: near.recv(100))
        lines.append("none" if found == "nothing" else found.decode())
    program.end()
print(*lines)
