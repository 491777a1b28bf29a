"""The page of all predefined names, from the tables of ir-specs/."""

import re
import tomllib

_TITLES = {
    "bpf": "BPF", "link": "Links, Ethernet, ARP", "ip": "IP", "icmp": "ICMP, ICMPv6, IGMP", "transport": "TCP, UDP, GRE",
    "netfilter": "Netfilter", "process": "Files, sockets, processes", "errno": "Errors",
}

_HEAD = """\
# Predefined names

Made by `ci/facts` from the tables of `ir-specs/`. A program uses these names without declaring them; what a file declares
itself hides them. Constants have no type, as literals have none, unless `as be16` or `as be32` follows: those are in network
byte order, as fields of these types are. In a union all fields begin at the same byte; a field that is short for a path is
another name for the same bytes.

"""


def render(folder):
    own = tomllib.loads((folder / "constants.toml").read_text())
    parts = [_HEAD, "## Results of programs\n\nOf `linux/bpf.h` and `linux/pkt_cls.h`.\n"]
    parts += [_enum(name, spec) for name, spec in own["enums"].items()]
    if own.get("constants"):
        parts.append(_block(f"{name} = {number}" for name, number in own["constants"].items()))
    parts.append("## Contexts\n\nOf `linux/bpf.h`.\n")
    machines = tomllib.loads((folder / "machines.toml").read_text())
    for name, spec in tomllib.loads((folder / "contexts.toml").read_text()).items():
        if "registers" in spec:
            parts += [_with_registers(name, spec, machine, facts) for machine, facts in machines.items()]
        else:
            parts.append(_struct(name, spec))
    parts.append("## Values of maps\n\nOf `linux/bpf.h`.\n")
    structs = tomllib.loads((folder / "structs.toml").read_text())
    parts += [_struct(name, spec) for name, spec in structs.items() if not spec.get("opaque")]
    for stem, title in _TITLES.items():
        parts.append(f"## {title}\n")
        parts += _headers(folder / "uapi" / f"{stem}.toml")
    parts.append("## The kernel's own headers\n\nNo header for user space has these.\n")
    parts += _headers(folder / "kernel.toml")
    return "\n".join(parts).rstrip() + "\n"


def _headers(path):
    """The families of constants, enums and structs of a table, by header."""
    text = path.read_text()
    # As the table writes them, in decimal or hexadecimal.
    numbers = dict(re.findall(r'^(\w+) = "?([\w-]+)"?$', text, re.MULTILINE))
    for header, facts in tomllib.loads(text).items():
        yield f"### {header}\n"
        for order in ("constants", "be16", "be32"):
            if order in facts:
                lines = (f"{name} = {numbers[name]}" for name in facts[order])
                yield _block(lines if order == "constants" else (f"{line} as {order}" for line in lines))
        for name, spec in facts.get("enums", {}).items():
            yield _enum(name, spec)
        for name, spec in facts.get("structs", {}).items():
            yield _struct(name, spec)


def _enum(name, spec):
    also = f"  //{_also(spec)[1:]}" if _also(spec) else ""
    return _block([f"enum {name}: {spec['repr']} {{{also}", *(f"    {v} = {n}," for v, n in spec["variants"]), "}"])


def _with_registers(name, spec, machine, facts):
    """A context that begins with the registers of a machine."""
    size = 8 * len(facts["registers"])
    registers = [{"name": spec["registers"] + register, "ty": "u64", "offset": 8 * at}
                 for at, register in enumerate(facts["registers"])]
    own = [{**field, "offset": size + field["offset"]} for field in spec["fields"]]
    aliases = [facts["struct_name"]] if not spec["registers"] and facts["struct_name"] != name else []
    whole = {"size": size + spec["size"], "fields": registers + own, "aliases": aliases}
    return f"With `--target-arch={machine}`:\n\n" + _struct(name, whole)


def _struct(name, spec):
    kind = "union" if spec.get("union") else "struct"
    return _block([f"{kind} {name} {{  // {spec['size']} bytes{_also(spec)}", *map(_field, spec["fields"]), "}"])


def _field(field):
    bits = f" : {field['bits'][1]}" if "bits" in field else ""
    short = f", short for {field['short']}" if "short" in field else ""
    types = lambda column: " and ".join(f"`@{name}`" for name in field.get(column, []))  # noqa: E731
    read = f", for {types('readers')}" if field.get("readers") else ""
    read += ", of full sockets" if field.get("full") else ""
    written = read + (f", {types('writers')} can write it" if field.get("writers") else "")
    return f"    {field['name']}: {field['ty']}{bits},".ljust(40) + f"// at {field['offset']}{short}{written}"


def _also(spec):
    return "".join(f", also {alias}" for alias in spec.get("aliases", []))


def _block(lines):
    return "\n".join(["```text", *lines, "```", ""])
