"""The directive ``drawing``: layers and the edges between them, drawn as SVG from a few lines of text.

Each line is a chain, ``in -> hid -> out``. What nothing leads to is drawn as an input. A name that ends in ``!`` is
minimised, one that ends in ``?`` comes from the data as a target::

    ```{drawing}
    in -> hid -> mean -> mse!
    target? -> mse!
    ```
"""

import dataclasses
from html import escape

from docutils import nodes
from docutils.parsers.rst import Directive

LETTER, HEIGHT, ACROSS, DOWN, EDGE = 7.2, 28, 46, 16, 8  # pixels: a letter, a box, between columns and rows, the margin
FILLS = {"input": "#e3e3e3", "target": "#ffffff", "layer": "#cfe2f7", "loss": "#f8d3cd"}


@dataclasses.dataclass
class Box:
    """A layer, with its place in pixels."""

    name: str
    kind: str
    column: int = 0
    x: float = 0.0
    y: float = 0.0

    @property
    def width(self) -> float:
        """How wide the box is, in pixels."""
        return LETTER * len(self.name) + 22


def read(text: str) -> tuple[dict[str, Box], list[tuple[str, str]]]:
    """Return the boxes by name, and the edges, of lines such as ``in -> hid -> loss!``.

    Raises
    ------
    ValueError
        For a circle.
    """
    boxes: dict[str, Box] = {}
    edges: list[tuple[str, str]] = []
    for line in filter(str.strip, text.splitlines()):
        chain = [part.strip() for part in line.split("->")]
        for part in chain:
            name = part.rstrip("!?")
            kind = {"!": "loss", "?": "target"}.get(part[-1:], "layer")
            if name not in boxes or kind != "layer":
                boxes[name] = Box(name, kind)
        edges += [(a.rstrip("!?"), b.rstrip("!?")) for a, b in zip(chain, chain[1:], strict=False)]
    edges = list(dict.fromkeys(edges))
    fed = {end for _, end in edges}
    for box in boxes.values():
        box.kind = "input" if box.kind == "layer" and box.name not in fed else box.kind
    for _ in boxes:  # the longest way to each box is no longer than there are boxes
        for start, end in edges:
            boxes[end].column = max(boxes[end].column, boxes[start].column + 1)
    if any(box.column >= len(boxes) for box in boxes.values()):
        raise ValueError(f"drawing: a circle in {text!r}")
    return boxes, edges


def place(boxes: dict[str, Box], edges: list) -> tuple[float, float]:
    """Put every box near what feeds it, one column after the other, and return width and height of the whole."""
    for box in boxes.values():  # an input stands just before what it feeds first
        after = [boxes[end].column for start, end in edges if start == box.name]
        if box.kind in ("input", "target") and after:
            box.column = min(after) - 1
    left = float(EDGE)
    for number in range(max(box.column for box in boxes.values()) + 1):
        column = [box for box in boxes.values() if box.column == number]
        for box in column:
            before = [boxes[start].y for start, end in edges if end == box.name]
            box.y = sum(before) / len(before) if before else box.y
        column.sort(key=lambda box: box.y)
        middle = sum(box.y for box in column) / len(column)
        widest = max(box.width for box in column)
        for index, box in enumerate(column):
            box.y = middle + (index - (len(column) - 1) / 2) * (HEIGHT + DOWN)
            box.x = left + (widest - box.width) / 2
        left += widest + ACROSS
    top = min(box.y for box in boxes.values()) - HEIGHT / 2 - EDGE
    for box in boxes.values():
        box.y -= top
    return left - ACROSS + EDGE, max(box.y for box in boxes.values()) + HEIGHT / 2 + EDGE


def svg(text: str) -> str:
    """Return the drawing of lines such as ``in -> hid -> loss!``."""
    boxes, edges = read(text)
    width, height = place(boxes, edges)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
             f'role="img" aria-label="{escape("; ".join(text.split(chr(10))))}" style="max-width: 100%">',
             '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
             'orient="auto"><path d="M0 0 8 4 0 8z" fill="#888"/></marker></defs>']
    for start, end in edges:
        a, b = boxes[start], boxes[end]
        x1, x2 = a.x + a.width, b.x
        bend = (x2 - x1) / 2
        parts.append(f'<path d="M{x1:.1f} {a.y:.1f} C{x1 + bend:.1f} {a.y:.1f} {x2 - bend:.1f} {b.y:.1f} {x2:.1f} '
                     f'{b.y:.1f}" fill="none" stroke="#888" stroke-width="1.4" marker-end="url(#tip)"/>')
    for box in boxes.values():
        dashes = ' stroke-dasharray="4 3"' if box.kind == "target" else ""
        corner = HEIGHT / 2 if box.kind in ("input", "target") else 5
        parts.append(f'<rect x="{box.x:.1f}" y="{box.y - HEIGHT / 2:.1f}" width="{box.width:.1f}" height="{HEIGHT}" '
                     f'rx="{corner}" fill="{FILLS[box.kind]}" stroke="#777"{dashes}/>')
        parts.append(f'<text x="{box.x + box.width / 2:.1f}" y="{box.y + 4.5:.1f}" text-anchor="middle" '
                     f'font-family="monospace" font-size="12" fill="#222">{escape(box.name)}</text>')
    return "\n".join([*parts, "</svg>"])


class Drawing(Directive):
    """Draws the layers and edges of its content."""

    has_content = True

    def run(self):
        """Return the drawing as HTML, and its text for other formats."""
        text = "\n".join(self.content)
        try:
            drawn = nodes.raw("", f"<p>{svg(text)}</p>", format="html")
        except ValueError as error:
            raise self.error(str(error)) from error
        return [drawn]


def setup(app):
    """Enter this extension in Sphinx."""
    app.add_directive("drawing", Drawing)
    return {"parallel_read_safe": True}
