"""The unit tests of the workspace, as the sources declare them: what of them a pattern names, without building any."""

import re
from pathlib import Path

from built import ROOT

_TEST = re.compile(r"#\[test\]\s+(?:#\[[^\]]*\]\s+)*(?:pub )?fn (\w+)")
# The folders with tests, and the arguments by which cargo runs those of them alone.
_LIBRARIES = {"src": ["--lib"], "runtime/src": ["-p", "ks-runtime", "--lib"], "differential/src": ["-p", "differential"],
              "vm/tests": ["-p", "ks-vm"]}


def matching(pattern):
    """The arguments of `cargo test` for each target with a test whose name has the pattern in it."""
    targets = [(ROOT / folder, arguments) for folder, arguments in _LIBRARIES.items()]
    targets += [(path, ["--test", path.stem]) for path in sorted((ROOT / "tests").iterdir()) if path.name != "support"]
    return [arguments for path, arguments in targets if any(pattern in name for name in _names(path))]


def _names(path):
    files = [path] if path.is_file() else sorted(path.rglob("*.rs"))
    for file in files:
        inside = file.relative_to(path).with_suffix("").parts if path.is_dir() else ()
        modules = [part for part in inside if part not in ("lib", "main", "mod")]
        for test in _TEST.findall(file.read_text()):
            # Those beside the code that they test are in a module of their own.
            yield "::".join([*modules, test])
            yield "::".join([*modules, "tests", test])
