"""Frames of Ethernet as hexadecimal digits, for the programs of ci/lib/contests.py."""

MACS = "020000000001" "020000000002"


def ipv4(protocol, body):
    """A frame of IPv4 from 10.77.0.2 to 10.77.0.1; the filters do not look at the header's checksum."""
    return f"{MACS}0800" f"4500{20 + len(body) // 2:04x}00000000" f"40{protocol:02x}0000" "0a4d0002" "0a4d0001" + body


def echo(body, wrong=0):
    """An echo request with its checksum, or one that is wrong."""
    words = bytes.fromhex(body) + b"\0"
    total = sum(words[at] << 8 | words[at + 1] for at in range(0, len(words) - 1, 2)) + 0x0800 + 0x00010002
    total = (total & 0xFFFF) + (total >> 16)
    check = ~(total + (total >> 16)) & 0xFFFF ^ wrong
    return ipv4(1, f"0800{check:04x}00010002{body}")


def query(*labels, port=53):
    name = "".join(f"{len(label):02x}{label.encode().hex()}" for label in labels) + "00"
    body = "123401000001000000000000" + name + "00010001"
    return ipv4(17, f"c000{port:04x}{8 + len(body) // 2:04x}0000" + body)


def tagged(tags, frame):
    """A frame with VLAN tags behind its addresses."""
    return frame[:24] + "".join(f"8100{tag:04x}" for tag in tags) + frame[24:]


def udp(port):
    return ipv4(17, f"c000{port:04x}00080000")


def sound(size, wrong=0):
    """A datagram with so many bytes behind its header, with its checksum, or one that is wrong."""
    body = bytes(7 * at + 3 & 255 for at in range(size)).hex()
    length = f"{8 + size:04x}"
    words = bytes.fromhex("0a4d0002" "0a4d0001" "0011" + length + "c0000050" + length + body + "00")
    total = sum(words[at] << 8 | words[at + 1] for at in range(0, len(words) - 1, 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ipv4(17, f"c0000050{length}{~total & 0xFFFF ^ wrong:04x}{body}")


def ipv6(protocol, body):
    """A frame of IPv6; `protocol` is that of the first header of the body."""
    return f"{MACS}86dd" f"60000000{len(body) // 2:04x}{protocol:02x}40" + "fd00" * 8 + "fd01" * 8 + body


def tcp(port, payload, words=5):
    """A segment, by IPv4; its header has so many words."""
    header = f"c000{port:04x}" "00000001" "00000002" f"{words:x}018" "0400" "00000000" + "01" * (4 * words - 20)
    return ipv4(6, header + payload.encode().hex())


def syn(options):
    """The first segment of a connection, with options that are padded to whole words."""
    padded = options + "00" * (-len(options) // 2 % 4)
    return ipv4(6, "c0000050" "00000001" "00000000" f"{5 + len(padded) // 8:x}002" "0400" "00000000" + padded)


def probe(path, sent, answered):
    """A datagram for port 8620 with the times of a probe in it."""
    body = f"{path:08x}{sent:016x}{answered:016x}"
    return ipv4(17, f"c00021ac{8 + len(body) // 2:04x}0000" + body)
