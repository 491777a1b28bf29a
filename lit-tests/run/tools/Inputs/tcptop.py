import json
import os
import socket
import sys

from tool import Cgroup, Tool, check, tcp_connection, words

TOOL = sys.argv[1]
SENT, ANSWERED = 40960, 5120
SIX = f"{'0000:' * 7}0001"
with open("/proc/self/comm", encoding="utf-8") as file:
    COMM = file.read().strip()


def receive(sock, size):
    while size > 0:
        size -= len(sock.recv(size))


def exchange(client, server):
    client.sendall(bytes(SENT))
    server.recv(10, socket.MSG_PEEK)
    receive(server, SENT)
    server.sendall(bytes(ANSWERED))
    receive(client, ANSWERED)


def datagram():
    """What is no TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as first, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as second:
        first.bind(("127.0.0.1", 0))
        second.sendto(bytes(1000), first.getsockname())
        first.recv(1000)


def by_tool(*options, work=lambda: tcp_connection(exchange)):
    """What the tool printed, and what the work returned."""
    with Tool([TOOL, "--interval=3600", *options]) as tool:
        done = work()
        return tool.ended(), done


def both():
    datagram()
    return tcp_connection(exchange), tcp_connection(exchange, host="::1")


lines, ((port, own), (port6, own6)) = by_tool("--noclear", f"--pid={os.getpid()}", work=both)
who = [str(os.getpid()), COMM]
check("loadavg:" in lines[0], lines)
found = [words(line) for line in lines[2:] if line]
check(found[0] == ["PID", "COMM", "LADDR", "RADDR", "RX_KB", "TX_KB"] and found[3] == ["PID", "COMM", "LADDR6", "RADDR6", "RX_KB", "TX_KB"], lines)
check(sorted(found[1:3]) == sorted([[*who, f"127.0.0.1:{own}", f"127.0.0.1:{port}", "5", "40"],
                                    [*who, f"127.0.0.1:{port}", f"127.0.0.1:{own}", "40", "5"]]), found)
check(sorted(found[4:]) == sorted([[*who, f"{SIX}:{own6}", f"{SIX}:{port6}", "5", "40"], [*who, f"{SIX}:{port6}", f"{SIX}:{own6}", "40", "5"]]), found)

for column, first_received, first_sent in (("sent", ANSWERED, SENT), ("received", SENT, ANSWERED)):
    lines, (port, own) = by_tool("--json", "--ipv4", f"--sort={column}", f"--pid={os.getpid()}", "--rows=1", work=lambda: both()[0])
    rows = [json.loads(line)["row"] for line in lines]
    lport, rport = (own, port) if column == "sent" else (port, own)
    check(rows == [{"pid": os.getpid(), "comm": COMM, "laddr": "127.0.0.1", "lport": lport, "raddr": "127.0.0.1", "rport": rport,
                    "rx_bytes": first_received, "tx_bytes": first_sent}], rows)

lines, _ = by_tool("--noclear", "--nosummary", "--ipv6", "--pid=1")
check(lines == ["", ""], lines)

with Cgroup() as cgroup:
    lines, pid = by_tool("--json", f"--cgroup={cgroup.path}", work=lambda: (tcp_connection(exchange), cgroup.run(lambda: tcp_connection(exchange)))[1])
    rows = [json.loads(line)["row"] for line in lines]
    check([row["pid"] for row in rows] == [pid] * 2, rows)
