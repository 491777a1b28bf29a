"""Starts a program with SIGINT and SIGTERM blocked, or not, sends SIGINT as soon as it prints, and prints what it printed and its status:
python3 blocked_signals.py blocked|open EXECUTABLE"""

import signal
import subprocess
import sys

blocked, executable = sys.argv[1:]
if blocked == "blocked":
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
with subprocess.Popen([executable], stdout=subprocess.PIPE, text=True) as process:
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    print(first + process.stdout.read(), process.wait(timeout=60))
