"""Walks over parts of packets of many lengths: what walks_of_packets.ks must find in each packet."""

import struct

_HEAD = 16


def packets():
    for size in (16, 17, 23, 24, 55, 56, 63, 64, 79, 80, 81, 127, 143, 144, 145, 200, 271, 336, 400, 1041, 1514):
        for offset, length in ((16, 0), (16, 1), (16, 20), (17, 63), (16, 64), (15, 65), (2, 127), (30, 256), (21, 1024), (16, 65535)):
            head = struct.pack("<HH", offset, length) + bytes(_HEAD - 4)
            yield head + bytes((11 * at * at + size) & 255 for at in range(size - _HEAD))
    yield struct.pack("<HH", 16, 1400) + bytes(_HEAD - 4) + b"\x4c" * 1498
    yield struct.pack("<HH", 16, 1400) + bytes(_HEAD - 4) + b"\x0d" * 700 + b"\x4d" * 798


def _hash(view):
    found = 0x811C9DC5
    for byte in view:
        found = (found ^ byte) * 0x01000193 & 0xFFFFFFFF
    return found


def expected(packet):
    offset, length = struct.unpack_from("<HH", packet)
    part = packet[offset:offset + length]
    odd = found = lines = 0
    for at, byte in enumerate(part):
        if byte % 2 == 0:
            continue
        odd += at
        if byte == 77:
            found = at + 1
            break
        lines += byte == 13
    spread, copy = 0, 1
    for byte in packet[16:56]:
        spread, copy = spread * 3 + byte & 0xFFFFFFFF, byte
    return 2, packet, {
        "all": _hash(packet[_HEAD:]),
        "part": _hash(part),
        "few": _hash(packet[offset:offset + 7]),
        "first": next((at for at, byte in enumerate(packet[offset:]) if byte > 200), 0xFFFF),
        "odd": odd,
        "found": found,
        "lines": lines,
        "spread": (spread + copy) & 0xFFFFFFFF,
    }


def ends(packet):
    """Kernels take no less than the Ethernet header as the first part."""
    return [end for end in (14, 16, 17, 50, 79, 80, 81, 100, 270, 1000) if end < len(packet)]
