#!/usr/bin/env python3
"""Copies a file, and changes one byte of a section of each BPF object in it: that at a place, or in the middle.

    changed_section.py FILE COPY SECTION [PLACE]
"""

import pathlib
import shutil
import struct
import sys

EM_BPF = 247


def sections(data, start):
    """name → (offset in the file, size), of an ELF file of 64 bits that begins there."""
    table, = struct.unpack_from("<Q", data, start + 0x28)
    size, count, names = struct.unpack_from("<HHH", data, start + 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", data, start + table + at * size) for at in range(count)]
    texts = start + headers[names][4]
    for name, _, _, _, offset, length in headers:
        at = texts + name
        yield data[at:data.index(b"\0", at)].decode(), (start + offset, length)


def main():
    source, copy, wanted, *place = sys.argv[1:]
    data = bytearray(pathlib.Path(source).read_bytes())
    changed, at = 0, data.find(b"\x7fELF")
    while at >= 0:
        if struct.unpack_from("<H", data, at + 18)[0] == EM_BPF:
            for offset, length in (found for name, found in sections(data, at) if name == wanted):
                data[offset + (int(place[0]) if place else length // 2)] ^= 1
                changed += 1
        at = data.find(b"\x7fELF", at + 1)
    if not changed:
        sys.exit(f"{source} has no section {wanted}")
    pathlib.Path(copy).write_bytes(data)
    shutil.copymode(source, copy)


if __name__ == "__main__":
    main()
