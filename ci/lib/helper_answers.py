"""ci/helper_programs.toml: what each kernel that was asked says of helpers (`helper_programs`), kernel by kernel as changes."""

import json
import tomllib
from built import ROOT

PATH = ROOT / "ci/helper_programs.toml"
_HEAD = """\
# Made by `ci/facts --probe` (this machine's kernel) and `ci/vm/run --probe` (those of ci/vm) of what kernels answer when they are asked to
# load small programs. Linux 5.10 is that of Debian 11. `count`: how many helpers the kernel has. `moves`: those that end pointers into the
# packet. `may`: the program types that may call a helper, of those that load without more. A kernel's list is what it adds to the
# list of the kernel before; what it takes away has a `-`.
"""
# A kernel has the program types that may call this one.
_ALL_MAY = "bpf_map_lookup_elem"


class Answers:
    def __init__(self):
        """kernel → what `helper_programs.ask` yields on it; the oldest kernel first."""
        table = tomllib.loads(PATH.read_text())
        may = {helper: _whole(table["count"], changes) for helper, changes in table["may"].items()}
        moves = _whole(table["count"], table["moves"])
        self.of = {kernel: {"count": count, "moves": moves[kernel], "may": {helper: may[helper][kernel] for helper in may}}
                   for kernel, count in table["count"].items()}

    def put(self, kernel, answer):
        self.of = dict(sorted({**self.of, kernel: answer}.items(), key=lambda entry: version(entry[0])))

    def write(self):
        PATH.write_text(self._toml())

    def _toml(self):
        lines = [_HEAD, "[count]", *(f'"{kernel}" = {answer["count"]}' for kernel, answer in self.of.items())]
        lines += ["", "[moves]", *_changes({kernel: answer["moves"] for kernel, answer in self.of.items()})]
        helpers = dict.fromkeys(helper for answer in self.of.values() for helper in answer["may"])
        for helper in helpers:
            changes = _changes({kernel: answer["may"].get(helper, []) for kernel, answer in self.of.items()})
            lines += ["", f"[may.{helper}]", *changes] if changes else []
        return "\n".join(lines) + "\n"

    def differ(self, kernel, answer):
        """Whether the kernel answers otherwise than the table has it."""
        def plain(answer):
            may = {helper: set(types) for helper, types in answer["may"].items() if types}
            return answer["count"], set(answer["moves"]), may

        return kernel in self.of and plain(self.of[kernel]) != plain(answer)

    def brackets(self, number):
        """Of the kernels that were asked, the last that lacks the helper of this number, and the first that has it; or none."""
        lack = [kernel for kernel, answer in self.of.items() if answer["count"] < number]
        have = [kernel for kernel, answer in self.of.items() if answer["count"] >= number]
        return lack[-1:], have[:1]

    def since(self, helper, number):
        """Kernel → the program types that may call the helper in it and in all later ones, but not in the one before. A kernel
        without the helper says nothing of it, and one without a program type only that such a program may call what all others may:
        the oldest kernel has what was allowed from the start."""
        types = self.of[list(self.of)[-1]]["may"].get(helper, [])
        first = {}
        for kernel, answer in reversed(self.of.items()):
            may, known = answer["may"].get(helper, []), answer["may"][_ALL_MAY]
            if answer["count"] >= number:
                types = [name for name in types if name in may or (name not in known and len(may) == len(known))]
            first.update(dict.fromkeys(types, kernel))
        return {kernel: [name for name in first if first[name] == kernel] for kernel in self.of}

    def moved(self):
        return {helper for answer in self.of.values() for helper in answer["moves"]}


def judge(kernel, text):
    """Why the answer that a guest wrote is wrong; or None."""
    differs = Answers().differ(kernel, json.loads(text))
    return f"{PATH.relative_to(ROOT)} has another answer: run ci/vm/run --probe" if differs else None


def record(kernel, text):
    """Puts what a guest wrote into the table."""
    answers = Answers()
    answers.put(kernel, json.loads(text))
    answers.write()


def version(kernel):
    return tuple(int(part) for part in kernel.split("."))


def _whole(kernels, changes):
    """Kernel → list, of the changes at some of the kernels."""
    whole, lists = [], {}
    for kernel in kernels:
        gone = {item[1:] for item in changes.get(kernel, []) if item.startswith("-")}
        whole = [item for item in whole if item not in gone] + [item for item in changes.get(kernel, []) if not item.startswith("-")]
        lists[kernel] = whole
    return lists


def _changes(lists):
    lines, before = [], []
    for kernel, whole in lists.items():
        change = [item for item in whole if item not in before] + [f"-{item}" for item in before if item not in whole]
        lines += [f'"{kernel}" = {text_list(change)}'] if change else []
        before = whole
    return lines


def text_list(words, indent=""):
    """`["word", …]`, in lines where it is long."""
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > 110:
            lines, line = [*lines, line.rstrip()], ""
        line += f'"{word}", '
    if not lines:
        return f"[{line.rstrip(', ')}]"
    return "\n".join(["[", *(f"{indent}    {line}" for line in [*lines, line.rstrip()]), f"{indent}]"])
