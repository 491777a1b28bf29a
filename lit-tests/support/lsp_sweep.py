#!/usr/bin/env python3
"""Asks `ksc lsp` for everything at every word of programs, and edits them at random: it must answer, and live.

    lsp_sweep.py KSC --expect-no-fault FILE…             hover, definition, completion, signature help … at the words of each file
    lsp_sweep.py KSC --expect-no-fault --edits N FILE…   N random edits of each file, and requests between them

An answer `InternalError`, an end of the server, and diagnostics that differ from those of `ksc check --error-format=json` are failures.
"""

import argparse
import json
import random
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from lsp_client import Client, _units  # noqa: E402

_AT_WORDS = ["hover", "definition", "typeDefinition", "implementation", "documentHighlight", "completion", "signatureHelp",
             "prepareRename", "prepareCallHierarchy"]
_WHOLE = ["documentSymbol", "foldingRange", "semanticTokens/full", "codeLens", "diagnostic"]
# What `ksc check -` calls its text.
_INPUT = "<stdin>"
_PIECES = ["{", "}", "(", ")", "\n", ";", "\"", "@", ".", "->", "::", " var x = ", "if (", "äö𝄞", "0x", "/*", "//", "fn f() {", "\r\n"]


class Sweep:
    """One server, and what it answered wrongly."""

    def __init__(self, ksc):
        self.ksc, self.client, self.wrong, self.asked = ksc, Client([ksc]), 0, 0

    def ask(self, method, params, where):
        self.asked += 1
        answer = self.client.ask(f"textDocument/{method}", params)
        if isinstance(answer, dict) and answer.get("code") == -32603:
            self.wrong += 1
            print(f"{where}: {method}: {answer}")
        return answer

    def words(self, path, step, methods=_AT_WORDS):
        text, uri = path.read_text(), path.resolve().as_uri()
        self.client.open(uri, text)
        document = {"textDocument": {"uri": uri}}
        for method in _WHOLE:
            answer = self.ask(method, document, path)
            if method == "diagnostic":
                self.compare(path, answer)
        places = [(number, found.start()) for number, line in enumerate(text.splitlines()) for found in re.finditer(r"\w+|\S", line)]
        lines = text.splitlines()
        for number, at in places[::step]:
            position = {"line": number, "character": _units(lines[number][:at])}
            for method in methods:
                self.ask(method, {**document, "position": position}, f"{path}:{number + 1}:{at + 1}")
        self.client.tell("textDocument/didClose", document)

    def compare(self, path, answer):
        """Codes and places, which `ksc check` has in characters."""
        checked = subprocess.run([self.ksc, "check", "--error-format=json", str(path.resolve())], capture_output=True, text=True,
                                 stdin=subprocess.DEVNULL)
        records = [json.loads(line) for line in checked.stderr.splitlines() if line.startswith("{")]
        wanted = sorted((record["code"], record.get("line", 1)) for record in records
                        if record.get("file", str(path.resolve())) == str(path.resolve()) and record["code"] != "E0904")
        got = sorted((item["code"], item["range"]["start"]["line"] + 1) for item in answer["items"])
        if wanted != got:
            self.wrong += 1
            print(f"{path}: `ksc check` reports {wanted}, the server {got}")

    def compare_text(self, path, text, answer):
        """As `compare`, of a text that is in no file."""
        checked = subprocess.run([self.ksc, "check", "--error-format=json", "-"], input=text.encode(), cwd=path.parent, capture_output=True)
        records = [json.loads(line) for line in checked.stderr.decode(errors="replace").splitlines() if line.startswith("{")]
        wanted = sorted((record["code"], record.get("line", 1)) for record in records if record.get("file", _INPUT) == _INPUT)
        got = sorted((item["code"], item["range"]["start"]["line"] + 1) for item in answer["items"])
        # The command cuts long lists, and says so.
        if len(wanted) < 90 and wanted != got:
            self.wrong += 1
            print(f"{path}, edited: `ksc check` reports {wanted}, the server {got}")

    def edits(self, path, count, burst=1):
        """`burst`: how many edits may be sent before the server has time to check."""
        text, uri = path.read_text(), path.resolve().as_uri()
        self.client.open(uri, text)
        for version in range(2, count + 2):
            lines = text.split("\n")
            number = random.randrange(len(lines))
            line = lines[number].rstrip("\r")
            start = random.randrange(len(line) + 1)
            end = min(len(line), start + random.choice([0, 0, 1, 5, 30]))
            piece = random.choice(_PIECES + [random.choice(lines)])
            change = {"range": {"start": {"line": number, "character": _units(line[:start])},
                                "end": {"line": number, "character": _units(line[:end])}}, "text": piece}
            document = {"uri": uri, "version": version}
            self.client.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
            before = sum(len(known) + 1 for known in lines[:number])
            text = text[:before + start] + piece + text[before + end:]
            if version % random.choice([5, 5 * burst]) == 0:
                position = {"line": number, "character": _units(line[:start])}
                method = random.choice(_AT_WORDS)
                self.ask(method, {"textDocument": {"uri": uri}, "position": position}, f"{path}, edit {version}")
        # The server's text is ours, whatever it remembers of the ones before.
        answer = self.ask("diagnostic", {"textDocument": {"uri": uri}}, path)
        # A file of declarations is checked with the open programs that import it.
        if path.suffix == ".ks":
            self.compare_text(path, text, answer)
        self.client.tell("textDocument/didClose", {"textDocument": {"uri": uri}})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ksc")
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--expect-no-fault", action="store_true", required=True)
    parser.add_argument("--edits", type=int)
    parser.add_argument("--step", type=int, default=1, help="ask at every STEP-th word")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    sweep = Sweep(arguments.ksc)
    for path in arguments.files:
        if arguments.edits:
            sweep.edits(path, arguments.edits)
        else:
            sweep.words(path, arguments.step)
    status = sweep.client.end()
    print(f"{sweep.asked} asked of {len(arguments.files)} files, {sweep.wrong} wrong")
    sys.exit(1 if sweep.wrong or status else 0)


if __name__ == "__main__":
    main()
