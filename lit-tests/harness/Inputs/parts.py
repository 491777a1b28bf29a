"""Compares a list of parts with the compiler beside it, with Cargo.lock, and with what SPDX asks of a list."""

import hashlib
import json
import re
import sys
import tomllib
from pathlib import Path

folder = Path(sys.argv[1])
root = Path(__file__).resolve().parents[3]
parts = json.loads((folder / "ksc.spdx.json").read_text())
packages = {package["SPDXID"]: package for package in parts["packages"]}
assert len(packages) == len(parts["packages"]), "an id stands twice"
assert all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", id) for id in packages)
assert all(package["downloadLocation"] and package["licenseDeclared"] for package in packages.values())
described = [row["relatedSpdxElement"] for row in parts["relationships"] if row["relationshipType"] == "DESCRIBES"]
main = packages[described[0]]
digest = hashlib.sha256((folder / "ksc-x86_64-linux").read_bytes()).hexdigest()
assert (main["name"], main["checksums"][0]["checksumValue"]) == ("ksc", digest)
locked = {(entry["name"], entry["version"]): entry.get("checksum") for entry in tomllib.loads((root / "Cargo.lock").read_text())["package"]}
crates = [package for package in packages.values() if "static.crates.io" in package["downloadLocation"]]
for crate in crates:
    assert locked[crate["name"], crate["versionInfo"]] == crate["checksums"][0]["checksumValue"], crate["name"]
names = {package["name"] for package in packages.values()}
# Direct dependencies of the compiler, of the runtime inside it, and a library of Debian; what only builds or tests is none.
assert {"clap", "inkwell", "lsp-types", "libbpf-sys", "ks-runtime", "ks-machine", "ks-guest", "llvm-22-dev", "libelf-dev"} <= names
assert not names & {"pest_generator", "bindgen", "differential", "ksc-build", "cc"}, names & {"pest_generator", "bindgen", "cc"}
ends = {"SPDXRef-DOCUMENT", *packages}
assert all({row["spdxElementId"], row["relatedSpdxElement"]} <= ends for row in parts["relationships"])
reached, waiting = set(), [described[0]]
while waiting:
    one = waiting.pop()
    if one not in reached:
        reached.add(one)
        waiting += [row["relatedSpdxElement"] for row in parts["relationships"] if row["spdxElementId"] == one]
assert reached == set(packages), set(packages) - reached
