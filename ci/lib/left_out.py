#!/usr/bin/env python3
"""Makes an object that stands in for functions of LLVM that no compilation calls (ci/lib/left_out.toml).

    ci/lib/left_out.py LIBRARY OBJECT      LIBRARY has LLVM's files; prints the arguments for the linker, one a line

A linker that takes the first definition of a function (`-z muldefs`) and drops what nothing refers to (`--gc-sections`) then leaves out the
functions and all that only they call. LLVM's files call each other by names; calls within a file go on as they are.

Besides those of the table, the passes are left out that a text of passes alone can ask for. ksc runs the default pipelines, and passes that
these have.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

_TABLE = Path(__file__).with_suffix(".toml")

# The file of LLVM that names every pass of the texts.
_READER = "PassBuilder.cpp.o"

_BODIES = {"stop": 'void {id}(void) {{ left_out("{shown}"); }}', "nothing": "void {id}(void) {{}}", "null": "void *{id}(void) {{ return 0; }}"}

_START = """#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void left_out(const char *name) {
    static const char why[] = "internal error: this build of ksc leaves out ";
    if (write(2, why, sizeof why - 1) < 0 || write(2, name, strlen(name)) < 0 || write(2, "\\n", 1) < 0) abort();
    abort();
}
"""


def fail(why):
    sys.exit(f"left_out: {why}")


def run(*command, **more):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **more).stdout


class Library:
    """What LLVM's files define and name."""

    def __init__(self, path):
        self.functions, self.models, named, asked = set(), [], set(), set()
        member = None
        for line in run("nm", str(path)).splitlines():
            words = line.split()
            if len(words) == 1 and line.endswith(":"):
                member = line[:-1]
            elif len(words) == 2 and words[0] == "U":
                (asked if member == _READER else named).add(words[1])
            elif len(words) == 3 and words[1] in "TW" and words[2].startswith("_Z"):
                self.functions.add(words[2])
                if member != _READER and "PassModel" in words[2]:
                    self.models.append(words[2])
        if not asked:
            fail(f"{path} has no {_READER} of LLVM")
        self.asked = asked - named
        order = sorted(self.functions)
        self.shown = dict(zip(order, run("c++filt", input="\n".join(order)).splitlines()))

    def beginning(self, text):
        """The symbols of the functions that c++filt prints with this beginning."""
        found = [symbol for symbol, shown in self.shown.items() if shown.startswith(text)]
        return found or fail(f"LLVM has no function {text}")

    def only_by_text(self):
        """`run` of the passes that no other file of LLVM runs."""
        elsewhere = "\n".join(self.models)
        for symbol in sorted(self.asked & self.functions):
            found = re.match(r"_ZNK?4llvm(\d+)", symbol)
            end = found.end() + int(found[1]) if found else 0
            if found and symbol[:end].endswith("Pass") and symbol.startswith("3run", end) and symbol[found.start(1):end] not in elsewhere:
                yield symbol


def main():
    library, out = Library(Path(sys.argv[1])), Path(sys.argv[2])
    bodies, arguments = {symbol: "stop" for symbol in library.only_by_text()}, ["-Wl,-z,muldefs"]
    for group in tomllib.loads(_TABLE.read_text())["group"]:
        if "keep" in group:
            arguments += [f"-Wl,-u,{symbol}" for symbol in library.beginning(group["keep"])]
        for name in group["names"]:
            symbols = library.beginning(group["form"].format(name))
            if group["does"].startswith("as "):
                (other,) = library.beginning(group["does"][3:])
                arguments += [f"-Wl,--defsym={symbol}={other}" for symbol in symbols]
            else:
                bodies |= dict.fromkeys(symbols, group["does"])
    lines = [_START]
    for number, (symbol, does) in enumerate(bodies.items()):
        body = _BODIES[does].format(id=f"f{number}", shown=library.shown[symbol].split("(")[0])
        lines.append(f'{body.split(" {")[0]} __asm__("{symbol}");\n{body}')
    run("cc", "-x", "c", "-O1", "-ffunction-sections", "-fno-asynchronous-unwind-tables", "-c", "-o", str(out), "-", input="\n".join(lines))
    print("\n".join([str(out), *arguments]))


main()
