"""block_io.py PROGRAM ARGUMENT…: runs a program that prints a histogram `bytes` of requests of block devices as JSON, writes 16 KiB past
the cache so many times, and wants them in their bucket. Where the folder is on no disk, such as in memory, the histogram may be empty."""

import json
import mmap
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

# In seconds.
PATIENCE = 60
SIZE = 16384
TIMES = 5


def is_attached(pid):
    links = (os.readlink(file) for file in pathlib.Path(f"/proc/{pid}/fd").iterdir() if file.is_symlink())
    try:
        return any("bpf_link" in link or "perf_event" in link for link in links)
    except OSError:
        return False


def write(folder):
    """Whether the folder is on a disk, to which this wrote."""
    device = os.stat(folder).st_dev
    if not os.path.exists(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}"):
        return False
    page = mmap.mmap(-1, SIZE)
    with tempfile.NamedTemporaryFile(dir=folder) as name:
        file = os.open(name.name, os.O_WRONLY | os.O_DIRECT)
        for at in range(TIMES):
            os.pwrite(file, page, at * SIZE)
        os.close(file)
    return True


process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
deadline = time.monotonic() + PATIENCE
while not is_attached(process.pid):
    if process.poll() is not None or time.monotonic() > deadline:
        sys.exit("it attached nothing")
    time.sleep(0.02)
wrote = write(".")
process.send_signal(signal.SIGINT)
buckets = json.loads(process.communicate(timeout=PATIENCE)[0])["bytes"]
assert process.returncode == 0, process.returncode
assert all(bucket["min"] in (0, 1) or bucket["max"] == 2 * bucket["min"] - 1 for bucket in buckets), buckets
counts = {bucket["min"]: bucket["count"] for bucket in buckets}
assert not wrote or counts[SIZE] >= TIMES, buckets
