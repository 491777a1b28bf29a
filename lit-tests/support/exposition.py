"""Prometheus' text (exposition format 0.0.4), read as strictly as the format is written down.

Written after https://prometheus.io/docs/instrumenting/exposition_formats/ and the rules for names of its data model: what the format does not
allow is an error, also where readers let it pass.
"""

import re

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_NUMBER = re.compile(r"[+-]?(Inf|[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?)|NaN")
_TYPES = ("counter", "gauge", "histogram", "summary", "untyped")
_ENDINGS = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


class Malformed(Exception):
    """A line that the format does not allow."""


class Family:
    def __init__(self, name):
        self.name, self.help, self.type = name, None, None
        # Values by the name of the series and its labels, which are pairs in order of their names.
        self.samples = {}


def parse(text):
    """The families by name, in the order of the text."""
    if text and not text.endswith("\n"):
        raise Malformed("the last line does not end")
    families, current = {}, None
    for line in text.split("\n")[:-1]:
        try:
            current = _line(line, families, current)
        except Malformed as why:
            raise Malformed(f"{why}: {line!r}") from None
    for family in families.values():
        if family.type == "histogram":
            _histogram(family)
        if not family.samples:
            continue
        if family.type == "counter" and min(family.samples.values()) < 0:
            raise Malformed(f"{family.name}: a counter below zero")
    return families


def _line(line, families, current):
    if line.startswith("# HELP ") or line.startswith("# TYPE "):
        _, what, name, *rest = line.split(" ", 3)
        if not _NAME.fullmatch(name):
            raise Malformed("no name of a metric")
        if name not in families:
            families[name] = Family(name)
        elif current is not families[name]:
            raise Malformed("the lines of a metric are no single group")
        family = families[name]
        if family.samples:
            raise Malformed("it comes after samples")
        attribute = what.lower()
        if getattr(family, attribute) is not None:
            raise Malformed("it is there twice")
        value = rest[0] if rest else ""
        if what == "HELP":
            value = _unescaped(value, {"\\": "\\", "n": "\n"})
        elif value not in _TYPES:
            raise Malformed("no type")
        setattr(family, attribute, value)
        return family
    if line == "" or line.startswith("#"):
        return current
    name, labels, value = _sample(line)
    family = _owner(name, families)
    if family is None:
        family = families[name] = Family(name)
    elif family is not current:
        raise Malformed("the lines of a metric are no single group")
    key = (name, tuple(sorted(labels.items())))
    if key in family.samples:
        raise Malformed("the series is there twice")
    family.samples[key] = value
    return family


def _owner(name, families):
    for family in families.values():
        if name in [family.name + ending for ending in _ENDINGS.get(family.type, ("",))]:
            return family
    return None


def _sample(line):
    found = _NAME.match(line)
    if not found:
        raise Malformed("no name of a metric")
    name, at, labels = found[0], found.end(), {}
    if line[at:at + 1] == "{":
        at += 1
        while line[at] != "}":
            label = _LABEL.match(line, at)
            if not label or line[label.end():label.end() + 2] != '="':
                raise Malformed("no label")
            end = label.end() + 2
            while line[end] != '"':
                end += 2 if line[end] == "\\" else 1
            if label[0] in labels:
                raise Malformed("a label is there twice")
            if label[0].startswith("__"):
                raise Malformed("a label of Prometheus' own")
            labels[label[0]] = _unescaped(line[label.end() + 2:end], {"\\": "\\", "n": "\n", '"': '"'})
            at = end + 1
            if line[at] == ",":
                at += 1
            elif line[at] != "}":
                raise Malformed("no comma between labels")
        at += 1
    if line[at:at + 1] != " " or not _NUMBER.fullmatch(line[at + 1:]):
        raise Malformed("no value")
    number = line[at + 1:]
    return name, labels, int(number) if re.fullmatch("-?[0-9]+", number) else float(number)


def _unescaped(text, escapes):
    def one(found):
        if found[1] not in escapes:
            raise Malformed("an escape that there is not")
        return escapes[found[1]]
    return re.sub(r"\\(.|$)", one, text)


def _histogram(family):
    """Buckets ascend and count what is below them; the last one has no bound, and counts all."""
    groups = {}
    for (name, labels), value in family.samples.items():
        bound = dict(labels).get("le")
        rest = tuple(pair for pair in labels if pair[0] != "le")
        group = groups.setdefault(rest, {"buckets": []})
        if name.endswith("_bucket"):
            if bound is None:
                raise Malformed(f"{family.name}: a bucket without a bound")
            group["buckets"].append((float(bound), value))
        else:
            group[name.removeprefix(family.name)] = value
    for labels, group in groups.items():
        buckets = group["buckets"]
        bounds, counts = [bound for bound, _ in buckets], [count for _, count in buckets]
        if bounds != sorted(set(bounds)) or counts != sorted(counts) or not bounds or bounds[-1] != float("inf"):
            raise Malformed(f"{family.name}{labels}: buckets that do not ascend to infinity: {buckets}")
        if group.get("_count") != counts[-1] or "_sum" not in group:
            raise Malformed(f"{family.name}{labels}: no sum, or no count of all")
