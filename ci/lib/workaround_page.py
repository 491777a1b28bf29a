"""The page of the workarounds for verifiers and LLVM, from ir-specs/workarounds.toml and ci/ablation.toml."""

import tomllib

_HEAD = """\
# Workarounds

Made by `ci/facts` from `ir-specs/workarounds.toml`: correct code that a kernel's verifier refuses or walks too long, or that LLVM breaks, and
what ksc does about it. A workaround is in force if the object may meet one of its kernels (`--min-kernel`), or for all known ones where
none is named; "costs nothing" means that the code for later kernels has it too. `--without=NAME` compiles without one, to find out what needs it.

A pass, or a rewrite of LLVM IR behind the optimisation, exists for its workaround alone. A form is a part of a pass or of code generation, an
option is how LLVM is run.

One fault has no workaround: before 6.5, when the verifier prunes inside a BPF function, it marks the caller's registers as precise by what the
callee does to registers of the same numbers, and a reachable branch may be missing. No generated program is known that shows it as programs are
loaded usually; with a state at each jump (`BPF_F_TEST_STATE_FREQ`) one of 2,300 functions does (`tails` 0 of seed 1, at v1).

The last column is what `ci/vm/ablate` found, which leaves out one workaround after the other: how many objects of the examples, of `ci/bench` and
of the lit tests have other code without it, by how many instructions in all, and a test that fails on a kernel that ran. On 6.18 all the tests
whose objects change ran, on 6.1 and 6.12 only some of them, so a test may be missing there; "not tried" means that no run has left it out.

"""
_COLUMNS = ["name", "what happens without it", "kernels", "cause", "what ksc does", "as", "where in `src/`", "without it"]


def render(folder):
    workarounds = tomllib.loads((folder / "workarounds.toml").read_text())
    found = tomllib.loads((folder.parent / "ci/ablation.toml").read_text())
    rows = [_COLUMNS, ["---"] * len(_COLUMNS), *([*_cells(name, spec), _found(found.get(name))] for name, spec in workarounds.items())]
    return _HEAD + "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in rows)


def _cells(name, spec):
    cause = spec["cause"][0].upper() + spec["cause"][1:]
    return [f"`{name}`", spec["symptom"], _kernels(spec), cause, spec["does"], spec["level"], f"`{spec['file']}`"]


def _found(entry):
    if not entry:
        return "not tried"
    tests = [(test, kernel) for kernel, tests in entry.items() if isinstance(tests, list) for test in tests]
    ran = ", ".join(kernel for kernel, tests in entry.items() if isinstance(tests, list))
    needs = "`{}` fails on {}".format(*tests[0]) if tests else f"no test that ran fails on {ran}"
    return f"{entry['changes']} objects, {-entry['instructions']:+} instructions; {needs}"


def _kernels(spec):
    since, until = (".".join(map(str, spec[key])) if key in spec else None for key in ("since", "until"))
    parts = [f"from {since}"] * bool(since) + [f"before {until}"] * bool(until) + ["costs nothing"] * spec.get("everywhere", False)
    return ", ".join(parts)
