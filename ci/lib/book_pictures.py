"""Draws the pictures of docs/book/pictures.toml as SVG."""

import html
import tomllib

from built import ROOT

_ROW, _HEIGHT, _MARGIN = 84, 48, 16
_FILL = {"program": "#dbe9ff", "kernel": "#eeeeee", "user": "#ddf3dd", "data": "#fff1cc"}
_LEGEND = {"program": "BPF programs", "kernel": "kernel", "user": "user space", "data": "data of both sides"}


class _Picture:
    def __init__(self, data):
        self._data, self._wide, self._gap = data, data["wide"], data["gap"]
        self._top = min(box[1] for box in data["boxes"].values())

    def _place(self, name):
        """Left, top, and the centre of a box."""
        column, row = self._data["boxes"][name][:2]
        left, top = _MARGIN + column * (self._wide + self._gap), 60 + (row - self._top) * _ROW
        return left, top, left + self._wide / 2, top + _HEIGHT / 2

    def _box(self, name):
        _, _, kind, *lines = self._data["boxes"][name]
        left, top, middle, centre = self._place(name)
        yield f'<rect x="{left}" y="{top}" width="{self._wide}" height="{_HEIGHT}" rx="6" fill="{_FILL[kind]}" stroke="#555555"/>'
        for at, line in enumerate(lines):
            y = centre + 5 + (at - (len(lines) - 1) / 2) * 17
            yield f'<text x="{middle}" y="{y}" text-anchor="middle">{html.escape(line)}</text>'

    def _ends(self, start, end, shift):
        """Where an arrow leaves a box, and where it reaches the other: at the sides that face each other."""
        (left, top, middle, centre), (to_left, to_top, to_middle, to_centre) = self._place(start), self._place(end)
        if left == to_left:
            down = to_top > top
            return middle + shift, top + (_HEIGHT if down else 0), to_middle + shift, to_top + (0 if down else _HEIGHT)
        right = to_left > left
        return left + (self._wide if right else 0), centre + shift, to_left + (0 if right else self._wide), to_centre + shift

    def _arrow(self, start, end, label, back=""):
        # Two arrows between the same boxes lie beside each other.
        both = any(other[:2] == [end, start] for other in self._data["arrows"])
        shift = 0 if not both else 10 if back or start > end else -10
        x1, y1, x2, y2 = self._ends(start, end, shift)
        dashed = ' stroke-dasharray="6 4"' if back else ""
        yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#333333" marker-end="url(#head)"{dashed}/>'
        if label:
            below = 18 if back else -6
            x, y, anchor = (x1 + 6, (y1 + y2) / 2 + 5, "start") if x1 == x2 else ((x1 + x2) / 2, (y1 + y2) / 2 + below, "middle")
            yield f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="label">{html.escape(label)}</text>'

    def svg(self):
        """The picture as text."""
        boxes, arrows = self._data["boxes"], self._data["arrows"]
        columns = max(box[0] for box in boxes.values()) + 1
        rows = max(box[1] for box in boxes.values()) - self._top + 1
        width, height = 2 * _MARGIN + columns * self._wide + (columns - 1) * self._gap, 60 + rows * _ROW + 30
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
                 f"<title>{html.escape(self._data['title'])}</title>",
                 '<style>text { font: 13px sans-serif; fill: #111111 } .label { font-size: 12px; fill: #333333; paint-order: stroke; stroke: #ffffff; '
                 "stroke-width: 4px }</style>",
                 '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="9" markerHeight="9" orient="auto">'
                 '<path d="M0 0 L8 4 L0 8 z" fill="#333333"/></marker></defs>',
                 f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
                 f'<text x="{_MARGIN}" y="30" style="font-size: 17px">{html.escape(self._data["title"])}</text>']
        for name in boxes:
            parts += self._box(name)
        for arrow in arrows:
            parts += self._arrow(*arrow)
        for at, (kind, text) in enumerate(_LEGEND.items()):
            x = _MARGIN + at * 170
            parts += [f'<rect x="{x}" y="{height - 26}" width="14" height="14" fill="{_FILL[kind]}" stroke="#555555"/>',
                      f'<text x="{x + 20}" y="{height - 14}" class="label">{text}</text>']
        return "\n".join([*parts, "</svg>"]) + "\n"


def draw(folder):
    """Writes each picture as `NAME.svg` into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in tomllib.loads((ROOT / "docs/book/pictures.toml").read_text(encoding="utf-8")).items():
        (folder / f"{name}.svg").write_text(_Picture(data).svg(), encoding="utf-8")
