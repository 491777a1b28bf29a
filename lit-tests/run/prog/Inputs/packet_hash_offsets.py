"""What the programs of packet_hash_offsets.ks return."""

import random

_WORD = 0xFFFFFFFF
_RING = [9, 240, 33, 2, 71, 150, 18, 90, 60, 5, 111, 44, 200, 77, 13, 28]
_MAGLEV = [3, 0, 4, 1, 2, 3, 3, 1, 0, 4, 2, 2, 1]
_LETTERS = b"abcdefghijklmnopqrstuvwxyz\0"


def packets():
    rng = random.Random("hashes")
    for size in (24, 30, 40, 57, 64, 80, 100, 150, 200, 260, 300):
        for _ in range(2):
            yield bytes(rng.choice([0, 1, 7, 9, rng.randrange(256), rng.randrange(256)]) for _ in range(24)) + rng.randbytes(size - 24)


def _mix(h):
    x = h * 0x9E3779B1 & _WORD
    x = (x ^ x >> 15) * 0x85EBCA77 & _WORD
    return x ^ x >> 13


def _remainder(a, b):
    """With the sign of the first, as C has it."""
    return abs(a) % b * (1 if a >= 0 else -1)


def _quotient(a, b):
    return abs(a) // b * (1 if a >= 0 else -1)


class _Packet:
    def __init__(self, data):
        self.data = data
        self.b, self.c, self.w, self.d, self.q = data[0], data[1], self._at(2, 2), self._at(4, 4), self._at(8, 8)
        self.i = int.from_bytes(data[16:20], "little", signed=True)
        self.signed_q = int.from_bytes(data[8:16], "little", signed=True)
        self.signed_b = int.from_bytes(data[:1], "little", signed=True)
        self.of_d, self.of_w = _mix(self.d), _mix(self.w)

    def _at(self, at, size, big=False):
        return int.from_bytes(self.data[at:at + size], "big" if big else "little")

    def there(self, at, size):
        return 0 <= at and at + size <= len(self.data)

    def number(self, at, size, absent=77, big=False):
        return self._at(at, size, big) if self.there(at, size) else absent

    def word(self, at):
        return self.number(at, 4)

    def byte(self, at):
        return self.number(at, 1, 0)


def _hash_of_bytes(p):
    h = 0x811C9DC5
    for i in range(12):
        h = (h ^ p.byte(20 + i)) * 0x01000193 & _WORD
    return p.word(h % 40 * 3)


def _in_a_header(p):
    at, index = 20 + p.of_w % 7, p.of_d % 7
    if not p.there(at, 28):
        return 77
    return p.number(at + 4 + 4 * index, 4) if index < 5 else 0


def _in_a_view(p):
    at, index = p.of_d % 40, p.of_w % 8
    return p.number(20 + at * 4, 2, 0, big=True) + p.byte(at + index)


def _jumps(p):
    at, r = p.of_d % 40, 0
    while r < 100000 and p.there(at, 4):
        r = r * 5 + p.byte(at) + 1
        at += p.number(at + 2, 2) % 7 * 4 + p.byte(at + 1) % 3 + 1
    return r


def _robin(p):
    h, r = p.d, 0
    for k in range(p.b):
        h = _mix(h)
        r = r * 3 + p.byte((h + k * 7 & _WORD) % 40) + _MAGLEV[h % 13] & _WORD
    return r


def _maglev(p):
    r = 0
    for k in range(8):
        r = r * 3 + _MAGLEV[(p.of_d + k * (p.of_w % 12 + 1) & _WORD) % 13]
    return r


def _in_locals(p):
    part = p.data[p.of_d % 40:][:p.of_w % 50 + 1]
    return (part + bytes(64))[p.of_d % 40] + len(part) * 256


def _many_at_once(p):
    r = 0
    for k in range(5):
        r = r * 3 + sum(p.byte(_mix(p.d ^ n) % (40 + n) + k) for n in range(6)) & _WORD
    return r


PROGRAMS = {
    "sampled": lambda p: p.word(p.of_d % 40),
    "of_words": lambda p: p.word(p.of_d % 40 * 4 + 14),
    "of_64_bits": lambda p: p.word((p.q * 0x9E3779B97F4A7C15 % (1 << 64) >> 40) % 100),
    "of_16_bits": lambda p: p.word(p.w % 1000 + p.b % 3),
    "by_variable": lambda p: p.word(p.of_d % 40),
    "by_wide_variable": lambda p: p.word(p.q % 23 * 3),
    "by_byte": lambda p: p.word(p.of_d % (p.b + 1)),
    "negative": lambda p: p.word(_remainder(p.i, 40)),
    "made_positive": lambda p: p.word((_remainder(p.i, 40) + 40) % 40),
    "raised": lambda p: p.word(_remainder(p.i, 7) + 14),
    "raised_64_bits": lambda p: p.word(_remainder(p.signed_q, 100) + 99),
    "raised_8_bits": lambda p: p.word(_remainder(p.signed_b, 7) + 6),
    "quotient": lambda p: p.word(p.of_d // 50000000),
    "signed_quotient": lambda p: p.word(_quotient(p.i, 50000000) + 43),
    "scaled": lambda p: p.word(p.of_d * 40 >> 32),
    "product": lambda p: p.word((p.of_d % 7) * (p.of_w % 9) + (p.q >> 60)),
    "difference": lambda p: p.word(40 + p.of_d % 40 - p.of_w % 40),
    "shifted": lambda p: p.word(p.of_d % 7 << p.of_w % 4),
    "chosen": lambda p: p.word(p.of_d % 40 if p.b > 9 else p.of_w % 7 + 40),
    "of_a_hash_of_bytes": _hash_of_bytes,
    "moved_place": lambda p: p.number(p.of_d % 40 + p.of_w % 7, 2),
    "single_byte": lambda p: p.byte(p.of_d % 100),
    "written": lambda p: 0x3412 if p.there(p.of_d % 40 + 24, 2) else 77,
    "in_a_header": _in_a_header,
    "in_a_view": _in_a_view,
    "jumps": _jumps,
    "robin": _robin,
    "ring": lambda p: p.word(_RING[p.of_d % 16] // 3) + _LETTERS[p.of_d % 16] + _LETTERS[p.of_w % 27],
    "maglev": _maglev,
    "nested_arrays": lambda p: p.d ^ p.w,
    "signed_index": lambda p: 7 if _remainder(p.i, 100) >= 0 else 0,
    "in_locals": _in_locals,
    "of_all_arguments": lambda p: p.number(p.of_d % 40, 2),
    "many_at_once": _many_at_once,
}


def expected(packet, program):
    left = packet
    p = _Packet(packet)
    if program == "written" and p.there(p.of_d % 40 + 24, 2):
        at = p.of_d % 40 + 24
        left = packet[:at] + b"\x34\x12" + packet[at + 2:]
    return PROGRAMS[program](p) & _WORD, left, {}
