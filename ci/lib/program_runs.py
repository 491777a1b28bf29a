"""ci/program_runs.toml: what the tests of docs/programs.md did on each kernel, as the runs of the tests saw it."""

import json
import tomllib

from built import ROOT

PATH = ROOT / "ci/program_runs.toml"
_HEAD = """\
# What the tests that docs/programs.md names did on each kernel. Written by `ci/vm/run --record`, for the kernels of ci/vm, and by
# `ci/test --record`, for this machine's: nobody edits it.
"""
PASSED = "passed"


class Runs:
    def __init__(self):
        """kernel → {test, as a path below lit-tests → `PASSED`, or why it did not run}"""
        self.of = tomllib.loads(PATH.read_text()) if PATH.exists() else {}

    def differing(self, kernel, seen):
        """Of what a run saw, that which the file has otherwise; nothing of a kernel that was never recorded."""
        recorded = self.of.get(kernel, seen)
        return {test: what for test, what in seen.items() if recorded.get(test) != what}

    def put(self, kernel, seen, wanted):
        """Adds what a run saw; what is not wanted any more goes."""
        of = {**self.of.get(kernel, {}), **seen}
        self.of[kernel] = {test: of[test] for test in sorted(of) if test in wanted}

    def write(self):
        lines = [_HEAD.rstrip()]
        for kernel in sorted(self.of, key=lambda kernel: [int(part) for part in kernel.split(".")]):
            lines += ["", f'["{kernel}"]', *(f'"{test}" = "{what}"' for test, what in self.of[kernel].items())]
        PATH.write_text("\n".join(lines) + "\n")


def judge(kernel, seen, wanted, record):
    """Puts what a run saw of the wanted tests into the file, or yields the lines that say where the file has it otherwise."""
    runs = Runs()
    seen = {test: what for test, what in seen.items() if test in wanted}
    if record:
        runs.put(kernel, seen, wanted)
        runs.write()
        return []
    return [f"{PATH.relative_to(ROOT)}: {test} on Linux {kernel}: `{what}`, not `{runs.of[kernel].get(test)}`; --record writes it"
            for test, what in runs.differing(kernel, seen).items()]


def of_lit(report):
    """What lit's report says of its tests; not those that failed."""
    seen = {}
    for test in json.loads(report.read_text())["tests"]:
        name = test["name"].removeprefix("ksc :: ")
        if test["code"] in {"PASS", "FLAKYPASS"}:
            seen[name] = PASSED
        elif test["code"] == "UNSUPPORTED":
            lacking = test["output"].rpartition(": ")[2].split(", ")
            # lit names them in the order of a set.
            seen[name] = f"lacks {', '.join(sorted(lacking))}"
    return seen
