import os
import socket
import sys
import time

from tool import Tool, check, words

TOOL = sys.argv[1]
PACKETS = 400


def counted():
    """How many there were of each kind, as /proc/softirqs has it."""
    with open("/proc/softirqs", encoding="ascii") as file:
        rows = [line.split() for line in file][1:]
    return {row[0].rstrip(":").lower(): sum(map(int, row[1:])) for row in rows}


def receive_packets():
    """Each packet is there before the next one is sent, so each takes a run of net_rx of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        for _ in range(PACKETS):
            sender.sendto(b"x", receiver.getsockname())
            receiver.recv(1)


def between(before):
    return {kind: count - before[kind] for kind, count in counted().items()}


def check_counts(seen, least, most):
    """What was counted lies between the kernel's counts of a shorter time and of a longer one."""
    check(least["net_rx"] >= PACKETS, least)
    check(all(least[kind] <= seen.get(kind, 0) <= most[kind] for kind in most), seen, least, most)


outside = counted()
with Tool([TOOL, "--count"]) as tool:
    inside = counted()
    receive_packets()
    least = between(inside)
    lines = [words(line) for line in tool.ended()]
    check(lines[1:3] == [[], ["SOFTIRQ", "TOTAL_count"]], lines)
    check_counts({line[0]: int(line[1]) for line in lines[3:]}, least, between(outside))

outside = counted()
with Tool([TOOL, "--distributed", "--nanoseconds", "--json"]) as tool:
    inside = counted()
    receive_packets()
    least = between(inside)
    tool.ended()
    histograms = tool.objects("softirq", bool)[0]
    check_counts({row["key"]: sum(bucket["count"] for bucket in row["buckets"]) for row in histograms}, least, between(outside))

began = time.monotonic()
with Tool([TOOL, "--json"]) as tool:
    receive_packets()
    tool.ended()
    micros = (time.monotonic() - began) * 1e6
    totals = {row["name"]: row["total"] for row in tool.objects("softirq", lambda row: row["name"] == "net_rx")}
    check(PACKETS // 10 < totals["net_rx"] and sum(totals.values()) < micros * os.cpu_count(), totals, micros)

with Tool([TOOL, "--interval=1", "--times=2", "--timestamp", "--nanoseconds"]) as tool:
    receive_packets()
    check(tool.process.wait() == 0)
    tool.reader.join()
    lines = [words(line) for line in tool.printed]
    check(lines.count(["SOFTIRQ", "TOTAL_nsecs"]) == 2 and sum(len(line) == 1 and line[0].count(":") == 2 for line in lines) == 2, lines)
    check(any(line[:1] == ["net_rx"] and int(line[1]) > PACKETS * 100 for line in lines), lines)
