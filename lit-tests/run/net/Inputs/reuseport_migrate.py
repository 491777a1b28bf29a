"""A connection to a port that two listeners share, the first of which closes before it accepts."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402


def listener(port=0):
    opened = loopback.sharing(socket.SOCK_STREAM, port)
    opened.listen(4)
    return opened


def accepted(by):
    def accept():
        with by.accept()[0] as connection:
            connection.settimeout(1)
            return connection.recv(100)

    try:
        return accept()
    except OSError:
        return "nothing"


loopback.enter()
first = listener()
second = listener(first.getsockname()[1])
with loopback.Running([*sys.argv[1:], f"--first={first.fileno()}", f"--second={second.fileno()}"], [first, second]) as program:
    with socket.create_connection(first.getsockname(), timeout=2) as client:
        client.sendall(b"hello")
        first.shutdown(socket.SHUT_RDWR)
        lines = [f"first: {accepted(first)}", f"second: {accepted(second)}"]
    program.end()
print("\n".join(lines))
