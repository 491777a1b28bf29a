"""Calls on sockets of the machine by a process in a cgroup; the programs of cgroup_unix.ks refuse the first of some."""

import os
import socket
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
from loopback import tried  # noqa: E402

with tempfile.TemporaryDirectory() as folder:
    stream, datagram = os.path.join(folder, "stream"), os.path.join(folder, "datagram")
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        listener.bind(stream)
        listener.listen(4)
        receiver.bind(datagram)
        receiver.settimeout(2)
        for number in range(3):
            with socket.socket(socket.AF_UNIX) as client:
                print("connect", tried(lambda: client.connect(stream)))
                if number == 2:
                    client.getpeername()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            for _ in range(3):
                print("send", tried(lambda: sender.sendto(b"x", datagram)))
        listener.getsockname()
        print("received", sum(len(receiver.recvfrom(4)[0]) for _ in range(2)))
