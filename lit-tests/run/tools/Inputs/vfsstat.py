import json
import os
import stat
import subprocess
import sys
import tempfile

from tool import Tool, Worker, check, words

TOOL = sys.argv[1]
# By the order of the columns.
CALLS = {"read": 50, "write": 70, "fsync": 30, "open": 1, "create": 2, "unlink": 3, "mkdir": 2, "rmdir": 1}


def calls(folder):
    """As many of each as `CALLS` has."""
    file = os.open(f"{folder}/made", os.O_CREAT | os.O_RDWR)
    for _ in range(CALLS["write"]):
        os.write(file, b"x")
    for _ in range(CALLS["read"]):
        os.pread(file, 10, 0)
    for _ in range(CALLS["fsync"]):
        os.fsync(file)
    for name in ("first", "second"):
        os.mknod(f"{folder}/{name}", stat.S_IFREG | 0o600)
    for name in ("made", "first", "second"):
        os.unlink(f"{folder}/{name}")
    for name in ("a", "b"):
        os.mkdir(f"{folder}/{name}")
    os.rmdir(f"{folder}/a")


def by_worker(*options, pid=None):
    """What the tool printed while a process made the calls, of that process or another one."""
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(lambda: calls(folder))
        with Tool([TOOL, f"--pid={pid or worker.pid}", *options]) as tool:
            worker.work()
            return tool.ended()


of_interval = [json.loads(line)["calls"] for line in by_worker("--json")]
check({name: sum(interval[name] for interval in of_interval) for name in CALLS} == CALLS, of_interval)

lines = [words(line) for line in by_worker("--interval=60")]
check(lines[0] == ["TIME", "READ/s", "WRITE/s", "FSYNC/s", "OPEN/s", "CREATE/s", "UNLINK/s", "MKDIR/s", "RMDIR/s"], lines)
check(lines[1:] == [[lines[1][0], ":", *(str(n // 60) for n in CALLS.values())]], lines)

of_another = [json.loads(line)["calls"] for line in by_worker("--json", pid=1)]
check(not any(interval["unlink"] for interval in of_another), of_another)

reports = subprocess.run([TOOL, "--times=2"], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
check(len(reports) == 3 and int(words(reports[2])[2]) > 0, reports)
