"""Changes a token of a program in many places, and checks that `ksc fix` makes no error that was not there before.

    fix_mutants.py [--seed N] [--count N] FILE…

A mutant whose declaration cannot be read hides errors of that declaration; since the program was right, each error after
the fixes is one that a fix made.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOKEN = re.compile(r"//[^\n]*|\"[^\"\n]*\"|'[^'\n]*'|[A-Za-z_]\w*|\d\w*|->|::|[<>=!&|+*/-]=|&&|\|\||<<|>>|\.\.|\S")
SIGNS = "( ) [ ] { } , ; : = == -> . :: & * -".split()


def mutate(text: str, choose: random.Random) -> str:
    tokens = [m for m in TOKEN.finditer(text) if not m.group().startswith("//")]
    at = choose.randrange(len(tokens) - 1)
    token, following = tokens[at], tokens[at + 1]
    word = token.group()
    other = choose.choice(tokens).group()
    letter = choose.randrange(len(word))
    replacement = choose.choice(
        [
            "",
            f"{word} {word}",
            choose.choice(SIGNS),
            other,
            word[:letter] + word[letter + 1 :],
            word[:letter] + word[letter : letter + 2][::-1] + word[letter + 2 :],
            f"{following.group()} {word}",
        ]
    )
    # Two words that touch would be another name, which is a second mistake.
    before, after = text[: token.start()], text[token.end() :]
    left = " " if re.search(r"\w$", before) and re.match(r"\w", replacement) else ""
    right = " " if re.search(r"\w$", replacement) and re.match(r"\w", after) else ""
    return before + left + replacement + right + after


def errors(output: str) -> list[tuple[str, str]]:
    records = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [(r["code"], r["message"]) for r in records if r["severity"] == "error"]


def run(*args: str) -> str:
    ksc = os.environ["KSC_UNDER_TEST"]
    return subprocess.run([ksc, *args, "--error-format=json"], capture_output=True, text=True, timeout=60).stderr


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("files", nargs="+", type=Path)
    args = parser.parse_args()
    choose = random.Random(args.seed)
    bad = fixed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.ks"
        for number in range(args.count):
            source = choose.choice(args.files)
            mutant = mutate(source.read_text(), choose)
            path.write_text(mutant)
            before = run("check", str(path))
            if '"certain":true' not in before:
                continue
            after = errors(run("fix", str(path)))
            fixed += path.read_text() != mutant
            known = errors(before)
            made = [error for error in after if error not in known]
            if made:
                bad += 1
                line = next(a for a, b in zip(mutant.splitlines(), source.read_text().splitlines()) if a != b)
                print(f"{source.name}, mutant {number}, `{line.strip()}`: {known} became {made}")
    print(f"{args.count} mutants, {fixed} changed by fixes, {bad} with errors that fixes made")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
