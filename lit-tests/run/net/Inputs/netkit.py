"""A netkit device of two ends, nk0 and nk1, and frames that each end sends."""

import errno
import os
import socket
import sys
from pathlib import Path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402
import netkit  # noqa: E402
import packets  # noqa: E402

_IPV4 = 0x0800


def arrives(sender, receiver, frame):
    with (socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_IPV4)) as to,
          socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_IPV4)) as at):
        at.bind((receiver, _IPV4))
        at.settimeout(0.3)
        to.bind((sender, _IPV4))
        try:
            to.send(frame)
        except OSError as error:
            # What netkit_xmit says of a drop, where the sender asks (drivers/net/netkit.c).
            if error.errno != errno.ENOBUFS:
                raise
        return "dropped" if loopback.tried(lambda: at.recv(2000)) == "nothing" else "passed"


loopback.enter()
# The kernel's own packets of IPv6 would be counted too.
Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
netkit.make("nk0", "nk1")
lines = []
with loopback.Running(sys.argv[1:]) as program:
    for port in (53, 54):
        frame = packets.parse(f"udp,dport={port},size=46")
        lines.append(f"udp to port {port}: {arrives('nk0', 'nk1', frame)}")
    lines.append(f"from the peer: {arrives('nk1', 'nk0', packets.parse('udp,dport=53,size=46'))}")
    program.end()
print("\n".join(lines))
