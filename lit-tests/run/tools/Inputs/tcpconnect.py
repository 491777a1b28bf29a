import os
import socket
import sys
from contextlib import suppress

from tool import Tool, check, tcp_connection, words

TOOL = sys.argv[1]


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


with Tool([TOOL, f"--pid={os.getpid()}", "--source-port", "--print-uid"]) as tool:
    port, own = tcp_connection()
    lines = tool.lines(lambda lines: len(lines) >= 2)
    check(words(lines[0]) == ["UID", "PID", "COMM", "IP", "SADDR", "DADDR", "LPORT", "DPORT"], lines[0])
    found = words(lines[1])
    check(found[:2] == [str(os.getuid()), str(os.getpid())], found)
    check(found[3:] == ["4", "127.0.0.1", "127.0.0.1", str(own), str(port)], found)

refused = closed_port()
with Tool([TOOL, "--json", f"--port=1,{refused}", f"--uid={os.getuid()}"]) as tool:
    tcp_connection()
    with suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", refused))
    seen = tool.objects("connect", lambda value: value["dport"] == refused)
    check(len(seen) == 1 and seen[0]["pid"] == os.getpid() and seen[0]["daddr"] == "127.0.0.1" and seen[0]["ip"] == 4, seen)

with Tool([TOOL, "--count", f"--pid={os.getpid()}"]) as tool:
    ports = [tcp_connection()[0], tcp_connection(host="::1")[0]]
    for _ in range(3):
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", refused))
    lines = [words(line) for line in tool.ended()]
    check(lines[:2] == [["LADDR", "RADDR", "RPORT", "CONNECTS"], ["127.0.0.1", "127.0.0.1", str(refused), "3"]], lines)
    check(sorted(line[2:] for line in lines[2:]) == sorted([str(port), "1"] for port in ports), lines)
