"""Compares answers of `ksc lsp` with what other commands say of the same program.

    claims.py KSC SUPPORT FOLDER     FOLDER has claims.ks, and is for what is made

Formatting with `ksc fmt`, the action that applies all fixes with `ksc fix`, instructions with `llvm-objdump`, verdicts with `ksc verify`.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ksc, support, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
sys.path.insert(0, support)
from lsp_client import Client, _units  # noqa: E402

wrong = 0


def claim(what, got, wanted):
    global wrong
    wrong += got != wanted
    print(f"{what}: {'right' if got == wanted else f'got {got!r}, wanted {wanted!r}'}")


def run(*command, text=None, status=0):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"{command}: {done.returncode}: {done.stderr}")
    return done.stdout


def applied(text, edits):
    """The text after edits, whose positions are in UTF-16 units."""
    lines = text.split("\n")

    def offset(place):
        line = lines[place["line"]] if place["line"] < len(lines) else ""
        units = line.encode("utf-16-le")[:2 * place["character"]].decode("utf-16-le")
        return sum(len(known) + 1 for known in lines[:place["line"]]) + len(units)

    for edit in sorted(edits, key=lambda edit: offset(edit["range"]["start"]), reverse=True):
        start, end = offset(edit["range"]["start"]), offset(edit["range"]["end"])
        text = text[:start] + edit["newText"] + text[end:]
    return text


def whole(text):
    lines = text.split("\n")
    return {"start": {"line": 0, "character": 0}, "end": {"line": len(lines) - 1, "character": _units(lines[-1])}}


def fixed_text():
    uri, text = source.as_uri(), source.read_text()
    document = {"textDocument": {"uri": uri}}
    client.open(uri, text)
    options = {"options": {"tabSize": 4, "insertSpaces": True}}
    claim("formatting", applied(text, client.ask("textDocument/formatting", {**document, **options})), run(ksc, "fmt", "-", text=text))
    # Of a range its lines alone change.
    lines = {"start": {"line": 4, "character": 0}, "end": {"line": 5, "character": 30}}
    done = applied(text, client.ask("textDocument/rangeFormatting", {**document, **options, "range": lines})).split("\n")
    formatted = run(ksc, "fmt", "-", text=text).split("\n")
    claim("formatting of a range", (done[4:6], done[10:]), (formatted[4:6], text.split("\n")[10:]))
    in_c = text.replace("var n: u32 = 3", "u32 n = 3;\n    int m = 4").replace('"%u", n', '"%u %d", n, m')
    client.tell("textDocument/didChange", {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [{"text": in_c}]})
    claim("no formatting of what cannot be read", client.ask("textDocument/formatting", {**document, **options}), None)
    context = {"diagnostics": [], "only": ["source.fixAll"]}
    actions = client.ask("textDocument/codeAction", {**document, "range": whole(in_c), "context": context})
    claim("one action applies all fixes", [action["title"] for action in actions], ["apply all certain fixes"])
    [edits] = actions[0]["edit"].get("changes", {}).values() or [actions[0]["edit"]["documentChanges"][0]["edits"]]
    by_command = folder / "by_command.ks"
    by_command.write_text(in_c)
    subprocess.run([ksc, "fix", by_command], capture_output=True, check=False)
    claim("and they are those of `ksc fix`", applied(in_c, edits), by_command.read_text())
    claim("something was fixed", "var m: i32 = 4" in by_command.read_text(), True)
    symbols = client.ask("workspace/symbol", {"query": "bum"})
    found = [(symbol["name"], symbol["kind"], symbol["location"]["range"]["start"], symbol["location"]["uri"]) for symbol in symbols]
    claim("symbols of the folders", found, [("bump", 12, {"line": 3, "character": 11}, uri)])
    client.tell("textDocument/didClose", document)
    return by_command.read_text()


def objdump(obj):
    """The instructions of each function: their offsets in slots, and their texts."""
    functions = {}
    for line in run("llvm-objdump", "-d", "--no-show-raw-insn", obj).splitlines():
        if found := re.match(r"[0-9a-f]+ <(\w+)>:", line):
            functions[found[1]] = name = []
        elif found := re.match(r"\s+(\d+):\s+(.*)", line):
            name.append((int(found[1]), found[2]))
    return functions


def as_objdump(text):
    """An instruction as LLVM prints it, without targets of jumps and names; registers of narrow accesses are whole, as the kernel has them."""
    text = re.sub(r"^w(\d+) = \*|(?<=\) = )w(\d+)$", lambda found: f"r{found[1]} = *" if found[1] else f"r{found[2]}", text)
    text = re.sub(r"\((r\d+) ([+-]) ?(0x[0-9a-f]+|\d+)\)", lambda found: f"({found[1]} {found[2]} {int(found[3], 0)})", text)
    text = re.sub(r"(?<![\w.])(0x[0-9a-f]+)(?= |$)", lambda found: str(int(found[1], 16)), text)
    text = re.sub(r" <[^ >]+>|goto .*", "", re.sub(r"^call .*", "call", text))
    return re.sub(r"-(\d+)$", lambda found: str((1 << 32) - int(found[1])) if text.startswith("w") else f"-{found[1]}", text).strip()


def figures(text):
    good = folder / "good.ks"
    good.write_text(text)
    run(ksc, "--target=bpf", good, "-o", folder / "good.o")
    functions, uri = objdump(folder / "good.o"), good.as_uri()
    client.open(uri, text)
    document = {"textDocument": {"uri": uri}}
    count = len(functions["seen"])
    titles = [lens["command"]["title"] for lens in client.ask("textDocument/codeLens", document)]
    claim("lenses", titles, [f"xdp · {count + sum(text.endswith(' ll') for _, text in functions['seen'])} instructions · Linux 5.18", "verify", "run"])
    answer = client.ask("ksc/bytecode", {**document, "range": whole(text)})
    got = {function["name"]: [(one["offset"], as_objdump(one["text"])) for one in function["instructions"]] for function in answer["functions"]}
    claim("kernel of the object", answer["kernel"], "6.1")
    claim("functions", sorted(got), sorted(functions))
    for name, listed in got.items():
        claim(f"instructions of {name}", listed, [(at, as_objdump(text)) for at, text in functions[name] if at in dict(listed)])
        claim(f"most of {name} have lines", len(listed) * 10 >= len(functions[name]) * 8, True)
    line = next(number for number, line in enumerate(text.split("\n")) if "XDP_DROP" in line)
    only = {"start": {"line": line, "character": 0}, "end": {"line": line, "character": 5}}
    lines = {one["line"] for function in client.ask("ksc/bytecode", {**document, "range": only})["functions"] for one in function["instructions"]}
    claim("instructions of a line", lines, {line})
    if os.geteuid() == 0 and "--verify" in sys.argv:
        [row] = [json.loads(line) for line in run(ksc, "verify", "--format=json", good).splitlines() if '"verdict"' in line]
        client.tell("textDocument/didSave", document)
        titles = [lens["command"]["title"] for lens in client.ask("textDocument/codeLens", document)]
        claim("verdict", f"· {row['kernel']}: {row['verdict']}, {row['processed']} processed ·" in titles[0], True)


source = folder / "claims.ks"
client = Client([ksc])
figures(fixed_text())
claim("the server's end", client.end(), 0)
sys.exit(1 if wrong else 0)
