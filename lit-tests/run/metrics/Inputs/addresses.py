"""Where a program serves metrics, and where it cannot: python3 addresses.py EXECUTABLE"""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import loopback  # noqa: E402
from scraping import Served  # noqa: E402

OTHER = "10.1.2.3"


def values(families):
    return {name: list(family.samples.values()) for name, family in families.items()}


def reached(port):
    """The addresses of this machine at which something listens."""
    found = []
    for address in ("127.0.0.1", OTHER):
        try:
            socket.create_connection((address, port), 5).close()
            found.append(address)
        except ConnectionRefusedError:
            pass
    return found


def refused(*words):
    """Status and message."""
    ended = subprocess.run([sys.argv[1], *words], capture_output=True, text=True, check=False)
    name = os.path.basename(sys.argv[1])
    lines = ended.stderr.replace(f"{name}: ", "").replace(name, "PROGRAM").splitlines()
    print(f"{ended.returncode}: " + "\n".join(line.strip() for line in lines))


loopback.enter()
subprocess.run(["ip", "addr", "add", f"{OTHER}/32", "dev", "lo"], check=True)
for how in ("WAIT", "SLEEP", "DISPATCH", "UNLOADED"):
    with Served([sys.argv[1], f"--how={how}"]) as program:
        settled = program.scrape_until(lambda families: how != "DISPATCH" or values(families)["addresses_handled_total"] == [1])
        print(f"{how}: {values(settled)}")
for host in ("::1", OTHER):
    with Served([sys.argv[1]], host) as program:
        print(f"at {host}: {values(program.scrape())['addresses_runs_total'][0]}")
with Served([sys.argv[1]]) as program:
    port = program.port
    print("a port alone is at:", reached(port))
    with Served([sys.argv[1]], "0.0.0.0") as other:
        print("0.0.0.0 is at:", reached(other.port))
    refused(f"--metrics={port}")
refused("--metrics", "192.0.2.1:9100")
for text in ("", "70000", "::1:9100", "example.org:80"):
    refused(f"--metrics={text}")
refused("--metrics")
# Connections of the process before may still be waiting to end.
with loopback.Running([sys.argv[1], f"--metrics=localhost:{port}"], ready="ready") as program:
    again = Served([sys.argv[1]])
    again.port = port
    print("in use again:", values(again.scrape())["addresses_runs_total"][0])
