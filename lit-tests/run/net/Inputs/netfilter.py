"""Datagrams to two ports, of which the program refuses one."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402


def receiver(port):
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    opened.bind((loopback.ADDRESS, port))
    opened.settimeout(0.3)
    return opened


def sent(text, end):
    status = loopback.tried(lambda: sender.sendto(text, end.getsockname()))
    return f"{status}, {loopback.tried(lambda: end.recv(100))}"


loopback.enter()
first, second = receiver(7777), receiver(7778)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
lines = []
with loopback.Running(sys.argv[1:]) as program:
    lines += [f"7777: {sent(b'hello', first)}", f"7778: {sent(b'hello', second)}"]
    # With bytes that the program does not look for, and too few of them.
    sent(b"HELLO", first)
    sent(b"he", second)
    program.end()
print("\n".join([*lines, f"behind: {sent(b'hello', first)}"]))
