"""Cuts documents of docs/ into the chapters of the book, and leads their links there.

A chapter of docs/book/src takes what a document says by a line of its own:

    {{#doc language.md}}                   the whole document, without its title; of a path from docs/ on
    {{#doc language.md: }}                 what comes before its first section
    {{#doc language.md: Maps; Tables}}     these sections, each without those below it that another chapter takes

A section with the name of the chapter has no heading there, and what is below it moves up by a level.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from built import ROOT

DOCS = ROOT / "docs"
SOURCE = DOCS / "book" / "src"

_DIRECTIVE = re.compile(r"^\{\{#doc ([\w./-]+)(?:(:)[ ]*([^}]*))?\}\}$", re.MULTILINE)
# A fence, or a heading outside of fences.
_BLOCK = re.compile(r"^(```.*?^```|~~~.*?^~~~)|^(#{1,6}) +(.+?)\s*$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")


@dataclass
class Section:
    """A heading and the text up to the next one."""
    level: int
    title: str
    text: str


def slug(title):
    """The anchor of a heading, as mdBook and GitHub have it."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).strip().lower()
    return "".join("-" if sign == " " else sign for sign in text if sign.isalnum() or sign in " _-")


def sections(path):
    """The title, the text before the first section, and the sections of a document, in order."""
    text = path.read_text(encoding="utf-8")
    marks = [found for found in _BLOCK.finditer(text) if found[2]]
    if not marks or len(marks[0][2]) != 1:
        raise SystemExit(f"{path}: a document begins with its title")
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    parts = [Section(len(mark[2]), mark[3], text[mark.end():end].strip("\n")) for mark, end in zip(marks, ends)]
    return parts[0], parts[1:]


class Library:
    """Which chapter has which section of which document."""

    def __init__(self, chapters):
        """`chapters`: path in `SOURCE` → text with directives."""
        self._documents, self._chapters, self._titles = {}, chapters, {}
        # (document, number of the section, −1 before the first) → chapter.
        self._place, self._whole = {}, {}
        for path, text in chapters.items():
            title = re.search(r"^# +(.+?)\s*$", text, re.MULTILINE)
            self._titles[path] = title[1].replace("`", "") if title else ""
            for found in _DIRECTIVE.finditer(text):
                self._claim(path, found)

    def _document(self, name):
        if name not in self._documents:
            self._documents[name] = sections(DOCS / name)
        return self._documents[name]

    def _claim(self, path, found):
        name, colon, wanted = found.groups()
        parts = self._document(name)[1]
        if not colon:
            self._whole[name] = path
            return
        for title in self._wanted(wanted):
            numbers = [number for number, part in enumerate(parts) if part.title.replace("`", "") == title] if title else [-1]
            if len(numbers) != 1:
                raise SystemExit(f"{path}: docs/{name} has {len(numbers)} sections `{title}`")
            if (name, numbers[0]) in self._place:
                raise SystemExit(f"{path}: {self._place[name, numbers[0]]} has `{title}` of docs/{name} too")
            self._place[name, numbers[0]] = path

    @staticmethod
    def _wanted(text):
        return [title.strip() for title in text.split(";")]

    def missing(self):
        """The sections of documents that are in no chapter, though others of the same document are."""
        for name in sorted({document for document, _ in self._place}):
            for number, part in enumerate(self._document(name)[1]):
                if self._owner(name, number) is None:
                    yield f"no chapter of the book has `{part.title}` of docs/{name}"

    def _owner(self, name, number):
        """The chapter of a section: its own, or that of the section above it."""
        parts = self._document(name)[1]
        while number >= 0:
            if (name, number) in self._place:
                return self._place[name, number]
            above = [at for at in range(number) if parts[at].level < parts[number].level]
            number = above[-1] if above else -1
            if number < 0:
                return None
        return self._place.get((name, -1))

    def expand(self, path):
        """The text of a chapter, with what it takes, and links that lead to chapters."""
        text = self._links(self._chapters[path], SOURCE / path, path)
        return _DIRECTIVE.sub(lambda found: self._taken(found, path), text)

    def _taken(self, found, path):
        name, colon, wanted = found.groups()
        first, parts = self._document(name)
        if not colon:
            body = [first.text, *(f"{'#' * part.level} {part.title}\n\n{part.text}" for part in parts)]
        else:
            body = [text for title in self._wanted(wanted) for text in self._section(name, title, path)]
        return self._links("\n\n".join(body), DOCS / name, path)

    def _section(self, name, title, path):
        first, parts = self._document(name)
        if not title:
            yield first.text
            return
        at = next(number for number, part in enumerate(parts) if part.title.replace("`", "") == title)
        up = parts[at].level - 1 if title == self._titles[path] else parts[at].level - 2
        for number in range(at, len(parts)):
            part = parts[number]
            if number > at and part.level <= parts[at].level:
                return
            if self._owner(name, number) != path:
                continue
            # Sections below one that another chapter has are that chapter's; `_owner` says so.
            heading = "" if number == at and title == self._titles[path] else f"{'#' * max(2, part.level - up)} {part.title}\n\n"
            yield heading + part.text

    def _links(self, text, origin, path):
        """`text` with its links as seen from the chapter, where it was written for the place of `origin`."""
        def led(found):
            target = self._led(found[1], origin, path)
            return f"]({target})"

        pieces, last = [], 0
        for code in _CODE.finditer(text):
            pieces += [_LINK.sub(led, text[last:code.start()]), code[0]]
            last = code.end()
        return "".join(pieces) + _LINK.sub(led, text[last:])

    def _led(self, target, origin, path):
        if re.match(r"[a-z]+:", target) or target.startswith("<"):
            return target
        file, _, anchor = target.partition("#")
        file = Path(os.path.normpath(origin.parent / file)) if file else origin
        if file.is_relative_to(SOURCE):
            return target
        name = os.path.relpath(file, DOCS)
        if chapter := self._chapter(name, anchor):
            return self._relative(chapter, path, anchor, name)
        if not file.exists():
            return target
        # The book has a copy of other files of the repository: see ci/book.
        return os.path.relpath(f"files/{file.relative_to(ROOT)}", Path(path).parent) + ("" if not anchor else f"#{anchor}")

    def _chapter(self, name, anchor):
        if name in self._whole:
            return self._whole[name]
        if not any(document == name for document, _ in self._place):
            return None
        number = self._number(name, anchor)
        return self._owner(name, number) if number is not None else self._place.get((name, -1)) or self._owner(name, 0)

    def _number(self, name, anchor):
        return next((at for at, part in enumerate(self._document(name)[1]) if slug(part.title) == anchor), None)

    def _relative(self, chapter, path, anchor, name):
        number = self._number(name, anchor) if anchor else None
        opens = number is not None and self._document(name)[1][number].title.replace("`", "") == self._titles[chapter]
        fragment = f"#{anchor}" if anchor and not opens else ""
        if chapter == path and fragment:
            return fragment
        return os.path.relpath(chapter, Path(path).parent) + fragment
