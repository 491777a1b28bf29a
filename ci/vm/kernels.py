"""The kernels that are booted: packages of Debian 12, downloaded and unpacked into a cache, never installed; and kernels that
`ci/vm/build-kernel` builds into the cache, for what Debian's lack."""

import os
import re
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

# Version of the kernel → the package that always depends on the newest build of it.
PACKAGES = {"6.1": "linux-image-cloud-amd64", "6.12": "linux-image-6.12-cloud-amd64"}
# A kernel that is built → the features of lit (ci/lib/features.py) that it alone has: it runs the tests that require them, and no others.
BUILT = {"6.12-scx": {"sched-ext"}}
# What a downloaded kernel may take; a registry that does not answer is a reason to skip.
_DOWNLOAD_TIMEOUT = 180


class Missing(Exception):
    """What a machine lacks for this."""


def cache():
    return Path(os.environ.get("KSC_VM_CACHE") or Path.home() / ".cache" / "ksc-vm")


def there():
    """The kernels that a run takes if nobody names any: a kernel takes too long to build for a test."""
    return [*PACKAGES, *(name for name in BUILT if (_built(name) / "vmlinux").exists())]


def _built(name):
    return cache() / f"linux-{name}"


def kernel(version):
    """The folder of a kernel: `vmlinux`, and if it has any its modules in lib/modules."""
    if version in BUILT:
        if not (_built(version) / "vmlinux").exists():
            raise Missing(f"{_built(version)} has no kernel: `ci/vm/build-kernel {version}` builds it, which takes a while")
        return _built(version)
    have = sorted(cache().glob(f"linux-image-{version}.[0-9]*/vmlinux"), key=os.path.getmtime)
    if not have and version not in PACKAGES:
        raise Missing(f"Debian 12 has no Linux {version}, and {cache()} neither")
    return have[-1].parent if have else _fetch(version)


def _fetch(version):
    package = newest(PACKAGES[version])
    cache().mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=cache(), prefix="part-"))
    try:
        command("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package, cwd=work)
        command("dpkg-deb", "-x", next(work.glob("*.deb")), work)
        next(work.glob("*.deb")).unlink()
        command("depmod", "-b", work, next((work / "lib/modules").iterdir()).name)
        (work / "vmlinux").write_bytes(_uncompressed(next((work / "boot").glob("vmlinuz-*")).read_bytes()))
        try:
            work.rename(cache() / package)
        except OSError:  # another process was first
            pass
        return cache() / package
    finally:
        shutil.rmtree(work, ignore_errors=True)


def newest(package):
    """The kernel that a meta package names; the lists of a fresh machine may be absent or too old."""
    for refresh in (False, True):
        if refresh:
            subprocess.run(["apt-get", "update", "-q"], capture_output=True, timeout=_DOWNLOAD_TIMEOUT)
        shown = subprocess.run(["apt-cache", "depends", package], capture_output=True, text=True).stdout
        if found := re.search(r"Depends: (linux-image-\S+)", shown):
            policy = subprocess.run(["apt-cache", "policy", found[1]], capture_output=True, text=True).stdout
            if "Candidate: (none)" not in policy:
                return found[1]
    raise Missing(f"no package {package}: is this Debian 12 with its security archive?")


def _uncompressed(image):
    """The ELF file inside a boot image (Documentation/arch/x86/boot.rst), which starts sooner than the image does."""
    start = (image[0x1F1] + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
    payload = image[start : start + struct.unpack_from("<I", image, 0x24C)[0] - 4]
    tool = {b"\xfd7zX": "xz", b"\x28\xb5\x2f\xfd": "zstd", b"\x02\x21\x4c\x18": "lz4"}[payload[:4]]
    return subprocess.run([tool, "-dc"], input=payload, stdout=subprocess.PIPE, check=True).stdout


def command(*words, cwd=None):
    done = subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=_DOWNLOAD_TIMEOUT)
    if done.returncode != 0:
        raise Missing(f"{words[0]} {words[-1]}: {done.stderr.strip()}")


def module_files(folder, names):
    """The files of kernel modules in the order to load them: what a module needs is before it."""
    if not (folder / "lib/modules").exists():
        return []
    version = next((folder / "lib/modules").iterdir()).name
    files = []
    for name in names:
        shown = subprocess.run(["modprobe", "-d", folder, "-S", version, "--show-depends", name],
                               capture_output=True, text=True, check=True).stdout
        found = [Path(line.split()[1]) for line in shown.splitlines() if line.startswith("insmod")]
        files += [file for file in found if file not in files]
    return files
