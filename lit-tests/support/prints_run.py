#!/usr/bin/env python3
"""Runs an executable and prints what it prints, and what its BPF programs print to the trace pipe: `prints_run.py EXECUTABLE [ARG]…`.

Listens through a trace instance of its own. Lines of other programs that run meanwhile may be in between.
"""

import os
import pathlib
import re
import subprocess
import sys

EVENT = "events/bpf_trace/bpf_trace_printk/enable"


def main():
    instance = pathlib.Path("/sys/kernel/tracing/instances") / f"ks-test-{os.getpid()}"
    instance.mkdir()
    try:
        (instance / EVENT).write_text("1")
        done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=False, timeout=60)
        print(done.stdout, end="")
        for line in (instance / "trace").read_text().split("\n"):
            # What ends with the mark of an executable, it copies itself.
            if found := re.search(r"bpf_trace_printk: ([^\f]*)$", line):
                print(found[1])
    finally:
        instance.rmdir()
    sys.exit(done.returncode)


main()
