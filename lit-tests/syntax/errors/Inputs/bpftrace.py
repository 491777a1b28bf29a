"""Programs of bpftrace and what ksc shows for each: `bpftrace.py KSC FILE`, one program a line of the file, with comments. What has no gap is checked."""

import subprocess
import sys

_HEAD = "this is bpftrace; here it is"


def check(ksc, text):
    return subprocess.run([ksc, "check", "-"], input=text, capture_output=True, text=True)


def main():
    ksc, path = sys.argv[1:]
    for program in open(path, encoding="utf-8"):
        if program.startswith("//") or not program.strip():
            continue
        _before, _head, shown = check(ksc, program).stderr.partition(_HEAD)
        lines = [line.strip() for line in shown.splitlines() if line.strip()]
        code = [line for line in lines if not line.startswith(("with something", "and what"))]
        print(program.strip(), *lines, sep="\n")
        if "…" not in shown:
            checked = check(ksc, "\n".join(code))
            print("compiles" if checked.returncode == 0 and code else f"does not compile\n{checked.stderr}")


main()
