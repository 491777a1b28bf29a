"""Follows the links of the pages that mdBook made."""

import html.parser
import urllib.parse


class _Page(html.parser.HTMLParser):
    """The anchors of a page, and what it refers to."""

    def __init__(self):
        super().__init__()
        self.anchors, self.links = set(), set()

    def handle_starttag(self, _tag, attributes):
        for name, value in attributes:
            if name == "id":
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.add(value)


def _read(path):
    page = _Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def broken(folder):
    """A line for each link of a page in a folder that leads nowhere. What leads out of the folder, and into the network, is not followed."""
    # print.html repeats all pages, and its links are made of theirs.
    pages = {path: _read(path) for path in sorted(folder.rglob("*.html")) if path.name not in ("print.html", "toc.html", "404.html")
             and not path.is_relative_to(folder / "files")}
    for path, page in pages.items():
        for link in sorted(page.links):
            parts = urllib.parse.urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                yield f"{path.relative_to(folder)}: there is no {link}"
            elif parts.fragment and target in pages and urllib.parse.unquote(parts.fragment) not in pages[target].anchors:
                yield f"{path.relative_to(folder)}: {link} has no such heading"
