#!/usr/bin/env python3
"""Prints the types of keys and values of the maps of a BPF object, as bpftool reads its BTF: `name: key -> value`.

    %map-types %t.bpf.o | FileCheck %s

This is what another loader, and the kernel, know of the maps; it shares no code with the compiler or with `ksc inspect`.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "ci", "lib"))
import bpf  # noqa: E402


class Btf:
    def __init__(self, path):
        self.types = {entry["id"]: entry for entry in bpf.bpftool("btf", "dump", "file", path)["types"]}

    def text(self, number):
        entry = self.types[number]
        match entry["kind"]:
            case "PTR":
                return "*" + self.text(entry["type_id"])
            case "ARRAY":
                return f"{self.text(entry['type_id'])}[{entry['nr_elems']}]"
            case "STRUCT":
                return f"struct {entry['name']}"
            case "ENUM" | "ENUM64":
                return f"enum {entry['name']}"
            case _:
                return entry["name"]

    def maps(self):
        """(name, {member: type id}) of each map."""
        sections = [entry for entry in self.types.values() if entry["kind"] == "DATASEC" and entry["name"] == ".maps"]
        for section in sections:
            for place in section["vars"]:
                variable = self.types[place["type_id"]]
                struct = self.types[variable["type_id"]]
                yield variable["name"], {member["name"]: member["type_id"] for member in struct["members"]}

    def side(self, members, name):
        """The type of the key or value: a pointer to it, or as an array of so many bytes where it has none."""
        if name in members:
            return self.text(self.types[members[name]]["type_id"])
        size = members.get(f"{name}_size")
        return "-" if size is None else f"{self.types[self.types[size]['type_id']]['nr_elems']} bytes"


def main():
    btf = Btf(sys.argv[1])
    for name, members in btf.maps():
        print(f"{name}: {btf.side(members, 'key')} -> {btf.side(members, 'value')}")


if __name__ == "__main__":
    main()
