"""Runs the tests of /manifest.json inside a guest, one after another, and reports each on the second serial line.

A report is one line of JSON: name, status (0: passed), seconds, log. The last line is {"end": true}.
"""

import argparse  # noqa: F401
import json
import os
import runpy
import signal
import subprocess
import sys
import tempfile
import threading  # noqa: F401
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
    with open("/dev/ttyS1", "w", buffering=1) as reports:
        for test in manifest["tests"]:
            reports.write(json.dumps(run(test, manifest["path"])) + "\n")
        reports.write(json.dumps({"end": True}) + "\n")
    os.kill(server, signal.SIGKILL)


def run(test, path):
    """Runs the script of one test."""
    begun = time.monotonic()
    os.makedirs(test["folder"], exist_ok=True)
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        process = subprocess.Popen(["bash", "-c", test["script"]], cwd=test["folder"], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, env={**os.environ, "PATH": path}, start_new_session=True)
        try:
            status = process.wait(test["timeout"])
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
            print(f"ended after {test['timeout']} s", file=out)
        out.seek(0)
        log = out.read()[-_SHOWN:] if status != 0 else ""
    return {"name": test["name"], "status": status, "seconds": round(time.monotonic() - begun, 1), "log": log}


def serve():
    """Answers the requests of `forked`; in a copy that runs a script this returns by the script's exit."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        with open(_REQUESTS) as requests:
            for line in requests:
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
    _pid, status = os.waitpid(script, 0)
    with open(reply, "w") as file:
        file.write(f"{os.waitstatus_to_exitcode(status) & 255}\n")
    os._exit(0)


def become(client, words):
    with open(f"/proc/{client}/environ", "rb") as file:
        environ = dict(entry.split(b"=", 1) for entry in file.read().split(b"\0") if b"=" in entry)
    os.chdir(f"/proc/{client}/cwd")
    os.sched_setaffinity(0, os.sched_getaffinity(client))
    os.environb.clear()
    os.environb.update(environ)
    for number, flags in ((1, os.O_WRONLY), (2, os.O_WRONLY)):
        opened = os.open(f"/proc/{client}/fd/{number}", flags | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = words
    sys.path[0] = os.path.dirname(words[0])
    runpy.run_path(words[0], run_name="__main__")
    sys.exit(0)


if __name__ == "__main__":
    main()
