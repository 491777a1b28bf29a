"""Runs the program of frags.ks on packets of several lengths, with several lengths of their linear part if the kernel lets a test say
them, and compares the packet and the program's globals with what Python finds."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "..", "ci", "lib"))
from pinned import Pinned  # noqa: E402


def expected(packet):
    out = bytearray(packet)
    out[0] = 9
    out[400:404] = b"\xaa\xbb\x02\xdd"
    out[700:704] = bytes([2, 1, 1, 1])
    out[410] = 0xEE
    out[-6:] = b"abcdeg"
    return bytes(out)


with Pinned(sys.argv[1]) as pinned, pinned.program("look") as look:
    ends = [None]
    if look.takes_linear():
        ends += [14, 15, 399, 400, 403, 404, 407, 408, 500, 502, 600, 703, 704]
    for length in (800, 3600, 3520, 3521, 9000, 40000):
        packet = b"\x01" * length
        for end in ends:
            _, out = look.run(packet, end)
            found = pinned.globals()
            assert (found["length"], found["sum"], found["wrong"]) == (length, length, 0), (length, end, found)
            assert found["linear"] == (min(length, end) if end else found["linear"]), (length, end, found)
            assert out == expected(packet), (length, end)
