"""What the loops of loops_over_parts.ks must compute of each packet."""


def packets():
    for first in (0, 3, 9, 15, 16, 250):
        for times in (0, 1, 2, 7, 40, 255):
            for size in (16, 20, 26, 60):
                yield bytes([first, times, times // 2, 0]) + bytes((3 * at + first) % 251 for at in range(size))


def expected(packet):
    start, times, half = packet[0] % 16, packet[1], packet[2]
    rest = packet[4:]
    names = dict.fromkeys(("grown", "endless", "counted", "ranged", "pointed"), 0)
    if start <= len(rest):
        w = rest[start:]
        byte = w[5] if len(w) > 5 else 0
        v = 1
        while v < 1000:
            v = (v + byte) * 3
        names["grown"] = v
        v = 1
        while True:
            v = (v + byte) * 3
            if v > 1000:
                break
        names["endless"] = v
        at = lambda k: w[k] if k < len(w) else 0  # noqa: E731
        names["counted"] = sum(byte + at(k % 4) for k in range(times))
        names["ranged"] = sum(at(i & 3) for i in range(half))
    found = packet[4 + start:][:4]
    if len(found) == 4:
        names["pointed"] = sum(found[i % 4] for i in range(half))
    return 2, packet, names
