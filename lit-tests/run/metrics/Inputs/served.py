"""Scrapes a program, prints what it serves, and compares that with what the program prints: python3 served.py EXECUTABLE"""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "support"))
import loopback  # noqa: E402
from scraping import Served, show  # noqa: E402

PREFIX = "served_"


def values(families, name):
    """The values of a family by their labels."""
    return {labels: value for (_, labels), value in families[PREFIX + name].samples.items()}


def compare(what, served, printed):
    print(f"{what}: {'the same' if served == printed else f'{served} and printed {printed}'}")


def buckets(families, name, labels=()):
    """Ranges and counts of a histogram, from the first that has any to the last."""
    found, before = [], 0
    for (series, pairs), count in families[PREFIX + name].samples.items():
        if series.endswith("_bucket") and set(labels) <= set(pairs):
            bound = dict(pairs)["le"]
            found.append((None if bound == "+Inf" else int(bound), count - before))
            before = count
    return [(high, count) for high, count in found if count]


def printed_buckets(rows):
    return [(row.get("max"), row["count"]) for row in rows if row["count"]]


loopback.enter()
with Served([sys.argv[1], "--output=json"]) as program:
    families = program.scrape()
    program.stop()
    printed = {}
    for line in program.stdout().splitlines()[1:]:
        printed.update(json.loads(line))
show({name: family for name, family in families.items() if family.type != "histogram"})
for name in ("sizes", "delays", "steps"):
    family = families[PREFIX + name]
    print(f"{family.name} {family.type}: {family.help}")
    for (series, labels), value in family.samples.items():
        if not series.endswith("_bucket"):
            print(" ", series.removeprefix(family.name), *(f"{label}={text!r}" for label, text in labels), value)
    bounds = [dict(labels)["le"] for series, labels in family.samples if series.endswith("_bucket")]
    print("  bounds", len(bounds), *bounds[:4], "...", *bounds[-2:])
row = printed["traffic"][0]["value"]
for field in ("packets_total", "bytes_total", "last_seen", "mode", "low"):
    compare(field, list(values(families, f"traffic_{field}").values()), [row[field.removesuffix("_total")]])
compare("by_name", {dict(labels)["key"]: count for labels, count in values(families, "by_name_total").items()},
        {row["key"].replace("\n", "\\x0a"): row["value"] for row in printed["by_name"]})
compare("by_kind", {dict(labels)["key"]: count for labels, count in values(families, "by_kind_total").items() if count},
        {row["key"]: row["value"] for row in printed["by_kind"]})
compare("levels", [list(values(families, name).values())[1] for name in ("levels_up_total", "levels_down")],
        list(printed["levels"][0]["value"].values()))
compare("sizes", buckets(families, "sizes"), printed_buckets(printed["sizes"]))
compare("steps", buckets(families, "steps"), printed_buckets(printed["steps"]))
compare("delays", buckets(families, "delays", [("key", "Udp")]), printed_buckets(printed["delays"][0]["buckets"]))
