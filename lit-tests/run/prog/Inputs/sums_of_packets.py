"""Sums over parts of packets of many lengths: what sums_of_packets.ks must find in each packet."""

import struct

_HEAD = 16


def packets():
    for size in (16, 17, 19, 20, 23, 24, 35, 36, 63, 64, 79, 80, 81, 111, 127, 143, 144, 145, 271, 272, 273, 335, 336, 400, 527, 528, 1041, 1514):
        for offset, length in ((16, 0), (16, 1), (16, 20), (17, 63), (16, 64), (15, 65), (2, 127), (30, 256), (16, 259), (21, 1024), (16, 65535)):
            head = struct.pack("<HH", offset, length) + bytes(_HEAD - 4)
            yield head + bytes((11 * at + size) & 255 for at in range(size - _HEAD))
    # Words of which all bits are set: each sum has carries.
    yield struct.pack("<HH", 16, 1400) + bytes(_HEAD - 4) + b"\xff" * 1498


def _words(view):
    words = view + bytes(-len(view) % 4)
    return struct.unpack(f"<{len(words) // 4}I", words)


def _sum(fresh, old=b"", seed=0):
    total = seed + sum(_words(fresh)) + sum(word ^ 0xFFFFFFFF for word in _words(old))
    for _ in range(2):
        total = (total >> 32) + (total & 0xFFFFFFFF)
    return total


def expected(packet):
    offset, length = struct.unpack_from("<HH", packet)
    part = packet[offset:offset + length]
    return 2, packet, {
        "all": _sum(packet[_HEAD:]),
        "rest": _sum(packet[offset:]),
        "part": _sum(part, seed=7),
        "without": _sum(b"", part, 0xFFFFFFF0),
        "change": _sum(packet[_HEAD:_HEAD + 8], packet[offset:offset + 20]),
        "whole": _sum(part) if len(part) == length else 1,
    }


def ends(packet):
    """Kernels take no less than the Ethernet header as the first part."""
    return [end for end in (14, 16, 17, 50, 79, 80, 81, 100, 270, 300, 1000) if end < len(packet)]
