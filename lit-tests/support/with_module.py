#!/usr/bin/env python3
"""Runs a command with the kernel module of a program: `with_module.py FOLDER EXECUTABLE NAME COMMAND…`.

Puts the module that was built for the running kernel (`ci/vm/build_modules.py`) beside the executable as NAME.ko. Reports, after
the command, whether the module is still loaded.
"""

import os
import shutil
import subprocess
import sys


def main(folder, executable, name, *command):
    shutil.copy(f"{folder}/{os.uname().release}.ko", os.path.join(os.path.dirname(executable), f"{name}.ko"))
    status = subprocess.run(command).returncode
    print(f"{name} is {'loaded' if os.path.exists(f'/sys/module/{name}') else 'gone'}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
