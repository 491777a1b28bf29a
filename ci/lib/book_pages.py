#!/usr/bin/env python3
"""mdBook's preprocessor for docs/book: fills the chapters with parts of docs/ and with what is made from tables.

mdBook hands over its book as JSON, and takes it back (docs/book/book.toml names this file). Besides what book_sections.py knows, a line

    {{#made NAME …}}

is replaced by what the function of that name in book_index.py yields.
"""

import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))
import book_index  # noqa: E402
import book_sections  # noqa: E402

_MADE = re.compile(r"^\{\{#made (\w+)(?: ([^}]*))?\}\}$", re.MULTILINE)


def chapters(items):
    """All chapters, those below others too."""
    for item in items:
        chapter = item.get("Chapter") if isinstance(item, dict) else None
        if chapter:
            yield chapter
            yield from chapters(chapter["sub_items"])


def main():
    if sys.argv[1:2] == ["supports"]:
        return
    _context, book = json.load(sys.stdin)
    found = {chapter["path"]: chapter for chapter in chapters(book["items"]) if chapter["path"]}
    library = book_sections.Library({path: chapter["content"] for path, chapter in found.items()})
    if missing := list(library.missing()):
        sys.exit("\n".join(missing))
    for path, chapter in found.items():
        text = library.expand(path)
        chapter["content"] = _MADE.sub(lambda made: book_index.made(made[1], (made[2] or "").split()), text)
    json.dump(book, sys.stdout)


if __name__ == "__main__":
    main()
