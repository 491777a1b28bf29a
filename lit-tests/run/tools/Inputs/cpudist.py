import os
import sys
import time

from tool import Cgroup, Tool, check
from worker import Worker, between, check_sum, check_total, spin, total

TOOL = sys.argv[1]
SLEEPS, SLEEP = 20, 0.02


def some_work():
    for _ in range(SLEEPS):
        spin(0.005)
        time.sleep(SLEEP)


with Worker(some_work) as worker:
    def counted():
        before = worker.counts()
        worker.work()
        return between(before, worker.counts())

    with Tool([TOOL, f"--pid={worker.pid}", "--json"]) as tool:
        counts = counted()
        tool.ended()
        buckets = tool.objects("time", bool)[0]
        check_total(buckets, counts.switches)
        check_sum(buckets, counts.on_cpu)

    # The time until it got its first CPU began before; the last one has not ended.
    key = {"id": worker.pid, "comm": worker.comm()}
    with Tool([TOOL, "--offcpu", "--tids", "--json"]) as tool:
        counts = counted()
        tool.ended()
        [buckets] = [row["buckets"] for row in tool.objects("by_tid", bool)[0] if row["key"] == key]
        check_total(buckets, counts.switches - 1)
        check(total([bucket for bucket in buckets if bucket["max"] >= SLEEP * 1e6]) >= SLEEPS - 2, buckets)

    with Tool([TOOL, "--pids", "--milliseconds", "--offcpu", "--timestamp"]) as tool:
        worker.work()
        lines = tool.ended()
        check(lines[0].startswith("Tracing off-CPU time...") and lines[2].count(":") == 2 and lines[3] == "msecs", lines)
        check(f"by_pid[{worker.pid}, {worker.comm()}]:" in lines, lines)

with Cgroup() as cgroup, Tool([TOOL, "--tids", "--json", f"--cgroup={cgroup.path}"]) as tool:
    inside = cgroup.run(lambda: [time.sleep(0.001) for _ in range(20)])
    tool.ended()
    [row] = tool.objects("by_tid", bool)[0]
    check(row["key"]["id"] == inside and total(row["buckets"]) >= 18, row)

with Tool([TOOL, f"--pid={os.getpid()}", "--interval=1", "--times=2"]) as tool:
    time.sleep(1.5)
    check(tool.process.wait() == 0)
    tool.reader.join()
    check(tool.printed.count("usecs") == 2, tool.printed)
