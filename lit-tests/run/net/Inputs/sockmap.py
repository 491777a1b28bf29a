"""Two connections whose near ends are in a map: what is sent through the first may arrive at the second."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

loopback.enter()
first, far = loopback.connection()
second, _far = loopback.connection()
lines = []
with loopback.Running([*sys.argv[1:], f"--first={first.fileno()}", f"--second={second.fileno()}"], [first, second]) as program:
    for text in ("hello", "pass me", "xyz"):
        sent = loopback.tried(lambda text=text: first.sendall(text.encode()))
        arrived = [loopback.tried(lambda end=end: end.recv(100)) for end in (second, far)]
        lines.append(f"{text}: second {arrived[0]}, far {arrived[1]}, sent {sent}")
    program.end()
print("\n".join(lines))
