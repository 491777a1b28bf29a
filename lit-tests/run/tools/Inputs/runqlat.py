import os
import subprocess
import sys
import time

from tool import Cgroup, Tool, check
from worker import Worker, between, check_sum, check_total, spin

TOOL = sys.argv[1]
CPU = min(os.sched_getaffinity(0))


def competes():
    """Others want the same CPU."""
    os.sched_setaffinity(0, {CPU})
    spin(0.2)


with Worker(competes) as worker, Worker(competes) as other:
    def compete():
        """Both at the same time."""
        os.write(other.asks, b".")
        worker.work()
        os.read(other.answers, 1)
        return worker.counts()

    with Tool([TOOL, f"--pid={worker.pid}", "--json"]) as tool:
        before = worker.counts()
        counts = between(before, compete())
        tool.ended()
        buckets = tool.objects("latency", bool)[0]
        check_total(buckets, counts.switches)
        check(counts.waited > 20_000_000, counts)
        check_sum(buckets, counts.waited)

    key = {"id": worker.pid, "comm": worker.comm()}
    for option, name in (("--pids", "by_pid"), ("--tids", "by_tid")):
        with Tool([TOOL, option, "--json"]) as tool:
            before = worker.counts()
            counts = between(before, compete())
            tool.ended()
            [own] = [row["buckets"] for row in tool.objects(name, bool)[0] if row["key"] == key]
            check_total(own, counts.switches)

    with Tool([TOOL, "--pidnss", "--json", "--interval=1", "--times=1"]) as tool:
        compete()
        check(tool.process.wait() == 0)
        tool.reader.join()
        check(os.stat("/proc/self/ns/pid").st_ino in [row["key"] for row in tool.objects("by_pidns", bool)[0]], tool.printed)

    with Tool([TOOL, "--milliseconds", "--timestamp"]) as tool:
        compete()
        lines = tool.ended()
        check(lines[1] == "" and lines[2].count(":") == 2 and lines[3:5] == ["msecs", "latency:"], lines)

with Cgroup() as cgroup, Tool([TOOL, "--tids", "--json", f"--cgroup={cgroup.path}"]) as tool:
    inside = cgroup.run(lambda: [time.sleep(0.001) for _ in range(20)])
    tool.ended()
    check({row["key"]["id"] for row in tool.objects("by_tid", bool)[0]} == {inside}, tool.printed)

wrong = subprocess.run([TOOL, "--pids", "--tids"], stderr=subprocess.PIPE, text=True, check=False)
check(wrong.returncode == 2, wrong)
