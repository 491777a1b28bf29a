"""The programs that have a C peer (ci/peers): what runs, on which packets, and what both must have done then."""

from dataclasses import dataclass

# What filters must treat alike: the lengths around the limit, and each depth of header.
PACKETS = ("udp,size=64", "tcp,size=1500", "udp,size=1501", "tcp,saddr=10.1.2.3,size=90", "icmp,ihl=7,size=60", "arp",
           "ipv6", "00" * 14, "020000000001" "020000000002" "0800" "45" + "00" * 18)

_MACS = "020000000001" "020000000002"


def _ipv4(protocol, body):
    """A frame of IPv4 from 10.77.0.2 to 10.77.0.1; the filters do not look at the header's checksum."""
    return f"{_MACS}0800" f"4500{20 + len(body) // 2:04x}00000000" f"40{protocol:02x}0000" "0a4d0002" "0a4d0001" + body


def _echo(body, wrong=0):
    """An echo request with its checksum, or one that is wrong."""
    words = bytes.fromhex(body) + b"\0"
    total = sum(words[at] << 8 | words[at + 1] for at in range(0, len(words) - 1, 2)) + 0x0800 + 0x00010002
    total = (total & 0xFFFF) + (total >> 16)
    check = ~(total + (total >> 16)) & 0xFFFF ^ wrong
    return _ipv4(1, f"0800{check:04x}00010002{body}")


def _query(*labels, port=53):
    name = "".join(f"{len(label):02x}{label.encode().hex()}" for label in labels) + "00"
    body = "123401000001000000000000" + name + "00010001"
    return _ipv4(17, f"c000{port:04x}{8 + len(body) // 2:04x}0000" + body)


def _tagged(tags, frame):
    """A frame with VLAN tags behind its addresses."""
    return frame[:24] + "".join(f"8100{tag:04x}" for tag in tags) + frame[24:]


def _udp(port):
    return _ipv4(17, f"c000{port:04x}00080000")


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
    # What the ratio of the instructions may be, and the reason if it is more than 1.02.
    limit: float = 1.02
    why: str = ""
    # Whether its executable takes the loader's options, and so is compared with it.
    starts: bool = False


PROGRAMS = (
    Program("packet_filter", "drop_long", variables=("dropped",), starts=True),
    Program("packet_counter", "count", maps=("by_source",), variables=("dropped",), starts=True),
    Program("flow_table", "watch", maps=("by_protocol",), variables=("full",)),
    Program("stages", "classify", PACKETS + ("udp,ttl=1,size=64",), variables=("icmp", "udp", "expired")),
    Program("icmp_echo", "answer", (_echo("61" * 56, wrong=1), _echo("61" * 56), _echo("61" * 57), _echo(""), _echo("00" * 1400), "icmp,size=98", *PACKETS),
            variables=("answered",)),
    Program("dns_filter", "filter",
            (_query("www", "example", "com"), _query("www", "example", "org"), _query("example", "org"),
             _query("www", "example", "org", "uk"), _query(), _query("www", "example", "org", port=54),
             _query("www", "example", "orgs"), _query("www", "example", "org\0"), _query("www", "example", "org\0" * 20),
             *PACKETS),
            variables=("dropped", "passed"), given=(("blocked", b"www.example.org"),), limit=1.1,
            why="the offset of a byte is bounded for the verifier, which the peer's pointer is not; and the verifier is made to forget "
                "in each iteration what is left of a label"),
    Program("l4_lb", "balance", (_udp(81), _udp(80), _udp(443), _ipv4(17, "c000005000080000" + "00" * 1480), *PACKETS),
            maps=("services",), variables=("too_long",), limit=0.92,
            entries=(("services", "0a4d0001" "0050" "11" "00", "0000000002000000"),
                     ("backends", "00000000", "c6336407" + "00" * 20), ("backends", "01000000", "c6336408" + "00" * 20))),
    Program("vlan_firewall", "filter",
            (_tagged([10], _udp(80)), _tagged([10], _udp(81)), _tagged([10, 20], _udp(80)), _tagged([11], _udp(80)),
             _tagged([10, 20, 30], _udp(80)), _tagged([10], _ipv4(1, "0800000000010002")), _tagged([10], _ipv4(17, "c000")),
             _MACS + "8100", *PACKETS),
            maps=("rules", "counters"), variables=("malformed",), limit=0.8,
            entries=(("rules", "0a000000" "11" "00" "0050", "00" * 8), ("rules", "0a001400" "11" "00" "0050", "00" * 8),
                     ("rules", "0a000000" "01" "00" "0000", "00" * 8))),
)
