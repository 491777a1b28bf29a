#!/usr/bin/env python3
"""Prints the block of a document that has a name, so that a test does what a reader would: doc_block.py FILE NAME.

A block is named behind its language: ```sh name=c
"""

import re
import sys


def main():
    path, name = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        found = re.findall(rf"^```\w+ name={re.escape(name)}\n(.*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    if len(found) != 1:
        sys.exit(f"{path} has {len(found)} blocks with the name {name}")
    sys.stdout.write(found[0])


if __name__ == "__main__":
    main()
