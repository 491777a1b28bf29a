"""reader_gone.py [--errors] PROGRAM ARGUMENT…: starts the program with clsact filters in a network namespace, reads one line of its standard output,
and closes that (of --errors the standard error before); makes packets until the program ends, with --errors for a while, and prints what
became of it."""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../support"))
import loopback  # noqa: E402

errors = sys.argv[1] == "--errors"
command = sys.argv[2 if errors else 1:]
loopback.enter()
process = subprocess.Popen(
    command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1, env={**os.environ, "KS_TC": "clsact"})
if errors:
    process.stderr.close()
print("first line:", process.stdout.readline().strip())
if not errors:
    process.stdout.close()
for _ in range(10 if errors else 500):
    if process.poll() is not None:
        break
    # A packet may be lost as the qdisc goes.
    loopback.tried(loopback.connection)
    time.sleep(0.02)
if errors:
    more = process.stdout.readline()
    process.terminate()
    said = "printed more" if more else "printed nothing"
else:
    said = f"said {process.stderr.read().strip() or 'nothing'}"
status = process.wait()
filters = subprocess.run(["tc", "filter", "show", "dev", "lo", "ingress"], capture_output=True, text=True, check=False).stdout
print(f"status {status}, {said}, filters: {filters.strip() or 'none'}")
