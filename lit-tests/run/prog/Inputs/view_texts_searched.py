"""What view_texts_searched.ks must find: that of view_texts, and where a text begins."""

import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
import view_searches  # noqa: E402
import view_texts  # noqa: E402
from view_texts import ends, packets  # noqa: E402, F401


def expected(packet):
    verdict, left, found = view_texts.expected(packet)
    return verdict, left, {"texts": found["texts"], **view_searches.expected(packet)[2]}
