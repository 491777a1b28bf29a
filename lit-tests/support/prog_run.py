#!/usr/bin/env python3
"""Runs one program of a BPF object on given bytes, in the kernel, without a network (BPF_PROG_TEST_RUN).

In a RUN line (lit.cfg.py calls it %prog-run):

    %prog-run %t.bpf.o --prog filter --data-size 64 --expect-retval XDP_PASS --dump-global dropped | FileCheck %s

The object is loaded by bpftool into a private folder of bpffs that is removed afterwards. Each --data-size,
--data-hex or --packet is one run, with the --expect-retval and --expect-data after it. Prints `retval N` for each run, then the maps
and globals that were asked for. A claim that fails is reported on standard error, with status 1.
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
import bpf  # noqa: E402
import packets  # noqa: E402
from pinned import Pinned  # noqa: E402

_RETVALS = {
    name: value
    for names, first in (
        ("XDP_ABORTED XDP_DROP XDP_PASS XDP_TX XDP_REDIRECT", 0),
        ("TC_ACT_UNSPEC TC_ACT_OK TC_ACT_RECLASSIFY TC_ACT_SHOT TC_ACT_PIPE", -1),
    )
    for value, name in enumerate(names.split(), first)
}


class Run(argparse.Action):
    """--data-size, --data-hex and --packet begin a run."""

    def __call__(self, _parser, options, value, option=None):
        make = {"--data-size": lambda: bytes(int(value, 0)), "--data-hex": lambda: bytes.fromhex(value),
                "--packet": lambda: packets.parse(value)}[option]
        options.runs.append({"data": make(), "retval": None, "expected": None})


class OfRun(argparse.Action):
    """--expect-retval belongs to the run before it."""

    def __call__(self, parser, options, value, option=None):
        if not options.runs:
            parser.error(f"{option} is before the run that it belongs to")
        options.runs[-1][self.dest] = value


def retval(text):
    return (_RETVALS[text] if text in _RETVALS else int(text, 0)) & 0xFFFFFFFF


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.set_defaults(runs=[])
    parser.add_argument("object")
    parser.add_argument("--prog", required=True, help="name of the program")
    parser.add_argument("--data-size", action=Run, metavar="BYTES", help="run on that many zero bytes (14 at least)")
    parser.add_argument("--data-hex", action=Run, metavar="HEX", help="run on these bytes")
    parser.add_argument("--packet", action=Run, metavar="KIND,…", help="run on a packet, such as tcp,dport=80,size=100")
    parser.add_argument("--expect-retval", action=OfRun, dest="retval", type=retval, metavar="N|NAME")
    parser.add_argument("--expect-data", action=OfRun, dest="expected", type=bytes.fromhex, metavar="HEX",
                        help="the whole packet as the program leaves it")
    parser.add_argument("--repeat", default=1, type=int, metavar="N")
    parser.add_argument("--show-duration", action="store_true", help="also print the nanoseconds of one run")
    parser.add_argument("--update-map", action="append", default=[], metavar="NAME:KEYHEX:VALUEHEX",
                        help="write an entry before the runs")
    parser.add_argument("--dump-map", action="append", default=[], metavar="NAME")
    parser.add_argument("--dump-global", action="append", default=[], metavar="NAME")
    options = parser.parse_args()
    if not options.runs:
        parser.error("nothing to run: give --data-size, --data-hex or --packet")
    return options


def check_runs(options, pinned):
    """Does the runs; returns what did not return as expected."""
    wrong = []
    for run in options.runs:
        result = pinned.run(options.prog, run["data"], options.repeat)
        print("retval", result["retval"])
        if options.show_duration:
            print("duration", result["duration"])
        if run["retval"] not in (None, result["retval"]):
            wrong.append(f"{len(run['data'])} bytes returned {result['retval']}, not {run['retval']}")
        if run["expected"] not in (None, result["data"]):
            wrong.append(difference(result["data"], run["expected"]))
    return wrong


def difference(found, expected):
    first = next((at for at, (f, e) in enumerate(zip(found, expected)) if f != e), min(len(found), len(expected)))
    return f"the packet differs from byte {first} on: {found.hex(' ')}, not {expected.hex(' ')}"


def main():
    options = arguments()
    # Values of one CPU add up over the runs.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with Pinned(options.object) as pinned:
        if options.prog not in pinned.programs():
            raise ValueError(f"no program {options.prog}; there are {', '.join(pinned.programs())}")
        for update in options.update_map:
            name, key, value = update.split(":")
            pinned.update_map(name, bytes.fromhex(key), bytes.fromhex(value))
        wrong = check_runs(options, pinned)
        for name in options.dump_map:
            print(*pinned.map_lines(name), sep="\n")
        values = pinned.globals() if options.dump_global else {}
        for name in options.dump_global:
            if name not in values:
                raise ValueError(f"no global {name}; there are {sorted(values)}")
            print(f"{name} = {bpf.compact(values[name])}")
    if wrong:
        raise ValueError("; ".join(wrong))


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, ValueError) as failure:
        sys.exit(f"prog-run: {failure}")
