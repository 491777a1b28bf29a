"""Prints what a program serves, then what it prints: python3 lost.py EXECUTABLE"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import loopback  # noqa: E402
from scraping import Served  # noqa: E402

loopback.enter()
with Served([sys.argv[1]]) as program:
    for name, family in program.scrape().items():
        words = [name.removeprefix("lost_").removesuffix("_total") + ":", str(list(family.samples.values())), family.help or ""]
        print(" ".join(words).strip())
    program.end()
