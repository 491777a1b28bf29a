"""The things of a kernel that outlive a test's processes."""

import subprocess
from pathlib import Path

_BPFFS = Path("/sys/fs/bpf")


def kept_by_kernel():
    """The top of the BPF file system and the named network namespaces, as a set of paths and names."""
    try:
        # A mount makes two iterators of the kernel's own, `maps.debug` and `progs.debug`.
        pins = {str(path) for path in _BPFFS.iterdir() if path.suffix != ".debug"}
    except OSError:
        pins = set()
    try:
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, stdin=subprocess.DEVNULL).stdout
    except FileNotFoundError:
        listed = ""
    return pins | {f"the network namespace {line.split()[0]}" for line in listed.splitlines() if line.strip()}
