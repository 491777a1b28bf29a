"""status.py STATUS PROGRAM ARGUMENT…: runs the program and fails unless it ends with that status. Without privileges
when NO_PRIVILEGE is set."""

import os
import subprocess
import sys

NOBODY = 65534


def drop():
    if os.environ.get("NO_PRIVILEGE"):
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


# The program is opened before the privileges go: its folder may be closed to others.
program = os.open(sys.argv[2], os.O_PATH)
done = subprocess.run(sys.argv[2:], executable=f"/proc/self/fd/{program}", pass_fds=[program], preexec_fn=drop)
if done.returncode != int(sys.argv[1]):
    sys.exit(f"status {done.returncode}, not {sys.argv[1]}")
