"""What the book shows of tables: messages, builtins, kinds of maps, helpers by type of program, functions of the kernel."""

import re
import tomllib

import book_errors
from built import ROOT

_SPECS = ROOT / "ir-specs"


def made(name, arguments):
    """The text that a chapter asks for by `{{#made NAME ARGUMENTS}}`."""
    known = {
        "errors": book_errors.index, "area": book_errors.area, "refusals": book_errors.refusals, "builtins": _builtins, "methods": _methods,
        "maps": _maps, "helpers": _helpers_by_program, "kfuncs": _kfuncs, "lowered": _lowered,
    }
    if name not in known:
        raise SystemExit(f"no table {name}; there are {', '.join(sorted(known))}")
    return known[name](*arguments)


def _rows(name):
    return tomllib.loads((_SPECS / f"{name}.toml").read_text(encoding="utf-8"))


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def version(since):
    """`[6, 4]` as `6.4`; of what all kernels have that the compiler supports, nothing."""
    return ".".join(map(str, since)) if since and tuple(since) > (5, 10) else ""


def _parameters(row):
    return ", ".join(f"{name}: {ty}" for name, ty in row.get("params", []))


def _signature(name, row):
    result = row.get("result", "void")
    absent = "?" if row.get("absent") or row.get("optional") is True else ""
    return f"`{name}({_parameters(row)}){'' if result == 'void' else f' -> {result}{absent}'}`"


def _sides(row):
    if "op" in row or "node" in row:
        return ""
    sides = [("host", "user space"), ("bpf", "BPF"), ("helper", "BPF"), ("kmod", "modules")]
    return ", ".join(dict.fromkeys(name for key, name in sides if key in row))


def _builtins():
    shown = [(name, row) for name, row in sorted(_rows("builtins").items()) if row.get("supported", True)]
    # Of a builtin without `params` each form has its own, which the reference has.
    return _table(["builtin", "on", ""], [
        [_signature(name, row) if "params" in row else f"`{name}(…)`", _sides(row), row["summary"]] for name, row in shown])


def _methods():
    return _table(["method of maps", ""], [[_signature(name, row), row.get("summary", "")] for name, row in sorted(_rows("map_methods").items())])


def _maps():
    rows = []
    for name, row in _rows("maps").items():
        written = f"{row['written']}<K>" if "written" in row else name
        sides = [", ".join(side.replace("_", " ") for side in row["on"].get(key, [])) for key in ("bpf", "host")]
        rows.append([f"`{written}`", *sides, version(row.get("since")), version(row.get("sleepable")) or ("all" if "sleepable" in row else "none"),
                     ", ".join(f"`{flag}`" for flag in row.get("flags", []))])
    return _table(["kind", "BPF code", "user space", "since Linux", "programs that sleep", "flags"], rows)


def _later(row, group):
    return max(tuple(group.get("since", (0, 0))), tuple(row.get("since", (0, 0))))


def _helpers_of_attributes():
    """attribute → its helpers, each with the first kernel."""
    rows, of_type = _rows("helpers"), {}
    for name, row in rows.items():
        for group in row.get("programs", []):
            for kind in group["types"]:
                of_type.setdefault(kind, {})[name] = _later(row, group)
    found = {}
    for name, row in _rows("programs").items():
        found[name] = {helper: _later(rows[helper], {}) for helper in row.get("helpers", [])}
        for kind in (row.get("helpers_of", ""), row["prog_type"]):
            found[name].update(of_type.get(kind.removeprefix("BPF_PROG_TYPE_").lower(), {}))
    return found


def _helpers_by_program():
    """The helpers of each attribute; first those that all have. Attributes with the same helpers share a heading."""
    of_attribute = _helpers_of_attributes()
    common = set.intersection(*(set(helpers) for helpers in of_attribute.values()))
    groups = {}
    for name, helpers in of_attribute.items():
        rest = {helper: since for helper, since in sorted(helpers.items()) if helper not in common}
        groups.setdefault(_names(rest), []).append(name)
    first = next(iter(of_attribute.values()))
    text = f"## All programs\n\n{_names({name: first[name] for name in sorted(common)})}\n"
    for names, attributes in groups.items():
        text += f"\n## {', '.join(f'`@{name}`' for name in attributes)}\n\n{names}\n"
    return text


def _names(helpers):
    return ", ".join(f"`{name}`" + (f" ({version(since)})" if version(since) else "") for name, since in helpers.items()) or "No others."


def _kfuncs():
    rows = []
    for name, row in sorted(_rows("kfuncs").items()):
        notes = [row["reference"]] if "reference" in row else []
        notes += [f"released by `{row['released_by']}`"] if "released_by" in row else []
        notes += ["may sleep"] if row.get("may_sleep") else []
        notes += [f"for {', '.join(row['programs'])}"] if "programs" in row else []
        notes += [row["instead"]] if "instead" in row else []
        rows.append([f"`{name}`", version(row.get("since")), "; ".join(notes)])
    return _table(["function", "since Linux", ""], rows)


def _lowered():
    """The lines of `--explain-lowering`, from the one place that has their words."""
    text = (ROOT / "src/diag/lowered.rs").read_text(encoding="utf-8")
    found = re.findall(r'\w+ \{[^}]*\} = "([^"]*)" => "([^"]*)", "([^"]*)";', text)
    return _table(["construct", "became", ""], [[re.sub(r"`?\{(\w+)\}`?", r"*\1*", cell) for cell in row] for row in found])
