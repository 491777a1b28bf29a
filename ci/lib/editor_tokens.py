"""Tokens of programs as the lexer of the compiler has them, and their comparison with those of an editor's grammar.

A token is (line, column, length, kind), lines and columns from 0, in characters of UTF-16 as editors count; the kinds are `comment`, `string`,
`number` and `keyword`. A token of several lines is one for each line.
"""

import sys

from built import ROOT

KINDS = ("comment", "string", "number", "keyword")


def of_lexer(compiler, paths):
    """path, as text → its tokens, with those of other kinds, which are names; without the files that the server cannot read."""
    sys.path.insert(0, str(ROOT / "lit-tests/support"))
    from lsp_client import Client

    client = Client([compiler])
    found = {}
    for path in paths:
        text, uri = path.read_bytes().decode(), path.resolve().as_uri()
        client.open(uri, text)
        if tokens := list(client.tokens(uri)):
            found[str(path)] = tokens
        client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})
    client.end()
    return found


def differences(tokens, found):
    """Lines that say which tokens one side has alone. A grammar cannot know that a word of the language is a variable's name in its place."""
    expected, found = {token for token in tokens if token[3] in KINDS}, set(found)
    names = {token[:3] for token in tokens if token[3] not in KINDS}
    for line, column, length, kind in sorted(expected - found):
        yield f"{line + 1}:{column + 1}: a {kind} of {length} characters to the compiler alone"
    for line, column, length, kind in sorted(found - expected):
        if kind == "keyword" and (line, column, length) in names:
            continue
        yield f"{line + 1}:{column + 1}: a {kind} of {length} characters to the grammar alone"
