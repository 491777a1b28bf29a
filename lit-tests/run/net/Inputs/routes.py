"""Datagrams on routes that have the programs of routes.ks."""

import os
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

PINS = "/sys/fs/bpf/ks_routes"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


loopback.enter()
ip("link", "add", "ks0", "type", "veth", "peer", "name", "ks1")
ip("address", "add", "10.77.0.1/24", "dev", "ks0")
ip("link", "set", "ks0", "up")
ip("link", "set", "ks1", "up")
with loopback.Running(sys.argv[1:]) as program:
    ip("route", "add", "10.78.0.0/24", "encap", "bpf", "out", "pinned", f"{PINS}/out", "xmit", "pinned", f"{PINS}/send", "dev", "ks0")
    ip("route", "add", "table", "local", "local", "10.79.0.1", "encap", "bpf", "in", "pinned", f"{PINS}/arrive", "dev", "lo")
    lines = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for port in (9001, 9002, 9003):
            status = loopback.tried(lambda port=port: sender.sendto(b"some", ("10.78.0.2", port)))
            lines.append(f"to {port}: {None if status == 4 else status}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("10.79.0.1", 9004))
        receiver.settimeout(2)
        for text in (b"one", b"two"):
            sender.sendto(text, ("10.79.0.1", 9004))
        lines.append(f"received {receiver.recv(10)} {receiver.recv(10)}")
    program.end()
os.rmdir(PINS)
print("\n".join(lines))
