import subprocess
import sys
import time

from loop import Loop
from tool import Cgroup, Tool, check

TOOL = sys.argv[1]
READS, WRITES = 40, 25


def requests(loop):
    for at in range(READS):
        loop.read(at * 16, 4096)
    for at in range(WRITES):
        loop.write(at * 64, 8192)
    loop.discard(1024, 65536)


def total(buckets):
    return sum(bucket["count"] for bucket in buckets)


with Loop() as loop:
    disk = f"--disk={loop.name}"
    began = time.monotonic()
    with Tool([TOOL, "--json", disk]) as tool:
        before = loop.done()
        requests(loop)
        counts = {kind: count - before[kind] for kind, count in loop.done().items()}
        tool.ended()
        micros = (time.monotonic() - began) * 1e6
        buckets = tool.objects("latency", bool)[0]
        check(counts == {"read": READS, "write": WRITES, "discard": 1} and total(buckets) == READS + WRITES + 1, counts, buckets)
        # One request follows the other.
        check(sum(bucket["min"] * bucket["count"] for bucket in buckets) < micros, buckets, micros)

    with Tool([TOOL, "--json", "--disks", "--flags", "--queued"]) as tool:
        requests(loop)
        tool.ended()
        kinds = {row["key"]["flags"]: total(row["buckets"]) for row in tool.objects("by_both", bool)[0] if row["key"]["disk"] == loop.name}
        ops = {flags.split("-")[-1]: count for flags, count in kinds.items()}
        check(ops == {"Read": READS, "Write": WRITES, "Discard": 1} and any(flags.endswith("-Sync-Write") for flags in kinds), kinds)

    with Tool([TOOL, "--disks", "--milliseconds", "--interval=1", "--times=2", "--timestamp"]) as tool:
        requests(loop)
        check(tool.process.wait() == 0)
        tool.reader.join()
        check(tool.printed.count("msecs") == 2 and tool.printed.count(f"by_disk[{loop.name}]:") == 1, tool.printed)

    with Tool([TOOL, disk, "--flags"]) as tool:
        loop.read(0, 4096)
        lines = tool.ended()
        check(lines[0].startswith("Tracing block device I/O...") and lines[1:3] == ["", "usecs"], lines)
        check(lines[3] in ("by_flags[Read]:", "by_flags[Sync-Read]:") and lines[4].split()[-2] == "1", lines)

    with Cgroup() as cgroup, Tool([TOOL, "--json", disk, f"--cgroup={cgroup.path}"]) as tool:
        loop.read(8, 4096)
        cgroup.run(lambda: [loop.write(at * 8, 4096) for at in range(5)])
        tool.ended()
        check(total(tool.objects("latency", bool)[0]) == 5, tool.printed)

wrong = subprocess.run([TOOL, "--disk=nothere"], stderr=subprocess.PIPE, text=True, check=False)
check(wrong.returncode == 2 and "nothere" in wrong.stderr, wrong)
