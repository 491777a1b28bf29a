"""The list of what a compiler is made of (SPDX 2.3, https://spdx.github.io/spdx-spec/v2.3/): crates by Cargo.lock, libraries by Debian's packages."""

import hashlib
import json
import re
import subprocess
import time
import tomllib
from built import ROOT, environment

# The packages of the workspace whose code is in the compiler: it carries the runtime, the virtual machine and the guest's first process.
_SHIPPED = ("ksc", "ks-runtime", "ks-machine", "ks-guest")


def _metadata():
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform=x86_64-unknown-linux-gnu", "--features=static-llvm"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()).stdout)


def _reached(metadata):
    """The crates that are linked, by their ids, each with what it depends on; build scripts, tests and macros are not."""
    macros = {package["id"] for package in metadata["packages"] if any("proc-macro" in target["kind"] for target in package["targets"])}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    names = {package["id"]: package["name"] for package in metadata["packages"]}
    missing = set(_SHIPPED) - set(names.values())
    if missing:
        raise SystemExit(f"ci/package: the workspace has no {', '.join(sorted(missing))}")
    waiting, reached = [id for id in nodes if names[id] in _SHIPPED], {}
    while waiting:
        id = waiting.pop()
        if id not in reached:
            linked = [dep["pkg"] for dep in nodes[id]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
            reached[id] = [other for other in linked if other not in macros]
            waiting += reached[id]
    return reached


def _spdx_id(name, version):
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{name}-{version}")


def _crate(package, checksums):
    name, version = package["name"], package["version"]
    entry = {"SPDXID": _spdx_id(name, version), "name": name, "versionInfo": version, "filesAnalyzed": False,
             # Cargo takes `/` for `OR`.
             "licenseDeclared": re.sub(r"\s*/\s*", " OR ", package["license"] or "NOASSERTION"),
             "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION", "downloadLocation": "NOASSERTION"}
    if package["source"]:
        entry["downloadLocation"] = f"https://static.crates.io/crates/{name}/{name}-{version}.crate"
        entry["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": f"pkg:cargo/{name}@{version}"}]
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": checksums[name, version]}]
    return entry


def _libraries():
    """Debian's packages with static libraries, of which the linker takes what is called: those that ci/setup installs for a build."""
    listed = re.search(r"^base=\((.*?)\)", (ROOT / "ci/setup").read_text(), re.MULTILINE | re.DOTALL)[1].split()
    wanted = sorted(name for name in listed if name.endswith("-dev"))
    form = "${Package}\t${Version}\t${Architecture}\t${db:Status-Status}\n"
    shown = subprocess.run(["dpkg-query", "-W", f"-f={form}", *wanted], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    for line in sorted(shown.stdout.splitlines()):
        name, version, architecture, status = line.split("\t")
        if status == "installed":
            place = f"pkg:deb/debian/{name}@{version.replace('+', '%2B').replace('~', '%7E')}?arch={architecture}"
            yield {"SPDXID": _spdx_id(f"deb-{name}", version), "name": name, "versionInfo": version, "filesAnalyzed": False,
                   "licenseDeclared": "NOASSERTION", "licenseConcluded": "NOASSERTION", "copyrightText": "NOASSERTION",
                   "downloadLocation": "NOASSERTION", "comment": "static libraries, of which the linker takes what is called",
                   "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": place}]}


def document(compiler, version, when):
    """The text of the list for a compiler, made at `when`."""
    metadata, digest = _metadata(), hashlib.sha256(compiler.read_bytes()).hexdigest()
    reached = _reached(metadata)
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    checksums = {(package["name"], package["version"]): package.get("checksum") for package in locked}
    packages = {package["id"]: package for package in metadata["packages"]}
    crates = {id: _crate(packages[id], checksums) for id in sorted(reached, key=lambda id: (packages[id]["name"], packages[id]["version"]))}
    main = next(entry for entry in crates.values() if entry["name"] == "ksc")
    main |= {"packageFileName": compiler.name, "checksums": [{"algorithm": "SHA256", "checksumValue": digest}], "primaryPackagePurpose": "APPLICATION"}
    libraries = list(_libraries())

    def relation(one, kind, other):
        return {"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other}

    relations = [relation("SPDXRef-DOCUMENT", "DESCRIBES", main["SPDXID"])]
    relations += [relation(main["SPDXID"], "CONTAINS", entry["SPDXID"]) for entry in crates.values() if entry["name"] in _SHIPPED[1:]]
    relations += [relation(entry["SPDXID"], "DEPENDS_ON", other) for id, entry in crates.items()
                  for other in sorted({crates[dep]["SPDXID"] for dep in reached[id]})]
    relations += [relation(main["SPDXID"], "STATIC_LINK", library["SPDXID"]) for library in libraries]
    whole = {"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": f"ksc-{version}",
             "documentNamespace": f"https://spdx.org/spdxdocs/ksc-{version}-{digest[:32]}",
             "creationInfo": {"created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(when)), "creators": ["Tool: ksc-ci-package"]},
             "packages": [*crates.values(), *libraries], "relationships": relations}
    return json.dumps(whole, indent=1) + "\n"
