"""Replaces a process that serves metrics, then one beside a stranger that has the port: python3 replaced.py EXECUTABLE"""

import os
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import loopback  # noqa: E402
from patience import PATIENCE  # noqa: E402
from scraping import scrape_at  # noqa: E402

PORT = 9100


def start(version, *options):
    return loopback.Running([sys.argv[1], f"--version={version}", f"--metrics={PORT}", *options], ready="ready").__enter__()


def version():
    return list(scrape_at(PORT)["replaced_version"].samples.values())[0]


def wait_for(what):
    deadline = time.monotonic() + 30 * PATIENCE
    while time.monotonic() < deadline:
        try:
            if what():
                return
        except OSError:
            pass
        time.sleep(0.05)
    raise SystemExit("it never comes")


loopback.enter()
first = start(1, "--pin-links")
print("version", version())
second = start(2, "--replace")
wait_for(lambda: version() == 2)
print("version", version())
print("ended:", first.wait())
print("ended:", second.stop())
with socket.create_server(("127.0.0.1", PORT)):
    third = start(3, "--pin-links", "--replace")
    wait_for(third.stderr)
    print(third.stderr().partition(": ")[2], end="")
wait_for(version)
print("version", version())
print("ended:", third.stop())
