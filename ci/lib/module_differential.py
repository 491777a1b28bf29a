"""Generated test functions as code of a kernel module, whose C runs in user space, compared with the executable of the host.

The functions and what they share are those of `differential print SEED`; the C is compiled against lit-tests/support/kernel.
"""

import re
import subprocess
import tempfile
from pathlib import Path

from built import BUILT, ROOT, compiler, environment

_VALUES = [0, 1, 2, 7, 0xFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63, (1 << 64) - 1, 0x123456789ABCDEF0]
_RUNS = 24
_TIMEOUT = 300
# The warnings are those of the kernel's build (src/link/kernel_module.rs).
_FLAGS = ["-Wall", "-Wextra", "-Werror", "-Wno-type-limits", "-Wno-sign-compare", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover"]


def compare(seed):
    """None if both sides agree, else what is wrong."""
    text = _run([BUILT / "differential", "print", str(seed)])
    tests = re.findall(r"^fn (t\d+)\(", text, re.M)
    wrapped = [(name, f"fn run_{name}(a: u64, b: u64, c: u64, d: u64) -> u64 {{\n"
                      f"    reset()\n    var value = {name}(a, b, c, d)\n    return mix(value, digest())\n}}\n") for name in tests]
    inputs = [[_VALUES[(seed + at * step + run) % len(_VALUES)] for at, step in enumerate((1, 3, 5, 7))] for run in range(_RUNS)]
    with tempfile.TemporaryDirectory(prefix="ksc-kmod-") as folder:
        folder = Path(folder)
        host = _host(folder, text, wrapped, inputs)
        module = _module(folder, text, wrapped, inputs)
    if host == module:
        return None
    pairs = zip(host.splitlines(), module.splitlines())
    return next((f"the host says `{left}`, the module `{right}`" for left, right in pairs if left != right), "outputs of other lengths")


def _host(folder, text, wrapped, inputs):
    calls = "".join(f'    print("{name} %llx", run_{name}({", ".join(map(str, values))}))\n' for name, _ in wrapped for values in inputs)
    (folder / "host.ks").write_text(f"{text}{''.join(code for _, code in wrapped)}fn main() -> i32 {{\n{calls}    return 0\n}}\n")
    _run([compiler(), "-A", "warnings", folder / "host.ks", "-o", folder / "host"])
    return _run([folder / "host"])


def _module(folder, text, wrapped, inputs):
    private = re.sub(r"^(var (?=g\d)|fn )", r"@private \1", text, flags=re.M)
    kfuncs = "".join(f"@kfunc {code}" for _, code in wrapped)
    (folder / "module.ks").write_text(private + kfuncs)
    _run([compiler(), "-A", "warnings", "--emit=c", folder / "module.ks", "-o", folder / "module.c"])
    calls = "".join(f'\tprintf("{name} %llx\\n", run_{name}({", ".join(f"{value}ull" for value in values)}));\n'
                    for name, _ in wrapped for values in inputs)
    (folder / "main.c").write_text(f'#include "module.c"\nint main(void)\n{{\n{calls}\treturn module_start();\n}}\n')
    _run(["cc", *_FLAGS, f"-I{ROOT}/lit-tests/support/kernel", folder / "main.c", "-o", folder / "module"])
    return _run([folder / "module"])


def _run(words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, errors="replace", env=environment(),
                          timeout=_TIMEOUT, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]}: status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[:3000]}")
    return done.stdout
