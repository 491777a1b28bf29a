"""signals.py PROGRAM [NAME@TEXT…] STATUS: starts the program; for each NAME@TEXT waits until it has printed TEXT, then
sends it SIGNAME; prints what it printed, and fails unless it ends with STATUS."""

import os
import signal
import subprocess
import sys

program, *steps, status = sys.argv[1:]
started = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
watchdog = signal.signal(signal.SIGALRM, lambda *_: started.kill())
signal.alarm(int(20 * float(os.environ.get("KSC_PATIENCE", "1"))))
for step in steps:
    name, text = step.split("@")
    for line in started.stdout:
        print(line, end="")
        if text in line:
            break
    started.send_signal(signal.Signals[f"SIG{name}"])
print(started.stdout.read(), end="")
if started.wait() != int(status):
    sys.exit(f"status {started.wait()}, not {status}")
