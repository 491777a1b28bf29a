"""The model of a parser of header chains, for every truncation of every chain, wrong lengths and too many headers; and the parser's program:

    packet_hostile.py xdp|frags|tc
"""

import os
import random
import struct
import sys

TOO_SHORT, UNKNOWN, BAD_LENGTH, TOO_DEEP, FRAGMENT, PARSED_TCP, PARSED_UDP, PARSED_ICMP = range(1, 9)
TAGS = (0x8100, 0x88A8)
NAMES = ("tags", "headers", "protocol", "source", "target", "offset", "length", "sum")
# The kernel runs no shorter packets.
SHORTEST = 14
random.seed(16)


# The model.


class Short(Exception):
    """The packet ends within a header."""


def take(packet, at, count):
    if at + count > len(packet):
        raise Short
    return packet[at : at + count]


def number(data):
    return int.from_bytes(data, "big")


def payload(packet, found, begin, end, verdict):
    if begin > end:
        return BAD_LENGTH
    data = packet[begin:end]
    found.update(offset=begin, length=len(data), sum=sum(byte * (index % 7 + 1) for index, byte in enumerate(data)))
    return verdict


def transport(packet, found, at, end, protocol):
    found["protocol"] = protocol
    if protocol == 6:
        header = take(packet, at, 20)
        found.update(source=number(header[:2]), target=number(header[2:4]))
        words = header[12] >> 4
        return BAD_LENGTH if words < 5 else payload(packet, found, at + 4 * words, end, PARSED_TCP)
    if protocol == 17:
        header = take(packet, at, 8)
        found.update(source=number(header[:2]), target=number(header[2:4]))
        length = number(header[4:6])
        if length < 8 or at + length > end:
            return BAD_LENGTH
        return payload(packet, found, at + 8, at + length, PARSED_UDP)
    if protocol in (1, 58):
        header = take(packet, at, 8)
        found.update(source=header[0], target=header[1])
        return payload(packet, found, at + 8, end, PARSED_ICMP)
    return UNKNOWN


def ipv4(packet, found, at):
    header = take(packet, at, 20)
    words, total = header[0] & 15, number(header[2:4])
    if header[0] >> 4 != 4 or words < 5 or total < 4 * words:
        return BAD_LENGTH
    take(packet, at + 20, 4 * words - 20)
    if number(header[6:8]) % 8192:
        return FRAGMENT
    return transport(packet, found, at + 4 * words, at + total, header[9])


def ipv6(packet, found, at):
    header = take(packet, at, 40)
    if header[0] >> 4 != 6:
        return BAD_LENGTH
    following, at = header[6], at + 40
    end = at + number(header[4:6])
    for _ in range(8):
        if following == 44:
            fragment = take(packet, at, 8)
            if number(fragment[2:4]) >> 3:
                return FRAGMENT
            following, at = fragment[0], at + 8
        elif following in (0, 43, 60):
            options = take(packet, at, 2)
            following, at = options[0], at + 8 * (options[1] + 1)
        else:
            return transport(packet, found, at, end, following)
        found["headers"] += 1
    return TOO_DEEP


def parse(packet):
    found = dict.fromkeys(NAMES, 0)
    try:
        kind, at = number(take(packet, 12, 2)), 14
        for _ in range(2):
            if kind in TAGS:
                kind, at = number(take(packet, at, 4)[2:]), at + 4
                found["tags"] += 1
        if kind in TAGS:
            return TOO_DEEP, found
        verdict = {0x0800: ipv4, 0x86DD: ipv6}.get(kind, lambda *_: UNKNOWN)(packet, found, at)
    except Short:
        verdict = TOO_SHORT
    return verdict, found


# The packets.


def ethernet(kind, tags, inner):
    kinds = [TAGS[(tags - index) % 2] for index in range(tags)] + [kind]
    return bytes(12) + struct.pack("!H", kinds[0]) + b"".join(struct.pack("!HH", 7, k) for k in kinds[1:]) + inner


def over_ipv4(inner, protocol, words=5, total=None, fragment=0, version=4):
    header = struct.pack("!BBHHHBBHII", version << 4 | words, 0, 4 * words + len(inner) if total is None else total, 0, fragment,
                         64, protocol, 0, 1, 2)
    return header + bytes([1]) * max(0, 4 * words - 20) + inner


def over_ipv6(inner, protocol, extensions=(), length=None, version=6):
    """An extension is its number, and its length in units of 8 octets less one, or the offset of a fragment."""
    numbers = [kind for kind, _ in extensions] + [protocol]
    body = b""
    for (kind, size), following in zip(extensions, numbers[1:]):
        body += struct.pack("!BBHI", following, 0, size, 5) if kind == 44 else bytes([following, size]) + bytes(6 + 8 * size)
    body += inner
    return struct.pack("!IHBB", version << 28, len(body) if length is None else length, numbers[0], 64) + bytes(32) + body


def tcp(words=5, size=40):
    return struct.pack("!HHIIBBHHH", 1234, 80, 1, 2, words << 4, 16, 9, 0, 0) + bytes(max(0, 4 * words - 20)) + random.randbytes(size)


def udp(length=None, size=40):
    return struct.pack("!HHHH", 5353, 53, 8 + size if length is None else length, 0) + random.randbytes(size)


def icmp(size=40):
    return bytes([8, 3, 0, 0, 1, 2, 3, 4]) + random.randbytes(size)


def chains():
    inners = [(tcp(), 6), (tcp(15, 20), 6), (udp(), 17), (icmp(), 1), (icmp(), 58), (random.randbytes(20), 99)]
    nested = [(0, 0), (43, 2), (60, 1), (44, 1)]
    for tags in (0, 1, 2):
        for inner, protocol in inners:
            yield ethernet(0x0800, tags, over_ipv4(inner, protocol, words=random.choice((5, 6, 15))))
            yield ethernet(0x86DD, tags, over_ipv6(inner, protocol, nested[: random.randrange(5)]))
    yield ethernet(0x0806, 1, bytes(28))


def wrong():
    for length in (0, 7, 8, 9, 47, 48, 49, 200, 65535):
        yield ethernet(0x0800, 0, over_ipv4(udp(length), 17))
        yield ethernet(0x0800, 1, over_ipv4(udp(), 17, total=length))
        yield ethernet(0x86DD, 0, over_ipv6(udp(), 17, length=length))
    for words in range(16):
        yield ethernet(0x0800, 0, over_ipv4(tcp(), 6, words=words))
        yield ethernet(0x0800, 2, over_ipv4(tcp(words), 6))
        yield ethernet(0x0800, 0, over_ipv4(icmp(), 1, version=words))
    for fragment in (1, 0x2000, 0x2001, 0x1FFF):
        yield ethernet(0x0800, 0, over_ipv4(tcp(), 6, fragment=fragment))
    for tags in (3, 4, 40):
        yield ethernet(0x0800, tags, over_ipv4(tcp(), 6))
    for count in (7, 8, 9, 30):
        yield ethernet(0x86DD, 0, over_ipv6(tcp(), 6, [(0, 0)] * count))
    for size in (0, 1, 5, 255):
        broken = bytearray(ethernet(0x86DD, 0, over_ipv6(tcp(), 6, [(0, 0), (43, 0)])))
        broken[55] = size
        yield bytes(broken)
    yield ethernet(0x86DD, 0, over_ipv6(tcp(), 6, [(44, 8)]))
    yield ethernet(0x86DD, 0, over_ipv6(tcp(), 6, version=5))
    # Longer than what is linear, where a page is all that there is of it.
    yield ethernet(0x0800, 0, over_ipv4(udp(size=3800), 17))
    yield ethernet(0x86DD, 1, over_ipv6(tcp(size=9000), 6, [(60, 255), (60, 255), (44, 0)]))


def packets():
    for chain in chains():
        yield from (chain[:end] for end in range(SHORTEST, len(chain) + 1))
    yield from wrong()


def ends(packet):
    if len(packet) > SHORTEST:
        yield random.randrange(SHORTEST, min(len(packet), 3000))


def expected(packet):
    verdict, found = parse(packet)
    return verdict, packet, {"found": found}


def after_all(ran, before):
    counts = list(before["counts"])
    for packet in ran:
        counts[parse(packet)[0]] += 1
    assert all(counts[1:]), "no packet has some verdict"
    return {"counts": counts}


def program(kind):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "packet_hostile.ks")) as text:
        text = text.read()
    if kind == "frags":
        return text.replace("@xdp fn", '@xdp("frags") fn')
    if kind == "tc":
        return text.replace("@xdp fn", "@tc fn").replace("xdp_md", "__sk_buff").replace("xdp_action", "i32")
    return text


if __name__ == "__main__":
    print(program(sys.argv[1]), end="")
