"""Texts in views of packets: what view_texts.ks must find in each packet."""

_HEAD = 14
_TEXT = b"kernelscript-text-of-a-line-that-is-longer"
_PREFIXES = ((1, 1), (2, 2), (4, 3), (8, 4), (16, 5), (32, 6), (64, 7), (128, 11), (512, 17))


def _packet(start, payload):
    return bytes(5) + bytes([start]) + bytes(_HEAD - 6) + bytes(start % 16) + payload


def packets():
    for start in (0, 1, 2, 3, 7, 15):
        for size in (*range(len(_TEXT) + 1), len(_TEXT)):
            yield _packet(start, _TEXT[:size])
        for at in range(24):
            yield _packet(start, _TEXT[:at] + bytes([_TEXT[at] ^ 0x20]) + _TEXT[at + 1 :])
        yield _packet(start, _TEXT[:12])
        yield _packet(start, _TEXT + b"!")
        yield _packet(start, b"x" * 23 + b"script-")
        yield _packet(start, b"x" * 24 + b"script-")
        yield _packet(start, b"x" * 20 + b"script")
    for start in range(0, 40, 3):
        for text in (b"ab", b"abc", b"hello", b"hell", b"abd"):
            yield _packet(start, b"-" * start + text)
            yield _packet(start, b"-" * (start // 2) + text + b"abc" * 9)


def ends(packet):
    yield from (end for end in (14, 17, 20, 23, 29, 33, 40, len(packet) - 1) if 14 <= end < len(packet))


def _begins(text, at):
    for size, wanted in ((2, b"ab"), (3, b"abc"), (5, b"hello")):
        if text[at : at + size] == wanted:
            return size
    return 0


def expected(packet):
    start = packet[5]
    text = packet[_HEAD + start % 16 :]
    texts = sum(bit for bit, size in _PREFIXES if text[:size] == _TEXT[:size])
    texts |= 256 if text[3:12] == b"nelscript" else 0
    texts |= 1024 if text == b"kernelscript" else 0
    texts |= 2048 if text[1:] == _TEXT[1:] else 0
    texts |= 0 if text[:5] == b"kerne" else 4096
    texts |= 8192 if not text else 0
    whole = 0
    if len(text) >= 8:
        whole = 2 if text[2:8] == b"rnelsc" else 1
        whole += 4 if text[7:8] == b"c" and text[2:3] == b"r" else 0
    if len(packet) >= 23:
        whole += 32 if packet[15:23] == b"ernelscr" else 16
    found = {
        "texts": texts, "whole": whole,
        "marks": _begins(text, start) * 16 + _begins(packet[_HEAD:], start // 2),
        "number": int.from_bytes(text[1:5], "big") if len(text) >= 5 else 0,
    }
    return 2, packet, found
