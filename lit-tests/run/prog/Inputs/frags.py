"""What the program of frags.ks does with packets of several lengths."""


def packets():
    for length in (800, 3520, 3521, 3600, 9000, 40000):
        yield b"\x01" * length


def ends(_packet):
    return (14, 15, 399, 400, 403, 404, 407, 408, 500, 502, 600, 703, 704)


def expected(packet):
    out = bytearray(packet)
    out[0] = 9
    out[400:404] = b"\xaa\xbb\x02\xdd"
    out[700:704] = bytes([2, 1, 1, 1])
    out[410] = 0xEE
    out[-6:] = b"abcdeg"
    return 2, bytes(out), {"length": len(packet), "sum": len(packet), "wrong": 0}
