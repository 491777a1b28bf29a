"""What the program of walks_of_options.ks does with DHCP packets of random options, whole and cut off."""

import random
import struct

_MAGIC = b"\x63\x82\x53\x63"
_AGENT = b"PXEClient"


def _long(code, value):
    return bytes([code, len(value)]) + value


def _option(rng):
    return rng.choice([
        bytes([53, 1, rng.randrange(9)]),
        _long(50, rng.randbytes(4)),
        _long(12, bytes(rng.choice(b"abcdef-") for _ in range(rng.randrange(22)))),
        _long(54, rng.randbytes(4)),
        _long(3, rng.randbytes(rng.choice([3, 4, 8]))),
        _long(51, rng.randbytes(rng.choice([4, 5]))),
        _long(55, rng.randbytes(rng.randrange(12))),
        _long(60, _AGENT),
        _long(60, _AGENT[:-1]),
        b"\0",
        bytes([rng.choice([1, 99, 254]), rng.randrange(5)]) + rng.randbytes(rng.randrange(5)),
    ])


def packets():
    rng = random.Random(3)
    for _ in range(300):
        options = b"".join(_option(rng) for _ in range(rng.randrange(8))) + rng.choice([b"\xff", b"\xff", b""])
        packet = rng.randbytes(42) + rng.randbytes(236) + _MAGIC + options
        yield packet
        yield packet[:rng.randrange(270, len(packet) + 1)]


def expected(packet):
    payload = packet[42:]
    if len(payload) < 240:
        return 2, packet, {}
    lease = {"kind": 0, "ip": 0, "host": "", "server": 0, "router": 0, "time": 0, "params": [0] * 8, "nparams": 0}
    verdict = _walk(payload[240:], lease)
    action = 0 if verdict < 0 else 3 if verdict == 1 else 2
    return action, packet, {"verdict": verdict, "lease": lease}


def _walk(options, lease):
    at = 0
    while at < len(options):
        code = options[at]
        if code == 255:
            return 0
        if code == 0:
            at += 1
            continue
        if at + 2 > len(options):
            return -2
        size = options[at + 1]
        value = options[at + 2:at + 2 + size]
        if len(value) < size:
            return -3
        if code == 60 and value == _AGENT:
            return 1
        _take(code, value, lease)
        at += 2 + size
    return -1


def _take(code, value, lease):
    if code == 53 and len(value) == 1:
        lease["kind"] = value[0]
    elif code in (50, 3):
        lease["ip" if code == 50 else "router"] = _word(value[:4])
    elif code == 51 and len(value) == 4:
        lease["time"] = _word(value)
    elif code == 12:
        lease["host"] = value[:15].decode()
    elif code == 54 and len(value) >= 4:
        lease["server"] = _word(value[-4:])
    elif code == 55:
        lease["params"][:len(value[:8])] = value[:8]
        lease["nparams"] += len(value[:8])


def _word(value):
    return struct.unpack("<I", value)[0] if len(value) == 4 else 0
