"""The page of all types of programs, from ir-specs/programs.toml and the lit tests that run them."""

import re
import tomllib

import program_runs
from built import ROOT
from helper_answers import version

_HEAD = """\
# Types of programs

Made by `ci/facts` from `ir-specs/programs.toml` and from what the tests in `lit-tests/run/` did on each kernel, which `ci/vm/run --record`
and `ci/test --record` write into `ci/program_runs.toml`. "fires": the test of the row loads such programs, attaches them, lets them run and
looks at what they did, and it passed. "loads": it runs them on given packets, or loads them, and it passed. "lacks": the test needs a
feature that the kernel of the tests was built without.

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
    lines = [_HEAD, _row(columns), _row(["---"] * len(columns))]
    runs = program_runs.Runs().of
    for name, spec in programs.items():
        for form in spec["forms"]:
            lines.append(_row(_cells((name, spec, form), forms, tests, untested, {kernel: runs.get(kernel, {}) for kernel in kernels})))
    return "".join(f"{line}\n" if not line.endswith("\n") else line for line in lines)


def tested():
    """The tests that the page names."""
    programs = tomllib.loads((ROOT / "ir-specs/programs.toml").read_text())
    tests = _tests()
    return {_test(name, form["mode"], tests) for name, spec in programs.items() for form in spec["forms"]} - {None}


def _cells(row, forms, tests, untested, runs):
    """`runs`: kernel → what the tests did there."""
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
    results = [_result(found, since, kernel, ran) for kernel, ran in runs.items()]
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


def _result(found, since, kernel, ran):
    if version(kernel) < tuple(since):
        return f"needs {'.'.join(map(str, since))}"
    if found is None:
        return "not tested"
    if found not in ran:
        raise SystemExit(f"{program_runs.PATH.relative_to(ROOT)} has no {found} on Linux {kernel}: run "
                         f"`ci/vm/run --record {found}` and `ci/test --record {found}`")
    if ran[found] != program_runs.PASSED:
        return ran[found]
    return "fires" if found.split("/")[1] in _ATTACHED else "loads"


def _tests():
    """Path below lit-tests → text; those that attach first."""
    folder = ROOT / "lit-tests"
    paths = sorted(folder.glob("run/**/*.ks"), key=lambda path: (path.relative_to(folder).parts[1] not in _ATTACHED, path))
    texts = {str(path.relative_to(folder)): path.read_text() for path in paths if "/Inputs/" not in str(path)}
    return {path: text for path, text in texts.items() if re.search(r"^// REQUIRES: .*\bbpf\b", text, re.MULTILINE)}


def _test(name, mode, tests):
    """The first one with such a program."""
    words = rf'\("{re.escape(mode)}"' if mode else ""
    pattern = re.compile(rf"^\s*@{name}\b{words}", re.MULTILINE)
    plain = re.compile(rf'^\s*@{name}(?!\w)(?!\("(frags|devmap|cpumap|egress)")', re.MULTILINE)
    wanted = pattern if mode else plain
    return next((path for path, text in tests.items() if wanted.search(text)), None)


def _row(cells):
    return f"| {' | '.join(cells)} |"
