import os
import sys

from tool import Tool, check, tcp_connection, words

TOOL = sys.argv[1]
SENT, ANSWERED = 5000, 3


def exchange(client, server):
    client.sendall(bytes(SENT))
    left = SENT
    while left > 0:
        left -= len(server.recv(left))
    server.sendall(bytes(ANSWERED))
    client.recv(ANSWERED)


with Tool([TOOL, "--json"]) as tool:
    port, own = tcp_connection(exchange)
    seen = tool.objects("life", lambda value: value["lport"] == port and value["rport"] == own)
    seen = [life for life in seen if {life["lport"], life["rport"]} == {port, own}]
    seen += tool.objects("life", lambda value: value["lport"] == own)[-1:] if len(seen) == 1 else []
    check(len(seen) == 2, seen)
    for life in seen:
        sent, received = (ANSWERED, SENT) if life["lport"] == port else (SENT, ANSWERED)
        # The kernel counts the SYN, and the FIN if it was acknowledged, as a byte.
        check(sent <= life["tx_bytes"] <= sent + 2 and received <= life["rx_bytes"] <= received + 2, life)
        check(life["pid"] == os.getpid() and life["laddr"] == life["raddr"] == "127.0.0.1" and life["ms"] > 0, life)

with Tool([TOOL, "--ipv6", "--wide", "--time"]) as tool:
    tcp_connection(exchange)
    port, own = tcp_connection(exchange, host="::1")
    lines = [words(line) for line in tool.lines(lambda lines: len(lines) >= 3)]
    check(lines[0] == ["TIME", "PID", "COMM", "LADDR", "LPORT", "RADDR", "RPORT", "TX_KB", "RX_KB", "MS"], lines[0])
    client = next(line for line in lines if line[4] == str(own))
    check(client[6:9] == [str(port), "5", "0"] and client[3].endswith(":0001"), client)

with Tool([TOOL, "--json", "--pid=1"]) as tool:
    tcp_connection()
    check(not any(f'"pid": {os.getpid()},' in line for line in tool.ended()))
