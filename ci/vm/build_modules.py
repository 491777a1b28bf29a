#!/usr/bin/env python3
"""Builds the kernel module of a program for each kernel that is booted: `build_modules.py KSC FILE.ks FOLDER`.

FOLDER then holds `RELEASE.ko` for each of them, from which `lit-tests/support/with_module.py` takes the one of the guest's kernel.
"""

import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import headers  # noqa: E402
import kernels  # noqa: E402


def main(compiler, source, folder):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for version in kernels.PACKAGES:
        tree = headers.headers(version)
        release = tree.name.removeprefix("linux-headers-")
        subprocess.run([compiler, "build-module", source, "--kernel-dir", tree, "-o", f"{folder}/{release}.ko"], check=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (kernels.Missing, subprocess.SubprocessError) as why:
        sys.exit(f"build_modules.py: {why}")
