import os
import sys

from tool import Tool, check, tcp_connection, words

TOOL = sys.argv[1]
LOOPBACK = [f"{'0000:' * 7}000{last}" for last in (0, 1)]
CLIENT = ["CLOSE SYN_SENT", "SYN_SENT ESTABLISHED", "ESTABLISHED FIN_WAIT1", "FIN_WAIT1 FIN_WAIT2", "FIN_WAIT2 CLOSE"]
SERVER = ["LISTEN SYN_RECV", "SYN_RECV ESTABLISHED", "ESTABLISHED CLOSE_WAIT", "CLOSE_WAIT LAST_ACK", "LAST_ACK CLOSE"]


def states(changes, **wanted):
    chosen = [change for change in changes if all(change[name] == value for name, value in wanted.items())]
    return chosen, [f"{change['oldstate']} {change['newstate']}" for change in chosen]


with Tool([TOOL, "--json"]) as tool:
    port, own = tcp_connection(lambda client, server: (client.send(b"x"), server.recv(1)))
    seen = tool.objects("change", lambda value: value["lport"] == port and value["oldstate"] == "LISTEN" and value["newstate"] == "CLOSE")
    of_client, order = states(seen, rport=port)
    check(order == CLIENT, order)
    check(of_client[0]["pid"] == os.getpid() and of_client[0]["ms"] == 0 and of_client[2]["ms"] > 0, of_client)
    check(all(change["raddr"] == "127.0.0.1" for change in of_client) and of_client[1]["lport"] == own, of_client)
    established = next(change for change in seen if change["lport"] == port and change["newstate"] == "ESTABLISHED")
    of_server, order = states(seen, lport=port, skaddr=established["skaddr"])
    # At the first change older kernels have not set the client's port yet.
    check(order == SERVER and of_server[0]["rport"] in (0, own) and all(change["rport"] == own for change in of_server[1:]), of_server)

with Tool([TOOL, "--json", "--ipv6"]) as tool:
    other, _ = tcp_connection()
    port, own = tcp_connection(host="::1")
    seen = tool.objects("change", lambda value: value["lport"] == port and value["oldstate"] == "LISTEN" and value["newstate"] == "CLOSE")
    check(all(change["laddr"] in LOOPBACK and other not in (change["lport"], change["rport"]) for change in seen), seen)
    check(states(seen, rport=port)[1] == CLIENT, seen)

port, _ = tcp_connection()
with Tool([TOOL, "--localport=1,2", "--timestamp"]) as tool:
    tcp_connection()
    printed = tool.ended()
    check(len(printed) == 1 and words(printed[0])[:4] == ["TIME", "SKADDR", "PID", "COMM"], printed)
