#!/usr/bin/env python3
"""A client of `ksc lsp` for tests: it opens a text, asks what the text's comments say, and compares.

    lsp_client.py KSC --expect-answers FILE

A line of the file that ends in `//? METHOD WORD [#N] -> PATTERN` asks METHOD at the N-th (first) WORD of the line; the answer, as JSON on one
line, must match the regular expression. `//?` without a request before `->` asks `METHOD` of the whole text:
`//? documentSymbol -> PATTERN`. `token` is the type of the semantic token that begins at the word. `!PATTERN` must not match. A cursor behind the word is asked for with `WORD|`.
The text that the server gets is the file without these comments.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

_ASKS = re.compile(r"\s*//\? ([\w/]+)(?: (\S+?)(\|?))?(?: #(\d+))?(?: =(\S+))? -> (!?)(.*)$")
_NO_POSITION = {"documentSymbol", "foldingRange", "semanticTokens/full", "codeLens", "diagnostic", "formatting"}


class Client:
    """A server, and the messages to and from it."""

    def __init__(self, ksc, options=(), encodings=("utf-16",), text=None):
        self.process = subprocess.Popen([*ksc, "lsp", *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.number = 0
        self.told = []
        capabilities = {"general": {"positionEncodings": list(encodings)}, "textDocument": text or {}}
        self.ready = self.ask("initialize", {"processId": None, "rootUri": None, "capabilities": capabilities})
        self.tell("initialized", {})

    def send(self, message):
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self):
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            if name.lower() == "content-length":
                length = int(value)
        if not length:
            sys.exit("the server has ended")
        return json.loads(self.process.stdout.read(length))

    def tell(self, method, params):
        self.send({"method": method, "params": params})

    def ask(self, method, params):
        """The result, or the error."""
        self.number += 1
        self.send({"id": self.number, "method": method, "params": params})
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                return message["error"] if "error" in message else message.get("result")
            self.told.append(message)

    def open(self, uri, text, version=1):
        document = {"uri": uri, "languageId": "kernelscript", "version": version, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def tokens(self, uri):
        """The semantic tokens of a text: line, character, length and type; of a text that the server cannot read, none."""
        legend = self.ready["capabilities"]["semanticTokensProvider"]["legend"]["tokenTypes"]
        data = (self.ask("textDocument/semanticTokens/full", {"textDocument": {"uri": uri}}) or {"data": []})["data"]
        line = character = 0
        for lines, characters, length, kind, _modifiers in zip(*[iter(data)] * 5):
            line, character = line + lines, characters if lines else character + characters
            yield line, character, length, legend[kind]

    def end(self):
        self.ask("shutdown", None)
        self.tell("exit", None)
        return self.process.wait(timeout=20)


def _units(text):
    return len(text.encode("utf-16-le")) // 2


def _params(method, uri, position, value):
    params = {"textDocument": {"uri": uri}}
    if method not in _NO_POSITION:
        params["position"] = position
    if method == "references":
        params["context"] = {"includeDeclaration": True}
    if method == "rename":
        params["newName"] = value
    if method in ("codeAction", "inlayHint"):
        del params["position"]
        end = {"line": position["line"], "character": 10_000} if method == "inlayHint" else position
        start = {"line": position["line"], "character": 0} if method == "inlayHint" else position
        params["range"] = {"start": start, "end": end}
        params["context"] = {"diagnostics": []}
    if method == "selectionRange":
        params["positions"] = [params.pop("position")]
    if method == "formatting":
        params["options"] = {"tabSize": 4, "insertSpaces": True}
    return params


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ksc")
    parser.add_argument("--expect-answers", dest="file", metavar="FILE", type=Path, required=True)
    arguments = parser.parse_args()
    lines, asked = [], []
    for line in arguments.file.read_text().splitlines():
        # A comment of its own asks of the line before it.
        while found := _ASKS.match(line) if re.match(r"\s*//\? ", line) else _ASKS.search(line):
            own = found.start() == 0
            asked.append((len(lines) - own, found.groups()))
            line = None if own else line[:found.start()]
            if own:
                break
        if line is not None:
            lines.append(line)
    text = "\n".join(lines) + "\n"
    uri = arguments.file.resolve().as_uri()
    client = Client([arguments.ksc])
    client.open(uri, text)
    wrong = 0
    for number, (method, word, behind, which, value, unwanted, pattern) in asked:
        position = {"line": number, "character": 0}
        if word:
            places = [place.start() for place in re.finditer(re.escape(word), lines[number])]
            which = int(which or 1) - 1
            if which >= len(places):
                sys.exit(f"line {number + 1} has no `{word}`: {lines[number]}")
            at = places[which] + (len(word) if behind else 0)
            position["character"] = _units(lines[number][:at])
        if method == "token":
            answer = [kind for *place, _length, kind in client.tokens(uri) if place == [number, position["character"]]]
        else:
            answer = client.ask(f"textDocument/{method}", _params(method, uri, position, value))
        shown = json.dumps(answer, ensure_ascii=False)
        if bool(re.search(pattern, shown)) == bool(unwanted):
            wrong += 1
            print(f"line {number + 1}: {method} {word or ''} -> {unwanted}{pattern}\n    got {shown[:3000]}")
    if client.end() != 0:
        sys.exit("the server did not end with 0")
    if not asked:
        sys.exit("nothing was asked")
    print(f"{len(asked)} asked, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
