"""Five datagrams over the loopback, each of which both programs see."""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

loopback.enter()
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
receiver.bind(("127.0.0.1", 7000))
with loopback.Running(sys.argv[1:]) as program:
    for _ in range(5):
        sender.sendto(b"datagram", ("127.0.0.1", 7000))
    time.sleep(0.3)
    program.end()
