"""UDP datagrams with tokens: the module says which are valid; what is not does not arrive."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402


def token(number):
    """With its checksum in the highest byte, as the least significant byte comes first on the wire."""
    low = number & (1 << 56) - 1
    return low | sum(low.to_bytes(7, "little")) % 256 << 56


loopback.enter()
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 7000))
receiver.settimeout(2)
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
with loopback.Running(sys.argv[1:], ready="0 passed") as program:
    for value in (token(1), token(0x123456789A), token(7) ^ 1, token(0xBEEF), token(2)):
        sender.sendto(value.to_bytes(8, "little"), ("127.0.0.1", 7000))
    sender.sendto(b"short", ("127.0.0.1", 7000))
    for _ in range(3):
        print("arrived", hex(int.from_bytes(receiver.recv(64), "little") & (1 << 56) - 1), flush=True)
    receiver.settimeout(0.5)
    print("then", loopback.tried(lambda: receiver.recv(64)), flush=True)
    time.sleep(1)
    program.end()
