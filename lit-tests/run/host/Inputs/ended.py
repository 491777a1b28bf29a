"""ended.py SIGNAL STATUS PROGRAM ARGUMENT…: runs the program until it holds a link or an event of BPF and a second more, sends it the signal (INT,
TERM), prints what it has printed, and wants the status."""

import os
import pathlib
import signal
import subprocess
import sys
import time

# In seconds.
PATIENCE = 60


def is_attached(pid):
    for file in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if any(kind in os.readlink(file) for kind in ("bpf_link", "raw-tracepoint", "perf_event")):
                return True
        except OSError:
            pass
    return False


process = subprocess.Popen(sys.argv[3:], stdout=subprocess.PIPE, text=True)
deadline = time.monotonic() + PATIENCE
while process.poll() is None and not is_attached(process.pid) and time.monotonic() < deadline:
    time.sleep(0.02)
time.sleep(1)
process.send_signal(getattr(signal, f"SIG{sys.argv[1]}"))
printed = process.communicate(timeout=PATIENCE)[0]
print(printed, end="")
if process.returncode != int(sys.argv[2]):
    sys.exit(f"status {process.returncode}, not {sys.argv[2]}")
