import subprocess
import sys
import time

from tool import Tool, check, words
from worker import Worker

TOOL = sys.argv[1]
SLEEPS, SLEEP = 3, 0.1
# Of all sleeps, in microseconds. The clock of a sleep begins some time before the thread leaves its CPU.
LEAST = 0.8 * SLEEPS * SLEEP * 1e6
# Less than one sleep.
SHORTER = int(SLEEP * 0.5e6)


def sleeps():
    for _ in range(SLEEPS):
        time.sleep(SLEEP)


def is_sleep(row):
    return any("nanosleep" in frame for frame in row["key"]["kernel"] or [])


def microseconds(rows):
    return sum(row["value"] for row in rows)


with Worker(sleeps) as worker:
    def seen(*options):
        with Tool([TOOL, "--json", *options]) as tool:
            began = time.monotonic()
            worker.work()
            took = time.monotonic() - began
            tool.ended()
            lines = tool.printed
            return tool.objects("us", bool)[0] if any('"key"' in line for line in lines) else [], took

    own = f"--pid={worker.pid}"
    rows, took = seen(own)
    sleeping = [row for row in rows if is_sleep(row)]
    check(LEAST <= microseconds(sleeping) <= took * 1e6, rows, took)
    check(all(row["key"]["tgid"] == row["key"]["tid"] == worker.pid and row["key"]["comm"] == worker.comm() for row in rows), rows)
    check(all(row["key"]["user"] for row in sleeping), rows)

    rows, _ = seen(f"--tid={worker.pid}", "--state=1", f"--min-block-time={SHORTER}", "--user-threads-only")
    check(rows and all(is_sleep(row) or row["value"] >= SHORTER for row in rows), rows)
    check(microseconds(row for row in rows if is_sleep(row)) >= LEAST, rows)
    rows, _ = seen(own, "--state=2")
    check(not any(map(is_sleep, rows)), rows)
    rows, _ = seen(own, f"--max-block-time={SHORTER}")
    check(not any(map(is_sleep, rows)), rows)
    rows, _ = seen("--kernel-threads-only")
    check(all(row["key"]["user"] is None for row in rows), rows)

    with Tool([TOOL, own, "--duration=2", "--output=folded"]) as tool:
        worker.work()
        check(tool.process.wait() == 0)
        tool.reader.join()
        lines = [line for line in tool.printed if "nanosleep" in line]
        check(all(line.startswith(f"{worker.pid};{worker.pid};{worker.comm()};") for line in lines), lines)
        check(sum(int(line.split()[-1]) for line in lines) >= LEAST, lines)

    with Tool([TOOL, own]) as tool:
        worker.work()
        lines = tool.ended()
        check(words(lines[0]) == ["tgid", "tid", "comm", "us"] and "  kernel:" in lines and "  user:" in lines, lines)

# Of two stacks one finds no place.
with Worker(lambda: time.sleep(SLEEP)) as worker, Tool([TOOL, f"--pid={worker.pid}", "--stack-storage-size=1"]) as tool:
    worker.work()
    lines = tool.ended()
    check(any("another one has its place" in line for line in lines), lines)
    check(tool.warned()[-1].endswith("--stack-storage-size makes room"), tool.warned())

for options in (["--user-threads-only", "--kernel-threads-only"], ["--min-block-time=5", "--max-block-time=5"]):
    wrong = subprocess.run([TOOL, *options], stderr=subprocess.PIPE, text=True, check=False)
    check(wrong.returncode == 2, wrong)
