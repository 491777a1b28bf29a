"""Raw frames, which the kernel takes apart when they are sent: IPv4, and another protocol."""

import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402
import packets  # noqa: E402

_IPV4, _IPV6 = 0x0800, 0x86DD

loopback.enter()
with loopback.Running(sys.argv[1:]) as program:
    for protocol, text in ((_IPV4, "udp,dport=53,size=100"), (_IPV6, "00" * 12 + "86dd" + "60" + "00" * 60)):
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(protocol)) as sender:
            sender.bind(("lo", protocol))
            sender.send(packets.parse(text))
    program.end()
