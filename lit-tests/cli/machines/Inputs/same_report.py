"""Compares two reports of `ksc inspect --format=json`, but for the numbers of instructions and the sizes of type information."""
import json
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        report = json.load(file)
    for part in report["programs"] + report["functions"]:
        part.pop("instructions", None)
    report.pop("btf", None)
    return {key: value for key, value in report.items() if key != "file"}


big, little = map(read, sys.argv[1:3])
if big != little or len(big["programs"]) != 2 or len(big["globals"]) != 2:
    sys.exit(f"they differ:\n{big}\n{little}")
