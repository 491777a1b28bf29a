"""Runs the compiler on bad input: `bad_input.py KSC FOLDER`. Each case: arguments, status, words that standard error has."""

import pathlib
import subprocess
import sys

ksc, folder = sys.argv[1], pathlib.Path(sys.argv[2])
PROGRAM = "@xdp fn f(ctx: *xdp_md) -> xdp_action {\n    return XDP_DROP\n}\n"
FILES = {
    "utf8.ks": b"fn f() {\xff}",
    "empty.ks": b"",
    "bom_crlf.ks": b"\xef\xbb\xbf" + PROGRAM.replace("\n", "\r\n").encode(),
    "parens.ks": b"fn f() -> u32 { return " + b"(" * 10_000 + b"1" + b")" * 10_000 + b" }\n",
    "blocks.ks": b"fn f() { " + b"if (true) { " * 10_000 + b"}" * 10_000 + b" }\n",
    "unary.ks": b"fn f() -> i32 { return " + b"- " * 10_000 + b"1 }\n",
    "sum.ks": b"fn main() -> i32 { return " + b"1 + " * 10_000 + b"1 }\n",
    "else.ks": b"fn f(x: u32) { if (x == 0) { } " + b"else if (x == 1) { } " * 10_000 + b"}\n",
    "types.ks": b"var x: " + b"*" * 10_000 + b"u8\n",
    "open.ks": b"fn f() { var s = \"abc\n",
    "comment.ks": b"/* never closed\n",
    "nul.ks": b"fn f() { \0 }\n",
    "long.ks": b"var " + b"a" * 1_000_000 + b": u32\n",
    "bad.ksir": b"module @x {\n",
}
CASES = [
    (["nowhere.ks"], 3, "no file `nowhere.ks`"),
    (["."], 3, "is a directory"),
    (["utf8.ks"], 1, "offset 8"),
    (["empty.ks"], 1, "no program to build"),
    (["check", "empty.ks"], 0, ""),
    (["bom_crlf.ks"], 0, ""),
    (["parens.ks"], 1, "nested"),
    (["blocks.ks"], 1, "nested"),
    (["unary.ks"], 1, "E0"),
    (["sum.ks", "-o", "sum"], (0, 1), ""),
    (["else.ks"], (0, 1), ""),
    (["types.ks"], 1, "E0"),
    (["open.ks"], 1, "E0"),
    (["comment.ks"], 1, "E0"),
    (["nul.ks"], 1, "E0"),
    (["check", "long.ks"], (0, 1), ""),
    (["bad.ksir"], 1, "E0090"),
    (["bom_crlf.ks", "-o", "no/such/folder/x"], 3, "cannot write"),
    (["bom_crlf.ks", "-o", "/dev/full", "--target=bpf"], 3, "cannot write"),
    (["--emit=nothing", "bom_crlf.ks"], 2, "possible values"),
    (["--min-kernel=four", "bom_crlf.ks"], 2, "no kernel version"),
    (["--stop-after=nothing", "bom_crlf.ks"], 2, "no pass"),
    (["--target=host", "bom_crlf.ks"], 1, "no `main`"),
    (["explain", "E9999"], 2, "no code"),
    ([], 2, ""),
]

for name, content in FILES.items():
    (folder / name).write_bytes(content)
failed = False
for arguments, statuses, words in CASES:
    run = subprocess.run([ksc, *arguments], cwd=folder, capture_output=True, timeout=20, stdin=subprocess.DEVNULL)
    said = run.stderr.decode(errors="replace")
    statuses = statuses if isinstance(statuses, tuple) else (statuses,)
    if run.returncode not in statuses or words not in said or "panicked" in said:
        failed = True
        print(f"ksc {' '.join(arguments)}: status {run.returncode}, wanted {statuses} and `{words}` in\n{said[:800]}")
sys.exit(failed)
