import pathlib
import subprocess
import sys
import time

with subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, text=True) as program:
    print(program.stdout.readline().strip())
    python = pathlib.Path("/proc", program.stdout.readline().strip())
    assert python.exists()
    program.kill()
    end = time.monotonic() + 10
    while python.exists() and time.monotonic() < end:
        time.sleep(0.01)
    print("Python runs" if python.exists() else "Python has ended")
