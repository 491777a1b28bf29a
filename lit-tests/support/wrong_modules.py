#!/usr/bin/env python3
"""Runs an executable with modules that it cannot use: `wrong_modules.py FOLDER EXECUTABLE NAME`.

FOLDER holds the module for each kernel (`ci/vm/build_modules.py`). In order: no module, that of another kernel, one without BTF, one
that is no module, the right one, and the right one while another of the same name, without BTF, is loaded. What the executable says
is printed without paths.
"""

import ctypes
import glob
import os
import re
import shutil
import subprocess
import sys

_FINIT_MODULE = 313
_SYSCALL = ctypes.CDLL(None, use_errno=True).syscall


def run(what, executable):
    done = subprocess.run([executable], capture_output=True, text=True)
    text = re.sub(r"`/\S*/([^/`]*)`", r"`\1`", done.stdout + done.stderr)
    text = re.sub(r"Linux [\d.]+[^\s,]*", "Linux VERSION", text).replace(os.uname().release, "RELEASE")
    print(f"== {what}: {done.returncode}\n{text}", end="", flush=True)


def without_btf(path):
    """The same file, whose section has another name."""
    data = open(path, "rb").read()
    names = data.rindex(b"\0.BTF\0")
    open(path, "wb").write(data[:names] + b"\0.BTX\0" + data[names + 6:])


def main(folder, executable, name):
    here = os.path.join(os.path.dirname(executable), f"{name}.ko")
    right = f"{folder}/{os.uname().release}.ko"
    other = next(path for path in glob.glob(f"{folder}/*.ko") if path != right)
    run("none", executable)
    shutil.copy(other, here)
    run("of another kernel", executable)
    shutil.copy(right, here)
    without_btf(here)
    run("without BTF", executable)
    with open(here, "rb") as file:
        status = _SYSCALL(_FINIT_MODULE, file.fileno(), b"", 0)
        if status != 0:
            print("not inserted:", os.strerror(ctypes.get_errno()))
    with open(here, "w") as file:
        file.write("no module\0vermagic=" + os.uname().release + " x\0.BTF\0")
    run("another of this name is loaded", executable)
    subprocess.run(["rmmod", name])
    run("no module at all", executable)
    shutil.copy(right, here)
    run("the right one", executable)
    print(f"{name} is {'loaded' if os.path.exists(f'/sys/module/{name}') else 'gone'}", flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
