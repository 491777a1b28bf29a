"""Writes outputs where links, pipes and devices are in their place, and fails unless each is replaced, or written, as it should.

    outputs.py KSC FOLDER
"""

import os
import shutil
import stat
import subprocess
import sys
import threading

OTHER = 65534
ksc, folder = sys.argv[1:]
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
os.chdir(folder)
with open("x.ks", "w", encoding="utf-8") as file:
    file.write("fn main() -> i32 { return 0 }\n")


def emit(name, **more):
    return subprocess.run([ksc, "--emit=khir", "x.ks", "-o", name], capture_output=True, text=True, check=False, **more)


def written(name):
    """The link or file there is a file now, with the artifact in it."""
    about = os.lstat(name)
    assert stat.S_ISREG(about.st_mode), name
    assert about.st_size > 0, name


def read_pipe(name):
    """What comes through a pipe while the artifact is written to it under a name."""
    got = []

    def reader():
        with open("pipe", "rb") as file:
            got.append(file.read())

    thread = threading.Thread(target=reader, daemon=True)
    thread.start()
    assert emit(name).returncode == 0
    thread.join(10)
    return got[0]


# A link to a file is replaced, and the file stays.
for owner in (0, OTHER):
    with open("precious", "w", encoding="utf-8") as file:
        file.write("precious")
    os.symlink("precious", "link")
    os.chown("link", owner, owner, follow_symlinks=False)
    assert emit("link").returncode == 0
    written("link")
    os.unlink("link")
    with open("precious", encoding="utf-8") as file:
        assert file.read() == "precious"

# To a pipe is written in place, also through a link of one's own.
os.mkfifo("pipe")
os.symlink("pipe", "link")
assert read_pipe("pipe") == read_pipe("link") != b""
assert os.path.islink("link")
# Through a link of another user it is not: the link is replaced.
os.chown("link", OTHER, OTHER, follow_symlinks=False)
assert emit("link").returncode == 0
written("link")
assert stat.S_ISFIFO(os.lstat("pipe").st_mode)

# What a descriptor is open for is appended to, and the link to it stays.
os.symlink("/proc/self/fd/1", "stdout")
with open("redirected", "w", encoding="utf-8") as file:
    file.write("before\n")
with open("redirected", "a", encoding="utf-8") as file:
    assert subprocess.run([ksc, "--emit=khir", "x.ks", "-o", "stdout"], stdout=file, check=False).returncode == 0
    assert subprocess.run([ksc, "--emit=khir", "x.ks", "-o", "/proc/self/fd/1"], stdout=file, check=False).returncode == 0
assert os.path.islink("stdout")
with open("redirected", encoding="utf-8") as file:
    lines = file.read().splitlines()
assert lines[0] == "before" and lines[1:] == lines[1 : 1 + len(lines) // 2] * 2, lines

# Nothing is written to a disk.
try:
    os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(240, 0))
    result = emit("disk")
    assert result.returncode == 3 and "cannot write `disk`: it is a block device" in result.stderr, result
    assert stat.S_ISBLK(os.lstat("disk").st_mode)
except PermissionError:
    print("no device can be made here")

# The folder for the linker is closed to others, whatever the umask is.
with open("cc.py", "w", encoding="utf-8") as file:
    file.write(
        "import os, subprocess, sys\n"
        "folder = os.path.dirname(sys.argv[sys.argv.index('-o') + 1])\n"
        "open('modes', 'w').write(oct(os.stat(folder).st_mode & 0o777))\n"
        "sys.exit(subprocess.run(['cc', *sys.argv[1:]]).returncode)\n"
    )
environment = {**os.environ, "CC": f"{sys.executable} cc.py"}
linked = subprocess.run([ksc, "x.ks", "-o", "program"], umask=0, env=environment, check=False)
assert linked.returncode == 0
with open("modes", encoding="utf-8") as file:
    assert file.read() == "0o700"

# An aid for work on the compiler follows no link either.
os.mkdir("dump")
os.symlink("../precious", "dump/ast.ks")
assert emit("ir", env={**os.environ, "KSC_DUMP": "dump"}).returncode == 0
written("dump/ast.ks")
with open("precious", encoding="utf-8") as file:
    assert file.read() == "precious"

# What is formatted in place keeps its owner.
with open("y.ks", "w", encoding="utf-8") as file:
    file.write("fn   main() -> i32 { return 0 }\n")
os.chmod("y.ks", 0o640)
os.chown("y.ks", OTHER, OTHER)
assert subprocess.run([ksc, "fmt", "y.ks"], check=False).returncode == 0
about = os.stat("y.ks")
assert (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (OTHER, OTHER, 0o640), about
