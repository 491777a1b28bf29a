"""Runs the compiler with its output going into a pipe that nobody reads: it may end by SIGPIPE, never by a panic."""

import os
import signal
import subprocess
import sys

reader, writer = os.pipe()
os.close(reader)
# Standard error too, as with `2>&1 |`; a panic is known by its status.
compiler = os.environ["KSC_UNDER_TEST"]
process = subprocess.run([compiler, *sys.argv[1:]], stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
if process.returncode not in (0, 1, 2, -signal.SIGPIPE):
    sys.exit(f"{sys.argv[1:]} ended with {process.returncode}")
