"""Packets of records with a type and a length, some of them cut."""

import random

random.seed(3)


def packets():
    for _ in range(150):
        packet = bytes(14)
        for _ in range(random.randrange(1, 30)):
            size = random.choice((2, 3, 14, 20, 33))
            packet += bytes([random.randrange(256), size]) + random.randbytes(size - 2)
        yield packet[: random.randrange(14, len(packet) + 1)] if random.random() < 0.4 else packet


def ends(packet):
    return random.sample(range(14, len(packet) + 1), min(6, len(packet) - 13))
