import os
import socket
import sys
from contextlib import suppress

from tool import Tool, check, words

TOOL = sys.argv[1]
IP_FREEBIND, SO_REUSEPORT = 15, 15


def bound(kind=socket.SOCK_STREAM, host="127.0.0.1", port=0, options=()):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, kind)
    for level, option in options:
        sock.setsockopt(level, option, 1)
    with suppress(OSError):
        sock.bind((host, port))
    return sock, sock.getsockname()[1]


with Tool([TOOL, f"--pid={os.getpid()}"]) as tool:
    first, port = bound(options=[(socket.SOL_SOCKET, socket.SO_REUSEADDR), (socket.IPPROTO_IP, IP_FREEBIND)])
    refused, _ = bound(port=port)
    six, port6 = bound(socket.SOCK_DGRAM, "::1", options=[(socket.SOL_SOCKET, SO_REUSEPORT)])
    socket.socketpair()[0].close()
    lines = [words(line) for line in tool.lines(lambda lines: len(lines) >= 3)]
    check(lines[0] == ["PID", "COMM", "RET", "PROTO", "OPTS", "IF", "PORT", "ADDR"], lines)
    check([line[-6:] for line in lines[1:]] == [["0", "TCP", "F..R.", "0", str(port), "127.0.0.1"],
                                                ["0", "UDP", "....r", "0", str(port6), f"{'0000:' * 7}0001"]], lines)

with Tool([TOOL, "--json", "--failed"]) as tool:
    bound(port=port)
    seen = tool.objects("bind", lambda value: value["pid"] == os.getpid())[-1]
    check(seen["ret"] == -98 and seen["proto"] == "TCP" and seen["opts"] == ".....", seen)

with Tool([TOOL, f"--ports=1,{port}", "--timestamp"]) as tool:
    bound()
    first.close()
    bound(port=port)
    lines = [words(line) for line in tool.lines(lambda lines: len(lines) >= 2)]
    check(lines[0][:2] == ["TIME", "PID"] and lines[1][-2] == str(port), lines)
