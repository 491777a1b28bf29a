"""Runs the tests of /manifest.json inside a guest, some at a time, and reports on the second serial line, in lines of JSON.

    {"begin": NAME}                                 before a test, for when the guest ends with it
    {"name": NAME, "status": N, "seconds": …, …}    after it: 0 means passed; `log` (where it failed, or is `shown`), and whether its time was up (`hung`)
    {"end": true}                                   at last
"""

import argparse  # noqa: F401
import atexit  # noqa: F401
import concurrent.futures
import ctypes
import json
import os
import pathlib  # noqa: F401
import platform  # noqa: F401
import re  # noqa: F401
import runpy
import select
import shutil  # noqa: F401
import signal
import socket  # noqa: F401
import struct  # noqa: F401
import subprocess
import sys
import tempfile
import threading
import time

# Imports above that nothing here uses are there for the scripts that run as copies of this process.
_REQUESTS = "/run/forked/requests"
# What is shown of a log: the serial line is slow under emulation.
_SHOWN = 6000


def main():
    os.makedirs("/run/forked")
    os.mkfifo(_REQUESTS)
    server = os.fork()
    if server == 0:
        serve()
    manifest = json.load(open("/manifest.json"))
    one = threading.Lock()
    with open("/dev/ttyS1", "w", buffering=1) as reports:
        def report(event):
            with one:
                reports.write(json.dumps(event) + "\n")

        def work(test):
            report({"begin": test["name"]})
            report(run(test, manifest["environment"]))

        with concurrent.futures.ThreadPoolExecutor(manifest["jobs"]) as pool:
            list(pool.map(work, manifest["tests"]))
        report({"end": True})
    os.kill(server, signal.SIGKILL)


def run(test, environment):
    """Runs the script of one test."""
    begun = time.monotonic()
    os.makedirs(test["folder"], exist_ok=True)
    with tempfile.TemporaryFile("a+", errors="replace") as out:
        process = subprocess.Popen(["bash", "-c", test["script"]], cwd=test["folder"], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env={**os.environ, **environment}, start_new_session=True)
        hung = False
        try:
            status = process.wait(test["timeout"])
        except subprocess.TimeoutExpired:
            hung = True
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        out.seek(0)
        log = out.read() if status == 0 and test["shown"] else out.read()[-_SHOWN:] if status != 0 else ""
    seconds = round(time.monotonic() - begun, 1)
    return {"name": test["name"], "status": status, "seconds": seconds, "log": log, "hung": hung}


def serve():
    """Answers the requests of `forked`; in a copy that runs a script this returns by the script's exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Open for writing too: there is no end at which a request could be lost.
    with os.fdopen(os.open(_REQUESTS, os.O_RDWR)) as requests:
        while True:
            line = requests.readline()
            if os.fork() == 0:
                answer(int(line))


def answer(client):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    reply = f"/run/forked/{client}"
    with open(f"{reply}.words", "rb") as file:
        words = [os.fsdecode(word) for word in file.read().split(b"\0")[:-1]]
    script = os.fork()
    if script == 0:
        become(client, words)
    # Who asked may be killed meanwhile, since its time is up.
    watched = [os.pidfd_open(pid) for pid in (client, script)]
    if select.select(watched, [], [])[0] == watched[:1]:
        os.kill(script, signal.SIGKILL)
        os._exit(1)
    _pid, status = os.waitpid(script, 0)
    with open(reply, "w") as file:
        file.write(f"{os.waitstatus_to_exitcode(status) & 255}\n")
    os._exit(0)


def become(client, words):
    with open(f"/proc/{client}/environ", "rb") as file:
        environ = dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
    with open(f"/proc/{client}/ns/net") as namespace:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(namespace.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    with open(f"/proc/{client}/cgroup") as file:
        cgroup = file.read().strip().removeprefix("0::/")
    with open(os.path.join("/sys/fs/cgroup", cgroup, "cgroup.procs"), "w") as processes:
        processes.write("0")
    os.chdir(f"/proc/{client}/cwd")
    os.sched_setaffinity(0, os.sched_getaffinity(client))
    os.environb.clear()
    os.environb.update(environ)
    for number, flags in ((0, os.O_RDONLY), (1, os.O_WRONLY | os.O_APPEND), (2, os.O_WRONLY | os.O_APPEND)):
        opened = os.open(f"/proc/{client}/fd/{number}", flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = words
    sys.path[0] = os.path.dirname(words[0])
    runpy.run_path(words[0], run_name="__main__")
    sys.exit(0)


if __name__ == "__main__":
    main()
