#!/usr/bin/env python3
"""Installs by install.sh from the files that ci/package wrote, served on this machine, and from wrong ones.

    install_run.py FOLDER SCRATCH [--no-key]

The script finds nothing in its PATH but curl, sha256sum and what every Linux has; minisign only where it checks a signature.
"""

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from pathlib import Path

_TOOLS = ("sh", "curl", "sha256sum", "tar", "xz", "uname", "id", "mktemp", "rm", "mkdir", "grep")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_words):
        pass


def tools(folder, *names):
    """A folder with these tools alone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).symlink_to(shutil.which(name))
    return folder


def install(url, prefix, path, *options):
    """The script's status and all that it said."""
    shutil.rmtree(prefix, ignore_errors=True)
    done = subprocess.run(["sh", script, "--prefix", prefix, *options], env={"PATH": str(path), "KSC_URL": url, "HOME": str(prefix), "TMPDIR": str(temporary)},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def claim(what, holds, said=""):
    print(f"{'ok' if holds else 'WRONG'}: {what}")
    if not holds:
        sys.exit(said)


def refused(what, url, path, words, status=1, *options):
    got, said = install(url, scratch / "refused", path, *options)
    claim(what, got == status and words in said and not (scratch / "refused/bin").exists(), f"status {got}: {said}")


def changed(name):
    """The release with another byte in the middle of one file."""
    copy = scratch / "changed"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(files, copy)
    data = bytearray((copy / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / name).write_bytes(data)
    return f"file://{copy}"


files, scratch = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
script, archive = files / "install.sh", next(files.glob("ksc-*-linux.tar.xz")).name
shutil.rmtree(scratch, ignore_errors=True)
path, temporary = tools(scratch / "tools", *_TOOLS), scratch / "temporary"
temporary.mkdir()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(files)))
threading.Thread(target=server.serve_forever, daemon=True).start()
served = f"http://127.0.0.1:{server.server_port}"

gzip = tools(scratch / "gzip", *(set(_TOOLS) - {"xz"}), "gzip")
for kind, url, path_of_kind in (("http", served, path), ("file", f"file://{files}/", path), ("with gzip alone", served, gzip)):
    status, said = install(url, scratch / kind, path_of_kind)
    claim(f"{kind}: installed", status == 0 and said.startswith("ksc "), said)
    shown = subprocess.run([scratch / kind / "bin/ksc", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    claim(f"{kind}: the compiler runs", shown == said.splitlines(keepends=True)[0], shown)
    claim(f"{kind}: manual pages and completions are there",
          all((scratch / kind / "share" / name).is_file() for name in ("man/man1/ksc.1", "bash-completion/completions/ksc")))
refused("a changed archive", changed(archive), path, "is not the file that SHA256SUMS lists")
refused("an archive without a sum", f"file://{scratch}/changed", path, "is not the file")
refused("a release that is not there", f"{served}/none", path, "cannot fetch", 3)
refused("no sha256sum", served, tools(scratch / "few", *(set(_TOOLS) - {"sha256sum"})), "there is no sha256sum", 3)
refused("with neither xz nor gzip", served, tools(scratch / "few", *(set(_TOOLS) - {"xz"})), "there is neither xz nor gzip", 3)
script = Path(__file__).resolve().parents[2] / "install.sh"
refused("no address", "", path, "KSC_URL names no release", 2)
script = files / "install.sh"
refused("an unknown option", served, path, "there is no option --really", 2, "--really")
if "--no-key" not in sys.argv:
    signing = tools(scratch / "signing", *_TOOLS, "minisign")
    status, said = install(served, scratch / "signed", signing, "--public-key", str(files / "minisign.pub"))
    claim("a signature", status == 0, said)
    public = (files / "minisign.pub").read_text().splitlines()[1]
    refused("changed sums", changed("SHA256SUMS"), signing, "the signature of the sums is wrong", 1, "--public-key", public)
    refused("no minisign", served, path, "there is no minisign", 3, "--public-key", public)
claim("nothing is left", not list(temporary.iterdir()))
server.shutdown()
