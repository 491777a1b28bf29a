"""Starts pinning programs on a bpffs of its own, where another user has laid something in their path.

    unshare --mount laid.py OWN VICTIM BELOW FOLDER

All three are the same program: OWN of the project `own` and VICTIM of the project `victim` pin below FOLDER/fs, BELOW of the
project `own` below FOLDER/fs/team. Each case prints what is laid, the status, what the program says, and what became of
what it must not touch.
"""

import ctypes
import os
import shutil
import subprocess
import sys

OTHER = 65534
own, victim, below, folder = sys.argv[1:]
fs, plain = f"{folder}/fs", f"{folder}/plain"
project = f"{fs}/own"


def ran(*command, user=0):
    """What a command prints, and its status."""
    done = subprocess.run(command, user=user, group=user, extra_groups=[], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).replace(folder, "FOLDER").splitlines()
    return "".join(f"  {line}\n" for line in lines) + f"  status {done.returncode}"


def start(*command):
    print(ran(*command))


def case(text):
    """Begins with an empty bpffs and the pins of the victim."""
    print(f"{text}:")
    # What the kernel itself lays there has a dot in its name, and stays.
    for name in (name for name in os.listdir(fs) if "." not in name):
        path = f"{fs}/{name}"
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
    assert subprocess.run([victim, "--key=7"], capture_output=True, check=False).returncode == 0


def unharmed():
    """The victim's map has its one entry, and its variable the number of its starts."""
    assert ran(victim, "--key=7") == "  1 entries, 2 starts\n  status 0"


def by_other(*command):
    assert ran(*command, user=OTHER) == "  status 0"


def tried():
    """With `--reset-pins` it is refused alike."""
    refused = ran(own)
    print(refused)
    assert ran(own, "--reset-pins") == refused
    unharmed()


os.makedirs(fs, exist_ok=True)
os.makedirs(plain, exist_ok=True)
assert ctypes.CDLL(None, use_errno=True).mount(b"bpf", fs.encode(), b"bpf", 0, None) == 0

case("nothing laid")
start(own)
start(own, "--key=2")
start(own, "--reset-pins", "--key=3")

case("the project is a link")
by_other("ln", "-s", f"{fs}/victim", project)
tried()

case("the project is a link to nothing")
by_other("ln", "-s", "nowhere", project)
tried()

case("the folder of maps is a link")
os.mkdir(project, 0o700)
os.symlink(f"{fs}/victim/maps", f"{project}/maps")
tried()

case("the folder of maps is a link out of bpffs")
with open(f"{plain}/counts", "w", encoding="utf-8") as file:
    file.write("precious")
os.mkdir(project, 0o700)
os.symlink(plain, f"{project}/maps")
tried()
print("  in it", os.listdir(plain))

case("the pin is a link")
os.makedirs(f"{project}/maps", 0o700)
os.chmod(project, 0o700)
os.symlink(f"{fs}/victim/maps/counts", f"{project}/maps/counts")
tried()

case("the pin is a link out of bpffs")
os.makedirs(f"{project}/maps", 0o700)
os.chmod(project, 0o700)
os.symlink(f"{plain}/counts", f"{project}/maps/counts")
tried()
print("  in it", os.listdir(plain))

case("the folder of variables is a link")
start(own)
shutil.rmtree(f"{project}/globals")
os.symlink(f"{fs}/victim/globals", f"{project}/globals")
tried()

case("the pin of the variables is a link")
start(own)
os.unlink(f"{project}/globals/pinned_globals")
os.symlink(f"{fs}/victim/globals/pinned_globals", f"{project}/globals/pinned_globals")
tried()

case("the pin is a folder")
os.makedirs(f"{project}/maps/counts", 0o700)
os.chmod(project, 0o700)
os.chmod(f"{project}/maps", 0o700)
tried()

case("the project is another user's")
by_other("mkdir", "-p", f"{project}/maps")
tried()

case("the pin is another user's")
start(own)
os.chown(f"{project}/maps/counts", OTHER, OTHER)
tried()

case("others may write into the project")
start(own)
os.chmod(project, 0o770)
tried()

case("others may write into the folder of maps, though it is sticky")
start(own)
os.chmod(f"{project}/maps", 0o1777)
tried()

case("the project is a pin")
os.rename(f"{fs}/victim/maps/counts", project)
start(own, "--reset-pins")
print("  it is a file:", os.path.isfile(project))

case("another file system on the folder of maps")
os.makedirs(f"{project}/maps", 0o700)
os.chmod(project, 0o700)
assert ctypes.CDLL(None).mount(b"none", f"{project}/maps".encode(), b"tmpfs", 0, None) == 0
start(own, "--reset-pins")
assert ctypes.CDLL(None).umount(f"{project}/maps".encode()) == 0

case("the root of pins is a link on bpffs")
by_other("ln", "-s", f"{fs}/victim", f"{fs}/team")
start(below, "--reset-pins")

case("the root of pins is another user's")
by_other("mkdir", f"{fs}/team")
start(below)

case("the root of pins is shared and sticky")
os.mkdir(f"{fs}/team")
os.chmod(f"{fs}/team", 0o1777)
start(below)

case("many starts at once")
starts = [subprocess.Popen([own, f"--key={key}"], stdout=subprocess.DEVNULL) for key in range(20, 28)]
print("  failed", sum(start.wait() != 0 for start in starts))
start(own)

case("the root of bpffs is not sticky")
os.chmod(fs, 0o777)
start(own)

os.chmod(fs, 0o1777)
case("links outside of bpffs")
assert ctypes.CDLL(None).mount(fs.encode(), plain.encode(), None, 4096, None) == 0
assert ctypes.CDLL(None).umount(fs.encode()) == 0
os.rmdir(fs)
os.symlink("plain", fs)
start(own)
os.chown(fs, OTHER, OTHER, follow_symlinks=False)
start(own)
os.unlink(fs)
start(own)
