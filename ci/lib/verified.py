"""ci/verified.toml: how many instructions the verifier of each kernel processes of the programs of examples/ and of ci/bench."""

import re
import tomllib

from built import ROOT
from contests import PROGRAMS
from contests_tracing import TRACED

PATH = ROOT / "ci/verified.toml"
LEVELS = ("v1", "v3", "v4")
# A kernel may process so much more than what is recorded.
_GROWTH = 1.05
_HEAD = """\
# How many instructions the verifier of each kernel processes of each program, by the level of the instruction set that it is compiled for.
# Written by `ci/loaded --record`, for this machine's kernel, and by `ci/vm/run --record examples/`, for those of ci/vm: nobody edits it.
"""


def sources():
    """The examples, and what only ci/bench has. Those with a kernel module, or a scheduler, which most kernels do not take, have tests of
    their own."""
    texts = {path: path.read_text() for path in sorted((ROOT / "examples").glob("*.ks"))}
    of_bench = [ROOT / "ci/peers" / f"{program.name}.ks" for program in (*PROGRAMS, *TRACED)]
    return [path for path, text in texts.items() if "@kfunc" not in text and "sched_ext_ops" not in text] + [path for path in of_bench if path.exists()]


def processed(output):
    """Program → instructions, of what `replay load` prints."""
    return {name: int(count) for name, count in re.findall(r"^(\w+): (\d+) instructions processed$", output, re.MULTILINE)}


class Verified:
    def __init__(self):
        """kernel → {source, as a path of the repository → {program → {level → instructions}}}"""
        self.of = tomllib.loads(PATH.read_text()) if PATH.exists() else {}

    def put(self, kernel, source, level, seen):
        programs = self.of.setdefault(kernel, {}).setdefault(source, {})
        for name in [name for name in programs if name not in seen]:
            del programs[name]
        for name, count in seen.items():
            programs.setdefault(name, {})[level] = count

    def worse(self, kernel, source, level, seen):
        """Lines that say what has grown or is not there; none of a kernel that was never recorded."""
        if kernel not in self.of:
            return
        recorded = {name: levels[level] for name, levels in self.of[kernel].get(source, {}).items() if level in levels}
        for name, count in seen.items():
            if name not in recorded:
                yield f"`{name}` is not recorded"
            elif count > recorded[name] * _GROWTH:
                yield f"`{name}` has {count} instructions processed, {recorded[name]} are recorded"
        for name in recorded.keys() - seen.keys():
            yield f"there is no program `{name}`, which is recorded"

    def write(self):
        names = {str(path.relative_to(ROOT)) for path in sources()}
        lines = [_HEAD.rstrip()]
        for kernel in sorted(self.of, key=lambda kernel: [int(part) for part in kernel.split(".")]):
            for source in sorted(names & self.of[kernel].keys()):
                lines += ["", f'["{kernel}"."{source}"]']
                for name, levels in self.of[kernel][source].items():
                    lines.append(f"{name} = {{ {', '.join(f'{level} = {levels[level]}' for level in LEVELS if level in levels)} }}")
        PATH.write_text("\n".join(lines) + "\n")


def judge(kernel, source, level, seen, record):
    """Puts what a kernel did into the file, or yields the lines that say what is worse than there."""
    verified, source = Verified(), str(source.relative_to(ROOT))
    if not record:
        return [f"{source} as {level} on Linux {kernel}: {line}; --record writes it" for line in verified.worse(kernel, source, level, seen)]
    verified.put(kernel, source, level, seen)
    verified.write()
    return []
