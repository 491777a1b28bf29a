"""Replaces a guard of a cgroup while a process of that connects: `guard.py EXECUTABLE`. Prints what it sees, for FileCheck."""

import json
import os
import select
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import congestion_run  # noqa: E402
import loopback  # noqa: E402
from program import Program  # noqa: E402

_ROOTS = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
_PINS = "/sys/fs/bpf/ks_lit_guard"


def connections(stop, begun):
    """How many connections were tried until something can be read and once more after that, and how many of them were refused."""
    tried = refused = 0
    last = False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        while not last:
            last = bool(select.select([stop], [], [], 0)[0])
            for _ in range(100):
                tried += 1
                try:
                    sender.connect((loopback.ADDRESS, 81))
                except PermissionError:
                    refused += 1
            if tried == 100:
                begun()
    return tried, refused


def child(cgroup, stop):
    """A process of the cgroup, which has begun to connect, and then tries what the two versions refuse: what it writes."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        with open(os.path.join(cgroup, "cgroup.procs"), "w", encoding="ascii") as procs:
            procs.write("0")
        os.write(writer, b"%d %d\n" % connections(stop, lambda: os.write(writer, b"begun\n")))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sent = loopback.tried(lambda: sender.sendto(b"x", (loopback.ADDRESS, 7)) and None)
            bound = loopback.tried(lambda: sender.bind((loopback.ADDRESS, 0)))
        os.write(writer, f"sent: {sent}, bound: {bound}\n".encode())
        os._exit(0)
    os.close(writer)
    answers = os.fdopen(reader)
    answers.readline()
    return answers


def links():
    return os.listdir(f"{_PINS}/links")


def pinned(cgroup, names):
    root = os.path.dirname(cgroup).strip("/").replace("/", ":")
    names = (name.replace(root, "sys:fs:cgroup").replace(os.path.basename(cgroup).replace("/", ":"), "CGROUP") for name in names)
    return sorted(names)


def main():
    [executable] = sys.argv[1:]
    shutil.rmtree(_PINS, ignore_errors=True)
    loopback.enter()
    root = next(folder for folder in _ROOTS if os.path.exists(os.path.join(folder, "cgroup.procs")))
    cgroup = os.path.join(root, f"kstest-{os.getpid()}")
    os.mkdir(cgroup)
    stop, stops = os.pipe()
    try:
        with Program(None, [executable, f"--cgroup={cgroup}", "--version=1", "--pin-links"]) as first:
            first.wait_output("runs")
            # It pins when it waits.
            congestion_run.wait_until(lambda: len(links()) == 2)
            before = pinned(cgroup, links())
            answers = child(cgroup, stop)
            with Program(None, [executable, f"--cgroup={cgroup}", "--version=2", "--replace"]) as second:
                first.wait()
                # The first one may have ended before the second one pins what it alone has.
                congestion_run.wait_until(lambda: any(name.startswith("binds") for name in links()))
                print(f"first: {before}")
                print(f"second: {pinned(cgroup, links())}")
                os.write(stops, b"x")
                tried, refused = map(int, answers.readline().split())
                print(f"all connections refused: {tried == refused}")
                print(answers.read().strip())
                os.wait()
                second.stop("TERM")
                print(first.stdout().splitlines()[-1])
                print(second.stdout().splitlines()[-1].replace(f"in all {tried}", "in all as many as were tried"))
        shown = subprocess.run(["bpftool", "-j", "cgroup", "show", cgroup], capture_output=True, text=True, check=True)
        print(f"ended, in the cgroup: {json.loads(shown.stdout.strip() or '[]')}")
    finally:
        os.rmdir(cgroup)
        shutil.rmtree(_PINS, ignore_errors=True)


main()
