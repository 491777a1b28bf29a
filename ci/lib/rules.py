"""The rules of the house, one function each. A rule yields `Problem`s; its doc string is what `ci/style --list` prints."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import layers
from sources import (code, code_lines, files, is_python, lines, python_functions, rust_functions, tests_begin, text)

RULES = []
_SRC = ("src/",)
_RUST = ("src/", "runtime/src/", "ir-specs/", "differential/src/", "vm/")
_CODE_SUFFIXES = (".rs", ".py", ".pest", ".sh", ".c")


@dataclass(frozen=True)
class Problem:
    path: Path
    line: int
    message: str
    # What an entry of style-allow.toml names: the file, or `file:function`.
    subject: str
    warning: bool = False


def rule(function):
    RULES.append((function.__name__.replace("_", "-"), function))
    return function


def at(path, line, message, subject=None, warning=False):
    return Problem(path, line, message, subject or str(path), warning)


@rule
def layering():
    """A stage names only the stages before it (the table is ci/lib/layers.py)."""
    for path in files(".rs", under=_SRC):
        inside = path.relative_to("src")
        may_use = layers.allowed(inside)
        if may_use is None:
            continue
        own = inside.parts[0].removesuffix(".rs")
        depth = len(inside.parts) - (inside.name == "mod.rs")
        roots = re.compile(r"\b(?:crate|(?:super::){%d}super|ksc)::(\w+|\{[^}]*\})" % (depth - 1))
        for number, line in code_lines(path):
            for found in roots.finditer(line):
                for name in re.findall(r"(?<![:\w])\w+", found[1]):
                    if name not in may_use | {own, "bug"} and number < tests_begin(path):
                        yield at(path, number, f"`{own}` must not see `{name}`; it may use {', '.join(sorted(may_use))}",
                                 f"{path}:{name}")


@rule
def llvm_sys():
    """Only codegen/llvm/debug* touches llvm_sys."""
    for path in files(".rs", under=_SRC):
        if not re.match(r"src/codegen/llvm/debug\b", str(path)):
            for number, line in code_lines(path):
                if "llvm_sys" in line:
                    yield at(path, number, "llvm_sys outside codegen/llvm/debug: wrap what is needed there")


@rule
def inkwell_results():
    """Only codegen/llvm/builder* unwraps what inkwell returns."""
    for path in files(".rs", under=("src/codegen/llvm/",)):
        if not path.name.startswith("builder") and path.parent.name != "builder":
            for number, line in code_lines(path):
                if re.search(r"\.(unwrap|expect)\(", line) and number < tests_begin(path):
                    yield at(path, number, "`.unwrap()`/`.expect(` outside the builder: go through its methods")


@rule
def file_size():
    """A source file has at most 500 lines, better 400."""
    for path in files(under=("src/", "runtime/", "ir-specs/", "differential/", "vm/", "ci/", "lit-tests/support/", "tests/")):
        if path.suffix in _CODE_SUFFIXES or is_python(path):
            size = len(text(path).splitlines())
            if size > 400:
                yield at(path, 1, f"{size} lines; split it by family", warning=size <= 500)


@rule
def function_size():
    """A function has at most 80 lines (unit tests aside)."""
    for path in files(under=("src/", "runtime/", "ir-specs/", "differential/", "vm/", "ci/", "lit-tests/support/")):
        if path.suffix != ".rs" and not is_python(path):
            continue
        for function in (rust_functions if path.suffix == ".rs" else python_functions)(path):
            if function.length > 80:
                yield at(path, function.line, f"`{function.name}` has {function.length} lines; at most 80",
                         f"{path}:{function.name}")


@rule
def module_names():
    """No module is called utils, helpers, common or misc: a name says what is inside."""
    for path in files(".rs", ".py"):
        if {"util", "utils", "helpers", "common", "misc"} & set(path.with_suffix("").parts):
            yield at(path, 1, "a module name must say what is inside")


@rule
def module_docs():
    """Every Rust module begins with `//!`."""
    for path in files(".rs", under=_RUST + ("tests/",)):
        if not text(path).lstrip().startswith("//!"):
            yield at(path, 1, "begin the module with a `//!` line that says what it is for")


@rule
def everything_has_a_place():
    """Every folder at the top is in the map of ARCHITECTURE.md, and every program lies where tests or readers find it."""
    rows = re.findall(r"^\| (`[^|]*) \|", text(Path("ARCHITECTURE.md")), re.MULTILINE)
    mapped = {folder for row in rows for folder in re.findall(r"`([\w-]+)/", row)}
    for path in files():
        top = path.parts[0]
        if len(path.parts) > 1 and not top.startswith(".") and top not in mapped:
            yield at(path, 1, f"`{top}/` is not in the map of ARCHITECTURE.md", f"{top}/")
    for path in files(".ks", ".ksir"):
        if not str(path).startswith(("lit-tests/", "examples/", "ci/peers/", "docs/book/programs/")):
            yield at(path, 1, "a program that nothing compiles: make it a test or an example")


@rule
def nothing_unfinished():
    """Nothing unfinished: no todo!, no notes of things to do, no ignored tests."""
    macros = re.compile(r"\b(todo|unimplemented)!|#\[ignore")
    notes = re.compile(r"\b(TO[D]O|FI[X]ME|XX[X]|HA[C]K)\b")
    for path in files():
        for number, line in code_lines(path) if path.suffix == ".rs" else []:
            if macros.search(line):
                yield at(path, number, "unfinished code: make it an honest diagnostic, or finish it")
        for number, line in lines(path):
            if found := notes.search(line):
                yield at(path, number, f"`{found[0]}`: do it, or open an issue")


@rule
def no_workplace():
    """The repository speaks of the compiler, not of where or with what it was written."""
    # Bracketed letters: this line must not find itself.
    words = re.compile(r"(?<!\w)/wor[k]/|/tm[p]/(brief|bash_jobs)|wor[k]tree|sub-?agen[t]|\bcl[a]ude|anthro[p]ic|chatg[p]t|"
                       r"language mode[l]|co-authored-b[y]|\bAI[-]generated|\bmy sessio[n]|\bthis sessio[n]", re.IGNORECASE)
    for path in files():
        for number, line in lines(path):
            if found := words.search(line):
                yield at(path, number, f"`{found[0]}` does not belong in the repository")


@rule
def words():
    """Text and names use the terms of the glossary in CONTRIBUTING.md, not the words that ci/words.toml lists."""
    table = tomllib.loads(text(Path("ci/words.toml")))
    uses = [(re.compile(rf"(?<![A-Za-z])(?:{word})(?![A-Za-z])", re.IGNORECASE), use) for word, use in table["words"].items()]
    legitimate = re.compile("|".join(table["legitimate"]), re.IGNORECASE)
    for path in files():
        if str(path).startswith(tuple(table["elsewhere"])):
            continue
        for number, line in lines(path):
            line = legitimate.sub("", line)
            for word, use in uses:
                if found := word.search(line):
                    yield at(path, number, f"`{found[0]}`: {use}")


@rule
def safety_comments():
    """Every `unsafe` block and impl has a `// SAFETY:` comment, every `unsafe fn` a `# Safety` section."""
    for path in files(".rs", under=_RUST):
        source = text(path).splitlines()
        for number, line in code_lines(path):
            if re.search(r"\bunsafe\s*(\{|impl\b)", line) and not _commented(source, number, "SAFETY:"):
                yield at(path, number, "`unsafe` without a `// SAFETY:` comment above it")
            if re.search(r"\bunsafe\s+(extern\s+\S+\s+)?fn\s+\w", line) and not _commented(source, number, "# Safety"):
                yield at(path, number, "`unsafe fn` without a `# Safety` section in its doc comment")


def _commented(source, number, word):
    """Whether `word` is on the line, or above it with only comments, attributes and its own statement between."""
    if word in source[number - 1]:
        return True
    for line in reversed(source[:number - 1]):
        line = line.strip()
        if word in line:
            return True
        if not line.startswith(("//", "#[")) and re.search(r"[;{}]$|^$", line):
            return False
    return False


@rule
def tables_are_the_list():
    """No match over names of builtins, helpers, map kinds or program types outside the passes and emitters."""
    names = set()
    for table in ("builtins", "helpers", "maps", "programs"):
        for found in re.finditer(r"^\[([a-z_0-9]+)\]", text(Path(f"ir-specs/{table}.toml")) if
                                 Path(f"ir-specs/{table}.toml") in files(".toml") else "", re.MULTILINE):
            names.add(found[1])
    for path in files(".rs", under=_SRC):
        if path.parts[1] == "passes" or "emit" in path.parts:
            continue
        for number, line in lines(path):
            for found in re.finditer(r'"(\w+)"\s*(?:\|[^=]*)?=>', line):
                if found[1] in names and number < tests_begin(path):
                    yield at(path, number, f"`\"{found[1]}\" =>`: a second list; take the fact from the table",
                             f"{path}:{found[1]}")


@rule
def targets_are_asked():
    """Outside of src/target/ nothing compares targets, by `==`, `contains` or `matches!`: code asks for a fact of the target, or matches all
    targets."""
    for path in files(".rs", under=_SRC):
        if path.parts[1] == "target":
            continue
        for number, line in code_lines(path):
            if re.search(r"([=!]= (Some\()?\[?|\bcontains\(&?|\bmatches!\(.*)(crate::)?(target::)?Target::", line):
                yield at(path, number, "ask `target.facts()`, or match every target")


@rule
def kernels_are_asked():
    """Only src/kernels.rs compares kernel versions: code asks whether `--min-kernel` admits a range of kernels."""
    for path in files(".rs", under=_SRC):
        if path.name in ("kernels.rs", "session.rs", "cli.rs"):
            continue
        for number, line in code_lines(path):
            if re.search(r"\bmin_kernel\b|\bKernelVersion\b", line) and number < tests_begin(path):
                yield at(path, number, "ask `options.works_around(workaround)` or `options.lacks(since)`")


@rule
def architecture_paths():
    """The files and folders that ARCHITECTURE.md names are there."""
    for number, line in lines(Path("ARCHITECTURE.md")):
        for name in re.findall(r"`([\w./-]+(?:/|\.rs|\.toml|\.txt|\.pest|\.h))`", line):
            if "/" in name and not any(Path(place, name).exists() for place in ("", "src", "src/sema", "src/passes", "runtime/src", "ir-specs", "differential/src")):
                yield at(Path("ARCHITECTURE.md"), number, f"there is no `{name}`")


@rule
def verifier_passes():
    """The passes of src/passes/verifier/ name the workarounds that they are for."""
    for path in files(".rs", under=("src/passes/verifier/",)):
        if "pub static PASS: Pass" in text(path) and "because: Because::Verifier(" not in text(path):
            yield at(path, 1, "say `because: Because::Verifier(…)`, or move it out of this folder")


def declared_codes():
    """(path, line, code, struct name, doc text) of every diagnostic code."""
    for path in files(".rs", under=("src/diag/codes/",)):
        doc = []
        for number, line in lines(path):
            line = line.strip()
            if line.startswith("///"):
                doc.append(line.removeprefix("///").strip())
            elif found := re.match(r"([EW]\d{4})\s+(\w+)", line):
                yield path, number, found[1], found[2], " ".join(doc)
                doc = []
            elif not line.startswith("//"):
                doc = []


@rule
def codes_are_once():
    """A diagnostic code and its name are declared once."""
    seen = {}
    for path, number, diagnostic, name, _doc in declared_codes():
        for what in (diagnostic, name):
            if what in seen:
                yield at(path, number, f"{what} is also declared at {seen[what]}")
            seen[what] = f"{path}:{number}"


@rule
def codes_are_used():
    """Every declared diagnostic code is reported somewhere."""
    used = set()
    for path in files(".rs", under=_SRC):
        if not str(path).startswith("src/diag/codes/"):
            used.update(re.findall(r"\b[A-Z]\w+", code(path)))
    for path, number, diagnostic, name, _doc in declared_codes():
        if name not in used:
            yield at(path, number, f"{diagnostic} {name} is declared and never reported", f"{path}:{diagnostic}")


@rule
def codes_are_explained():
    """Every diagnostic code has a doc text of at least one sentence, for `ksc explain`."""
    for path, number, diagnostic, name, doc in declared_codes():
        if len(doc.split()) < 4 or not re.search(r"[.:!?)`…]$", doc):
            yield at(path, number, f"{diagnostic} {name} needs a doc text of at least one sentence", f"{path}:{diagnostic}")


@rule
def codes_are_tested():
    """Every diagnostic code is expected by a lit test (`//~ CODE`, or a CHECK line)."""
    expected = set()
    for path in lit_tests() + list(files(".stderr", ".json", ".expected", under=("lit-tests/",))):
        for line in text(path).splitlines():
            if "//~" in line or re.search(r"[A-Z]+[-A-Z]*:", line):
                expected.update(re.findall(r"\b[EW]\d{4}\b", line))
    for path, number, diagnostic, name, _doc in declared_codes():
        if diagnostic not in expected:
            yield at(path, number, f"no lit test expects {diagnostic} {name}", f"{path}:{diagnostic}")


def lit_tests():
    return [path for path in files(".ks", ".ksir", ".test", under=("lit-tests/",))
            if not {"Inputs", "support"} & set(path.parts)]


_CAN_FAIL = re.compile(r"FileCheck|\bnot\b|--expect-|--verify-diagnostics|\bdiff\b|\bcmp\b|\btest \b|\bcount \d|\bgrep\b|%python|%verify-")


@rule
def lit_tests_can_fail():
    """Every lit test says its claim in the first line and has a RUN line whose expectation can fail."""
    for path in lit_tests():
        source = text(path)
        # A .test file is input of nothing, so its lines need no comment sign.
        sign = "" if path.suffix == ".test" else r"(//|#|;)\s+"
        if not re.match(sign + r"(?!([#/;]+ *)?RUN:)\S", source):
            yield at(path, 1, "the first line must say the claim")
        runs = re.findall(r"RUN:(.*)", source)
        if not runs:
            yield at(path, 1, "no RUN line")
        elif not any(_CAN_FAIL.search(run) for run in runs):
            yield at(path, 1, "no RUN line expects anything: use FileCheck, not, --verify-diagnostics, --expect-…")
        prefixes = {p for run in runs for p in re.findall(r"--check-prefix(?:es)?[= ](\S+)", run)}
        if any("FileCheck" in run and "check-prefix" not in run for run in runs):
            prefixes.add("CHECK")
        for prefix in sorted(p for given in prefixes for p in given.split(",")):
            # A run with nothing but `-NOT` lines passes on no output at all.
            wanted = rf"\b{prefix}(-NEXT|-SAME|-DAG|-LABEL|-COUNT-\d+)?(\{{LITERAL\}})?:"
            if not re.search(wanted, source) and "FileCheck %s" in " ".join(runs):
                yield at(path, 1, f"no line that FileCheck must find for `{prefix}`")
        if any("--verify-diagnostics" in run for run in runs) and "//~" not in source:
            yield at(path, 1, "--verify-diagnostics without a `//~` line", warning=True)


@rule
def expected_numbers_end():
    """In tests that run programs an expected line that ends in a number is matched whole: `n = 8` is found in `n = 80`."""
    for path in lit_tests():
        source = text(path)
        if not str(path).startswith(("lit-tests/run/", "lit-tests/spec/")) and "%prog-run" not in source:
            continue
        whole = set()
        for run in re.findall(r"RUN:.*--match-full-lines.*", source):
            whole.update(re.findall(r"--check-prefix[= ](\w+)", run) or ["CHECK"])
        for number, line in lines(path):
            found = re.match(r"(?://|#) (\w+)(?:-NEXT|-SAME|-DAG)?: .*\d$", line)
            if found and found[1] not in whole | {"RUN", "DEFINE", "SPEC", "REQUIRES"}:
                yield at(path, number, "the number may go on: end it with `{{$}}`, or use `--match-full-lines`")


@rule
def spec_index():
    """Each sentence of lit-tests/spec/sentences.toml has a test with its `SPEC:` tag, each tag a sentence."""
    table = Path("lit-tests/spec/sentences.toml")
    sections = tomllib.loads(text(table))
    known = {f"{section}/{name}" for section, sentences in sections.items() for name in sentences}
    shown = set()
    for path in lit_tests():
        for number, line in lines(path):
            for tag in (re.findall(r"SPEC: (.*)", line) or [""])[0].split():
                shown.add(tag)
                if tag not in known:
                    yield at(path, number, f"`{tag}` is no sentence of {table}")
    for number, line in lines(table):
        if line.startswith("["):
            section = line.strip("[]")
        elif (found := re.match(r"([\w-]+) = ", line)) and f"{section}/{found[1]}" not in shown:
            yield at(table, number, f"no test shows `{section}/{found[1]}`", f"{section}/{found[1]}")


@rule
def example_index():
    """examples/README.md has a link to each program in examples/, and none to what is not there."""
    index = Path("examples/README.md")
    linked = {}
    for number, line in lines(index):
        linked.update({f"examples/{name}": number for name in re.findall(r"\]\(([\w/.]+)\)", line)})
    there = {str(path) for path in files(".ks", under=("examples/",))}
    for path in sorted(there - linked.keys()):
        yield at(Path(path), 1, f"{index} does not name it")
    for path in sorted(linked.keys() - there):
        yield at(index, linked[path], f"there is no `{path}`")
