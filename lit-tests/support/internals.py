"""Compares the excerpts of docs/internals.md with what the compiler prints.

    internals.py KSC PAGE FOLDER

The first KernelScript block of the page is the program, which is written into FOLDER. Of each other block the first line is a command of
ksc, and the rest is its output, where a line `…` is any number of lines and `…` at the end of a line is any text.
"""

import re
import subprocess
import sys
from pathlib import Path


def main():
    ksc, page, folder = sys.argv[1], Path(sys.argv[2]).read_text(), Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    name, program = re.search(r"^```kernelscript file=(\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL).groups()
    (folder / name).write_text(program)
    excerpts = re.findall(r"^```\n\$ ksc ([^\n]*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    wrong = [f"ksc {words}: `{line}` is not there" for words, text in excerpts if (line := missing(ksc, words, text, folder))]
    print("".join(f"{line}\n" for line in wrong), end="")
    print(f"{len(excerpts)} excerpts")
    sys.exit(1 if wrong or not excerpts else 0)


def missing(ksc, words, excerpt, folder):
    """The first line of an excerpt that does not follow the lines before it, or None."""
    done = subprocess.run([ksc, *words.split()], cwd=folder, capture_output=True, text=True, check=True)
    output, at, anywhere = done.stdout.splitlines(), 0, False
    for line in excerpt.splitlines():
        if line == "…":
            anywhere = True
            continue
        pattern = ".*".join(map(re.escape, line.split("…"))) if line.endswith("…") else re.escape(line)
        matches = [n for n, real in enumerate(output[at:], at) if re.fullmatch(pattern, real)]
        if not matches or not anywhere and matches[0] != at:
            return line
        at, anywhere = matches[0] + 1, False
    return None if anywhere or at == len(output) else f"the end of the output after `{output[at - 1]}`"


if __name__ == "__main__":
    main()
