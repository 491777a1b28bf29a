#!/usr/bin/env python3
"""Runs a program of a BPF object on one packet and prints what it prints: `trace_run.py OBJECT PROGRAM PACKET`.

Listens through a trace instance of its own. Lines of other programs that run meanwhile may be in between.
"""

import os
import pathlib
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
import packets  # noqa: E402
from pinned import Pinned  # noqa: E402

_EVENT = "events/bpf_trace/bpf_trace_printk/enable"


def main():
    path, program, packet = sys.argv[1:]
    instance = pathlib.Path("/sys/kernel/tracing/instances") / f"ks-test-{os.getpid()}"
    instance.mkdir()
    try:
        (instance / _EVENT).write_text("1")
        with Pinned(path) as pinned:
            pinned.run(program, packets.parse(packet))
        for line in (instance / "trace").read_text().splitlines():
            if found := re.search(r"bpf_trace_printk: (.*)", line):
                print(found[1])
    finally:
        instance.rmdir()


if __name__ == "__main__":
    main()
