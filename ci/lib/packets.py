"""Packets as bytes, for tests: `parse("tcp,dport=80,size=100")`, or plain hex digits."""

import ipaddress
import struct

_PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17}
_FIELDS = {"saddr": "10.77.0.2", "daddr": "10.77.0.1", "sport": 1000, "dport": 7777, "ttl": 64, "ihl": 5, "size": 0}


def parse(text):
    """`KIND[,field=value]…`, KIND one of tcp udp icmp arp ipv6; `size` pads the whole frame to that many bytes."""
    kind, *settings = text.split(",")
    if kind not in {*_PROTOCOLS, "arp", "ipv6"}:
        return bytes.fromhex(text.replace(" ", ""))
    fields = dict(_FIELDS)
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in fields:
            raise ValueError(f"no packet field {name}; there are {', '.join(fields)}")
        fields[name] = value if name in ("saddr", "daddr") else int(value, 0)
    return build(kind, fields)


def build(kind, fields):
    macs = bytes.fromhex("020000000001020000000002")
    if kind == "arp":
        body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + bytes(20)
        return pad(macs + b"\x08\x06" + body, fields["size"])
    if kind == "ipv6":
        next_header_none = 59
        body = struct.pack("!IHBB", 6 << 28, 0, next_header_none, fields["ttl"]) + bytes(32)
        return pad(macs + b"\x86\xdd" + body, fields["size"])
    ports = (fields["sport"], fields["dport"])
    layer4 = {
        "tcp": lambda: struct.pack("!HHIIBBHHH", *ports, 1, 0, 5 << 4, 2, 1024, 0, 0),
        "udp": lambda: struct.pack("!HHHH", *ports, 8, 0),
        "icmp": lambda: struct.pack("!BBHHH", 8, 0, 0, 0, 0),
    }[kind]()
    header_length = fields["ihl"] * 4
    payload = layer4 + bytes(max(0, fields["size"] - 14 - header_length - len(layer4)))
    return macs + b"\x08\x00" + ipv4_header(kind, fields, header_length + len(payload)) + payload


def ipv4_header(kind, fields, total_length):
    header = struct.pack(
        "!BBHHHBBH4s4s", 4 << 4 | fields["ihl"], 0, total_length, 0, 0, fields["ttl"], _PROTOCOLS[kind], 0,
        ipaddress.ip_address(fields["saddr"]).packed, ipaddress.ip_address(fields["daddr"]).packed)
    header += b"\x01" * (fields["ihl"] * 4 - 20)  # NOP options
    total = sum(struct.unpack(f"!{len(header) // 2}H", header))
    total = (total & 0xFFFF) + (total >> 16)
    checksum = ~(total + (total >> 16)) & 0xFFFF
    return header[:10] + struct.pack("!H", checksum) + header[12:]


def pad(frame, size):
    return frame + bytes(max(0, size - len(frame)))
