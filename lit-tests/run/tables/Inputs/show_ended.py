"""Runs an executable, sends it SIGINT after ten lines, and prints its output and its status."""

import signal
import subprocess
import sys

process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True)
for _ in range(10):
    print(process.stdout.readline(), end="")
process.send_signal(signal.SIGINT)
print(process.stdout.read(), end="")
print("status", process.wait(timeout=60))
