"""The repository's files as the style rules see them: which there are, code without comments and strings, functions."""

import functools
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@functools.cache
def files(*suffixes, under=("",)):
    """Paths, relative to the root, of what git tracks or would add."""
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = sorted(set(out.splitlines()))
    return tuple(Path(n) for n in names
                 if n.endswith(suffixes or "") and n.startswith(tuple(under)) and (ROOT / n).is_file())


@functools.cache
def text(path):
    """The contents; empty for what is not text."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def lines(path):
    """(line number, line) pairs."""
    return list(enumerate(text(path).splitlines(), 1))


# One alternative per thing whose inside is not code. A lifetime ('a) is none of them.
_NOT_CODE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(?P<hashes>\#*)".*?"(?P=hashes)|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^'\n]*|[^'\\\n])'""", re.DOTALL)


@functools.cache
def code(path):
    """The Rust source with comments and the contents of strings blanked; lines and columns stay."""
    def blank(match):
        kept = re.sub(r"[^\n]", " ", match[0])
        return '"' + kept[1:-1] + '"' if match[0][0] not in "/'" and len(kept) > 1 else kept
    return _NOT_CODE.sub(blank, text(path))


def code_lines(path):
    return list(enumerate(code(path).splitlines(), 1))


@functools.cache
def tests_begin(path):
    """The line from which on a Rust file holds only unit tests."""
    for number, line in code_lines(path):
        if line.startswith("#[cfg(test)]"):
            return number
    return len(text(path).splitlines()) + 1


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    length: int


def rust_functions(path):
    """Every function outside the unit tests, nested ones too."""
    source = code(path)
    for found in re.finditer(r"\bfn\s+(\w+)", source):
        line = source.count("\n", 0, found.start()) + 1
        end = _end_of_body(source, found.end())
        if end and line < tests_begin(path):
            yield Function(found[1], line, source.count("\n", found.start(), end) + 1)


def _end_of_body(source, at):
    """Where the body closes; None for a declaration without body."""
    depth = 0
    for here in re.finditer(r"[{}();\[\]]", source[at:]):
        match here[0]:
            case "{" | "(" | "[":
                depth += 1
            case "}" | ")" | "]":
                depth -= 1
                if depth == 0 and here[0] == "}":
                    return at + here.end()
            case ";" if depth == 0:
                return None
    return None


def python_functions(path):
    import ast

    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.FunctionDef):
            yield Function(node.name, node.lineno, node.end_lineno - node.lineno + 1)


def is_python(path):
    return path.suffix == ".py" or text(path).startswith("#!/usr/bin/env python3")
