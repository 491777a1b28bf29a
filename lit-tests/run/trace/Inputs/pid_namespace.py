"""pid_namespace.py PROGRAM: starts the program with this process and its pid namespace as options, calls getppid three times, and ends it."""

import os
import signal
import subprocess
import sys

space = os.stat("/proc/self/ns/pid")
command = [sys.argv[1], f"--dev={space.st_dev}", f"--ino={space.st_ino}", f"--tgid={os.getpid()}"]
process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
print(process.stdout.readline(), end="")
for _ in range(3):
    os.getppid()
process.send_signal(signal.SIGINT)
print(process.stdout.read(), end="")
