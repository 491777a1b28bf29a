"""What the program of frags_overlapping.ks does with packets of several lengths."""


def packets():
    for length in (800, 3520, 3600, 9000):
        yield b"\x01" * length


def ends(_packet):
    return (14, 304, 322, 328, 399, 400, 404, 407, 408, 500, 504, 508, 512, 516, 600, 602, 604)


def expected(packet):
    out = bytearray(packet)
    out[302] = 4
    out[322] = 3
    out[400:408] = b"\x07\xbb\x01\xdd\xee\x01\x03\x01"
    out[505] = 8
    out[508] = 9
    out[600:604] = b"\x06" * 4
    return 2, bytes(out), {"wrong": 0, "stored": 0x05050505}
