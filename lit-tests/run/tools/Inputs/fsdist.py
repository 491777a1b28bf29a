import json
import os
import subprocess
import sys
import tempfile

from tool import Tool, Worker, check

TOOL, IMAGE = sys.argv[1:]
# A write of a file that is open for that ends with a sync of it.
CALLS = {"read": 40, "write": 20 + 3, "open": 2, "fsync": 5 + 3, "getattr": 7}


def calls(folder):
    """As many of each as `CALLS` has."""
    file = os.open(f"{folder}/file", os.O_CREAT | os.O_RDWR)
    for _ in range(20):
        os.write(file, bytes(100))
    synced = os.open(f"{folder}/file", os.O_WRONLY | os.O_SYNC)
    for _ in range(3):
        os.write(synced, bytes(100))
    for _ in range(40):
        os.pread(file, 100, 0)
    for _ in range(5):
        os.fsync(file)
    for _ in range(7):
        os.fstat(file)


def by_worker(folder, *options, pid=None):
    """What the tool printed while a process made the calls, of that process or another one."""
    worker = Worker(lambda: calls(folder))
    with Tool([TOOL, f"--pid={pid or worker.pid}", *options]) as tool:
        worker.work()
        return tool.ended()


def counts(lines, name):
    """Operation → how many there were, of all reports."""
    sums = {}
    for by_operation in (json.loads(line)[name] for line in lines):
        for of in by_operation:
            sums[of["key"]] = sums.get(of["key"], 0) + sum(bucket["count"] for bucket in of["buckets"])
    return sums


with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["mount", "-o", "loop", IMAGE, folder], check=True)
    try:
        lines = by_worker(folder, "--type=ext4", "--json")
        check(counts(lines, "usecs") == CALLS, lines)

        lines = by_worker(folder, "--type=ext4", "--json", "--milliseconds", "--interval=1")
        check(counts(lines, "msecs") == CALLS, lines)

        lines = by_worker(folder, "--type=ext4", "--timestamp")
        check(lines[0] == "Tracing ext4 operation latency... Hit Ctrl-C to end." and lines[1] == "" and lines[2].count(":") == 2, lines)
        drawn = {line.split("[")[1].split("]")[0] for line in lines if line.startswith("usecs[")}
        check(drawn == set(CALLS) and any(line.startswith("[") and "|@" in line for line in lines), lines)

        lines = by_worker(folder, "--type=ext4", pid=1)
        check("usecs is empty" in lines, lines)
    finally:
        subprocess.run(["umount", folder], check=True)

missing = subprocess.run([TOOL, "--type=xfs"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
check(missing.returncode == 1 and "xfs_file_read_iter" in missing.stderr, missing)
