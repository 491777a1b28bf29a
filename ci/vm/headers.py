#!/usr/bin/env python3
"""The tree that kernel modules are built against, for a kernel that is booted: `ci/vm/headers.py 6.12` prints its folder.

Debian's packages of headers are downloaded and unpacked into the cache, never installed. Those of 6.1 have neither the
kernel's BTF nor resolve_btfids, without which the kernel's build makes modules without BTF and only warns: the kernel
that the boot image holds, and 6.12's resolve_btfids, which writes the same form, take their places.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import kernels  # noqa: E402

_RESOLVE = "tools/bpf/resolve_btfids/resolve_btfids"


def headers(version):
    """The folder to name as `--kernel-dir`."""
    image = kernels.kernel(version)
    release = next((image / "lib/modules").iterdir()).name
    kit = kernels.cache() / f"linux-headers-{release}"
    tree = kit / "usr/src" / f"linux-headers-{release}"
    return tree if tree.exists() else _fetch(image, release, kit) / tree.relative_to(kit)


def _fetch(image, release, kit):
    work = Path(tempfile.mkdtemp(dir=kernels.cache(), prefix="part-"))
    try:
        packages = [f"linux-headers-{release}", f"linux-headers-{release.removesuffix('-cloud-amd64')}-common"]
        newest = kernels.newest(kernels.PACKAGES["6.12"]).removeprefix("linux-image-").removesuffix("-cloud-amd64")
        packages += sorted({f"linux-kbuild-{newest}", "linux-kbuild-6.1" if release.startswith("6.1.") else f"linux-kbuild-{newest}"})
        kernels.command("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *packages, cwd=work)
        for package in work.glob("*.deb"):
            kernels.command("dpkg-deb", "-x", package, work)
            package.unlink()
        tree = work / "usr/src" / packages[0]
        # Debian's own Makefile names the common tree where a package installs it.
        (tree / "Makefile").write_text(f"include {kit}/usr/src/{packages[1]}/Makefile\n")
        if not (tree / "vmlinux").exists():
            shutil.copy(image / "vmlinux", tree / "vmlinux")
        for kbuild in (work / "usr/lib").glob("linux-kbuild-*"):
            if not (kbuild / _RESOLVE).exists():
                (kbuild / _RESOLVE).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(work / f"usr/lib/linux-kbuild-{newest}" / _RESOLVE, kbuild / _RESOLVE)
        _relink(tree, work, kit)
        _relink(work / "usr/src" / packages[1], work, kit)
        try:
            work.rename(kit)
        except OSError:  # another process was first
            pass
        return kit
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _relink(tree, work, kit):
    """Links into the system, which the packages are not installed to, lead into the cache."""
    for link in [path for path in tree.iterdir() if path.is_symlink()]:
        target = link.readlink()
        if target.is_absolute():
            link.unlink()
            link.symlink_to(kit / target.relative_to("/"))


if __name__ == "__main__":
    try:
        print(headers(sys.argv[1]))
    except (kernels.Missing, subprocess.TimeoutExpired) as why:
        sys.exit(f"headers.py: {why}")
