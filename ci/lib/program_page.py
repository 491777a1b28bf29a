"""The page of all types of programs, from ir-specs/programs.toml and the lit tests that run them."""

import re
import tomllib

from built import ROOT
from helper_answers import version

_HEAD = """\
# Types of programs

Made by `ci/facts` from `ir-specs/programs.toml` and the tests in `lit-tests/run/`. The test of a row loads such programs, attaches them, lets
them run and looks at what they did: `ci/test` on Linux {own}, `ci/vm/run` on the others. "loads" is of programs that a test only runs on
given packets, or loads.

"""
_COLUMNS = ["program", "section", "kernel type", "context or parameters", "result", "attaches to", "test"]
# The oldest kernel that ksc promises, and that the tests run on.
_OLDEST = "6.1"
# Where tests attach what they load.
_ATTACHED = ("net", "struct_ops", "trace")


def render(folder, kernels):
    kernels = [kernel for kernel in kernels if version(kernel) >= version(_OLDEST)]
    columns = [*_COLUMNS, *kernels]
    programs = tomllib.loads((folder / "programs.toml").read_text())
    forms = tomllib.loads((folder / "attach_forms.toml").read_text())
    untested = tomllib.loads((ROOT / "ci/untested_programs.toml").read_text())
    tests = _tests()
    lines = [_HEAD.format(own=kernels[-1]), _row(columns), _row(["---"] * len(columns))]
    for name, spec in programs.items():
        for form in spec["forms"]:
            lines.append(_row(_cells((name, spec, form), forms, tests, untested, kernels)))
    return "".join(f"{line}\n" if not line.endswith("\n") else line for line in lines)


def _cells(row, forms, tests, untested, kernels):
    name, spec, form = row
    mode = form["mode"]
    shown = f'@{name}("{mode}")' if mode else f"@{name}"
    section = form["section"].replace("{mode}", mode)
    target = forms[form["attach"]["form"]].get("target", "nothing").replace("_", " ")
    found = _test(name, mode, tests)
    reason = untested.get(shown.removeprefix("@"))
    if (found is None) != (reason is not None):
        raise SystemExit(f"ci/untested_programs.toml: {shown} has {'no test, and no reason' if found is None else 'a test'}")
    test = f"`{found}`" if found else f"none: {reason}"
    since = form.get("since", [0, 0])
    results = [_result(found, tests, since, kernel, kernel == kernels[-1]) for kernel in kernels]
    result = "that of the member" if "member" in spec["params"] else f"`{form.get('result', spec['result'])}`"
    return [f"`{shown}`", f"`{section}`", f"`{spec['prog_type'].removeprefix('BPF_PROG_TYPE_').lower()}`", _params(spec["params"]),
            result, target, test, *results]


def _params(params):
    [(kind, columns)] = params.items()
    if kind == "replaced":
        return "those of the function"
    if kind == "member":
        return "those of the member"
    if kind == "own":
        return "a struct of the program"
    of = columns.get("of") or columns.get("typedef")
    return f"of `{of}`" if kind == "prototype" else f"`*{of}`"


def _result(found, tests, since, kernel, own):
    if version(kernel) < tuple(since):
        return f"needs {'.'.join(map(str, since))}"
    if found is None:
        return "not tested"
    required = re.findall(r"linux-([\d.]+)", tests[found]["requires"])
    if any(version(oldest) > version(kernel) for oldest in required):
        return f"the test needs {max(required, key=version)}"
    # A guest has no interpreter for commands inside of a cgroup, and lit leaves out tests of features that this machine lacks.
    if "netkit" in tests[found]["requires"] or ("--inside" in tests[found]["text"] and not own):
        return "not run"
    return "fires" if found.split("/")[1] in _ATTACHED else "loads"


def _tests():
    """Path below lit-tests → what it requires, and its text; those that attach first."""
    folder = ROOT / "lit-tests"
    paths = sorted(folder.glob("run/**/*.ks"), key=lambda path: (path.relative_to(folder).parts[1] not in _ATTACHED, path))
    tests = {}
    for path in paths:
        text = path.read_text()
        requires = " ".join(re.findall(r"^// REQUIRES: (.*)$", text, re.MULTILINE))
        if "bpf" in requires and "/Inputs/" not in str(path):
            tests[str(path.relative_to(folder))] = {"requires": requires, "text": text}
    return tests


def _test(name, mode, tests):
    """The first one with such a program."""
    words = rf'\("{re.escape(mode)}"' if mode else ""
    pattern = re.compile(rf"^\s*@{name}\b{words}", re.MULTILINE)
    plain = re.compile(rf'^\s*@{name}(?!\w)(?!\("(frags|devmap|cpumap|egress)")', re.MULTILINE)
    wanted = pattern if mode else plain
    return next((path for path, test in tests.items() if wanted.search(test["text"])), None)


def _row(cells):
    return f"| {' | '.join(cells)} |"
