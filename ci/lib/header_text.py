"""What C headers define: the names of their macros and enumerators, and the values of those that are integers."""

import fnmatch
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

_CLANG = ["clang-22", "-x", "c", "-target", "x86_64-linux-gnu", "-w"]


@dataclass
class Names:
    """The names that one header defines itself, in its order."""

    # name → body
    macros: dict = field(default_factory=dict)
    # tag, empty where there is none → names
    enums: list = field(default_factory=list)

    def matching(self, patterns):
        """Macros and untagged enumerators whose names fit one of the patterns."""
        names = list(self.macros) + [name for tag, members in self.enums if not tag for name in members]
        return [name for name in dict.fromkeys(names) if any(fnmatch.fnmatchcase(name, p) for p in patterns)]


def read(header, files, includes):
    """The names that `header`, as one of these files, defines."""
    text = _run([*_CLANG, *includes, "-E", "-dD", "-"], f"#include <{header}>\n")
    names, code, here = Names(), [], False
    for line in text.splitlines():
        if marker := re.match(r'# \d+ "([^"]*)"', line):
            here = any(marker[1].endswith("/" + file) for file in files)
        elif not here:
            continue
        elif define := re.match(r"#define (\w+)(?: (.*)|$)", line):
            names.macros[define[1]] = (define[2] or "").strip()
        elif not line.startswith("#"):
            code.append(line)
    for tag, body in re.findall(r"\benum\b\s*(\w*)\s*\{([^}]*)\}", " ".join(code)):
        members = [member.partition("=")[0].strip() for member in _split(body)]
        names.enums.append((tag if not tag.startswith("__") else "", [m for m in members if m]))
    return names


def _split(text):
    """At the commas that are in no parentheses."""
    parts, depth = [""], 0
    for char in text:
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return parts


@dataclass(frozen=True)
class Value:
    """`bits` is the width of a constant that the header converts to network byte order; `number` is what it converts."""

    number: int
    bits: int = 0


def values(header, names, includes):
    """name → `Value`, of those that are integers."""
    with tempfile.TemporaryDirectory() as folder:
        # A header that makes network byte order on a machine that has it already: what differs was converted.
        swapped = Path(folder) / "asm"
        swapped.mkdir()
        (swapped / "byteorder.h").write_text("#include <linux/byteorder/big_endian.h>\n")
        names = _integers(header, names, includes)
        little = _numbers(header, names, includes, folder)
        big = _numbers(header, names, [f"-I{folder}", *includes], folder)
    found = {}
    for name, stored, number in zip(names, little, big):
        bits = next((bits for bits in (16, 32, 64) if _swap(number, bits) == stored), None)
        if stored != number and bits is None:
            raise SystemExit(f"{header}: {name} is {stored:#x} or {number:#x}, by byte order")
        found[name] = Value(number, 0 if stored == number else bits)
    return found


def _swap(number, bits):
    return int.from_bytes(number.to_bytes(bits // 8, "big"), "little") if 0 <= number < 1 << bits else None


def _integers(header, names, includes):
    """Without those that are no constant expressions."""
    lines = [f"struct ks_{index} {{ int bit : ((({name}) | 1) ? 1 : 1); }};" for index, name in enumerate(names)]
    source = f"#include <{header}>\n" + "\n".join(lines) + "\n"
    command = [*_CLANG, *includes, "-fsyntax-only", "-ferror-limit=0", "-"]
    done = subprocess.run(command, input=source, capture_output=True, text=True)
    bad = {int(line) - 2 for line in re.findall(r"^<stdin>:(\d+):\d+: (?:fatal )?error", done.stderr, re.MULTILINE)}
    return [name for index, name in enumerate(names) if index not in bad]


def _numbers(header, names, includes, folder):
    if not names:
        return []
    entries = ", ".join(f"(unsigned long long)({name}), ({name}) < 0" for name in names)
    source = (f"#include <{header}>\n"
              f'__attribute__((section("facts"), used)) static const unsigned long long ks_facts[] = {{ {entries} }};\n')
    made, data = Path(folder) / "facts.o", Path(folder) / "facts.bin"
    _run([*_CLANG, *includes, "-c", "-o", str(made), "-"], source)
    _run(["/usr/lib/llvm-22/bin/llvm-objcopy", f"--dump-section=facts={data}", str(made), "/dev/null"])
    raw = data.read_bytes()
    words = [int.from_bytes(raw[at:at + 8], "little") for at in range(0, len(raw), 8)]
    return [word - (1 << 64 if negative else 0) for word, negative in zip(words[::2], words[1::2])]


def _run(command, text=None):
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}:\n{done.stderr}")
    return done.stdout
