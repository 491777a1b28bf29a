"""Runs a command that watches a file, changes the file once the command has said `1 passed`, and ends it when it has said so again."""

import os
import signal
import subprocess
import sys

path, command = sys.argv[1], sys.argv[2:]
process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
signal.alarm(120)
runs = 0
for line in process.stdout:
    print(line, end="")
    if line.startswith("1 passed"):
        runs += 1
        if runs == 2:
            break
        os.utime(path)
os.killpg(process.pid, signal.SIGINT)
print("status", process.wait())
