#!/usr/bin/env python3
"""Compares manifests of Kubernetes with the fields that their kinds have: none is unknown, missing, or of another type.

    manifests.py SCHEMAS FILE [PATH=JSON]…     SCHEMAS is JSON: for each kind a schema of OpenAPI, as a CRD has it

`PATH=JSON` asks for a value: `spec/programs/0/type="XDP"`; `PATH=` for its absence.
"""

import json
import re
import sys

sys.path.append("/usr/lib/python3/dist-packages")
import yaml  # noqa: E402

_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


def wrong(value, schema, at):
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or kind == "integer" and isinstance(value, bool):
        yield f"{at}: {value!r} is no {kind}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at}: {value!r} is none of {schema['enum']}"
    if kind == "string":
        if not re.search(schema.get("pattern", ""), value):
            yield f"{at}: {value!r} does not match {schema['pattern']}"
        if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
            yield f"{at}: {value!r} has a wrong length"
    if kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            yield f"{at}: {len(value)} items"
        for number, item in enumerate(value):
            yield from wrong(item, schema["items"], f"{at}.{number}")
    if kind == "object":
        yield from (f"{at}: no {name}" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            inner = schema.get("properties", {}).get(name) or schema.get("additionalProperties")
            if inner is None:
                yield f"{at}: no field is called {name}"
            else:
                yield from wrong(item, inner, f"{at}.{name}")
        only = schema.get("exactly")
        if only and {name for name in value if name in only.values()} != {only[value.get(schema["by"])]}:
            yield f"{at}: the type is {value.get(schema['by'])}, the fields are {sorted(value)}"


def found(value, path):
    for part in filter(None, path.split("/")):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError):
            return None
    return value


schemas = json.load(open(sys.argv[1], encoding="utf-8"))
[manifest] = list(yaml.safe_load_all(open(sys.argv[2], encoding="utf-8")))
problems = list(wrong(manifest, schemas[manifest["kind"]], manifest["kind"]))
for claim in sys.argv[3:]:
    path, wanted = claim.split("=", 1)
    got = found(manifest, path)
    if got != (json.loads(wanted) if wanted else None):
        problems.append(f"{path}: {json.dumps(got)}, not {wanted}")
print("\n".join(problems) or "all fields are right")
sys.exit(bool(problems))
