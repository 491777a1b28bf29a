"""The packets of packets.ks, computed once more: reads `name hex` lines and says which differ."""

import ipaddress
import struct
import sys

TO, FROM = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
A, B, FINAL, WAY = (ipaddress.ip_address(f"2001:db8::{last}").packed for last in "12fe")


def ip(text):
    return ipaddress.ip_address(text).packed


def ones(data):
    """The checksum of RFC 1071, as the remainder of one large number."""
    data += b"\0" * (len(data) % 2)
    number = int.from_bytes(data, "big")
    total = number % 0xFFFF
    if total == 0 and number:
        total = 0xFFFF
    return 0xFFFF - total


def eth(proto, to=TO, source=FROM):
    return to + source + struct.pack(">H", proto)


def ipv4(protocol, source, to, payload, options=b""):
    words = 5 + len(options) // 4
    parts = lambda check: struct.pack(">BBHHHBBH", 0x40 | words, 0, 4 * words + len(payload), 0, 0, 64, protocol, check)
    rest = ip(source) + ip(to) + options
    return parts(ones(parts(0) + rest)) + rest + payload


def ipv6(protocol, source, to, payload):
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source + to + payload


def pseudo(source, to, protocol, payload):
    if len(source) == 4:
        return source + to + struct.pack(">BBH", 0, protocol, len(payload)) + payload
    return source + to + struct.pack(">II", len(payload), protocol) + payload


def udp(source, to, ports, payload):
    parts = lambda check: struct.pack(">HHHH", *ports, 8 + len(payload), check) + payload
    return parts(ones(pseudo(source, to, 17, parts(0))) or 0xFFFF)


def tcp(source, to, ports, seq, flags, window, payload, options=b""):
    words = 5 + len(options) // 4
    parts = lambda check: struct.pack(">HHIIBBHHH", *ports, seq, 0, words << 4, flags, window, check, 0) + options + payload
    return parts(ones(pseudo(source, to, 6, parts(0))))


def icmp(kind, rest, payload, before=b"", protocol=None):
    parts = lambda check: struct.pack(">BBH", kind, 0, check) + rest + payload
    body = parts(0)
    return parts(ones(pseudo(*before, protocol, body) if protocol else body))


SEGMENTS = bytes([1, 0, 0, 0]) + FINAL + WAY
NO = bytes(4)
one, two, three, four = "10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.0.2"
PLAIN = lambda protocol: ipv4(protocol, "192.0.2.1", "192.0.2.2", b"payload")

udp4 = eth(0x800) + ipv4(17, one, two, udp(ip(one), ip(two), (1000, 53), b"hello"))
inside = eth(0x86DD, FROM, TO) + ipv6(6, A, B, tcp(A, B, (5, 6), 0, 16, 0, b"inside of it"))
vxlan = struct.pack(">II", 0x08000000, 0x12300) + inside
tunnel = eth(0x800) + ipv4(17, one, two, udp(ip(one), ip(two), (0, 4789), vxlan))
greased = ipv6(17, B, A, udp(B, A, (3, 4), b"x"))
with_sum = lambda check: struct.pack(">HHHHI", 0x8000, 0x86DD, check, 0, 6) + greased
gue = bytes([2, 4, 0, 0, 1, 2, 3, 4, 5, 0, 0, 0]) + ipv4(1, three, four, icmp(8, NO, b""))
far = udp(A, FINAL, (1, 2), b"far")
chain = bytes([43, 0, 5, 2, 0, 0, 0, 0]) + bytes([60, 4, 4, 1]) + SEGMENTS
chain += bytes([44, 0]) + bytes(6) + bytes([17, 0, 0, 0, 0, 0, 0, 7]) + far
routed = lambda left: bytes([6, 4, 0, left]) + SEGMENTS
mixed_udp = udp(ip(one), ip(two), (0, 5), bytes([1, 2, 3, 4]) + b"some text" + bytes.fromhex("11223344") + b"a\0b" + PLAIN(0))
NOWHERE = bytes(6)

PACKETS = {
    "udp4": udp4,
    "tcp4": eth(0x800) + ipv4(6, one, two, tcp(ip(one), ip(two), (4000, 80), 0x12345678, 2, 1024, b"odd",
                                               bytes([2, 4, 5, 180, 1, 1, 0, 0])), bytes([1, 1, 0, 0])),
    "echo4": ipv4(1, one, two, icmp(8, struct.pack(">HH", 7, 9), b"\xab" * 33)),
    "udp6": eth(0x86DD) + ipv6(17, A, B, udp(A, B, (1, 2), b"hello")),
    "echo6": ipv6(58, A, B, icmp(128, struct.pack(">HH", 1, 2), bytes([1, 2, 3]), (A, B), 58)),
    "arp": eth(0x8100) + bytes.fromhex("00058100" "00060806" "0001080006040001") + FROM + ip(one) + NOWHERE + ip(two),
    "vxlan": tunnel,
    "gre": ipv4(47, one, two, struct.pack(">HH", 0, 0x800) + ipv4(17, three, four, udp(ip(three), ip(four), (3, 4), b"x"))),
    "gre_flags": ipv6(47, A, B, with_sum(ones(with_sum(0)))),
    "gre_parts": struct.pack(">HHII", 0x3000, 0x6558, 5, 6) + NOWHERE * 2 + bytes(2) + b"\x09",
    "gue": ipv4(17, one, two, udp(ip(one), ip(two), (0, 6080), gue)),
    "headers": ipv6(0, A, B, chain),
    "routing0": ipv6(43, A, B, routed(2) + tcp(A, WAY, (1, 2), 0, 0, 0, b"far")),
    "arrived": ipv6(43, A, B, routed(0) + tcp(A, B, (1, 2), 0, 0, 0, b"far")),
    "written": NOWHERE * 2 + bytes.fromhex("1234" "6f000009" "00000000" "0163efbe") + bytes(8)
    + bytes.fromhex("00000000" "00013412") + b"x",
    "mixed": eth(0x800, NOWHERE, NOWHERE) + bytes.fromhex("4500000000000000" "00110000") + ip(one) + ip(two) + bytes([1, 2, 3, 4])
    + mixed_udp,
    "no_ip": bytes(14) + struct.pack(">HHHH", 1, 0, 36, 0) + struct.pack(">HHIIHHHH", 0, 2, 0, 0, 0x5000, 0, 0, 0) + bytes(8),
    "zero_sum": ipv4(17, "0.0.0.0", "0.0.0.0", struct.pack(">HHHH", 0xFFDE, 0, 8, 0xFFFF)),
    "last": ipv6(59, bytes(16), bytes(16), b""),
    "both": ipv4(41, "0.0.0.0", "0.0.0.0", ipv6(4, bytes(16), bytes(16), ipv4(
        47, "0.0.0.0", "0.0.0.0", bytes.fromhex("00006558") + bytes(12) + b"\x86\xdd" + ipv6(0, bytes(16), bytes(16), bytes(2))))),
    "empty": b"",
    "plain": PLAIN(6),
    "cut": tunnel[:60],
    "byte": tunnel[:13] + b"\x06" + b"\x46" + tunnel[15:],
}

found = dict(line.rstrip("\n").split(" ", 1) for line in sys.stdin if line.split(" ")[0] in PACKETS)
wrong = [name for name, expected in PACKETS.items() if found.get(name) != expected.hex()]
for name in wrong:
    print(f"{name} differs: {found.get(name)}\n{' ' * len(name)} expected: {PACKETS[name].hex()}")
print(f"{len(PACKETS)} packets, {len(wrong)} differ")
