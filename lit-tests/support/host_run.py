#!/usr/bin/env python3
"""Runs an executable, and the programs that it has loaded on zero bytes in the kernel (BPF_PROG_TEST_RUN), without a network.

In a RUN line (lit.cfg.py calls it %host-run):

    %host-run --ready ready --run count --times 3 --dump-map counts --dump-global total --insns count -- %t | FileCheck %s

In order: starts the executable, waits until it has printed the text of --ready, does each --run (at the same time as the
others with --parallel, else on one CPU; --interrupt sends a signal meanwhile), waits for the text of --until, prints what was asked for, stops the executable by a signal and checks its exit
status. Standard output is the executable's own, then what was asked for. A claim that fails is reported on standard error, with
status 1.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
import bpf  # noqa: E402
import script  # noqa: E402
from program import Failure, Program  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ready", metavar="TEXT", help="wait until the executable has printed this")
    parser.add_argument("--run", action="append", default=[], metavar="PROG", help="run this program")
    parser.add_argument("--times", default="1", metavar="N", help="so many times in each run")
    parser.add_argument("--size", type=int, default=64, metavar="BYTES", help="size of the data (default 64)")
    parser.add_argument("--parallel", action="store_true", help="all runs at the same time")
    parser.add_argument("--interrupt", metavar="TEXT", help="during the runs, send SIGINT as soon as this is printed")
    parser.add_argument("--insns", action="append", default=[], metavar="PROG",
                        help="how many instructions the verifier has left")
    parser.add_argument("--dump-map", action="append", default=[], metavar="NAME")
    parser.add_argument("--dump-global", action="append", default=[], metavar="NAME")
    parser.add_argument("--script", metavar="FILE", help="after the runs run this Python script, and print what it prints")
    parser.add_argument("--modules", metavar="FOLDER", help="where the script finds modules")
    parser.add_argument("--until", metavar="TEXT", help="after the runs wait until the executable has printed this")
    parser.add_argument("--signal", default="INT", help="what stops the executable: INT (default), TERM, none")
    parser.add_argument("--expect-exit", type=int, default=0, metavar="STATUS")
    parser.add_argument("command", nargs="+", metavar="EXECUTABLE", help="after `--`: the executable and its arguments")
    return parser.parse_args()


def held(pid, what):
    """The ids of the programs or maps that a process holds."""
    ids = set()
    for info in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        found = re.search(rf"^{what}_id:\s*(\d+)", info.read_text(), re.MULTILINE)
        if found:
            ids.add(int(found.group(1)))
    return sorted(ids)


def named(kind, ids):
    """name → id; the kernel keeps 15 characters of a name."""
    return {bpf.bpftool(kind, "show", "id", str(i)).get("name", str(i)): i for i in ids}


def test_run(prog, options):
    if not options.parallel:
        # The kernel may go on with the repetitions of one run on another CPU, and what they send has an order on each CPU only.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.NamedTemporaryFile() as data:
        data.write(bytes(options.size))
        data.flush()
        return bpf.bpftool("prog", "run", "id", str(prog), "data_in", data.name, "repeat", options.times)["retval"]


def find(name, among):
    if name[:15] not in among:
        raise Failure(f"the executable holds no `{name}`, but {sorted(among)}")
    return among[name[:15]]


def asked_for(options, program):
    """Does the runs; yields the lines that were asked for."""
    pid = program.pid()
    progs, maps = named("prog", held(pid, "prog")), named("map", held(pid, "map"))
    runs = [find(name, progs) for name in options.run]
    with concurrent.futures.ThreadPoolExecutor(len(runs) if options.parallel and runs else 1) as pool:
        results = pool.map(lambda prog: test_run(prog, options), runs)
        if options.interrupt:
            program.wait_output(options.interrupt)
            program.interrupt()
        for name, retval in zip(options.run, results):
            yield f"{name} returned {retval}"
    for name in options.insns:
        yield f"{name} has {bpf.bpftool('prog', 'show', 'id', str(find(name, progs)))['bytes_xlated'] // 8} instructions"
    for name in options.dump_map:
        yield from bpf.map_lines(name, ("id", str(find(name, maps))))
    values = bpf.globals_of(maps) if options.dump_global else {}
    for name in options.dump_global:
        if name not in values:
            raise Failure(f"no global {name}; there are {sorted(values)}")
        yield f"{name} = {bpf.compact(values[name])}"


def main():
    options = arguments()
    lines = []
    try:
        with Program(None, options.command) as program:
            try:
                if options.ready:
                    program.wait_output(options.ready)
                if options.run or options.insns or options.dump_map or options.dump_global:
                    lines.extend(asked_for(options, program))
                lines.extend(script.lines(options))
                if options.until:
                    program.wait_output(options.until)
                status = program.wait() if options.signal == "none" else program.stop(options.signal)
                if status != options.expect_exit:
                    raise Failure(f"the executable ended with status {status}, not {options.expect_exit}")
            finally:
                sys.stdout.write(program.stdout())
                print(*lines, sep="\n", end="\n" if lines else "")
                sys.stderr.write(program.stderr())
    except (Failure, RuntimeError) as failure:
        sys.stdout.flush()
        sys.exit(f"host-run: {failure}")


if __name__ == "__main__":
    main()
