"""Runs the tests of /manifest.json inside a guest, some at a time, and reports on the second serial line, in lines of JSON.

    {"begin": NAME}                                 before a test, for when the guest ends with it
    {"name": NAME, "status": N, "seconds": …, …}    after it: 0 means passed; `log` (where it failed, or is `shown`), what it left
                                                    in files (`seen`), and whether its time was up (`hung`)
    {"kernel": TEXT, "during": [NAME, …]}           what the kernel's log has of a fault of the kernel
    {"end": true}                                   at last
"""

import argparse  # noqa: F401
import atexit  # noqa: F401
import concurrent.futures
import ctypes
import fcntl
import importlib
import importlib.util
import json
import marshal
import os
import pathlib
import platform  # noqa: F401
import re
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
import types

# Imports above that nothing here uses are there for the scripts that run as copies of this process.
_REQUESTS = "/run/forked/requests"
# What most of those scripts import.
_LIBRARY = ["bpf", "netns", "packets", "pinned", "program", "steps"]
# Before the code in a file of byte code.
_HEAD = 16
# What is shown of a log: the serial line is slow under emulation.
_SHOWN = 6000
_FAULT = re.compile(r"\b(BUG|WARNING|UBSAN|Oops)\b")
# So many records of the kernel's log describe one fault, and the kernel writes them within so many seconds.
_RECORDS, _TOGETHER = 60, 0.5


class KernelLog:
    """Reports the faults in the kernel's log, from the boot on. `during` yields the names of the tests that run."""

    def __init__(self, report, during):
        self._report, self._during = report, during
        self._file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self):
        """After this everything is reported."""
        self._ended.set()
        self._thread.join()

    def _watch(self):
        while True:
            ended = self._ended.is_set()
            record = self._next()
            while record:
                if _FAULT.search(record):
                    record = self._fault(record)
                else:
                    record = self._next()
            if ended:
                return
            select.select([self._file], [], [], 0.2)

    def _fault(self, record):
        """Reports the fault that begins with a record; yields the first record after it."""
        during, records = self._during(), [record]
        record = self._next_soon()
        while record and len(records) < _RECORDS and not _FAULT.search(record):
            records.append(record)
            record = self._next_soon()
        self._report({"kernel": "\n".join(records), "during": sorted(during)})
        return record

    def _next_soon(self):
        """As `_next`, which waits for what the kernel still writes."""
        select.select([self._file], [], [], _TOGETHER)
        return self._next()

    def _next(self):
        """The text of the next record, or None if the kernel has written none since."""
        while True:
            try:
                return os.read(self._file, 8192).decode(errors="replace").partition(";")[2].partition("\n")[0] or " "
            except BlockingIOError:
                return None
            except BrokenPipeError:  # the kernel has overwritten what is next
                continue


def main():
    os.makedirs("/run/forked")
    os.mkfifo(_REQUESTS)
    manifest = json.load(open("/manifest.json"))
    os.environ.update(manifest["environment"])
    server = os.fork()
    if server == 0:
        serve(manifest["library"])
    one = threading.Lock()
    with open("/dev/ttyS1", "w", buffering=1) as reports:
        def report(event):
            with one:
                reports.write(json.dumps(event) + "\n")

        running = set()

        def work(test):
            running.add(test["name"])
            report({"begin": test["name"]})
            report(run(test))
            running.discard(test["name"])

        log = KernelLog(report, running.copy)
        with concurrent.futures.ThreadPoolExecutor(manifest["jobs"]) as pool:
            list(pool.map(work, manifest["tests"]))
        log.end()
        report({"end": True})
    os.kill(server, signal.SIGKILL)


def run(test):
    """Runs the script of one test."""
    begun = time.monotonic()
    os.makedirs(test["folder"], exist_ok=True)
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        # A script of `forked` opens it again: both write to its end.
        fcntl.fcntl(out, fcntl.F_SETFL, os.O_APPEND)
        process = subprocess.Popen(["bash", "-c", test["script"]], cwd=test["folder"], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, start_new_session=True)
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
    seen = {path: pathlib.Path(path).read_text(errors="replace") for path in test["seen"] if os.path.exists(path)}
    return {"name": test["name"], "status": status, "seconds": seconds, "log": log, "seen": seen, "hung": hung}


def serve(library):
    """Answers the requests of `forked`; in a copy that runs a script this returns by the script's exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.path.insert(1, library)
    for name in _LIBRARY:
        importlib.import_module(name)
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
    # As where standard output is no terminal.
    sys.stdout.reconfigure(line_buffering=False)
    sys.argv = words
    sys.path[0] = os.path.dirname(words[0])
    main = types.ModuleType("__main__")
    main.__file__ = words[0]
    sys.modules["__main__"] = main
    exec(code(words[0]), main.__dict__)
    sys.exit(0)


def code(path):
    """That of a script, which most have beside them."""
    compiled = importlib.util.cache_from_source(path)
    if os.path.exists(compiled):
        with open(compiled, "rb") as file:
            return marshal.loads(file.read()[_HEAD:])
    with open(path, "rb") as file:
        return compile(file.read(), path, "exec")


if __name__ == "__main__":
    main()
