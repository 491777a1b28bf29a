"""Datagrams to a port that two sockets share."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402


def received(text):
    sender.sendto(text, first.getsockname())
    return [loopback.tried(lambda end=end: end.recv(100)) for end in (first, second)]


loopback.enter()
first = loopback.sharing(socket.SOCK_DGRAM, timeout=0.3)
second = loopback.sharing(socket.SOCK_DGRAM, first.getsockname()[1], timeout=0.3)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
lines = []
with loopback.Running([*sys.argv[1:], f"--first={first.fileno()}", f"--second={second.fileno()}"], [first, second]) as program:
    for text in (b"alpha", b"beta", b"x"):
        lines.append(f"{text.decode()}: {' '.join(map(str, received(text)))}")
    received(b"x")
    # The program detaches after the fourth.
    time.sleep(0.3)
    # The kernel chooses by the addresses.
    arrived = [text for text in received(b"beta") if text != "nothing"]
    lines.append(f"beta without a program: {arrived[0]} {'once' if len(arrived) == 1 else 'twice'}")
    program.end()
print("\n".join(lines))
