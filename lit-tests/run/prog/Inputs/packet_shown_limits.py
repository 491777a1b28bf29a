"""What packet_shown_limits.ks must read of each packet."""


def packets():
    for first in (0, 1, 2, 3, 5, 7, 8, 14, 31, 32, 39, 40, 46, 64, 99, 100, 139, 140, 200, 239, 240, 255):
        for size in (16, 20, 44, 130, 260):
            yield bytes([first, 1, 2, 3]) + (b"abcd" * 80)[first % 3:][:size]


def _byte(data, at):
    return data[at] if at < len(data) else 0


def _number(data, at):
    part = data[at:at + 2]
    return int.from_bytes(part, "little") if len(part) == 2 else None


def expected(packet):
    b, rest = packet[0], packet[4:]
    header = _number(packet, b % 40)
    part = rest[15 >> (b & 7):][:4]
    indexes = (b % 7, b % 100, 1 >> b % 32, 7 >> b % 32, 0xF0 >> (b & 7))
    texts = (rest[b % 5:][:2] == b"ab") + 2 * (rest[b % 9:][:4] == b"abcd")
    return 2, packet, {
        "header": 99 if header is None else header, "parts": part[3] if len(part) == 4 else 99,
        "bytes_sum": sum(_byte(rest, at) for at in indexes), "number": _number(rest, b % 10) or 0, "texts": texts}
