"""The tiers of an executable, by what `ksc inspect --format=json` prints of it.

Without arguments: how many instructions each has. Arguments are messages of libbpf, from runs with KS_LIBBPF_LOG=1: prints which
tier was loaded there. `--running LOG` fails unless that is the last one for the running kernel.
"""

import json
import os
import re
import sys


def version(text):
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", text).groups()))


report = json.load(sys.stdin)
tiers = [("oldest", report)] + [(tier["since"], tier) for tier in report["tiers"]]
sizes = {name: sum(code["instructions"] for code in of["programs"]) for name, of in tiers}


def loaded(path):
    with open(path, encoding="utf-8") as log:
        found = re.findall(r"sec 'syscall': found program .* code size (\d+) insns", log.read())
    return {size: name for name, size in sizes.items()}[int(found[0])]


match sys.argv[1:]:
    case []:
        before = None
        for name, size in sizes.items():
            print(f"{name}: {size} instructions" if before is None else f"{name}: {'fewer' if size < before else 'more'}")
            before = size
    case ["--running", path]:
        running = version(os.uname().release)
        wanted = [name for name in sizes if name == "oldest" or version(name) <= running][-1]
        sys.exit(loaded(path) != wanted and f"{loaded(path)} was loaded, and not {wanted}")
    case paths:
        for path in paths:
            print(f"loaded: {loaded(path)}")
