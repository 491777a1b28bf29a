"""Prints the tokens that the tree-sitter grammar has of programs: a line of JSON for each, its path, errors, and tokens.

    tree_sitter_tokens.py LIBRARY HIGHLIGHTS.scm FILE…       with a Python that has the package `tree-sitter`
"""

import ctypes
import json
import sys
from pathlib import Path

from tree_sitter import Language, Parser, Query, QueryCursor

# The captures of highlights.scm that are kinds of tokens; see editor_tokens.py.
_KINDS = {"comment": "comment", "comment.documentation": "comment", "string": "string", "character": "string", "number": "number",
          "keyword": "keyword", "boolean": "keyword", "constant.builtin": "keyword"}


def language(library):
    made = ctypes.CDLL(library).tree_sitter_kernelscript
    made.restype = ctypes.c_void_p
    capsule = ctypes.pythonapi.PyCapsule_New
    capsule.restype, capsule.argtypes = ctypes.py_object, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    return Language(capsule(made(), b"tree_sitter.Language", None))


def units(text):
    return len(text.encode("utf-16-le")) // 2


def errors(node):
    if node.is_error or node.is_missing:
        yield f"{node.start_point[0] + 1}:{node.start_point[1] + 1}: {'MISSING ' + node.type if node.is_missing else 'ERROR'}"
    elif node.has_error:
        for child in node.children:
            yield from errors(child)


def tokens(lines, kind, node):
    """One for each line that the node is on, without blanks around it."""
    (first, start), (last, end) = node.start_point, node.end_point
    for number in range(first, last + 1):
        line = lines[number]
        part = line[start if number == first else 0:end if number == last else len(line)].decode()
        text = part.strip()
        if text:
            before = (line[:start].decode() if number == first else "") + part[:len(part) - len(part.lstrip())]
            yield number, units(before), units(text), kind


def main():
    library, highlights, *paths = sys.argv[1:]
    known = language(library)
    parser, query = Parser(known), Query(known, Path(highlights).read_text())
    for path in paths:
        text = Path(path).read_bytes()
        tree = parser.parse(text)
        lines, found = text.split(b"\n"), []
        for name, nodes in QueryCursor(query).captures(tree.root_node).items():
            if name in _KINDS:
                found += [token for node in nodes for token in tokens(lines, _KINDS[name], node)]
        print(json.dumps([path, list(errors(tree.root_node)), sorted(set(found))]))


if __name__ == "__main__":
    main()
