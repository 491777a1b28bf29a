"""The table of BPF helpers, ir-specs/helpers.toml, of what the inputs in ci/ say of each."""

import re
import tomllib

import helper_answers
from helper_answers import text_list, version

_SCALARS = {
    "__u8": "u8", "__u16": "u16", "__u32": "u32", "__u64": "u64", "__s32": "i32", "__s64": "i64", "int": "i32", "long": "i64",
    "unsigned long": "u64", "__be16": "be16", "__wsum": "u32",
}
# Words of helper_protos.toml → kinds of `HelperArgKind`.
_KINDS = {
    "map": "map", "map_key": "key", "ctx": "context", "callback": "callback", "spin_lock": "spin_lock", "timer": "timer",
    "dynptr": "dynptr", "const_str": "text", "stack": "frame", "ringbuf_mem": "record", "kptr": "object",
}
_RESULTS = {"integer": "scalar", "void": "void", "map_value": "value", "mem": "memory", "mem_or_btf": "object"}
# Words of helper_protos.toml → structs of contexts.toml with `object = true`.
_OBJECTS = {
    "socket": "bpf_sock", "sock_common": "bpf_sock", "btf_sock_common": "bpf_sock", "tcp_sock": "bpf_tcp_sock",
}
# Of these all fields may be read.
_FULL = ("socket",)
_HEAD = """\
# Made by ci/facts of bpf_helper_defs.h (libbpf-sys), ci/helpers.toml, ci/helper_protos.toml and ci/helper_programs.toml. Do not
# edit. `since`: the first kernel, where later than 5.10. `programs`: the program types that may call it; those with a `since` of
# their own in the kernels from that one on, which is the first that allows it of {kernels}.
"""


def declared(header):
    """helper → (number, C type of the result, parameters), as the header declares them."""
    pattern = r"^static (.+?)\(\* const (\w+)\)\((.*)\) = \(void \*\) (\d+);"
    found = re.findall(pattern, header, re.MULTILINE)
    return {name: (int(number), result.replace("__bpf_fastcall", "").strip(), params) for result, name, params, number in found}


def table(header, folder):
    own = tomllib.loads((folder / "helpers.toml").read_text())
    protos = tomllib.loads((folder / "helper_protos.toml").read_text()) | own["proto"]
    answers = helper_answers.Answers()
    moved = answers.moved()
    since = {helper: kernel for kernel, helpers in own["since"].items() for helper in helpers}
    lines = [_HEAD.format(kernels=", ".join(answers.of))]
    of_all = declared(header)
    # Kernels number their helpers in the order in which they come.
    firsts = [version(since.get(name, "0")) for name in sorted(of_all, key=lambda name: of_all[name][0])]
    if firsts != sorted(firsts):
        raise SystemExit("ci/helpers.toml: the first kernels are not in the order of the helpers' numbers")
    for name, (number, result, params) in of_all.items():
        proto = protos[name]
        flags = proto.get("flags", [])
        lines += [f"[{name}]", f"number = {number}", *_args(name, params, proto["args"], own)]
        lines += _result(proto["result"], result)
        lines += [f'object = "{own["kernel_object"][name]}"'] if name in own["kernel_object"] else []
        lines += _programs(name, number, since.get(name), answers, own["hooks"].get(name))
        lines += [f'needs = "{own["needs"][name]}"'] if name in own["needs"] else []
        lines += [f'reference = "{own["reference"][name]}"'] if name in own["reference"] else []
        lines += [f"{field} = true" for field in ("constant", "fills") if name in own[field]]
        lines += [f"fills_since = {own['fills_since'][name]}"] if name in own["fills_since"] else []
        lines += ["changes_packet = true"] if name in moved else []
        words = {"packet": "reads_packet", "gpl": "gpl_only", "sleeps": "may_sleep"}
        lines += [f"{field} = true" for flag, field in words.items() if flag in flags]
        lines += [f"since = {_kernel(since[name])}"] if name in since else []
        lines += [f"instead = {_text(own['instead'][name])}"] if name in own["instead"] else []
        lines.append("")
    return "\n".join(lines)


def _programs(helper, number, since, answers, of_hooks):
    """The types in the order of the kernels that allow them; then those that nobody asked."""
    lack, have = answers.brackets(number)
    fits = since is None if not lack else since is not None and version(lack[0]) < version(since)
    if not fits or (since and have and version(since) > version(have[0])):
        raise SystemExit(f"ci/helpers.toml: {helper} is of {since}, and kernels have it after {lack}, from {have} on")
    oldest, lines = True, []
    for kernel, types in answers.since(helper, number).items():
        later = "" if oldest else f"since = {_kernel(kernel)}, "
        lines += [f"    {{ {later}types = {text_list(types, '    ')} }},"] if types else []
        oldest = False
    if of_hooks:
        later = f"since = {_kernel(of_hooks['since'])}, " if "since" in of_hooks else ""
        lines.append(f"    {{ {later}types = {text_list(of_hooks['types'], '    ')} }},")
    return ["programs = [", *lines, "]"] if lines else []


def _kernel(text):
    return f"[{', '.join(text.split('.'))}]"


def _args(helper, params, protos, own):
    params = [] if params == "void" else [_param(param) for param in params.split(", ")]
    # The record of the kernel leaves out the values of a format, and arguments that are for nothing yet.
    protos = protos + ["any" if ty else "rest" for ty, _ in params[len(protos):]]
    if len(params) != len(protos):
        raise SystemExit(f"{helper}: {len(params)} parameters and {len(protos)} in its record")
    signed, objects, by_socket = (own[table].get(helper, {}) for table in ("signed", "kernel_argument", "by_socket"))
    lines = []
    for at, ((ty, name), proto) in enumerate(zip(params, protos)):
        ty = ty.replace("__u", "__s") if name in signed else ty
        fields = _arg(ty, name, proto.split(), at, protos)
        fields += [f'object = "{objects[str(at)]}"'] if str(at) in objects else []
        fields += [f"by_socket = {text_list(by_socket)}"] if at == 0 and by_socket else []
        lines.append(f"    {{ {', '.join(fields)} }},")
    return ["args = [", *lines, "]"] if lines else []


def _param(text):
    if text == "...":
        return "", "rest"
    ty, name = re.fullmatch(r"(.*?)(\w+)", text).groups()
    return ty.replace("const ", "").strip(), name


def _arg(ty, name, proto, at, protos):
    word, flags = proto[0], proto[1:]
    fields = [f'name = "{name}"']
    if word == "alloc_size":
        return [*fields, 'kind = "constant"', f'ty = "{_SCALARS[ty]}"']
    if word in ("any", "scalar", "size", "size_or_zero") and not ty.endswith("*"):
        fields += ['kind = "scalar"', f'ty = "{_SCALARS[ty]}"']
        fields += ["zero = true"] if word == "size_or_zero" else []
        return fields
    if word == "mem" or word == "map_value":
        readable = "read" in flags or (word == "map_value" and "write" not in flags)
        kind = "readable" if readable else "out" if "uninit" in flags else "writable"
        fields.append(f'kind = "{kind if word == "mem" else {"readable": "value", "out": "value_out"}[kind]}"')
        fixed = next((flag.split(":")[1] for flag in flags if flag.startswith("fixed")), None)
        if fixed:
            fields.append(f"bytes = {fixed}")
        elif word == "mem":
            if at + 1 == len(protos) or not protos[at + 1].startswith("size"):
                raise SystemExit(f"no size follows `{name}`")
            fields.append(f"size = {at + 1}")
    else:
        other = "address" if word == "any" else "rest" if word == "rest" else "object"
        fields.append(f'kind = "{_KINDS.get(word, other)}"')
        fields += [f'object = "{_OBJECTS[word]}"'] if word in _OBJECTS else []
    fields += ["btf = true"] if word == "btf_sock_common" else []
    fields += ["nullable = true"] if "null" in flags else []
    return fields


def _result(proto, c_type):
    word, *flags = proto.split()
    kind = "void" if c_type == "void" else _RESULTS.get(word, "object")
    lines = [f'result = "{kind}"'] if kind != "scalar" else []
    lines += [f'ty = "{_SCALARS[c_type]}"'] if kind == "scalar" else []
    lines += [f'object = "{_OBJECTS[word]}"'] if word in _OBJECTS else []
    lines += ["full = true"] if word in _FULL else []
    return lines + (["nullable = true"] if "null" in flags else [])


def _text(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
