"""Compiles each block of C in a page and compares what `ksc verify` says of it with the block of text that follows.

    verify_docs.py PAGE [--write]       `--write` puts what it says into the page

A block begins with ```c and the name of its file. The version of the kernel in the text counts as little as the width of what it stands in.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_BLOCK = re.compile(r"```c file=(\S+)\n(.*?)```\n(.*?)```text\n(.*?)```\n", re.S)
_CLANG = ["clang-22", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-I/usr/include/x86_64-linux-gnu", "-c"]


def said(name, program):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, name).write_text(program, encoding="utf-8")
        made = Path(name).with_suffix(".o")
        subprocess.run([*_CLANG, name, "-o", made], cwd=folder, check=True)
        done = subprocess.run([os.environ["KSC_UNDER_TEST"], "verify", made], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 1:
        sys.exit(f"{name}: status {done.returncode}: {done.stdout}{done.stderr}")
    text = done.stderr.replace(f"{folder}/", "")
    return re.sub(r"on Linux \S+", "on Linux 6.18", text).rstrip() + "\n"


def main():
    page = Path(sys.argv[1])
    text = page.read_text(encoding="utf-8")
    blocks, different = 0, []
    for block in list(_BLOCK.finditer(text)):
        name, program, between, shown = block.groups()
        blocks += 1
        is_said = said(name, program)
        if is_said != shown:
            different.append(f"{name}: it says\n{is_said}")
            text = text.replace(block.group(), f"```c file={name}\n{program}```\n{between}```text\n{is_said}```\n")
    if "--write" in sys.argv:
        page.write_text(text, encoding="utf-8")
    elif different or not blocks:
        sys.exit("\n".join(different) or "the page has no blocks of C")
    print(f"{blocks} blocks")


main()
