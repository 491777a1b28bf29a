"""Reads the first line of an executable's standard output and closes it, as `head -1` does: python3 first_line.py EXECUTABLE ARGUMENT…

Prints whether a line came, and the status with which the executable ended.
"""

import subprocess
import sys
import threading

process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
# Where it prints nothing, or does not end.
late = threading.Timer(60, process.kill)
late.start()
print("first line:", process.stdout.readline().strip())
process.stdout.close()
said = process.stderr.read().strip()
print(f"status {process.wait()}, said {said or 'nothing'}")
late.cancel()
