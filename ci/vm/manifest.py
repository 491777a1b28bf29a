"""What runs on the other kernels: the lit tests that need BPF, the examples, and generated programs.

Of a lit test, this machine runs the RUN lines that compile; a guest runs the lines that load. Nothing is listed here: a
lit test that requires `bpf` is in the manifest by that.
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import bound_objects
import helper_answers
import kernels
import long_objects
import verified
from built import BUILT, ROOT, compiler, environment
from checks import Checks
from features import OF_GUESTS
from patience import PATIENCE

# The first kernel that takes what `--mcpu` allows to be generated.
_MCPU_NEEDS = {"v4": (6, 6)}
_OLDEST = (6, 1)
# What marks a line as one that loads, or that looks at what is loaded. `moved_btf` makes an input of the compiler.
_LOADS = re.compile(r"/support/(?!moved_btf)\w+\.py|\bbpftool (prog|map|link)\b")
_LOOKS = "/sys/"
# What only reads files, and is not in the guests.
_READS = "llvm-"
_COMPILES = "ksc-under-test"
# What compiles and runs at once: the guests have no linker.
_RUNS = re.compile(rf"{re.escape(str(compiler()))} run\b")
_WITHOUT_BPF = re.compile(r"--target[= ](host|kmod)|[|;&<>]")
HELPERS = "facts/helpers"
_SYSTEM_PYTHON = "/usr/bin/python3"
# The tests of a short run: all that the language does, in programs that run; not packets, which take most of the time.
_SHORT = re.compile(r"run/(prog|both|host)/")
_RARE = {feature for features in kernels.BUILT.values() for feature in features}
# Of the lines of one test that run here, and of one test in a guest, in seconds.
_COMPILE_TIMEOUT = 600
TIMEOUT = 180 * PATIENCE


@dataclass
class Test:
    name: str
    folder: str
    # (line, the oldest kernel that it can run on)
    lines: list[tuple[str, tuple[int, int]]]
    timeout: int = TIMEOUT
    # What must be in the guest.
    files: list[Path] = field(default_factory=list)
    # Why it cannot be run, if it was not even compiled.
    broken: str | None = None
    # The features that few kernels have, and of which it needs all.
    rare: set[str] = field(default_factory=set)
    # Version of the kernel, what the script wrote → why that is wrong, or None.
    judge: Callable[[str, str], str | None] | None = None

    def needs(self):
        """The oldest kernel that runs some of it, as text."""
        oldest = min((needs for line, needs in self.lines if not _moves(line)), default=_OLDEST)
        return ".".join(map(str, oldest))

    def on(self, kernel):
        """The line for the guest, or None if the test is not for this kernel."""
        lines = [line for line, needs in self.lines if needs <= version(kernel)]
        if all(map(_moves, lines)) or self.rare != kernels.BUILT.get(kernel, set()):
            return None
        checks = self.checks(version(kernel))
        return {"name": self.name, "folder": self.folder, "script": script(checks.lines), "seen": checks.files(), "timeout": self.timeout,
                "shown": self.judge is not None}

    def checks(self, kernel):
        """The lines for the guest, without the comparisons that are made here."""
        return Checks([line for line, needs in self.lines if needs <= kernel], f"{self.folder}/{Path(self.name).name}")


def script(lines):
    """One script for bash, which ends at the first line that fails and says which."""
    return "\n".join(["set -eEo pipefail", "trap 'echo \"status $? of: $BASH_COMMAND\"' ERR", *lines])


def _moves(line):
    """Whether a line only changes the folder, for those after it."""
    return line.startswith("cd ")


def collect(output, pattern, short, again, seeds, record, bounds, longs):
    """Compiles everything; `output` is where to. Names are matched with a regular expression. `again`: what was compiled before is there.
    `seeds`: of generated programs, a hundred test functions and sixty programs each. `bounds`: how many objects of ci/bounds for each seed, `longs`: how many
    programs of ci/long. `record`: what verifiers process is written."""
    wanted = re.compile(pattern).search
    # The longest first.
    makes = [lambda seed=seed: _differential(output / "differential", seed, again) for seed in seeds]
    makes = makes if wanted("differential/") or re.match(r"\^?differential", pattern) else []
    if wanted("bounds/") or re.match(r"\^?bounds", pattern):
        makes += [lambda seed=seed, at=at: _bounds(output / "bounds" / seed, seed, at, again) for seed in seeds for at in range(bounds)]
    if wanted("long/") or re.match(r"\^?long", pattern):
        makes += [lambda seed=seed, at=at: _long(output / "long" / seed, seed, at, again) for seed in seeds for at in range(longs)]
    makes += [lambda test=test: test.prepare(again) for test in lit_tests(output) if wanted(test.name) and (not short or _SHORT.match(test.name))]
    makes += [make for name, make in _examples(output, record) if wanted(name)]
    makes += [lambda: [helpers(helper_answers.judge)]] if wanted(HELPERS) else []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        tests = [test for made in pool.map(lambda make: make(), makes) for test in made]
    tests = [test for test in tests if test.broken or wanted(test.name)]
    return [test for test in tests if test.broken or not all(_moves(line) for line, _ in test.lines)]


class _LitTest:
    def __init__(self, test, folder, base, lines):
        # `REQUIRES: linux-6.4`
        required = [version(name.removeprefix("linux-")) for name in test.requires if re.fullmatch(r"linux-[\d.]+", name)]
        self._oldest = max([_OLDEST, *required])
        self.name = "/".join(test.path_in_suite)
        self._rare = set(test.requires) & _RARE
        self._source = Path(test.getSourcePath())
        self._folder, self._base = Path(folder), Path(base)
        self._lines = lines

    def compiled(self):
        """The words of each line that compiles a program for BPF and does not expect errors, without the compiler and the output."""
        for line in self._lines:
            words = _words(line)
            made = [at for at, word in enumerate(words) if word == "-o"]
            if words and _COMPILES in words[0] and made and str(self._source) in words and not _WITHOUT_BPF.search(line):
                at = made[0]
                words = words[1:at] + words[at + 2:]
                yield [word for word in words if not word.startswith(("--emit", "--target", "-W"))]

    def prepare(self, again):
        """Runs what compiles, if it was not run before; what is left is for the guests."""
        self._folder.mkdir(parents=True, exist_ok=True)
        test = Test(self.name, str(self._folder), [], files=[self._source], rare=self._rare)
        if (inputs := self._source.parent / "Inputs").exists():
            test.files.append(inputs)
        split = _Split(self._oldest)
        for line in self._lines:
            split.add(line)
        test.lines, test.broken = split.there, split.broken
        if not all(_moves(line) for line, _ in test.lines):
            is_there = again and any(self._folder.glob(f"{self._base.name}*"))
            done = _shell(script([] if is_there else split.here), self._folder)
            test.broken = test.broken or (done.stdout if done.returncode != 0 else None)
            test.files += self._folder.glob(f"{self._base.name}*")
            test.files += {file for line, _ in test.lines for file in _named(line)}
        return [test]


class _Split:
    """The lines of a test, by where they run."""

    def __init__(self, oldest):
        self.here, self.there, self.broken = [], [], None
        self._oldest = oldest
        # File that was compiled → the oldest kernel for it.
        self._needs = {}
        self._executables = set()
        # Files that lines of the guest write.
        self._written = set()
        # A file that is compiled twice has a name for each time: the guest comes when all are there.
        self._renamed = {}

    def add(self, line):
        if _COMPILES in line:
            self._compiles(line)
            return
        if _RUNS.search(line):
            return
        line = self._with_names(line)
        words = _words(line)
        read = self._written.intersection(words)
        runs = self._executables.intersection(words) and not line.startswith(_READS)
        if _LOADS.search(line) or _LOOKS in line or read or runs:
            # What looks at what an earlier line wrote needs what that one needed.
            needs = [needs for before, needs in self.there if read.intersection(_words(before))]
            self.there.append((_for_guest(line), max([self._oldest, *needs, *(self._needs.get(word, self._oldest) for word in words)])))
            self._written.update(re.findall(r">\s*(/\S+)", line))
        else:
            self.here.append(line)
            if moved := re.search(r"(?:^|&& )(cd \S+)", line):
                self.there.append((moved[1], self._oldest))

    def _compiles(self, line):
        if _LOADS.search(line):
            self.broken = f"a RUN line compiles or loads, not both: {line}"
        words = _words(line)
        made = words[words.index("-o") + 1] if "-o" in words[:-1] else None
        if made in self._renamed or self._renamed.get(made, made) in self._needs:
            self._renamed[made] = f"{made}.{len(self._needs)}"
        line = self._with_names(line)
        self.here.append(line)
        if made:
            made = self._renamed.get(made, made)
            mcpu, kernel = _option(words, "--mcpu") or "v3", _option(words, "--min-kernel") or "6.1"
            needs = max(_MCPU_NEEDS.get(mcpu, self._oldest), version(kernel))
            self._needs.update({made: needs, f"{made}.bpf.o": needs})
            if not any(word.startswith(("--emit", "--target=bpf")) for word in words):
                self._executables.add(made)

    def _with_names(self, line):
        for made, name in self._renamed.items():
            line = re.sub(rf"(?<!\S){re.escape(made)}(?=(\.bpf\.o)?(\s|$))", name, line)
        return line


def _named(line):
    """The files of the repository that a line names: inputs, and other tests that hold what is expected."""
    for word in re.findall(r"/[^\s'\"`|<>;&()=,:]+", line):
        path = Path(word)
        if path.is_file() and path.resolve().is_relative_to(ROOT):
            # What is in a folder of inputs may need what is beside it.
            yield path.parent if path.parent.name == "Inputs" else path


def _option(words, name):
    """The value of an option: after `=` or in the next word."""
    found = re.search(rf"(?:^| ){name}[= ](\S+)", " ".join(words))
    return found and found[1]


def _words(line):
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def version(text):
    """Of `6.12`, `6.12-scx`."""
    return tuple(int(part) for part in text.split("-")[0].split(".")[:2])


def _for_guest(line):
    """The tools of a guest are where Debian has them, and its cgroups are all of version 2; lit's shell has no variables."""
    line = re.sub(r"'[^']*'|\$", lambda found: "\\$" if found[0] == "$" else found[0], line)
    # Copies of the Python that runs already.
    line = re.sub(rf"{re.escape(sys.executable)} -S (\S+/(?:support|Inputs)/\w+\.py)", r"forked \1", line)
    return line.replace(sys.executable, _SYSTEM_PYTHON).replace("/sys/fs/cgroup/unified", "/sys/fs/cgroup")


def _shell(line, folder):
    env = {**environment(), "KSC_UNDER_TEST": str(compiler()), "LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=folder, env=env, text=True, timeout=_COMPILE_TIMEOUT,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
    except subprocess.TimeoutExpired as slow:
        return subprocess.CompletedProcess(slow.cmd, 124, f"no end after {slow.timeout:.0f} s")


def helpers(judge):
    """What the kernel says of helpers."""
    asks = ROOT / "ci/lib/helper_programs.py"
    specs = [ROOT / "ir-specs/helpers.toml", ROOT / "ir-specs/uapi/bpf.toml"]
    return Test(HELPERS, str(ROOT), [(f"{_SYSTEM_PYTHON} {asks}", (5, 10))], files=[asks, *specs], judge=judge)


def lit_tests(output):
    """Every lit test that requires `bpf` and compiles; not those of the test harness itself."""
    sys.path.insert(1, "/usr/lib/llvm-22/utils/lit")
    import lit.discovery
    import lit.LitConfig
    import lit.TestRunner

    config = lit.LitConfig.LitConfig(
        progname="lit", path=[], diagnostic_level="error", useValgrind=False, valgrindLeakCheck=False, valgrindArgs=[],
        noExecute=False, debug=False, isWindows=False, order="lexical", params={})
    for test in lit.discovery.find_tests_for_inputs(config, [str(ROOT / "lit-tests")]):
        test.suite.exec_root = str(output / "lit")
        test.config.available_features.update(OF_GUESTS | _RARE)
        script = lit.TestRunner.parseIntegratedTestScript(test, require_script=False)
        if not isinstance(script, list) or "bpf" not in test.requires or test.path_in_suite[0] == "harness":
            continue
        folder, base = lit.TestRunner.getTempPaths(test)
        substitutions = list(test.config.substitutions)
        substitutions += lit.TestRunner.getDefaultSubstitutions(test, folder, base)
        lines = [getattr(line, "command", line) for line in script]
        lines = lit.TestRunner.applySubstitutions(lines, substitutions, {}, recursion_limit=None)
        yield _LitTest(test, folder, base, [re.sub(r"^%dbg\(.*?\)\s*", "", line) for line in lines])


def _examples(output, record):
    """Every example, and the programs of ci/bench, as each level of the instruction set: they must load, and the verifiers process no more
    than is recorded."""
    for source in verified.sources():
        for mcpu in ("v1", "v2", "v3", "v4"):
            name = f"{source.relative_to(ROOT)}.{mcpu}"
            yield name, lambda name=name, source=source, mcpu=mcpu: _example(output, name, source, mcpu, record)


def _example(output, name, source, mcpu, record):
    def judge(kernel, log):
        return "\n".join(verified.judge(kernel, source, mcpu, verified.processed(log), record)) or None

    made = output / f"{name}.o"
    made.parent.mkdir(parents=True, exist_ok=True)
    test = Test(name, str(made.parent), [(f"replay load {made}", _MCPU_NEEDS.get(mcpu, _OLDEST))], files=[made],
                judge=judge if mcpu in verified.LEVELS else None)
    words = [str(compiler()), "--target=bpf", f"--mcpu={mcpu}", str(source), "-o", str(made)]
    done = _shell(shlex.join(words), made.parent)
    if done.returncode != 0:
        test.broken = done.stdout
    return [test]


def _differential(folder, seed, again):
    """Generated programs with what they must return."""
    folder = folder / seed
    if again and folder.exists():
        return [_case(case) for case in sorted(folder.glob("*.json"))]
    folder.mkdir(parents=True)
    words = [BUILT / "differential", "export", folder, "--seed", seed, "--functions", "100", "--programs", "20"]
    done = subprocess.run(words, env=environment(), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    broken = [Test(f"differential/{seed}", str(folder), [], broken=done.stdout)] if done.returncode != 0 else []
    return broken + [_case(case) for case in sorted(folder.glob("*.json"))]


def _bounds(folder, seed, at, again):
    """An object of programs that access memory at computed offsets, with what they must return."""
    folder.mkdir(parents=True, exist_ok=True)
    made = bound_objects.make(folder, seed, at, again=again)
    results, needs = made.results, max(version(made.min_kernel), _MCPU_NEEDS.get(made.mcpu, _OLDEST))
    return [Test(f"bounds/{seed}/{results.stem}", str(folder), [(f"replay results {results}", needs)], files=[results, results.with_suffix(".o")],
                 broken=made.broken)]


def _long(folder, seed, at, again):
    """A program of ci/long at three levels, with what it must do. One that needs too much stack has no objects."""
    made = sorted(folder.glob(f"{at}.*.json"))
    if not (again and made):
        folder.mkdir(parents=True, exist_ok=True)
        broken = long_objects.export(folder, seed, at)
        if broken:
            return [Test(f"long/{seed}/{at}", str(folder), [], broken=broken)]
        made = sorted(folder.glob(f"{at}.*.json"))
    return [_case(case, "long", prunes=False) for case in made]


def _case(case, family="differential", prunes=True):
    needs = _MCPU_NEEDS.get(case.stem.rsplit(".", 1)[1], _OLDEST)
    name = f"{family}/{case.parent.name}/{case.stem}"
    # Then again with a state at each jump, so that what the verifier prunes wrongly shows.
    lines = [(f"replay cases {case}", needs), *([(f"replay cases --prune {case}", needs)] if prunes else [])]
    return Test(name, str(case.parent), lines, files=[case, case.with_suffix(".o")])
