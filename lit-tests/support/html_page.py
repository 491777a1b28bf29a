"""Checks pages in HTML: each element is closed, each place that a link leads to is there once, and nothing is loaded or run.

    html_page.py FILE…
"""

import sys
from html.parser import HTMLParser
from pathlib import Path

_VOID = {"meta", "br", "hr"}
_SCHEMES = {"http", "https", "mailto"}


class _Page(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.places, self.links, self.wrong = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        if tag not in _VOID:
            self.open.append(tag)
        if tag in ("script", "img", "iframe", "object", "link", "form"):
            self.wrong.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("src", "style"):
                self.wrong.append(f"{tag} {name}")
            if name == "id" and value in self.places:
                self.wrong.append(f"the place {value} twice")
            if name == "id":
                self.places.add(value)
            if name == "href" and value.startswith("#"):
                self.links.append(value[1:])
            elif name == "href" and ":" in value and value.split(":")[0] not in _SCHEMES:
                self.wrong.append(f"a link to {value}")

    def handle_endtag(self, tag):
        if tag not in _VOID and (not self.open or self.open.pop() != tag):
            self.wrong.append(f"</{tag}> at {self.getpos()}")


def main():
    failed = False
    for name in sys.argv[1:]:
        page = _Page()
        page.feed(Path(name).read_text())
        page.close()
        missing = [f"no place {link}" for link in page.links if link and link not in page.places]
        wrong = page.wrong + missing + [f"<{tag}> is open" for tag in page.open]
        print("".join(f"{name}: {line}\n" for line in wrong), end="")
        failed |= bool(wrong)
    print(f"{len(sys.argv) - 1} pages")
    sys.exit(failed)


if __name__ == "__main__":
    main()
