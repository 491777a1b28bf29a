import os
import subprocess
import sys
from contextlib import suppress

from tool import Tool, check, words

TOOL = sys.argv[1]
PID = f"--pid={os.getpid()}"


def call(times):
    """`getppid` that succeeds, and `getsid` that fails, so often."""
    for _ in range(times):
        os.getppid()
        with suppress(ProcessLookupError):
            os.getsid(1 << 22)


with Tool([TOOL, PID, "--top=2"]) as tool:
    call(3000)
    lines = [words(line) for line in tool.ended() if line]
    check(lines[2] == ["SYSCALL", "COUNT"], lines)
    check(sorted(lines[3:]) == [["getppid", "3000"], ["getsid", "3000"]], lines)

with Tool([TOOL, PID, "--json", "--failures", "--latency", "--top=1000"]) as tool:
    call(500)
    tool.ended()
    rows = {row["syscall"]: row for row in tool.objects("row", lambda value: value["syscall"] == "getsid")}
    check(rows["getsid"]["count"] == 500 and 0 < rows["getsid"]["time"] < 1e6 and "getppid" not in rows, rows)

with Tool([TOOL, "--process", "--syscall=getsid", "--errno=3", "--milliseconds", "--latency", "--interval=1", "--duration=2"]) as tool:
    call(200)
    check(tool.process.wait() == 0)
    tool.reader.join()
    lines = [words(line) for line in tool.printed]
    check(["PID", "COMM", "COUNT", "TIME", "(ms)"] in lines, lines)
    own = [line for line in lines if line[:1] == [str(os.getpid())]]
    check(len(own) == 1 and own[0][-2] == "200", lines)

listed = subprocess.run([TOOL, "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
check(f"{0:3}: read" in listed and f"{257:3}: openat" in listed and len(listed) > 350, listed)
wrong = subprocess.run([TOOL, "--syscall=opn"], stderr=subprocess.PIPE, text=True, check=False)
check(wrong.returncode == 2 and "`opn`" in wrong.stderr, wrong)
