import os
import sys

from loop import Loop
from tool import Cgroup, Tool, check, words

TOOL = sys.argv[1]

with open("/proc/self/comm", encoding="ascii") as file:
    COMM = file.read().strip()
OWN = [COMM, str(os.getpid())]

with Loop() as loop:
    with Tool([TOOL, f"--disk={loop.name}"]) as tool:
        loop.read(16, 4096)
        loop.write(2048, 8192)
        loop.discard(1024, 65536)
        lines = tool.lines(lambda lines: len(lines) >= 4)
        check(words(lines[0]) == ["TIME(s)", "COMM", "PID", "DISK", "T", "SECTOR", "BYTES", "LAT(ms)"], lines[0])
        rows = [words(line) for line in lines[1:]]
        check([(row[1:4], row[5:7]) for row in rows] == [
            ([*OWN, loop.name], ["16", "4096"]),
            ([*OWN, loop.name], ["2048", "8192"]),
            ([*OWN, loop.name], ["1024", "65536"]),
        ], rows)
        # Newer kernels mark all that a process waits for.
        check([row[4] for row in rows] in (["R", "WS", "DS"], ["RS", "WS", "DS"], ["R", "WS", "D"]), rows)
        times = [float(row[0]) for row in rows]
        check(times[0] == 0 and times == sorted(times) and all(float(row[7]) > 0 for row in rows), rows)

    with Tool([TOOL, "--json"]) as tool:
        sectors = [(7 * at) % 97 * 8 for at in range(50)]
        for sector in sectors:
            loop.read(sector, 512)
        loop.read(8192, 16384)
        seen = tool.objects("request", lambda value: value["disk"] == loop.name and value["bytes"] == 16384)
        own = [value for value in seen if value["disk"] == loop.name]
        check([value["sector"] for value in own] == [*sectors, 8192], own)
        check(all(value["pid"] == os.getpid() and value["t"] in ("R", "RS") and value["latency_ms"] > 0 for value in own), own)

    # A scheduler has a queue.
    with open(f"/sys/block/{loop.name}/queue/scheduler", "r+", encoding="ascii") as file:
        has_queue = "mq-deadline" in file.read()
        if has_queue:
            file.write("mq-deadline")
    with Tool([TOOL, f"--disk={loop.name}", "--queued", "--duration=2"]) as tool:
        for _ in range(3):
            loop.write(64, 4096)
        check(tool.process.wait() == 0)
        tool.reader.join()
        check(words(tool.printed[0])[-2:] == ["QUE(ms)", "LAT(ms)"] and len(tool.printed) == 4, tool.printed)
        queued = [float(words(line)[-2]) for line in tool.printed[1:]]
        check(all(ms >= 0 if has_queue else ms == -1 for ms in queued), queued)

    with Cgroup() as cgroup, Tool([TOOL, "--json", f"--disk={loop.name}", f"--cgroup={cgroup.path}"]) as tool:
        loop.read(8, 4096)
        process = cgroup.run(lambda: loop.write(24, 4096))
        seen = tool.objects("request", lambda value: value["sector"] == 24)
        check(len(seen) == 1 and seen[0]["pid"] == process, seen)
