import json
import socket
import struct
import subprocess
import sys

from tool import Tool, check

TOOL = sys.argv[1]
SIX = f"{'0000:' * 7}0001"
TCP_INFO = 11


def info(sock):
    """The smoothed round-trip time in microseconds, and how many segments were received: tcpi_rtt and tcpi_segs_in of struct tcp_info."""
    shown = sock.getsockopt(socket.IPPROTO_TCP, TCP_INFO, 256)
    return struct.unpack_from("I", shown, 68)[0], struct.unpack_from("I", shown, 140)[0]


def values(line, name="usecs"):
    return json.loads(line)[name]


def of_server(*options, host="127.0.0.1"):
    """What the tool printed of the segments that a client got of a server, and what the client's socket knew of them before it closed."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listening:
        port = listening.getsockname()[1]
        with Tool([TOOL, f"--rport={port}", *options]) as tool:
            with socket.create_connection((host, port)) as client:
                server, _ = listening.accept()
                for _ in range(30):
                    client.sendall(bytes(100))
                    server.recv(100)
                    server.sendall(bytes(50))
                    client.recv(50)
                known = info(client)
            server.close()
            return tool.ended(), *known


# The segment that establishes the connection is not among them.
lines, rtt, received = of_server("--json")
of, usecs = json.loads(lines[0])["of"], values(lines[1])
check(of["address"] == "******" and of["count"] == sum(bucket["count"] for bucket in usecs) == received - 1, (lines, received))
check(any(bucket["min"] <= rtt <= bucket["max"] and bucket["count"] for bucket in usecs), (lines, rtt))
low, high = (sum(bucket[end] * bucket["count"] for bucket in usecs) // of["count"] for end in ("min", "max"))
check(low <= of["average"] <= high, lines)

lines, _, received = of_server("--json", "--millisecond", "--byladdr", "--laddr=::1", host="::1")
check(json.loads(lines[0])["of"]["address"] == SIX and json.loads(lines[0])["of"]["count"] == received - 1, lines)
check(sum(bucket["count"] for bucket in values(lines[1], "msecs")) == received - 1, lines)
check(all(bucket["min"] < 1000 for bucket in values(lines[1], "msecs")), lines)

lines, _, _ = of_server("--timestamp", "--byraddr", "--extension")
check(lines[:2] == ["Tracing TCP RTT... Hit Ctrl-C to end.", ""] and lines[2].count(":") == 2, lines)
check(lines[3].startswith("Remote Address = 127.0.0.1 [AVG ") and lines[4] == "usecs:" and "|@" in "".join(lines[5:]), lines)

check(of_server("--json", "--raddr=::1")[0] == [])
check(of_server("--json", "--laddr=127.0.0.2")[0] == [])

ended = subprocess.run([TOOL, "--duration=2", "--interval=1", "--lport=1"], stdout=subprocess.PIPE, text=True, check=True)
check(ended.stdout == "Tracing TCP RTT for 2 secs.\n\n\n", ended)
wrong = subprocess.run([TOOL, "--raddr=10.0.0"], stdout=subprocess.PIPE, text=True, check=False)
check(wrong.returncode == 2 and wrong.stdout == "--raddr=10.0.0 is no address\n", wrong)
