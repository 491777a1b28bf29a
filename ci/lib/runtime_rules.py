"""The rules about the runtime: its layers, its contract with the compiler, and that no files of it name each other in a circle."""

import re
import tomllib
from pathlib import Path

from rules import at
from sources import code, code_lines, files, lines, tests_begin, text

# From the lowest to the highest: a layer names those before it. All name `abi`.
_LAYERS = ("kernel", "object", "link", "session", "library")
_ROOT = Path("runtime/src")
_ABI = _ROOT / "abi.rs"
_FORMS = Path("ir-specs/attach_forms.toml")
# A path from the root or from a folder above, as far as the first brace; or that and a list of names.
_PATH = re.compile(r"\b(crate|(?:super::)*super)((?:::\w+)*)(?:::(\{))?")


def runtime_layers():
    """A layer of the runtime names only those below it (`_LAYERS` of ci/lib/runtime_rules.py), and `abi`."""
    for path in _sources():
        inside = path.relative_to(_ROOT)
        if len(inside.parts) == 1:
            continue
        layer = inside.parts[0]
        allowed = {"abi", *_LAYERS[:_LAYERS.index(layer) + 1]} if layer in _LAYERS else {"abi"}
        for number, name in _named(path):
            if name[:1] and name[0] not in allowed:
                yield at(path, number, f"`{layer}` must not name `{name[0]}`: what it calls there, the upper layer registers",
                         f"{path}:{name[0]}")


def runtime_circles():
    """No files of the runtime name each other in a circle."""
    graph = {path: set() for path in _sources()}
    for path in graph:
        for _number, name in _named(path):
            if (other := _file(name)) and other != path:
                graph[path].add(other)
    for circle in _circles(graph):
        names = ", ".join(str(path.relative_to(_ROOT)) for path in circle)
        yield at(circle[0], 1, f"a circle of files: {names}", str(circle[0]))


def runtime_contract():
    """The runtime exports what the tables of its abi.rs and abi_*.rs have, each function in the layer that the table says, and what builtins call."""
    exported, layer, table = {}, None, {}
    for path in _sources():
        for number, line in lines(path):
            if found := re.search(r'extern "C" fn (ks_\w+)', line):
                exported[found[1]] = (path, number)
    for _number, line in (line for path in [_ABI, *sorted(_ROOT.glob("abi_*.rs"))] for line in lines(path)):
        if found := re.match(r"//! Of the layer `(\w+)`:", line):
            layer = found[1]
        elif found := re.match(r"//! \| (`ks_[^|]*)", line):
            table.update((name, layer) for name in re.findall(r"ks_\w+", found[1]))
    of_builtins = {found for found in re.findall(r'^host = "(\w+)"', text(Path("ir-specs/builtins.toml")), re.MULTILINE)}
    called = {name for path in files(".rs", ".toml", under=("src/", "ir-specs/")) for name in re.findall(r"\bks_\w+", text(path))}
    for name, (path, number) in exported.items():
        if (name in table) == (name in of_builtins):
            yield at(path, number, f"`{name}` is a `host` of ir-specs/builtins.toml, or in the table of {_ABI}")
        if name in table and table[name] != path.relative_to(_ROOT).parts[0]:
            yield at(path, number, f"`{name}` is in the table of {_ABI} as a function of `{table[name]}`")
        if name not in called:
            yield at(path, number, f"no table and no code of the compiler names `{name}`")
    for name in sorted((table.keys() | of_builtins) - exported.keys()):
        yield at(_ABI, 1, f"the runtime has no `{name}`")


def runtime_forms():
    """Each attach form has its symbol in the runtime, and so has each lookup that one names."""
    symbols = {found for path in _sources() for found in re.findall(r"pub static (ks_(?:form|lookup)_\w+)", text(path))}
    forms = tomllib.loads(text(_FORMS))
    wanted = {f"ks_form_{name}" for name in forms if name not in ("run", "struct_ops")} | {"ks_form_device"}
    wanted |= {f"ks_lookup_{form['lookup']}" for form in forms.values() if "lookup" in form}
    for name in sorted(symbols ^ wanted):
        yield at(_FORMS, 1, f"`{name}` is not both in {_FORMS} and a symbol of the runtime")


def _sources():
    return [path for path in files(".rs", under=(f"{_ROOT}/",)) if path.name != "lib.rs"]


def _module(path):
    """The names of the modules that lead to a file."""
    parts = path.relative_to(_ROOT).with_suffix("").parts
    return list(parts[:-1] if parts[-1] == "mod" else parts)


def _named(path):
    """(line, names from the root) of each path that code outside the unit tests names by `crate` or `super`, or below its own module."""
    own, source = _module(path), code(path)
    end = tests_begin(path)
    for found in _PATH.finditer(source):
        number = source.count("\n", 0, found.start()) + 1
        if number < end:
            up = found[1].count("super")
            base = own[:len(own) - up] if up else []
            base = base + found[2].split("::")[1:]
            for rest in _expanded(source, found.end()) if found[3] else [[]]:
                yield number, base + rest
    for number, line in code_lines(path):
        if (found := re.match(r"(?:pub )?use (\w+)((?:::\w+)*)", line)) and _file(own + [found[1]]) and number < end:
            yield number, own + [found[1], *found[2].split("::")[1:]]


def _expanded(source, start):
    """The names in the braces that begin before `start`: one list for each."""
    depth, prefixes, current = 1, [[]], []
    for token in re.finditer(r"\w+|[{},]", source[start:]):
        if token[0] == "{":
            prefixes.append(prefixes[-1] + current)
            current, depth = [], depth + 1
        elif token[0] in ",}":
            if current:
                yield prefixes[-1] + [name for name in current if name != "self"]
            current = []
            if token[0] == "}":
                prefixes.pop()
                depth -= 1
                if not depth:
                    return
        else:
            current.append(token[0])


def _file(names):
    """The file of the longest prefix that is a module; None for the root."""
    for length in range(len(names), 0, -1):
        place = _ROOT.joinpath(*names[:length])
        for path in (place.with_suffix(".rs"), place / "mod.rs"):
            if path in files(".rs", under=(f"{_ROOT}/",)):
                return path
    return None


def _circles(graph):
    """The strongly connected parts of more than one file (Tarjan's algorithm)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            part = [stack.pop()]
            while part[-1] != node:
                part.append(stack.pop())
            if len(part) > 1:
                found.append(sorted(part))

    for node in graph:
        if node not in index:
            visit(node)
    return found


RULES = [("runtime-layers", runtime_layers), ("runtime-circles", runtime_circles), ("runtime-contract", runtime_contract),
         ("runtime-forms", runtime_forms)]
