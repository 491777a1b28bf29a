"""Views that end where the packet does, or before: what view_ends.ks must find in each packet."""

import struct

_HEAD = 14
_TEXT = b"kernelscript"


def packets():
    for size in (14, 15, 16, 20, 21, 22, 23, 24, 25, 29, 30, 31, 32, 33, 40, 41, 47, 48, 63, 64, 65, 77, 78, 79, 200):
        for count in (0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 63, 64, 255):
            yield bytes(5) + bytes([count]) + bytes(_HEAD - 6) + bytes((7 * at + 3) & 255 or 1 for at in range(size - _HEAD))
    for text in (_TEXT, _TEXT[:-1], _TEXT[:-1] + b"T", b"K" + _TEXT[1:], _TEXT + b"!", _TEXT[:7], _TEXT[:8], b"", _TEXT + bytes(9)):
        yield bytes(5) + bytes([len(_TEXT)]) + bytes(_HEAD - 6) + text
        yield bytes(5) + bytes([len(text)]) + bytes(_HEAD - 6) + text


def _words(view):
    words = view + bytes(-len(view) % 4)
    return struct.unpack(f"<{len(words) // 4}I", words)


def _sum(fresh, old=b"", seed=0):
    total = seed + sum(_words(fresh)) + sum(word ^ 0xFFFFFFFF for word in _words(old))
    for _ in range(2):
        total = (total >> 32) + (total & 0xFFFFFFFF)
    return total


def _first_zero(view):
    return next((at for at in range(64) if at >= len(view) or view[at] == 0), 64)


def _byte(view, at):
    return view[at] if at < len(view) else 0


def expected(packet):
    count = packet[5]
    rest = packet[_HEAD:]
    view, tail = rest[:count], rest[count:]
    found = {
        "sum": _sum(view), "tail_sum": _sum(tail), "change": _sum(tail, view, 5),
        "size": len(view), "tail_size": len(tail), "zero": _first_zero(view),
        "same": int(view == _TEXT), "last": view[-1] if view else 0,
        "pair": struct.unpack("<H", tail[1:3])[0] if len(tail) >= 3 else 0,
        "behind": _byte(rest, count), "passed": _byte(rest, count + 1),
        "nth": (_byte(rest, count) + _byte(view, count // 2)) & 0xFF,
    }
    return 2, packet, found
