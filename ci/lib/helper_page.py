"""The page of all BPF helpers, from ir-specs/helpers.toml."""

import tomllib

_HEAD = """\
# BPF helpers

Made by `ci/facts` from `ir-specs/helpers.toml`. BPF code calls a helper by its name. `&m` is a map, `K` and `V` are the types of its
keys and values. `*_` is a pointer to memory of any type whose size is the next argument; `out` memory need not be initialised.
`&d` is a variable `bpf_dynptr`, `"…"` a literal, `const` a number that is known to the compiler. `sock` is a `*bpf_sock`, or a pointer to a socket's struct of
the kernel, as `*sock` or `*tcp_sock`. A helper with a type in angle brackets is not called by its name: the language has something for it. What a helper acquires another has to release. A helper that moves the packet ends all pointers into it.
Without a kernel, all that the compiler supports have the helper. The program types are those that may call it. Types that may
only in later kernels have the first that allows it, of {kernels}, which were asked.

"""
_TYPES = {"map": "&m", "key": "*K", "value": "*V", "value_out": "out *V", "dynptr": "&d", "text": '"…"'}


def render(folder, kernels):
    helpers = tomllib.loads((folder / "helpers.toml").read_text())
    programs = tomllib.loads((folder / "programs.toml").read_text())
    lines = [_HEAD.format(kernels=", ".join(kernels))]
    for name, spec in helpers.items():
        args = ", ".join(f"{arg['name']}: {_type(arg)}" for arg in spec.get("args", []))
        lines.append(f"- `{name}({args}){_result(spec)}`: {'; '.join(_notes(spec))}")
    return "\n".join(lines).rstrip() + "\n"


def _type(arg):
    kind, null = arg["kind"], "?" if arg.get("nullable") else ""
    if kind == "scalar":
        return arg["ty"]
    if kind in ("readable", "writable", "out"):
        memory = f"*u8[{arg['bytes']}]" if "bytes" in arg else "*_"
        return f"{'out ' if kind == 'out' else ''}{memory}{null}"
    if kind == "context":
        return "ctx | sock" if "by_socket" in arg else "ctx"
    if "btf" in arg:
        return f"sock{null}"
    if kind == "constant":
        return f"const {arg['ty']}"
    if "object" in arg:
        return f"*{arg['object']}{null}"
    return _TYPES[kind] + null if kind in _TYPES else f"<{kind.replace('_', ' ')}>"


def _result(spec):
    null = "?" if spec.get("nullable") else ""
    kind = spec.get("result", "scalar")
    if "object" in spec:
        return f" -> *{spec['object']}{null}"
    return {"void": "", "scalar": f" -> {spec.get('ty')}", "value": f" -> *V{null}", "memory": f" -> *u8[len]{null}"}.get(kind, f" -> <{kind}>{null}")


def _notes(spec):
    groups = [", ".join(group["types"]) + _since(group) for group in spec.get("programs", [])]
    yield "programs: " + ("; ".join(groups) if groups else "of some attributes alone, which the error for others names")
    if "since" in spec:
        yield _since(spec).strip()
    for flag, words in (("changes_packet", "moves the packet"), ("gpl_only", "GPL only"), ("may_sleep", "may sleep")):
        if spec.get(flag):
            yield words
    if spec.get("reference") in ("acquires", "releases"):
        yield f"{spec['reference']} a socket"
    if "instead" in spec:
        yield spec["instead"]


def _since(spec):
    return f" from Linux {'.'.join(map(str, spec['since']))} on" if "since" in spec else ""
