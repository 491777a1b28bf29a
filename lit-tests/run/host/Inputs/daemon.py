"""Starts a program that goes on in the background, and inspects what goes on: `daemon.py EXECUTABLE LOG [SIGNAL]`.

Prints how the parent ended, how the child is detached, and what is in the log once the child has ended, by the signal if one is named.
"""

import os
import signal
import subprocess
import sys
import time

_TIME = 20


def of(executable):
    """The processes that run the executable and have not ended."""
    found = []
    for pid in (int(name) for name in os.listdir("/proc") if name.isdigit()):
        try:
            if os.readlink(f"/proc/{pid}/exe") == executable:
                found.append(pid)
        except OSError:
            pass
    return found


def until(holds, what):
    end = time.monotonic() + _TIME
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"{what} did not happen in {_TIME} s")
        time.sleep(0.02)


def main():
    executable, log, *stop = sys.argv[1:]
    executable = os.path.realpath(executable)
    with open(log, "w", encoding="utf-8") as file:
        done = subprocess.run([executable], stdout=file, stderr=file, timeout=_TIME, check=False)
    print(f"parent ended with {done.returncode}")
    children = of(executable)
    print(f"children: {len(children)}")
    try:
        for pid in children:
            standard = os.readlink(f"/proc/{pid}/fd/0")
            print(f"own session: {os.getsid(pid) == pid}, in {os.readlink(f'/proc/{pid}/cwd')}, input {standard}")
            if stop:
                until(lambda: "waits" in open(log, encoding="utf-8").read(), "the wait")
                os.kill(pid, getattr(signal, stop[0]))
        until(lambda: not of(executable), "the end of the child")
    finally:
        for pid in of(executable):
            os.kill(pid, signal.SIGKILL)
    print(open(log, encoding="utf-8").read(), end="")


main()
