"""opens.py LINE PROGRAM ARGUMENT…: opens /proc/self/comm again and again while a program runs, until that has printed a line, in which `{comm}` is
the name of this process; ends it then by Ctrl-C."""

import signal
import subprocess
import sys
import threading
import time

# In seconds.
PATIENCE = 60


def name():
    with open("/proc/self/comm", encoding="ascii") as file:
        return file.read().strip()


wanted = sys.argv[1].format(comm=name())
process = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, text=True, errors="replace")
seen = threading.Event()


def read():
    for line in process.stdout:
        if line.rstrip("\n") == wanted:
            seen.set()


reader = threading.Thread(target=read)
reader.start()
deadline = time.monotonic() + PATIENCE
while not seen.is_set() and process.poll() is None and time.monotonic() < deadline:
    name()
    time.sleep(0.1)
process.send_signal(signal.SIGINT)
status = process.wait(PATIENCE)
reader.join()
assert seen.is_set(), f"it did not print `{wanted}`"
assert status == 0, status
