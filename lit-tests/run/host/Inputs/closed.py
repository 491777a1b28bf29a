"""Starts an executable without standard input and outputs, and prints what these numbers are open for then."""

import os
import signal
import subprocess
import sys
import time

process = subprocess.Popen(sys.argv[1:], preexec_fn=lambda: os.closerange(0, 3))


def handles_sigterm():
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1


while not handles_sigterm():
    time.sleep(0.01)
print(*(os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in range(3)))
process.send_signal(signal.SIGTERM)
print("status", process.wait())
