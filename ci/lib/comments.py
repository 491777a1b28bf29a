"""The rules about comments of Rust sources: their sentences, and public items without one."""

import re

from rules import at
from sources import code_lines, files, lines, tests_begin

_SOURCES = ("src/", "runtime/src/", "vm/src/", "ir-specs/gen/", "ir-specs/build.rs")
# The record of an op says what its emitter does.
_EMITTERS = ("src/codegen/llvm/emit/", "src/codegen/c/emit/")

_WHAT = re.compile(r"\bwhat\b", re.IGNORECASE)
_OF_WHICH = re.compile(r"\bof which\b", re.IGNORECASE)
_COMMENT = re.compile(r"\s*//(?!//)[/!]? ?(.*)")
_ITEM = re.compile(r'(\s*)pub (?:const |unsafe |extern "[^"]*" )*(fn|struct|enum|trait|const|type)\s+(\w+)')
# Doc comments of clap's structs would be their commands' help text, which the variants of the commands have.
_OF_CLAP = re.compile(r"#\[derive\([^)]*\b(Args|Parser|Subcommand)\b")


def plain_sentences():
    """No sentence of a comment has two `what`s or an `of which`: it names the things that they are for."""
    for path in files(".rs", under=_SOURCES):
        for number, sentence in sentences(path):
            if len(_WHAT.findall(sentence)) > 1:
                yield at(path, number, "two `what`s in a sentence: name the things")
            if _OF_WHICH.search(sentence):
                yield at(path, number, "`of which`: make it two sentences, or a genitive")


def documented_items():
    """Every public function, type, trait and constant has a doc comment, apart from emitters of ops."""
    for path in files(".rs", under=_SOURCES):
        if not str(path).startswith(_EMITTERS):
            for number, kind, name in undocumented(path):
                yield at(path, number, f"`pub {kind} {name}` has no doc comment: say what its signature does not")


RULES = [("plain-sentences", plain_sentences), ("documented-items", documented_items)]


def sentences(path):
    """(line, sentence) for each sentence of a comment, or part of one between colons and semicolons."""
    block = []
    for number, line in lines(path) + [(0, "")]:
        if found := _COMMENT.match(line):
            block.append((number, found[1]))
            continue
        whole, starts = "", []
        for at, part in block:
            starts.append((len(whole), at))
            whole += part + " "
        for found in re.finditer(r"\S.*?(?:[.:;!?](?=\s)|$)", whole):
            yield max(at for offset, at in starts if offset <= found.start()), found[0]
        block = []


def undocumented(path):
    """(line, kind, name) of each public item without a doc comment. Constants in a row share the comment of the first."""
    source = [line for _number, line in lines(path)]
    for number, line in code_lines(path):
        found = _ITEM.match(line)
        if found and number < tests_begin(path) and not _is_documented(source, number - 1, found[1], found[2]):
            yield number, found[2], found[3]


def _is_documented(source, at, indent, kind):
    in_attribute = False
    for line in reversed(source[:at]):
        if line.lstrip().startswith("///") or _OF_CLAP.match(line.strip()):
            return True
        in_attribute |= line == f"{indent})]"
        in_row = kind == "const" and line.strip() and line.startswith(indent)
        if line.startswith(f"{indent}#["):
            in_attribute = False
        elif not (in_attribute or in_row):
            return False
    return False
