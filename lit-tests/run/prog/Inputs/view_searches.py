"""Where view_searches.ks must find a text: the packets are those of view_texts."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from view_texts import ends, packets  # noqa: E402, F401


def expected(packet):
    text = packet[14 + packet[5] % 16 :]
    return 2, packet, {"found": next((at for at in range(24) if text[at : at + 7] == b"script-"), 99)}
