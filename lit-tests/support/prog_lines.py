#!/usr/bin/env python3
"""Loads a BPF object and prints a program as the kernel has it, with its source lines: `prog_lines.py OBJECT PROGRAM`."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
from pinned import Pinned  # noqa: E402

with Pinned(sys.argv[1]) as pinned:
    program = str(pinned.folder / "progs" / sys.argv[2])
    sys.exit(subprocess.run(["bpftool", "prog", "dump", "xlated", "pinned", program, "linum"], check=False).returncode)
