"""Python scripts that look at a program from another process, while a test runs it."""

import os
import subprocess
import sys

from program import Failure


def lines(options):
    """What the script of --script prints; it finds the modules of --modules, and the executable in `$PROGRAM`."""
    if not options.script:
        return []
    environment = dict(os.environ, PYTHONPATH=options.modules or "", PROGRAM=options.command[0])
    done = subprocess.run([sys.executable, options.script], env=environment, capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise Failure(f"the script ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()
