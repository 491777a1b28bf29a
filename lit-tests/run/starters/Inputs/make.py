"""Makes a project of `ksc init` of each form of program in the tables whose name matches, and compiles it.

    make.py FOLDER PATTERN [KIND]… -- KSC

What is a form, ir-specs/programs.toml says. A project is formatted, compiles without warnings, and its page has the command line.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

_PROGRAMS = pathlib.Path(__file__).resolve().parents[4] / "ir-specs/programs.toml"


def kinds(pattern):
    for name, spec in tomllib.loads(_PROGRAMS.read_text()).items():
        if not re.fullmatch(pattern, name):
            continue
        for form in spec["forms"]:
            yield f"{name}/{form['mode']}" if form["mode"] else name


def make(ksc, folder, kind):
    name = "my_" + re.sub(r"\W", "_", kind)
    for words in (["init", kind, name], ["-D", "warnings", f"{name}/{name}.ks", "-o", f"{name}/{name}"], ["fmt", "--check", f"{name}/{name}.ks"]):
        done = subprocess.run([*ksc, *words], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            return f"{kind}: ksc {' '.join(words)}: {done.returncode}\n{done.stdout}"
    return None


def main():
    at = sys.argv.index("--")
    folder, pattern, *more = sys.argv[1:at]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    every = [*kinds(pattern), *more]
    with ThreadPoolExecutor(2) as pool:
        wrong = [text for text in pool.map(lambda kind: make(sys.argv[at + 1:], folder, kind), every) if text]
    print(*wrong, sep="\n")
    print(f"{len(every) - len(wrong)} of {len(every)} made")
    sys.exit(1 if wrong else 0)


main()
