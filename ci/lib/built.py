"""Where the things that were built are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = ROOT / "target"
# The release build has a folder of its own: it links LLVM statically.
STATIC_TARGET = ROOT / "target-static"
# The profile that the tests build with, and where its executables are: `bulk` takes longer to build, and the tests take less.
PROFILE = os.environ.get("KSC_PROFILE") or "dev"
BUILT = TARGET / ("debug" if PROFILE == "dev" else PROFILE)


def compiler():
    """The compiler of the profile, or $KSC."""
    return Path(os.environ.get("KSC") or BUILT / "ksc")


def static_compiler():
    """The compiler as it is shipped: optimised, LLVM inside; or $KSC_STATIC."""
    return Path(os.environ.get("KSC_STATIC") or STATIC_TARGET / "release" / "ksc")


def environment():
    """The environment that compilers run in: it finds LLVM's tools and cargo."""
    paths = ["/usr/lib/llvm-22/bin", os.path.expanduser("~/.cargo/bin"), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]
    return {**os.environ, "PATH": os.pathsep.join(paths)}
