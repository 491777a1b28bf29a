"""The fenced blocks of Markdown pages, with the files that they include."""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(\w+)(?:[, ]([^\n]*))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
# mdBook's own form; a file as a whole, or from one line to another, counted from 1.
_INCLUDE = re.compile(r"^\{\{#include ([^}:\s]+)(?::(\d*):(\d*))?\}\}$", re.MULTILINE)
_FUNCTION = r"(?:^//[^\n]*\n)*^(?:@\w+(?:\([^)]*\))? )*fn {}\(.*?^}}\n"


@dataclass
class Block:
    """A block: `where` is its place, `settings` what stands behind its language."""
    where: str
    language: str
    settings: dict
    text: str


def included(text, page):
    """The text with the files that it includes."""
    def read(found):
        lines = (page.parent / found[1]).read_text(encoding="utf-8").splitlines()
        first, last = int(found[2] or 1), int(found[3] or len(lines))
        return "\n".join(lines[first - 1:last])

    return _INCLUDE.sub(read, text)


def blocks(page: Path):
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for fence in _FENCE.finditer(text):
        settings = [part.strip().partition("=") for part in (fence[2] or "").split(",") if part.strip()]
        line = text.count("\n", 0, fence.start()) + 1
        yield Block(f"{page.name}:{line}", fence[1], {name: value for name, _, value in settings}, included(fence[3], page))


def replaced(source, function):
    """A program in which a function, with the comment before it, has the place of the one of its name."""
    name = re.search(r"\bfn (\w+)\(", function)[1]
    found = re.findall(_FUNCTION.format(name), source, re.DOTALL | re.MULTILINE)
    if len(found) != 1:
        raise SystemExit(f"the program has {len(found)} functions `{name}`")
    return source.replace(found[0], function)
