"""Archives whose bytes depend on nothing but the files in them and a date: no names of users, no order of folders, no clock."""

import gzip
import io
import lzma
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
import time

# Where Debian has what lies elsewhere below /usr/local.
_DEBIAN_PLACES = {"share/zsh/site-functions": "share/zsh/vendor-completions"}

_DESCRIPTION = """compiler for KernelScript: eBPF programs and their loaders in one file
 ksc makes a BPF object and a native executable of one source file, checks
 it before the kernel does, runs its tests, and serves editors (ksc lsp).
 LLVM is inside; a linker is needed for executables alone."""


@dataclass
class Deb:
    """What the control file says, and how the package is made."""

    version: str
    architecture: str
    when: int
    fast: bool


def _sorted(root):
    return sorted(root.rglob("*"), key=lambda path: path.relative_to(root).parts)


def tar(root, when):
    """An archive of the files below `root`, owned by root, not compressed."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in _sorted(root):
            entry = archive.gettarinfo(path, str(path.relative_to(root)))
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = "root"
            entry.mtime = when
            entry.mode = 0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644
            if path.is_dir():
                archive.addfile(entry)
            else:
                with open(path, "rb") as file:
                    archive.addfile(entry, file)
    return plain.getvalue()


def gzipped(plain, out, when, fast):
    with open(out, "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=1 if fast else 9, mtime=when) as packed:
        packed.write(plain)


def xzipped(plain, out, fast):
    """Two thirds of what gzip makes of a compiler. The first filter is for machine code of x86: it does no harm to other files."""
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 0 if fast else 9}]
    out.write_bytes(lzma.compress(plain, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=filters))


def _gzipped(path, when):
    with open(f"{path}.gz", "wb") as file, gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=9, mtime=when) as packed:
        packed.write(path.read_bytes())
    path.unlink()


def _documents(usr, deb):
    """What Debian's policy asks for: compressed manual pages, a copyright file, a changelog."""
    for page in (usr / "share/man/man1").iterdir():
        _gzipped(page, deb.when)
    (usr / "share/doc/ksc/LICENSE").rename(usr / "share/doc/ksc/copyright")
    stamp = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(deb.when))
    log = usr / "share/doc/ksc/changelog"
    log.write_text(f"ksc ({deb.version}) stable; urgency=medium\n\n  * Version {deb.version}.\n\n -- {_MAINTAINER}  {stamp}\n")
    _gzipped(log, deb.when)


_MAINTAINER = "The developers of ksc <ksc@localhost>"


def _control(folder, deb, usr):
    size = sum(path.stat().st_size for path in usr.rglob("*") if path.is_file())
    fields = {"Package": "ksc", "Version": deb.version, "Architecture": deb.architecture, "Maintainer": _MAINTAINER,
              "Installed-Size": -(-size // 1024), "Recommends": "gcc, libc6-dev", "Suggests": "bpftool, qemu-system-x86",
              "Section": "devel", "Priority": "optional", "Description": _DESCRIPTION}
    folder.mkdir()
    (folder / "control").write_text("".join(f"{name}: {value}\n" for name, value in fields.items()))


def deb(root, out, what):
    """A package of Debian with the files of `root` below /usr."""
    with tempfile.TemporaryDirectory() as scratch:
        top = Path(scratch) / "package"
        usr = top / "usr"
        shutil.copytree(root, usr)
        for elsewhere, at in _DEBIAN_PLACES.items():
            (usr / elsewhere).rename(usr / at)
        _documents(usr, what)
        _control(top / "DEBIAN", what, usr)
        for path in [top, *_sorted(top)]:
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
            os.utime(path, (what.when, what.when))
        compression = ["-Zgzip", "-z1"] if what.fast else ["-Zxz", "-z9", "--threads-max=1"]
        # dpkg-deb writes no date later than this one, and its own with it.
        subprocess.run(["dpkg-deb", "--root-owner-group", *compression, "--build", top, out], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, "SOURCE_DATE_EPOCH": str(what.when)})


def rezipped(source, out, when):
    """The files of a zip archive in the order of their names, with one date."""
    # The format has no earlier year.
    stamp = max(time.gmtime(when)[:6], (1980, 1, 1, 0, 0, 0))
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(old.namelist()):
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            new.writestr(entry, old.read(name))
