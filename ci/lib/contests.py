"""The programs that have a C peer (ci/peers): what runs, on which packets, and what both must have done then."""

import struct
from dataclasses import dataclass

from frames import MACS, echo, ipv4, ipv6, probe, query, sound, syn, tagged, tcp, udp

# What filters must treat alike: the lengths around the limit, and each depth of header.
PACKETS = ("udp,size=64", "tcp,size=1500", "udp,size=1501", "tcp,saddr=10.1.2.3,size=90", "icmp,ihl=7,size=60", "arp",
           "ipv6", "00" * 14, "020000000001" "020000000002" "0800" "45" + "00" * 18)
# Those that the kernel makes an skb of.
SKBS = PACKETS[:-1]


@dataclass(frozen=True)
class Program:
    """An example, or a program made for this. The first packet is the one that times are measured with."""
    name: str
    entry: str
    packets: tuple = PACKETS
    maps: tuple = ()
    variables: tuple = ()
    # Global variables that are set before: name → bytes.
    given: tuple = ()
    # Entries that maps have before: map, key, value, both as hexadecimal digits.
    entries: tuple = ()
    # A ring buffer, and how many bytes at the beginning of its records are a time.
    ring: tuple = ()
    # What the ratio of the instructions may be, and the reason if that or another ratio is above 1.05.
    limit: float = 1.02
    # The same for the oldest kernel, if that has to be more.
    oldest_limit: float | None = None
    why: str = ""
    # Whether its executable takes the loader's options, and so is compared with it.
    starts: bool = False
    family: str = "network"


def _rule(group, protocol, drops, first, last):
    """The value of an entry of `acl`'s rules."""
    return struct.pack("<IBBHH14x", group, protocol, drops, first, last).hex()


def _slot(port, behind, value):
    """An entry of `open_table`: so far behind the slot where it begins to look for a datagram to a port."""
    mixed = ((0x02004D0A ^ int.from_bytes(struct.pack(">HH", 0xC000, port), "little")) * 0x9E3779B1) & 0xFFFFFFFF
    return "slots", (((mixed ^ mixed >> 15) + behind) & 0xFFFF).to_bytes(4, "little").hex(), value + "00" * 4


# A packet in a tunnel.
INNER = ipv4(17, "c000005000080000")[28:]

PROGRAMS = (
    Program("packet_filter", "drop_long", variables=("dropped",), starts=True),
    Program("packet_counter", "count", maps=("by_source",), variables=("dropped",), starts=True),
    Program("flow_table", "watch", maps=("by_protocol",), variables=("full",)),
    Program("stages", "classify", PACKETS + ("udp,ttl=1,size=64",), variables=("icmp", "udp", "expired")),
    Program("icmp_echo", "answer", (echo("61" * 56, wrong=1), echo("61" * 56), echo("61" * 57), echo(""), echo("00" * 1400),
                                    "icmp,size=98", *PACKETS),
            variables=("answered",), limit=1.23,
            why="the words of 64 bytes are added one after the other, and the last ones are a copy filled with zeros, where the peer has a callback "
                "for two bytes"),
    Program("dns_filter", "filter",
            (query("www", "example", "com"), query("www", "example", "org"), query("example", "org"),
             query("www", "example", "org", "uk"), query(), query("www", "example", "org", port=54),
             query("www", "example", "orgs"), query("www", "example", "org\0"), query("www", "example", "org\0" * 20),
             *PACKETS),
            variables=("dropped", "passed"), given=(("blocked", b"www.example.org"),), limit=1.09,
            oldest_limit=1.14,
            why="the verifier is made to forget in each iteration what is left of a label; before 6.12 in 64 bits"),
    Program("l4_lb", "balance", (udp(81), udp(80), udp(443), ipv4(17, "c000005000080000" + "00" * 1480), *PACKETS),
            maps=("services",), variables=("too_long",), limit=0.9,
            entries=(("services", "0a4d0001" "0050" "11" "00", "0000000002000000"),
                     ("backends", "00000000", "c6336407" + "00" * 20), ("backends", "01000000", "c6336408" + "00" * 20))),
    Program("vlan_firewall", "filter",
            (tagged([10], udp(80)), tagged([10], udp(81)), tagged([10, 20], udp(80)), tagged([11], udp(80)),
             tagged([10, 20, 30], udp(80)), tagged([10], ipv4(1, "0800000000010002")), tagged([10], ipv4(17, "c000")),
             MACS + "8100", *PACKETS),
            maps=("rules", "counters"), variables=("malformed",), limit=0.8,
            entries=(("rules", "0a000000" "11" "00" "0050", "00" * 8), ("rules", "0a001400" "11" "00" "0050", "00" * 8),
                     ("rules", "0a000000" "01" "00" "0000", "00" * 8))),
    # The source is in group 2; the ninth rule is not among those that count.
    Program("acl", "check", (udp(80), udp(53), udp(60), udp(7000), "tcp,dport=80,size=64", "tcp,dport=443,size=64",
                             "udp,saddr=10.77.9.9,dport=443,size=64", "udp,ihl=7,dport=53,size=90", ipv4(17, "c000"), *PACKETS),
            maps=("rules",), variables=("unmatched",), given=(("rule_count", b"\x08"),),
            why="the verifier is made to forget the index of each rule, which costs three instructions in each iteration; the loop's own "
                "counter stays known to it",
            entries=(("groups", "10000000" "0a4d0000", "01000000"), ("groups", "20000000" "0a4d0002", "02000000"),
                     *(("rules", f"{number:02x}000000", rule) for number, rule in enumerate((
                         _rule(1, 6, 0, 1, 1024), _rule(1, 17, 0, 53, 53), _rule(1, 17, 1, 1, 65535), _rule(2, 6, 0, 80, 80),
                         _rule(2, 6, 1, 1, 1024), _rule(2, 17, 1, 53, 53), _rule(2, 17, 0, 54, 79), _rule(2, 17, 1, 80, 80),
                         _rule(2, 17, 1, 1, 65535)))))),
    Program("rate_limit", "limit_rate", PACKETS + ("udp,size=64",) * 4, variables=("dropped",)),
    Program("packet_log", "log_opened", ("tcp,size=60", "tcp,dport=443,ttl=3,size=80", "tcp,ihl=6,size=80", tcp(80, "GET / "), *SKBS),
            variables=("lost",), ring=("opened", 8)),
    Program("packet_sizes", "measure", ("udp,size=1500", "udp,size=64", "udp,size=65", "udp,size=200", "tcp,size=3000", *SKBS), maps=("sizes",), limit=1.1,
            why="the verifier is made to forget the number of the slot, so that it walks what is behind the loop once"),
    Program("latency", "measure",
            (probe(1, 10**9, 10**9 + 70_000), probe(1, 5, 6), probe(1, 0, 1000), probe(1, 0, 4000), probe(1, 0, 2**42), probe(1, 0, 10**13),
             probe(1, 1, 0), probe(2, 0, 1000), udp(8620), *SKBS),
            maps=("by_path",), variables=("unknown",), entries=(("by_path", "00000001", "00" * 8 * 29),), limit=0.6),
    # A closing segment, which ends its flow; what is refused for each reason.
    Program("flow_guard", "leave",
            (udp(80), udp(80), tcp(80, "GET / "), ipv4(6, "c000005000000001000000025011040000000000"),
             tcp(80, "GET / "), udp(53), tcp(53, ""), ipv4(17, "c000"), "udp,ihl=7,dport=53,size=90",
             "udp,ihl=7,dport=80,size=90", *PACKETS),
            maps=("refused",), entries=(("blocked", "0035", "00" * 4),), limit=1.05,
            why="an offset in a packet is bounded for the verifier before it is added to a pointer"),
    # Two budgets: one that is used up at the second packet, and one that is not.
    Program("quota", "meter", (udp(80), udp(81), udp(81), udp(81), udp(82), "udp,ihl=7,dport=80,size=90", ipv4(17, "c000"), *PACKETS),
            maps=("budgets",), variables=("unknown", "warnings"),
            entries=(("budgets", "0a4d0002" "0050" "0000", "00" * 20 + "000000ff"),
                     ("budgets", "0a4d0002" "0051" "0000", "00" * 20 + "01000000"))),
    # Rules by their numbers: a fragment, an opening of a low port from a source that is trusted and from one that is not, and so on.
    Program("policy", "decide",
            (udp(53), udp(8080), tcp(80, "GET / "), ipv4(6, "c0000050000000010000000050020400000000ff" + "00" * 4),
             "udp,saddr=192.0.2.1,dport=53,size=90", "tcp,saddr=192.0.2.1,dport=80,size=90", "tcp,saddr=10.1.1.1,dport=80,size=900",
             ipv4(17, "c000"), *PACKETS),
            maps=("verdicts",), entries=(("trusted", "0a010101", "01"),)),
    Program("hist_add", "count"),
    Program("hist_keys", "count"),
    Program("ipv6_headers", "walk",
            (ipv6(0, "3c00" + "00" * 6 + "1100" + "00" * 6 + "c000005000080000"), ipv6(6, "c0000051" + "00" * 16),
             ipv6(17, "c000005000080000"), ipv6(44, "1100" + "00" * 6 + "c000005000080000"), ipv6(51, "0604" + "00" * 22 + "c0000050" + "00" * 16),
             ipv6(43, "1100" + "00" * 6), ipv6(58, "8000" + "00" * 6), ipv6(60, "11ff" + "00" * 62), ipv6(17, "c000"),
             ipv6(0, "0000" + "00" * 6) + ("0000" + "00" * 6) * 9, ipv6(0, "3c02" + "00" * 22 + "0600" + "00" * 6 + "c0000050" + "00" * 16),
             *PACKETS),
            maps=("closed", "by_protocol"), variables=("refused",), entries=(("closed", "0050", "00" * 8),), limit=1.07, oldest_limit=1.14,
            why="the offset of a header is a number, bounded for the verifier in each iteration, where the peer moves a pointer, and which "
                "the verifier is made to forget, so that it walks a tenth of what it walks of the peer"),
    Program("syn_options", "inspect",
            (syn("020405b4" "0402" "080a" + "00" * 8 + "01" "030307"), syn("020405b4"), syn(""), syn("01" * 40), syn("030307" "00" "020405b4"),
             syn("0200" "0000"), syn("fe0a" + "00" * 10), syn("010101" "02"), syn("0402" * 10), tcp(80, "GET /"), *PACKETS),
            maps=("stacks",), variables=("malformed",), limit=1.22,
            why="each option is asked for by its offset, where the peer moves a pointer, and the verifier is made to forget the offset, so "
                "that it walks a fifth of what it walks of the peer"),
    Program("decapsulate", "unpack",
            (ipv4(4, INNER), ipv4(47, "00000800" + INNER), ipv4(47, "20000800" "00000007" + INNER), ipv4(47, "b0000800" + "00" * 4 + "00000007" + "00" * 4 + INNER),
             ipv4(47, "20000800" "00000008" + INNER), tagged([10], ipv4(4, INNER)), tagged([10], ipv4(47, "20000800" "00000008" + INNER)), ipv4(47, "000086dd" + INNER),
             ipv4(4, INNER[:30]), ipv4(47, "0000"), ipv4(4, "60" + INNER[2:]), *PACKETS),
            maps=("tunnels",), variables=("unknown",),
            entries=(("ends", "0a4d0001", "00000000"), ("tunnels", "0a4d0002" "00000000", "00" * 16), ("tunnels", "0a4d0002" "00000007", "00" * 16))),
    Program("open_table", "forward",
            (udp(80), udp(81), udp(82), "tcp,dport=80,size=64", *PACKETS),
            maps=("slots", "sent"), variables=("absent",), given=(("probes", b"\x08\0\0\0"),),
            entries=(_slot(80, 0, "0a4d0002" "c0000050" "07000000"), _slot(81, 0, "0a4d0003" "c0000000" "08000000"),
                     _slot(81, 1, "0a4d0002" "c0000051" "07000000")),
            limit=1.55, oldest_limit=1.8,
            why="the number of probes has no limit here: the first eight are a plain loop, the others a second one, which is a callback or "
                "walks an iterator; the peer ends at 64"),
    Program("header_features", "classify",
            (udp(53), udp(80), syn("020405b4"), tcp(80, "GET /"), tagged([10], udp(53)), tagged([10], syn("")), ipv6(17, "c000003500080000"),
             ipv6(6, "c0000050" + "00" * 16), ipv6(17, ""), ipv6(17, "c000"), ipv4(17, "c000"), "udp,ihl=7,dport=53,size=90",
             "tcp,saddr=192.0.2.1,size=90", MACS + "8100", *PACKETS),
            maps=("seen", "scores"), variables=("refused",), limit=1.4,
            why="bools are 0 or 1 on the paths of branches, and the verifier is made to forget each where it is stored"),
    Program("http_host", "filter",
            (tcp(80, "GET /index.html HTTP/1.1\r\nUser-Agent: curl/8.5.0\r\nHost: www.example.org\r\nAccept: */*\r\n\r\n"),
             tcp(80, "POST / HTTP/1.1\r\nHost: www.example.org\r\n\r\n", words=8), tcp(80, "GET / HTTP/1.1\r\nHost: www.example.com\r\n"),
             tcp(80, "GET / HTTP/1.1\r\nHost: www.example.org"), tcp(80, "GET / HTTP/1.1\r\nHost: www.example.org.uk\r\n"),
             tcp(80, "PUT / HTTP/1.1\r\nHost: www.example.org\r\n"), tcp(81, "GET / HTTP/1.1\r\nHost: www.example.org\r\n"),
             tcp(80, "GET / HTTP/1.1\r\n\r\n"), tcp(80, "GET /" + "a" * 200 + " HTTP/1.1\r\nHost: www.example.org\r\n"),
             tcp(80, "GET " + "a" * 148 + "\nHost: www.example.org\r\n"), tcp(80, "GET " + "a" * 155 + "\nHost: www.example.org\r\n"),
             tcp(80, "GET " + "a" * 156 + "\nHost: www.example.org\r\n"), tcp(80, "GE"), tcp(80, "GET / HTTP/1.1\r\nHos"), *PACKETS),
            variables=("dropped", "others"), given=(("refused", b"www.example.org"),), limit=0.95),
    Program("payload_sum", "check",
            (sound(1472), sound(20), sound(21), sound(22), sound(23), sound(63), sound(64), sound(256), sound(255), sound(1471),
             sound(1472, wrong=1), sound(7, wrong=256), sound(0), sound(200)[:-2], *PACKETS),
            variables=("dropped", "passed"), limit=1.8,
            why="the words of 64 bytes are added one after the other, and the last ones are a copy filled with zeros; the peer has a loop over "
                "words, which the verifier walks 370 times"),
    Program("payload_hash", "count", (sound(1472), sound(20), sound(0), sound(1), sound(63), sound(64), sound(65), *PACKETS),
            maps=("seen",), limit=3.2,
            why="a block of 64 bytes is one iteration of a callback, for a payload of any length, and the last one is copied; the peer's loop "
                "over bytes ends at 1,472"),
)
