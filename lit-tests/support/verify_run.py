"""Verifies a program that the kernel refuses, and one that it takes; compares what `ksc verify` says of the first with the comments in it.

    verify_run.py TEST

The parts of the test, `//--- wrong.c` and `//--- right.c` (or `.ks`), are compiled: C by clang, with the options after `// clang:`, the
others by ksc, with those after `// ksc:`. In the wrong program

    return *v; //~ V0101 null `v` may be null here
    long *v = bpf_map_lookup_elem(&m, &k); //~second it comes from here

are the code, the category and a part of the message at its place, and a part of what is said at the second place. `//~path` marks a line
with a branch of the path, and `//~knows TEXT` anywhere a part of what the verifier knew. All others must not be reported.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_KSC = os.environ["KSC_UNDER_TEST"]
_CLANG = ["clang-22", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-I/usr/include/x86_64-linux-gnu", "-Wall", "-Wno-unused", "-c"]


def parts(test):
    """name → text; the lines have the numbers that they have in the part."""
    found, name = {}, None
    for line in Path(test).read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("//--- "):
            name = line.split()[1]
            found[name] = ""
        elif name:
            found[name] += line
    return found


def options(text, tool):
    match = re.search(rf"^// {tool}: (.*)$", text, re.M)
    return match.group(1).split() if match else []


def verified(folder, name, text):
    """(status, verdicts, diagnostics)"""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    words = [str(path)]
    if name.endswith(".c"):
        words = [str(path.with_suffix(".o"))]
        subprocess.run([*_CLANG, *options(text, "clang"), name, "-o", words[0]], cwd=folder, check=True)
    done = subprocess.run([_KSC, "verify", "--format=json", *options(text, "ksc"), *words], capture_output=True, text=True, check=False)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    if not rows:
        sys.exit(f"{name}: {done.stderr}")
    return done.returncode, [row for row in rows if row["kind"] == "verdict"], [row for row in rows if row["kind"] == "diagnostic"]


def expected(text):
    """What the comments say: (line, word, rest)"""
    for number, line in enumerate(text.splitlines(), 1):
        for comment in line.split("//~")[1:]:
            word, _, rest = comment.strip().partition(" ")
            yield number, word, rest.strip()


def plain(text):
    return text.replace("`", "")


def differences(text, told):
    """Why a diagnostic is not the expected one."""
    said = [told["message"], told["label"] or "", *told["notes"]]
    path = [note for note in told["notes"] if note.startswith("the path")]
    seconds, seen_second = told["labels"], False
    for line, word, rest in expected(text):
        if re.fullmatch(r"V\d{4}", word):
            category, _, message = rest.partition(" ")
            if (told["code"], told["category"]) != (word, category):
                yield f"{told['code']} {told['category']} instead of {word} {category}"
            if told.get("line") != line:
                yield f"line {told.get('line')} instead of {line}"
            if plain(message) not in plain(told["message"]):
                yield f"`{message}` is not in its message"
        elif word == "second":
            seen_second = True
            if not any(second["line"] == line and plain(rest) in plain(second["message"]) for second in seconds):
                yield f"the second place is not line {line} with `{rest}`"
        elif word == "path":
            if not any(re.search(rf":{line}\b", note) for note in path):
                yield f"the path has no branch in line {line}"
        elif word == "knows":
            if not any(plain(rest) in plain(part) for part in said):
                yield f"`{rest}` is not known"
        else:
            yield f"`//~{word}` is no expectation"
    if seconds and not seen_second:
        yield f"a second place in line {seconds[0]['line']} that is not expected"


def main():
    texts = parts(sys.argv[1])
    if sorted(Path(name).stem for name in texts) != ["right", "wrong"]:
        sys.exit("the test has parts `wrong` and `right`")
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        for name, text in texts.items():
            status, verdicts, told = verified(Path(folder), name, text)
            if name.startswith("right"):
                if status != 0 or told:
                    failed.append(f"{name}: status {status}, {verdicts} {json.dumps(told, indent=1)}")
                continue
            if status != 1 or len(told) != 1:
                failed.append(f"{name}: status {status}, {len(told)} refusals: {json.dumps(verdicts + told, indent=1)}")
                continue
            failed += [f"{name}: {why}\n{json.dumps(told[0], indent=1)}" for why in differences(text, told[0])]
    if failed:
        sys.exit("\n".join(failed))


main()
