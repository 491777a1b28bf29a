"""For the scenarios of tests: a network namespace of their own with a loopback, sockets in it, and the program under test.

A scenario is a script of a folder `Inputs`, which a RUN line runs with the command of the program. What it claims it prints, for
FileCheck, after what the program has printed.
"""

import ctypes
import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
from program import Program  # noqa: E402

_CLONE_NEWNET = 0x40000000
ADDRESS = "127.0.0.1"


def enter():
    """The namespace, which ends with the process."""
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise SystemExit(f"no network namespace: {os.strerror(ctypes.get_errno())}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def sharing(kind, port=0, timeout=1):
    """A bound socket whose port others share (SO_REUSEPORT): the kernel, or a program, chooses among them."""
    opened = socket.socket(socket.AF_INET, kind)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind((ADDRESS, port))
    opened.settimeout(timeout)
    return opened


def connection(timeout=1):
    """Both ends of a TCP connection."""
    with socket.create_server((ADDRESS, 0)) as listener:
        client = socket.create_connection(listener.getsockname(), timeout)
        server, _address = listener.accept()
    server.settimeout(timeout)
    return client, server


def tried(what):
    """What a call yields, or why it fails."""
    try:
        return what()
    except TimeoutError:
        return "nothing"
    except OSError as error:
        return os.strerror(error.errno)


class Running(Program):
    """The program, in the namespace of the scenario, which has printed `ready`."""

    def __init__(self, command, sockets=(), ready="attached"):
        super().__init__(None, command, descriptors=[opened.fileno() for opened in sockets])
        self._ready = ready

    def __enter__(self):
        self.wait_output(self._ready)
        return self

    def end(self):
        """Stops it, and prints all that it has printed."""
        status = self.stop()
        print(self.stdout() + self.stderr(), end="")
        if status != 0:
            raise SystemExit(f"the program ended with status {status}")
