"""Sends the frames of packets.ks (lines `name hex`) to the kernel on the other end of a veth pair, and says what that did with each."""

import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "ci", "lib"))
import netns  # noqa: E402
from patience import PATIENCE  # noqa: E402

ERRORS = {
    "wrong_udp": ("Udp", "InCsumErrors"),
    "wrong_ip": ("IpExt", "InCsumErrors"),
    "wrong_length": ("Udp", "InErrors"),
}
MAC = bytes.fromhex("020000000002")


def ip(pair, command):
    return subprocess.run(["ip", "-n", pair.here, *command.split()], capture_output=True, text=True)


def tunnels(pair):
    """Interfaces on the kernel's side for what lies in VLANs and tunnels; the names of those that the kernel does not have."""
    lacking = set()
    sysctl = "echo 0 > /proc/sys/net/ipv6/conf/all/disable_ipv6; echo 0 > /proc/sys/net/ipv6/conf/veth0/disable_ipv6;"
    sysctl += "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done; echo 0 > /proc/sys/net/ipv4/conf/default/rp_filter"
    subprocess.run(netns.inside(pair.here, "sh", "-c", sysctl), check=True)
    ip(pair, "address add fd00::1/64 dev veth0 nodad")
    ip(pair, "neighbour replace fd00::2 lladdr 02:00:00:00:00:02 dev veth0 nud permanent")
    for name, number, kind in (
        ("vlan", 78, "link veth0 type vlan id 5"),
        ("vxlan", 79, "address 02:00:00:00:00:07 type vxlan id 7 local 10.77.0.1 remote 10.77.0.2 dstport 4789 dev veth0"),
        ("gre", 80, "type gre local 10.77.0.1 remote 10.77.0.2"),
        ("gre_sum", 81, "type gre local 10.77.0.1 remote 10.77.0.2 icsum ikey 7"),
        ("gue", 82, "type ipip local 10.77.0.1 remote 10.77.0.2 encap gue encap-sport auto encap-dport 6080"),
    ):
        made = ip(pair, f"link add t{number} {kind}")
        if name == "gue" and made.returncode == 0:
            made = ip(pair, "fou add port 6080 gue")
        if made.returncode:
            lacking.add(name)
        ip(pair, f"address add 10.{number}.0.1/24 dev t{number}")
        ip(pair, f"link set t{number} up")
    return lacking


def counter(pair, group, name):
    text = subprocess.run(netns.inside(pair.here, "cat", "/proc/net/snmp", "/proc/net/netstat"), capture_output=True, text=True).stdout
    names, values = (line.split()[1:] for line in text.splitlines() if line.startswith(group + ":"))
    return int(values[names.index(name)])


def counted(pair, name, before):
    """How many errors the kernel has counted since, once there is one."""
    since = time.monotonic()
    while (now := counter(pair, *ERRORS[name])) == before and time.monotonic() - since < PATIENCE:
        time.sleep(0.02)
    return now - before


def answer(sniffer, name):
    """What the kernel answers to the frame that was sent."""
    try:
        while True:
            frame = sniffer.recv(65536)
            if frame[:6] != MAC:
                continue
            kind, six = frame[12:14], frame[12:14] == b"\x86\xdd"
            behind = frame[54:] if six else frame[34:]
            protocol = frame[20] if six else frame[23]
            if name.startswith("echo") and protocol in (1, 58) and behind[0] in (0, 129):
                return behind[0]
            if name.startswith("syn") and protocol == 6:
                return " ".join(flag for bit, flag in ((2, "SYN"), (4, "RST"), (16, "ACK")) if behind[13] & bit)
            if name == "arp" and kind == b"\x08\x06":
                return frame[21]
    except TimeoutError:
        return "nothing"


def main():
    frames = [(name, bytes.fromhex(hexed)) for name, hexed in (line.split() for line in sys.stdin)]
    with netns.Pair() as pair:
        lacking = tunnels(pair)
        receiver = netns._in_namespace(pair.here, lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM))
        receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        receiver.bind(("::", 7777))
        receiver.settimeout(PATIENCE)
        server = netns._in_namespace(pair.here, lambda: socket.create_server(("::", 7778), family=socket.AF_INET6, dualstack_ipv6=True))
        sniffer = netns._in_namespace(pair.there, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)))
        sniffer.bind((netns.INTERFACE, 3))
        sniffer.settimeout(PATIENCE)
        for name, frame in frames:
            before = counter(pair, *ERRORS[name]) if name in ERRORS else 0
            if name in lacking:
                print(f"{name}: the kernel has no such device")
                continue
            pair.frames(1, frame)
            if name in ERRORS:
                print(f"{name}: {counted(pair, name, before)} errors")
            elif name.startswith(("echo", "syn", "arp")):
                print(f"{name}: answered by {answer(sniffer, name)}")
            else:
                try:
                    print(f"{name}: received {receiver.recv(2048)}")
                except TimeoutError:
                    print(f"{name}: nothing received")
        server.close()


main()
