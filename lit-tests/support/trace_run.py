#!/usr/bin/env python3
"""Runs an executable that traces the kernel, does something for it to see, and ends it.

    trace_run.py [--name NAME] [--expect-line LINE]… [--] EXECUTABLE [ARG]…

When the executable has printed `ready`, this runs `true` under the NAME (by default `ks_traced`), which so has its own `comm`, sends
the executable SIGINT when the process is gone, and prints what it printed besides. In LINE, which must be a line of that, `{pid}` and
`{ppid}` are the numbers of the process and of its parent.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", default="ks_traced")
    parser.add_argument("--expect-line", action="append", default=[])
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    command = options.command[options.command[:1] == ["--"] :]
    tracer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        for line in tracer.stdout:
            if line == "ready\n":
                break
            print(line, end="")
        else:
            sys.exit(f"{command[0]} ended with {tracer.wait()} before it was ready")
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, options.name)
            os.symlink(shutil.which("true"), link)
            traced = subprocess.Popen([link])
            traced.wait()
        tracer.send_signal(signal.SIGINT)
        printed = tracer.communicate(timeout=30)[0]
    finally:
        tracer.kill()
    print(printed, end="")
    numbers = {"pid": traced.pid, "ppid": os.getpid()}
    lines = printed.splitlines()
    for wanted in options.expect_line:
        wanted = wanted.format(**numbers)
        if wanted not in lines:
            sys.exit(f"no line `{wanted}` in what {command[0]} printed")
    sys.exit(tracer.returncode)


main()
