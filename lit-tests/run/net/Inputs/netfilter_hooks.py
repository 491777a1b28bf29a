"""Datagrams of both families: one over the loopback, two that arrive at a veth and are for a network behind it."""

import os
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

PORT = 7777
# What is forwarded is for a machine that is not there, so that it is forwarded once.
ROUTER, SENDER, NEXT = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


def ip(*words):
    subprocess.run(["ip", *words], check=True)


def allow(path):
    Path("/proc/sys/net", path).write_text("1")


def udp():
    # Without a checksum, which a router does not look at.
    return struct.pack("!HHHH", 9, PORT, 8, 0)


def checksum(header):
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def ipv4():
    parts = [0x45, 0, 28, 1, 0, 64, socket.IPPROTO_UDP, 0, socket.inet_aton("192.0.2.9"), socket.inet_aton("198.51.100.9")]
    parts[7] = checksum(struct.pack("!BBHHHBBH4s4s", *parts))
    return struct.pack("!BBHHHBBH4s4s", *parts) + udp()


def ipv6():
    ends = [socket.inet_pton(socket.AF_INET6, end) for end in ("2001:db8:1::9", "2001:db8:2::9")]
    return struct.pack("!IHBB16s16s", 6 << 28, 8, socket.IPPROTO_UDP, 64, *ends) + udp()


def ethernet(kind, packet):
    octets = [bytes.fromhex(address.replace(":", "")) for address in (ROUTER, SENDER)]
    return b"".join(octets) + struct.pack("!H", kind) + packet


loopback.enter()
ip("link", "add", "near", "address", ROUTER, "type", "veth", "peer", "name", "far", "address", SENDER)
for end in ("near", "far"):
    ip("link", "set", end, "up")
# What arrives at `near` leaves through it again.
for network, behind in (("192.0.2.0/24", "198.51.100.9"), ("2001:db8:1::/64", "2001:db8:2::9")):
    ip("route", "add", network, "dev", "near")
    ip("route", "add", behind, "dev", "near")
    ip("neighbour", "add", behind, "lladdr", NEXT, "dev", "near", "nud", "permanent")
allow("ipv4/ip_forward")
allow("ipv6/conf/all/forwarding")
with loopback.Running(sys.argv[1:]) as program, socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
    wire.bind(("far", 0))
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as receiver, socket.socket(family, socket.SOCK_DGRAM) as sender:
            receiver.bind((address, PORT))
            sender.sendto(b"hello", (address, PORT))
            receiver.recv(10)
    for _ in range(2):
        wire.send(ethernet(0x0800, ipv4()))
        wire.send(ethernet(0x86DD, ipv6()))
    time.sleep(0.3)
    program.end()
