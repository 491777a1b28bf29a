"""Compares what a compiler takes the predefined names for with what a C compiler finds in the headers.

    header_truth.py KSC CC FOLDER

Every constant and variant of ir-specs/uapi/ becomes an element of an array, in a program of each language, and so does the
size of every struct and the offset of every field that is no bit-field. Of each bit-field the bytes of a struct are compared
in which its bits alone are set. The programs print what they hold.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_STRUCT = "struct"


_LATER = tomllib.loads((ROOT / "ci/facts.toml").read_text())["later"]


class Table:
    """What one header's section of a table declares."""

    def __init__(self, header, facts):
        self.header = header
        self.constants = [(name, "") for name in facts.get("constants", {})]
        self.constants += [(name, order) for order in ("be16", "be32") for name in facts.get(order, {})]
        self.constants += [(name, "") for spec in facts.get("enums", {}).values() for name, _ in spec["variants"]]
        # Those that C has a name for: others are named after the field that holds them.
        own = facts.get("structs", {})
        # The machine's header may be older than the fields that `later` adds.
        for name, spec in own.items():
            spec["fields"] = [field for field in spec["fields"] if field["name"] not in _LATER.get(name, {})]
        inner = {f"{name}_{field['name']}" for name, spec in own.items() for field in spec["fields"]}
        self.structs = {name: spec for name, spec in own.items() if name not in inner}


def main():
    ksc, cc, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    crate = _crate()
    tables = [Table(header, facts) for path in sorted((ROOT / "ir-specs/uapi").glob("*.toml"))
              for header, facts in tomllib.loads(path.read_text()).items()]
    wrong = compared = 0
    ours = _ours(tables, ksc, folder)
    for table in tables:
        theirs = _theirs(table, cc, crate, folder)
        for what, value in theirs.items():
            compared += 1
            if ours[what] != value:
                wrong += 1
                print(f"{what} is {ours[what]}, in {table.header} {value}")
    print(f"{compared} compared, {wrong} differ")
    sys.exit(1 if wrong or compared < 1500 else 0)


def _questions(table):
    """(what, form in the language, form in C)"""
    for name, order in table.constants:
        yield name, f"({name}).raw" if order else name, name
    for name, spec in table.structs.items():
        yield f"sizeof {name}", f"sizeof({name})", f"sizeof({_STRUCT} {name})"
        for field in spec["fields"]:
            if "bits" not in field:
                path = field.get("short", field["name"])
                yield (f"offsetof {name}.{field['name']}", f"offsetof({name}, {field['name']})",
                       f"__builtin_offsetof({_STRUCT} {name}, {path})")


def _bit_fields(table):
    for name, spec in table.structs.items():
        for field in spec["fields"]:
            if "bits" in field:
                yield name, field["name"], field.get("short", field["name"]), (1 << field["bits"][1]) - 1, spec["size"]


def _ours(tables, ksc, folder):
    """Printed by a program of user space: what → number, or bytes in hexadecimal."""
    found = {}
    lines, whats = [], []
    for table in tables:
        for what, form, _ in _questions(table):
            whats.append(what)
            lines.append(form)
    source = [f"var values: u64[{len(lines)}]", ""]
    functions = []
    for at in range(0, len(lines), 100):
        functions.append(f"fn part{at}() {{")
        functions += [f"    values[{at + n}] = ({form}) as i64 as u64" for n, form in enumerate(lines[at:at + 100])]
        functions += ["}"]
    bits = [(table, *entry) for table in tables for entry in _bit_fields(table)]
    for n, (_, struct, field, _, mask, _) in enumerate(bits):
        functions += [f"fn bits{n}(zero: *{struct}) {{", f"    zero->{field} = {mask}", "}"]
    main_body = [f"    part{at}()" for at in range(0, len(lines), 100)]
    main_body.append(f"    for (i in 0..{len(lines)}) print(\"%llu\", values[i])")
    for n, (_, struct, _, _, _, size) in enumerate(bits):
        main_body += ["    {", f"        var room: u8[{size}] = []", f"        bits{n}(&room as *u8 as *{struct})"]
        main_body += [f"        for (i in 0..{size}) print(\"%u\", room[i])", "    }"]
    program = folder / "ours.ks"
    program.write_text("\n".join([*source, *functions, "fn main() -> i32 {", *main_body, "    return 0", "}", ""]))
    executable = folder / "ours"
    subprocess.run([ksc, str(program), "-o", str(executable)], check=True, stderr=subprocess.DEVNULL)
    printed = subprocess.run([str(executable)], capture_output=True, text=True, check=True).stdout.split()
    found = dict(zip(whats, map(int, printed)))
    rest = list(map(int, printed[len(whats):]))
    for _, struct, field, _, _, size in bits:
        found[f"bits of {struct}.{field}"], rest = rest[:size], rest[size:]
    return found


def _theirs(table, cc, crate, folder):
    questions = list(_questions(table))
    bits = list(_bit_fields(table))
    body = [f'printf("%llu\\n", (unsigned long long)({form}));' for _, _, form in questions]
    for struct, _, path, mask, _ in bits:
        body.append(f"{{ {_STRUCT} {struct} s; __builtin_memset(&s, 0, sizeof s); s.{path} = {mask}; "
                    "for (unsigned i = 0; i < sizeof s; i++) printf(\"%u\\n\", ((unsigned char *)&s)[i]); }")
    # Without libc's own headers: they hide parts of the kernel's.
    source = "\n".join([f"#include <{table.header}>", "int printf(const char *, ...);", "int main(void) {", *body, "return 0; }", ""])
    executable = folder / "theirs"
    subprocess.run([cc, "-w", "-x", "c", f"-I{crate}", "-o", str(executable), "-"], input=source, text=True, check=True)
    printed = list(map(int, subprocess.run([str(executable)], capture_output=True, text=True, check=True).stdout.split()))
    found = {what: number for (what, _, _), number in zip(questions, printed)}
    rest = printed[len(questions):]
    for struct, field, _, _, size in bits:
        found[f"bits of {struct}.{field}"], rest = rest[:size], rest[size:]
    return found


def _crate():
    """The headers of libbpf-sys, which the tables of BPF are made of."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    package = next(p for p in json.loads(done.stdout)["packages"] if p["name"] == "libbpf-sys")
    return Path(package["manifest_path"]).parent / "libbpf/include/uapi"


if __name__ == "__main__":
    main()
