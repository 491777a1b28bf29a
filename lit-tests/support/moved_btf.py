#!/usr/bin/env python3
"""Writes the running kernel's BTF with some types changed: `moved_btf.py FILE STRUCT… ENUM…`.

Every member of these structs is 64 bytes further, and they are as much larger, or by N with `STRUCT:N`, which leaves room for elements
of other such structs; every enumerator of these enums is 7 more. A program that
is compiled with this (`--btf FILE`) sees right values on the running kernel only if the loader relocates each access.
"""

import struct
import sys

MOVED = 64
ADDED = 7
INT, ARRAY, STRUCT, UNION, ENUM, PROTOTYPE, VARIABLE, SECTION, TAG, ENUM64 = 1, 3, 4, 5, 6, 13, 14, 15, 17, 19
REST = {INT: 4, ARRAY: 12, VARIABLE: 4, TAG: 4}
EACH = {STRUCT: 12, UNION: 12, ENUM: 8, PROTOTYPE: 8, SECTION: 12, ENUM64: 12}


def main():
    with open("/sys/kernel/btf/vmlinux", "rb") as file:
        data = bytearray(file.read())
    header, start, length, strings = (struct.unpack_from("<I", data, at)[0] for at in (4, 8, 12, 16))
    named = (argument.split(":") for argument in sys.argv[2:])
    wanted = {name.encode(): int(grown[0]) if grown else MOVED for name, *grown in named}

    def name(offset):
        text = header + strings + offset
        return bytes(data[text : data.index(0, text)])

    at = header + start
    end = at + length
    while at < end:
        name_offset, info, size = struct.unpack_from("<III", data, at)
        kind, count, flag = info >> 24 & 31, info & 0xFFFF, info >> 31
        rest = at + 12
        if kind == STRUCT and name(name_offset) in wanted:
            struct.pack_into("<I", data, at + 8, size + wanted[name(name_offset)])
            for member in range(rest, rest + 12 * count, 12):
                (offset,) = struct.unpack_from("<I", data, member + 8)
                if not flag or offset & 0xFFFFFF < 0xFFFFFF - 8 * MOVED:
                    struct.pack_into("<I", data, member + 8, offset + 8 * MOVED)
        if kind == ENUM and name(name_offset) in wanted:
            for enumerator in range(rest, rest + 8 * count, 8):
                (value,) = struct.unpack_from("<I", data, enumerator + 4)
                struct.pack_into("<I", data, enumerator + 4, value + ADDED)
        at = rest + REST.get(kind, 0) + EACH.get(kind, 0) * count
    with open(sys.argv[1], "wb") as file:
        file.write(data)


main()
