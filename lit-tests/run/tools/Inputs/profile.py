import subprocess
import sys
import time

from tool import Tool, check
from worker import Worker, between

TOOL = sys.argv[1]
SECONDS, HERTZ = 0.6, 199


def reads():
    """Most of its time is the kernel's."""
    with open("/dev/zero", "rb", buffering=0) as file:
        end = time.process_time() + SECONDS
        while time.process_time() < end:
            file.read(1 << 20)


def samples(rows):
    return sum(row["value"] for row in rows)


def idle():
    """Ticks that CPUs were idle."""
    with open("/proc/stat", encoding="ascii") as file:
        return int(file.readline().split()[4])


with Worker(reads) as worker:
    def seen(name, *options):
        with Tool([TOOL, "--json", f"--frequency={HERTZ}", *options]) as tool:
            before = worker.counts()
            worker.work()
            counts = between(before, worker.counts())
            tool.ended()
            check(tool.printed, options)
            return tool.objects(name, lambda _: True)[0], counts.on_cpu / 1e9 * HERTZ

    own = f"--pid=1,{worker.pid}"
    rows, expected = seen("samples", own)
    check(0.3 * expected < samples(rows) < 1.5 * expected + 5, rows, expected)
    check({row["key"]["pid"] for row in rows} <= {1, worker.pid} and {row["key"]["comm"] for row in rows} >= {worker.comm()}, rows)
    reading = [row for row in rows if any(frame.startswith("vfs_read+") for frame in row["key"]["kernel"] or [])]
    check(samples(reading) > samples(rows) / 2 and any(row["key"]["user"] for row in reading), rows)

    rows, expected = seen("kernel_samples", f"--tid={worker.pid}", "--kernel-stacks-only")
    check(0.3 * expected < samples(rows) < 1.5 * expected + 5 and all("user" not in row["key"] for row in rows), rows, expected)
    rows, expected = seen("user_samples", own, "--user-stacks-only")
    check(0.3 * expected < samples(rows) < 1.5 * expected + 5 and all("kernel" not in row["key"] for row in rows), rows, expected)
    rows, _ = seen("samples")
    check(worker.pid in {row["key"]["pid"] for row in rows} and 0 not in {row["key"]["pid"] for row in rows}, rows)

before = idle()
with Tool([TOOL, "--json", "--include-idle", "--duration=2", "--cpu=0"]) as tool:
    check(tool.process.wait() == 0)
    tool.reader.join()
    rows = tool.objects("samples", lambda _: True)[0]
    # A CPU that was busy all the time has no such samples.
    check(idle() - before < 300 or any(row["key"]["pid"] == 0 for row in rows), rows)
    check(samples(rows) <= 49 * 2 * 1.5, rows)

with Worker(reads) as worker, Tool([TOOL, f"--pid={worker.pid}", "--output=folded"]) as tool:
    worker.work()
    lines = tool.ended()
    check(lines and all(line.startswith(f"{worker.pid};{worker.comm()}") and line.split()[-1].isdigit() for line in lines), lines)

# Of two stacks one finds no place.
with Worker(reads) as worker, Tool([TOOL, f"--pid={worker.pid}", "--stack-storage-size=1"]) as tool:
    worker.work()
    lines = tool.ended()
    check(any("another one has its place" in line for line in lines), lines)
    check(tool.warned()[-1].endswith("--stack-storage-size makes room"), tool.warned())

wrong = subprocess.run([TOOL, "--user-stacks-only", "--kernel-stacks-only"], stderr=subprocess.PIPE, text=True, check=False)
check(wrong.returncode == 2, wrong)
