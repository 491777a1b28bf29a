"""Applies code actions of `ksc lsp` to a program, each to the program as it is: prints the lines that change, and what `ksc check` says.

    rewritten.py KSC SUPPORT FILE TITLE WORD [N] [TITLE WORD [N] …]

WORD is the N-th (first) of the file. An action that is not proposed is printed as `none`.
"""

import re
import subprocess
import sys
from pathlib import Path

ksc, support, name, *wanted = sys.argv[1:]
sys.path.insert(0, support)
from lsp_client import Client  # noqa: E402

text, uri = Path(name).read_text(), Path(name).resolve().as_uri()
client = Client([ksc])
client.open(uri, text)


def offset(position):
    return sum(len(line) + 1 for line in text.split("\n")[:position["line"]]) + position["character"]


def applied(edits):
    changed = text
    for edit in sorted(edits, key=lambda edit: -offset(edit["range"]["start"])):
        changed = changed[:offset(edit["range"]["start"])] + edit["newText"] + changed[offset(edit["range"]["end"]):]
    return changed


while wanted:
    title, word, *wanted = wanted
    nth = int(wanted.pop(0)) if wanted and wanted[0].isdigit() else 1
    at = [found.start() for found in re.finditer(rf"\b{word}\b", text)][nth - 1]
    place = {"line": text.count("\n", 0, at), "character": at - text.rfind("\n", 0, at) - 1}
    asked = {"textDocument": {"uri": uri}, "range": {"start": place, "end": place}, "context": {"diagnostics": []}}
    action = next((found for found in client.ask("textDocument/codeAction", asked) if found["title"] == title), None)
    print(f"{title} ({word} {nth}):", "" if action else "none")
    if action:
        changed = applied(action["edit"]["changes"][uri])
        before, after = text.split("\n"), changed.split("\n")
        for line in before:
            if line not in after:
                print("-", line.strip())
        for line in after:
            if line not in before:
                print("+", line.strip())
        checked = subprocess.run([ksc, "check", "-"], input=changed.encode(), capture_output=True)
        print("status", checked.returncode)
print("end", client.end())
