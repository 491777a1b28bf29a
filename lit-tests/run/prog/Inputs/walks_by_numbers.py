"""Sums of bytes and runs of equal bytes: what walks_by_numbers.ks must find in each packet."""


def packets():
    for size in (14, 17, 18, 20, 21, 77, 78, 79, 84, 85, 148, 149, 270, 400, 1514):
        for step, distinct in ((1, 5), (7, 11), (3, 256), (0, 1)):
            yield bytes((at // 3 * step + size) % distinct for at in range(size))


def _sum_before(part, end, above):
    """The sum of the bytes before an `end` where it is above a number, and whether there is such."""
    total = 0
    for byte in part:
        if byte == end and total > above:
            return total, True
        total += byte
    return total, False


def expected(packet):
    early, found = _sum_before(packet[14:], 0, 500)
    run, best, before = 0, 0, 255
    for byte in packet[17:]:
        run = run + 1 if byte == before else 1
        if byte == before:
            best = max(best, run)
        before = byte
    return 2, packet, {"early": early if found else 0, "until": _sum_before(packet[20:], 3, 700)[0], "longest": best}
