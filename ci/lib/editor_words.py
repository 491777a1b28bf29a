"""The words of the language as grammars of editors need them, from ir-specs/words.toml."""

import re
import tomllib

from built import ROOT


def words():
    """name → its row."""
    return tomllib.loads((ROOT / "ir-specs/words.toml").read_text())


def of_role(*roles):
    return sorted(name for name, row in words().items() if row["role"] in roles)


def _any(names):
    return "|".join(names)


def textmate():
    """The grammar for TextMate, VS Code and what else reads that form, as an object of JSON.

    `src/lsp/lexical.rs` has the same rules for words: what is behind `.`, `->`, `::` and `@` is a name, and so is what is declared before a colon.
    """
    constants = ["false", "none", "null", "true"]
    before_names = sorted(name for name, row in words().items() if row.get("before_name"))
    # A result may be a function.
    certain = [name for name in of_role("begins", "continues", "keyword") if name not in (*constants, *before_names)]
    no_member = r"(?<![@\w])(?<!^\.|[^.]\.)(?<!->)(?<!::)"
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "KernelScript",
        "scopeName": "source.kernelscript",
        "fileTypes": ["ks", "kh"],
        "patterns": [{"include": f"#{name}"} for name in
                     ("comments", "strings", "attributes", "labels", "declarations", "constants", "words", "types", "numbers", "calls", "operators")],
        "repository": {
            "comments": {"patterns": [
                {"name": "comment.line.documentation.kernelscript", "match": r"///.*$"},
                {"name": "comment.line.double-slash.kernelscript", "match": r"//.*$"},
                {"name": "comment.block.kernelscript", "begin": r"/\*", "end": r"\*/"},
            ]},
            "strings": {"patterns": [
                {"name": "string.quoted.double.kernelscript", "begin": '"', "end": '"|$', "patterns": [{"include": "#escapes"}]},
                {"name": "string.quoted.single.kernelscript", "match": r"'(?:[^'\\]|\\x[0-9A-Fa-f]{2}|\\.)'"},
            ]},
            "escapes": {"name": "constant.character.escape.kernelscript", "match": r"\\(?:x[0-9A-Fa-f]{2}|.)|%[-+ #0]*[0-9*]*(?:\.[0-9*]+)?(?:hh|h|ll|l|z)?(?:p(?:I4|I6|M|S)|[a-zA-Z%])"},
            "attributes": {"match": r"(@)\s*([A-Za-z_]\w*)", "captures": {
                "1": {"name": "punctuation.decorator.kernelscript"}, "2": {"name": "entity.name.function.decorator.kernelscript"}}},
            "labels": {"match": r"(?:^|(?<=[{(,;])|(?<=\bvar)|(?<=\blet))\s*(?!(?:default|false|null|true)\b)([A-Za-z_]\w*)(?=[ \t]*:(?!:))",
                       "captures": {"1": {"name": "variable.other.property.kernelscript"}}},
            "declarations": {"patterns": [
                {"match": no_member.replace("(?<!->)", "") + r"\b(fn)\s+([A-Za-z_]\w*)", "captures": {
                    "1": {"name": "keyword.declaration.kernelscript"}, "2": {"name": "entity.name.function.kernelscript"}}},
                {"match": no_member + r"\b(struct|union|enum|type|config|impl)\s+([A-Za-z_]\w*)", "captures": {
                    "1": {"name": "keyword.declaration.kernelscript"}, "2": {"name": "entity.name.type.kernelscript"}}},
            ]},
            "constants": {"name": "keyword.constant.kernelscript", "match": no_member + rf"\b(?:{_any(constants)})" + r"\b"},
            "words": {"patterns": [
                {"name": "keyword.control.kernelscript", "match": no_member.replace("(?<!->)", "") + r"\bfn\b"},
                {"name": "keyword.control.kernelscript", "match": no_member + rf"\b(?:{_any(certain)})" + r"\b"},
                {"name": "keyword.control.kernelscript", "match": no_member + rf"\b(?:{_any(before_names)})\b(?=\s+[A-Za-z_])"},
                {"name": "keyword.other.kernelscript", "match": no_member + rf"\b(?:{_any(of_role('name'))})\b(?=\s*[A-Za-z_\"])"},
            ]},
            "types": {"name": "support.type.kernelscript", "match": no_member.replace("(?<!->)", "") + rf"\b(?:{_any(of_role('type'))})" + r"\b"},
            "numbers": {"name": "constant.numeric.kernelscript",
                        "match": r"(?<!\w)(?:0[xXoObB]\w*|[0-9][0-9_]*(?:\.[0-9][0-9_]*)?(?:[eE][+-]?[0-9][0-9_]*)?\w*)"},
            "calls": {"match": r"\b([A-Za-z_]\w*)\s*(?=\()", "captures": {"1": {"name": "entity.name.function.call.kernelscript"}}},
            "operators": {"name": "keyword.operator.kernelscript",
                          "match": r"->|::|\.\.=?|&&|\|\||==|!=|<=|>=|<<=?|>>=?|[-+*/%&|^]=?|[=<>!~?]"},
        },
    }


def missing_in(text):
    """Lines for the words of the language that an editor's list lacks."""
    listed = set(re.findall(r"[A-Za-z_0-9]+", text))
    for name in sorted(words()):
        if name not in listed:
            yield f"it lacks `{name}`"
