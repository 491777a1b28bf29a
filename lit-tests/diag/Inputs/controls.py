"""Gives the compiler text that a terminal acts on, and fails if any of it is in what the compiler prints.

    controls.py KSC FOLDER

Prints what the compiler printed. JSON is read, too, and has to hold the text as it was.
"""

import json
import os
import shutil
import subprocess
import sys

ksc, folder = sys.argv[1:]
ACTS = {*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)} - {9, 10}
CLEAR = "\x1b[2J\x9b2J\x85\u2028\u202e\u2066\x7f\x08"

shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
os.chdir(folder)


def run(*words, stdin=""):
    """What a command prints, on both outputs."""
    done = subprocess.run([ksc, *words], input=stdin.encode(), capture_output=True, check=False)
    text = (done.stdout + done.stderr).decode()
    bad = sorted({c for c in text if ord(c) in ACTS})
    if bad or done.returncode < 0:
        sys.exit(f"{words!r} ended with {done.returncode} and printed {bad!r}:\n{text!r}")
    return text


def show(*words, stdin=""):
    print("$", *(word.encode("unicode_escape").decode() for word in words))
    print(run(*words, stdin=stdin), end="")


def write(name, text):
    with open(name, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return name


# In the source, before and within what is marked.
source = f'fn main() -> i32 {{\n    var t: str(99) = "{CLEAR}" + nope // {CLEAR}\r\n    return 0\n}}\n'
a = write("a.ks", source)
show("check", a)
record = json.loads(run("check", "--error-format=json", a).split("\n")[0])
print("column", record["column"], "of", source.split("\n")[1].index("nope") + 1)
show("check", write("b.ks", f"fn {CLEAR}() {{ }}\n"))
show("check", write("c.ks", f'include "{CLEAR}.kh"\nimport a from "x\ny.ks"\n'))
show("fix", "--dry-run", write("d.ks", f"@xdp fn f(c: *xdp_md) -> xdp_action {{ retrun XDP_PASS // {CLEAR}\n}}\n"))
show("check", "--verify-diagnostics", write("e.ks", f"var a: u32 = 1 //~ E0999 {CLEAR}\n"))
show("check", "--error-format=human", write("f.ks", b"fn \x1b[2J\xff\xfe"))
show("check", "-", stdin=f"fn f() {{ {CLEAR} }}")

# In names of files.
name = f"n{CLEAR}\nerror: forged.ks"
write(name, "fn f( {\n")
for words in [["check"], ["fmt"], ["fmt", "--check"], ["fix"], ["inspect"]]:
    show(*words, name)
    show(*words, name + "x")
json.loads(run("check", "--error-format=json", name).split("\n")[0])
write(name, "fn   f() { }\n")
show("fmt", "--check", name)
write(name, b"\xff")
show("fmt", name)
write("g.ks", "fn main() -> i32 { return 0 }\n")
show("g.ks", "--emit=khir", "-o", f"{CLEAR}/x")

# In arguments.
for words in [[f"--{CLEAR}"], ["--emit", CLEAR], ["--min-kernel", CLEAR], ["explain", CLEAR], ["--project", f"{CLEAR}/", a],
              ["--stop-after", CLEAR, a], ["--mcpu", "x\nerror: forged", a], ["fmt", "--" + CLEAR], [CLEAR, CLEAR]]:
    show(*words)

# In an object.
write("h.ks", "@xdp fn prog(ctx: *xdp_md) -> xdp_action { return XDP_PASS }\n")
run("--target=bpf", "h.ks", "-o", "h.o")
with open("h.o", "rb") as file:
    data = file.read()
write("i.o", data.replace(b"\0prog\0", b"\0\x1b\xc2\x9b\r\0").replace(b"\0GPL\0", b"\0\x1b\nX\0"))
show("inspect", "i.o")
json.loads(run("inspect", "--format=json", "i.o"))
