import os
import socket
import sys
from contextlib import suppress

from tool import Tool, check, words

TOOL = sys.argv[1]
with open("/proc/self/comm", encoding="utf-8") as file:
    COMM = file.read().strip()
with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
    LIMIT = int(file.read())


def listening(host, backlog, kind=socket.SOCK_STREAM, bound=True):
    """A socket that listens, if it may, and its port."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    if bound:
        sock.bind((host, 0))
    with suppress(OSError):
        sock.listen(backlog)
    return sock, str(sock.getsockname()[1])


with Tool([TOOL, f"--pid={os.getpid()}"]) as tool:
    path = f"\0ks_solisten_{os.getpid()}"
    local = socket.socket(socket.AF_UNIX)
    local.bind(path)
    local.listen(3)
    with suppress(OSError):
        socket.socket(fileno=os.open("/dev/null", os.O_RDONLY), family=socket.AF_INET, type=socket.SOCK_STREAM).listen(1)
    four, port4 = listening("127.0.0.1", 77)
    six, port6 = listening("::1", LIMIT + 1)
    free, port = listening("0.0.0.0", 0, bound=False)
    udp, port_udp = listening("127.0.0.1", 5, socket.SOCK_DGRAM)
    lines = [words(line) for line in tool.lines(lambda lines: any("UDPv4" in line for line in lines))]
    check(lines[0] == ["PID", "COMM", "RET", "BACKLOG", "PROTO", "PORT", "ADDR"], lines)
    check(all(line[:2] == [str(os.getpid()), COMM] for line in lines[1:]), lines)
    check([line[2:] for line in lines[1:]] == [["0", "77", "TCPv4", port4, "127.0.0.1"],
                                               ["0", str(LIMIT), "TCPv6", port6, f"{'0000:' * 7}0001"],
                                               ["0", "0", "TCPv4", port, "0.0.0.0"],
                                               ["-95", "5", "UDPv4", port_udp, "127.0.0.1"]], lines)

with Tool([TOOL, "--json"]) as tool:
    sock, port = listening("127.0.0.1", 9)
    sock.listen(11)
    seen = tool.objects("listen", lambda value: value["pid"] == os.getpid() and value["backlog"] == 11)
    seen = [value for value in seen if value["pid"] == os.getpid()]
    check(seen == [{"pid": os.getpid(), "comm": COMM, "ret": 0, "backlog": backlog, "proto": "TCPv4", "port": int(port), "addr": "127.0.0.1"}
                   for backlog in (9, 11)], seen)

with Tool([TOOL, "--pid=1", "--timestamp"]) as tool:
    listening("127.0.0.1", 1)
    lines = tool.ended()
    check(len(lines) == 1 and words(lines[0])[:2] == ["TIME", "PID"], lines)
