"""Compares the lines of a file, each an object of JSON, with the lines of another one; other lines have to be equal.

Where the other file has CPUS, the number of possible CPUs is wanted.
"""

import json
import re
import sys

last = re.split("[-,]", open("/sys/devices/system/cpu/possible", encoding="ascii").read().strip())[-1]
cpus = str(int(last) + 1)


def value(line):
    try:
        return json.loads(line)
    except ValueError:
        return line


def lines(name):
    text = open(name, encoding="utf-8").read().replace('"CPUS"', cpus).replace("CPUS", cpus)
    return [value(line) for line in text.splitlines()]


found, wanted = lines(sys.argv[1]), lines(sys.argv[2])
for number, (left, right) in enumerate(zip(found, wanted), 1):
    assert left == right, f"line {number}: {left!r} is not {right!r}"
assert len(found) == len(wanted), f"{len(found)} lines, not {len(wanted)}"
