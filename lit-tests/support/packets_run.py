#!/usr/bin/env python3
"""Runs programs of a BPF object on many packets, in the kernel, and compares all that it does with a model in Python.

In a RUN line (lit.cfg.py calls it %packets-run):

    %packets-run %t.o --prog look --model %S/Inputs/frags.py --parts

The model is a module with `packets()`, which yields packets as bytes, and `expected(packet)`: what the program returns, the packet that it
leaves, and the global variables that it sets, by name. `after_all(packets)`, if it is there, has global variables after all runs.

Without --prog the model has `PROGRAMS`, names of programs, and each of them runs: `expected(packet, program)`.

With --like the program of another object, on the same packets in one part, is the model but for `packets`.

With --parts each packet also runs with less of it directly accessible, where the kernel lets a test of XDP do so: `ends(packet)` of the
model says how much. Prints how many runs there were.
"""

import argparse
import errno
import importlib.util
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
from pinned import Pinned  # noqa: E402

# The variables are read by other processes, so not behind each run of many: behind so many first ones, then behind each of so many.
_FIRST, _READ_ALL = 20, 100
# Packets over this length are run by programs that see them in parts alone.
_LINEAR = 3000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("object")
    parser.add_argument("--prog", help="name of the program; all that the model names, if it is left out")
    parser.add_argument("--model", required=True, metavar="FILE", help="the module in Python")
    parser.add_argument("--skip-refused", action="store_true",
                        help="leave out packets that the kernel does not run, such as too short ones of traffic control")
    parser.add_argument("--like", metavar="OBJECT", help="do what the program of that object does")
    parser.add_argument("--parts", action="store_true", help="also run on packets in parts")
    return parser.parse_args()


def load(path):
    spec = importlib.util.spec_from_file_location("model", path)
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    return model


def check(what, found, expected):
    if found != expected:
        raise ValueError(f"{what}: {found}, not {expected}")


def runs(model, program, parts):
    """Each packet, with how much of it is linear; None is for all, or what the kernel chooses."""
    parts_chosen = parts and program.takes_linear()
    for packet in model.packets():
        if parts or len(packet) <= _LINEAR:
            yield packet, None
        if parts_chosen:
            yield from ((packet, end) for end in model.ends(packet))


def compare(options, model, expected, pinned, prog):
    """Runs a program; returns on how many packets."""
    ran = []
    with pinned.program(prog) as program:
        every = list(runs(model, program, options.parts))
        before = pinned.globals()
        for packet, end in every:
            retval, left, variables = expected(packet)
            of = f"{prog}: {packet[:120].hex()}, {len(packet)} bytes, {end} linear"
            try:
                found, out = program.run(packet, end)
            except OSError as refused:
                if options.skip_refused and refused.errno == errno.EINVAL:
                    continue
                raise ValueError(f"{of}: {refused}") from refused
            check(f"{of}: returned", found, retval)
            check(f"{of}: the packet is then", out.hex(), left.hex())
            ran.append(packet)
            if variables and (len(ran) < _FIRST or len(ran) % _READ_ALL == 0 or len(packet) > _LINEAR):
                values = pinned.globals()
                for name, value in variables.items():
                    check(f"{of}: {name}", values[name], value)
        values = pinned.globals()
        for name, value in (model.after_all(ran, before) if hasattr(model, "after_all") else {}).items():
            check(name, values[name], value)
    return len(ran)


def main():
    options = arguments()
    model = load(options.model)
    if options.like:
        like = Pinned(options.like)
        model.expected = lambda packet, other=like.program(options.prog): (*other.run(packet), {})
    with Pinned(options.object) as pinned:
        if options.prog:
            count = compare(options, model, model.expected, pinned, options.prog)
        else:
            count = sum(compare(options, model, lambda packet, prog=prog: model.expected(packet, prog), pinned, prog)
                        for prog in model.PROGRAMS)
    print(f"{count} runs")


if __name__ == "__main__":
    try:
        main()
    except (RuntimeError, ValueError) as failure:
        sys.exit(f"packets-run: {failure}")
