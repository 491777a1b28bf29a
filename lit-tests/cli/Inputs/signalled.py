"""signalled.py NAME STATUS PROGRAM ARGUMENT…: runs the program until it prints `ready`, wants the process to be called NAME unless that is `-`,
sends it SIGINT, and wants the status."""

import pathlib
import signal
import subprocess
import sys

name, status = sys.argv[1], int(sys.argv[2])
process = subprocess.Popen(sys.argv[3:], stdout=subprocess.PIPE, text=True)
line = process.stdout.readline()
called = pathlib.Path(f"/proc/{process.pid}/comm").read_text().strip()
process.send_signal(signal.SIGINT)
ended = process.wait(timeout=60)
if line != "ready\n" or name not in ("-", called) or ended != status:
    sys.exit(f"it printed {line!r}, was called {called}, and ended with {ended}")
