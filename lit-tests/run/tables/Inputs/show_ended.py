"""Runs an executable, sends it SIGINT after so many lines, ten without `--lines=N`, and prints its output and its status."""

import signal
import subprocess
import sys

lines = [int(word.removeprefix("--lines=")) for word in sys.argv if word.startswith("--lines=")]
command = [word for word in sys.argv[1:] if not word.startswith("--lines=")]
process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
for _ in range(lines[0] if lines else 10):
    print(process.stdout.readline(), end="")
process.send_signal(signal.SIGINT)
print(process.stdout.read(), end="")
print("status", process.wait(timeout=60))
