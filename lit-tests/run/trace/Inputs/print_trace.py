"""Runs two processes of an executable at the same time: python3 print_trace.py EXECUTABLE

Each is asked for the lines of the trace pipe. Prints the lines of each, and whether a trace instance or a stream had as many as there are.
"""

import os
import pathlib
import subprocess
import sys

instance = pathlib.Path("/sys/kernel/tracing/instances") / f"ks-test-{os.getpid()}"
instance.mkdir()
try:
    (instance / "events/bpf_trace/bpf_trace_printk/enable").write_text("1")
    started = [subprocess.Popen([sys.argv[1], "--print-trace", f"--n={n}"], stdout=subprocess.PIPE, text=True) for n in (1, 2)]
    for n, process in enumerate(started, 1):
        print(f"{n}:", process.communicate(timeout=60)[0].splitlines())
    lines = (instance / "trace").read_text().split("\n")
    seen = [line for line in lines if "line 1 of text" in line or "line 2 of text" in line]
    # A kernel whose streams work has none here.
    print("for other readers:", len(seen) in (0, 8))
finally:
    instance.rmdir()
