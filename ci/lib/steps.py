"""What the scripts of RUN lines that run a program and do things beside it share: steps on the command line, and the end."""

import argparse
import sys
from contextlib import contextmanager

from program import Failure


def step(**settings):
    """An option that begins a step, with these settings until options behind it say otherwise."""

    class Step(argparse.Action):
        def __call__(self, _parser, options, value, option=None):
            options.steps.append({"kind": option.removeprefix("--"), "what": value, "received": None, **settings})

    return Step


class OfStep(argparse.Action):
    """An option that belongs to the step before it."""

    def __call__(self, parser, options, value, option=None):
        if not options.steps:
            parser.error(f"{option} is before the step that it belongs to")
        options.steps[-1][self.dest] = value


def parse(parser):
    """The options, with those that are about the program and its end."""
    parser.set_defaults(steps=[])
    parser.add_argument("--signal", default="INT", help="what stops the program: INT (default), TERM, none")
    parser.add_argument("--expect-exit", type=int, default=0, metavar="STATUS")
    parser.add_argument("command", nargs="+", metavar="PROGRAM", help="after `--`: the program and its arguments")
    return parser.parse_args()


def named(command, names):
    """The command with the values of `{name}` in it."""
    for name, value in names.items():
        command = [word.replace(f"{{{name}}}", str(value)) for word in command]
    return command


@contextmanager
def printed(program, lines):
    """What the program printed, and the lines behind it, are printed at the end, whatever happens."""
    try:
        yield
    finally:
        sys.stdout.write(program.stdout())
        print(*lines, sep="\n", end="\n" if lines else "")
        sys.stderr.write(program.stderr())


def end(program, options):
    """Stops the program, and checks its status."""
    status = program.wait() if options.signal == "none" else program.stop(options.signal)
    if status != options.expect_exit:
        raise Failure(f"the program ended with status {status}, not {options.expect_exit}")
