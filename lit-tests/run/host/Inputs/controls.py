"""Starts an executable with arguments and a name that a terminal acts on, and fails if any of it is in what it prints.

    controls.py EXECUTABLE SCRATCH
"""

import subprocess
import sys

executable, scratch = sys.argv[1:]
CLEAR = "\x1b[2J\x9b2J\x85\u2028\u202e\u2066\x7f\x08\nforged"
ACTS = {*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x202E, 0x2066} - {9, 10}

for words in [[CLEAR], [f"--{CLEAR}=1"], [f"--nam{CLEAR[1]}=1"], ["--count", CLEAR], ["--name", CLEAR * 9],
              ["--mode", CLEAR], ["--help"], [b"\x1b\xff\xc2\x9b"]]:
    named = [f"{executable}{CLEAR}", *words]
    done = subprocess.run(named, executable=executable, capture_output=True, check=False)
    text = (done.stdout + done.stderr).decode().replace(scratch, "SCRATCH")
    bad = sorted({c for c in text if ord(c) in ACTS})
    if bad:
        sys.exit(f"{words!r} printed {bad!r}:\n{text!r}")
    print(text, end="")
