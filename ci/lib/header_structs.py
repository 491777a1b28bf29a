"""The layout of C structs, from the BTF that clang writes."""

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

# The multiarch headers are those of the machine, whatever the target is; they choose by these macros.
_CLANG = ["clang-22", "-x", "c", "-target", "bpfel", "-D__x86_64__", "-I/usr/include/x86_64-linux-gnu", "-w", "-g", "-O0"]
_INTEGERS = {(1, False): "u8", (2, False): "u16", (4, False): "u32", (8, False): "u64",
             (1, True): "i8", (2, True): "i16", (4, True): "i32", (8, True): "i64"}


@dataclass
class Field:
    name: str
    ty: str
    offset: int
    # Shift and width inside the storage unit.
    bits: tuple = None
    # The path that it is short for.
    short: str = None


@dataclass
class Layout:
    size: int
    union: bool = False
    fields: list = field(default_factory=list)


class Layouts:
    """The layouts of structs, by name; the anonymous ones inside are named after the field that holds them."""

    def __init__(self, btf, retyped, known=()):
        self._types = {entry["id"]: entry for entry in btf}
        self._retyped = retyped
        # Those of other headers: what libc repeats of the kernel's lacks their byte order.
        self._known = dict(known)
        # Those that others refer to come before them.
        self._made = {}

    @property
    def structs(self):
        return {**self._known, **self._made}

    def made(self):
        return self._made

    def add(self, name):
        kinds = ("STRUCT", "UNION")
        found = [t for t in self._types.values() if t["kind"] in kinds and t["name"] == name and t.get("members")]
        if not found:
            raise SystemExit(f"no `struct {name}`")
        self._lay_out(found[0], name)

    def _lay_out(self, entry, name):
        if name in self.structs:
            if self.structs[name].size != entry["size"]:
                raise SystemExit(f"`struct {name}` has two sizes")
            return
        layout = Layout(entry["size"], entry["kind"] == "UNION")
        self._members(entry, name, 0, layout.fields)
        self._made[name] = layout

    def _members(self, entry, owner, base, fields):
        for member in entry["members"]:
            at = base + member["bits_offset"]
            inner = self._resolved(member["type_id"])
            if not member["name"] or member["name"] == "(anon)":
                self._members(inner, owner, at, fields)
                continue
            ty = self._retyped.get(f"{owner}.{member['name']}") or self._type(member["type_id"], owner, member["name"])
            if ty is None:
                continue
            width = member.get("bitfield_size", 0)
            if width:
                unit = 8 * inner["size"]
                start = at // unit * unit
                fields.append(Field(member["name"], ty, start // 8, (at - start, width)))
            else:
                fields.append(Field(member["name"], ty, at // 8))

    def _type(self, type_id, owner, field_name):
        """As the language writes it; none for an array that has no length."""
        entry = self._types[type_id]
        if entry["name"] in self._retyped:
            return self._retyped[entry["name"]]
        if entry["kind"] in ("TYPEDEF", "CONST", "VOLATILE", "TYPE_TAG"):
            order = re.fullmatch(r"__be(16|32|64)", entry["name"] or "")
            return f"be{order[1]}" if order else self._type(entry["type_id"], owner, field_name)
        if entry["kind"] == "INT":
            return _INTEGERS[entry["size"], entry.get("encoding") == "SIGNED"]
        if entry["kind"] == "ARRAY":
            element = self._type(entry["type_id"], owner, field_name)
            return f"{element}[{entry['nr_elems']}]" if entry["nr_elems"] else None
        if entry["kind"] in ("STRUCT", "UNION"):
            name = entry["name"] if entry["name"] not in (None, "", "(anon)") else f"{owner}_{field_name}"
            self._lay_out(entry, name)
            return name
        raise SystemExit(f"{owner}.{field_name}: no type for {entry['kind']} {entry['name']}")

    def _resolved(self, type_id):
        entry = self._types[type_id]
        while entry["kind"] in ("TYPEDEF", "CONST", "VOLATILE", "TYPE_TAG"):
            entry = self._types[entry["type_id"]]
        return entry

    def shorten(self, name, shorts):
        """Adds fields that are short for paths: {"id": "un.echo.id"}."""
        layout = self.structs[name]
        for short, path in shorts.items():
            found = self._follow(name, path.split("."))
            if found and short not in [f.name for f in layout.fields]:
                layout.fields.append(Field(short, found.ty, found.offset, found.bits, path))

    def extend(self, name, later):
        """Adds fields that the header lacks: {"ae": {"ty": "u16", "offset": 12, "bits": [0, 1]}}."""
        layout = self.structs[name]
        for field_name, spec in later.items():
            if field_name not in [f.name for f in layout.fields]:
                layout.fields.append(Field(field_name, spec["ty"], spec["offset"], tuple(spec["bits"])))

    def _follow(self, name, path):
        """The field that a path leads to, with its offset from the outermost struct."""
        layout = self.structs.get(name)
        found = layout and next((f for f in layout.fields if f.name == path[0]), None)
        if not found or len(path) == 1:
            return found
        inner = self._follow(found.ty, path[1:])
        return inner and Field(inner.name, inner.ty, found.offset + inner.offset, inner.bits)


def of_headers(header, names, includes, retyped, known):
    source = f"#include <{header}>\n" + "".join(f"struct {name} ks_{name};\n" for name in names)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "structs.o"
        done = subprocess.run([*_CLANG, *includes, "-c", "-o", str(made), "-"], input=source, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{header}:\n{done.stderr}")
        layouts = Layouts(_btf(str(made)), retyped, known)
    for name in names:
        layouts.add(name)
    return layouts


def of_kernel(names, retyped):
    """Those of the names that the running kernel knows."""
    layouts = Layouts(_btf("/sys/kernel/btf/vmlinux"), retyped)
    for name in names:
        try:
            layouts.add(name)
        except SystemExit:
            continue
    return layouts


def _btf(path):
    done = subprocess.run(["bpftool", "-j", "btf", "dump", "file", path], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bpftool: {path}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["types"]
