"""Netkit devices, by netlink: the `ip` of Debian 12 does not know them. See drivers/net/netkit.c of Linux."""

import os
import socket
import struct
import subprocess

_RTM_NEWLINK, _REQUEST, _ACK, _CREATE, _EXCLUSIVE = 16, 0x01, 0x04, 0x400, 0x200
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND, _IFLA_INFO_DATA = 3, 18, 1, 2
_IFLA_NETKIT_PEER_INFO, _IFLA_NETKIT_MODE = 1, 4
_NETKIT_L2 = 0
_NLMSG_ERROR = 2


def make(primary, peer):
    """Two ends, up, whose frames have Ethernet headers."""
    data = _attr(_IFLA_NETKIT_PEER_INFO, _link() + _attr(_IFLA_IFNAME, peer.encode() + b"\0"))
    data += _attr(_IFLA_NETKIT_MODE, struct.pack("I", _NETKIT_L2))
    info = _attr(_IFLA_INFO_KIND, b"netkit\0") + _attr(_IFLA_INFO_DATA, data)
    request = _link() + _attr(_IFLA_IFNAME, primary.encode() + b"\0") + _attr(_IFLA_LINKINFO, info)
    head = struct.pack("IHHII", 16 + len(request), _RTM_NEWLINK, _REQUEST | _ACK | _CREATE | _EXCLUSIVE, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        netlink.send(head + request)
        answer = netlink.recv(65536)
    kind, error = struct.unpack_from("H", answer, 4)[0], struct.unpack_from("i", answer, 16)[0]
    if kind == _NLMSG_ERROR and error != 0:
        raise OSError(-error, os.strerror(-error))
    for name in (primary, peer):
        subprocess.run(["ip", "link", "set", name, "up"], check=True)


def _link():
    """`struct ifinfomsg` of nothing."""
    return struct.pack("BxHiII", 0, 0, 0, 0, 0)


def _attr(kind, value):
    return struct.pack("HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)
