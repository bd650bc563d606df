"""Layers and the edges between them, drawn as SVG: from a few lines of text, or from a model.

Each line of a text is a chain, ``in -> hid -> out``. What nothing leads to is drawn as an input. A name that ends in
``!`` is minimized, one that ends in ``?`` comes from the data as a target.
"""

import dataclasses
from html import escape

from ..errors import SpecError
from ..losses import OutputLoss
from ..losses.loss_inputs import prediction_names

LETTER, HEIGHT, ACROSS, DOWN, EDGE = 7.2, 28, 46, 16, 8  # pixels: a letter, a box, between columns and rows, the margin
SMALL, NOTED = 6.0, 42  # a letter of a note, a box with a note
FILLS = {"input": "#e3e3e3", "target": "#ffffff", "layer": "#cfe2f7", "loss": "#f8d3cd"}


@dataclasses.dataclass
class Box:
    """A layer, with its place in pixels."""

    name: str
    kind: str
    column: int = 0
    x: float = 0.0
    y: float = 0.0
    note: str = ""

    @property
    def width(self) -> float:
        """Width of the box, in pixels."""
        return max(LETTER * len(self.name), SMALL * len(self.note)) + 22

    @property
    def height(self) -> float:
        """Height of the box, in pixels."""
        return NOTED if self.note else HEIGHT


class Drawing(str):
    """A drawing as SVG text. Notebooks show it as a picture."""

    def _repr_svg_(self) -> str:
        return str(self)

    def __repr__(self):
        return f"<Drawing, {len(self)} characters of SVG; save(path) writes it>"

    def save(self, path) -> None:
        """Save the drawing to a file."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self)


def read(text: str) -> tuple[dict[str, Box], list[tuple[str, str]]]:
    """Return the boxes by name, and the edges, of lines such as ``in -> hid -> loss!``.

    Raises
    ------
    SpecError
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
    return in_columns(boxes, edges), edges


def in_columns(boxes: dict[str, Box], edges: list) -> dict[str, Box]:
    """Put every box behind what feeds it."""
    for _ in boxes:  # the longest way to each box is no longer than there are boxes
        for start, end in edges:
            boxes[end].column = max(boxes[end].column, boxes[start].column + 1)
    if any(box.column >= len(boxes) for box in boxes.values()):
        raise SpecError(f"drawing: the edges {', '.join(f'{a} -> {b}' for a, b in edges)} contain a cycle")
    return boxes


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
        whole = sum(box.height + DOWN for box in column) - DOWN
        y = middle - whole / 2
        for box in column:
            box.y = y + box.height / 2
            y += box.height + DOWN
            box.x = left + (widest - box.width) / 2
        left += widest + ACROSS
    top = min(box.y - box.height / 2 for box in boxes.values()) - EDGE
    for box in boxes.values():
        box.y -= top
    return left - ACROSS + EDGE, max(box.y + box.height / 2 for box in boxes.values()) + EDGE


def svg(text: str) -> Drawing:
    """Return the drawing of lines such as ``in -> hid -> loss!``."""
    return drawn(*read(text), text.replace("\n", "; "))


def drawn(boxes: dict[str, Box], edges: list, title: str, labels: dict | None = None) -> Drawing:
    """Return boxes and edges as SVG.

    Parameters
    ----------
    title : str
        What screen readers read.
    labels : dict or None
        Words on edges, by edge.
    """
    width, height = place(boxes, edges)
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
             f'role="img" aria-label="{escape(title)}" style="max-width: 100%">',
             '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
             'orient="auto"><path d="M0 0 8 4 0 8z" fill="#888"/></marker></defs>']
    for edge in edges:
        parts += _edge(boxes[edge[0]], boxes[edge[1]], (labels or {}).get(edge))
    for box in boxes.values():
        parts += _box(box)
    return Drawing("\n".join([*parts, "</svg>"]))


def _edge(a: Box, b: Box, label: str | None) -> list[str]:
    x1, x2 = a.x + a.width, b.x
    bend = (x2 - x1) / 2
    found = [f'<path d="M{x1:.1f} {a.y:.1f} C{x1 + bend:.1f} {a.y:.1f} {x2 - bend:.1f} {b.y:.1f} {x2:.1f} '
             f'{b.y:.1f}" fill="none" stroke="#888" stroke-width="1.4" marker-end="url(#tip)"/>']
    if label:
        found.append(f'<text x="{x2 - 8:.1f}" y="{b.y + (a.y - b.y) * 0.1 - 5:.1f}" text-anchor="end" '
                     f'font-family="monospace" font-size="10" fill="#888">{escape(label)}</text>')
    return found


def _box(box: Box) -> list[str]:
    dashes = ' stroke-dasharray="4 3"' if box.kind == "target" else ""
    corner = box.height / 2 if box.kind in ("input", "target") else 5
    middle, y = box.x + box.width / 2, box.y + (4.5 if not box.note else -2)
    found = [f'<rect x="{box.x:.1f}" y="{box.y - box.height / 2:.1f}" width="{box.width:.1f}" height="{box.height}" '
             f'rx="{corner}" fill="{FILLS[box.kind]}" stroke="#777"{dashes}/>',
             f'<text x="{middle:.1f}" y="{y:.1f}" text-anchor="middle" '
             f'font-family="monospace" font-size="12" fill="#222">{escape(box.name)}</text>']
    if box.note:
        found.append(f'<text x="{middle:.1f}" y="{box.y + 13:.1f}" text-anchor="middle" font-family="monospace" '
                     f'font-size="10" fill="#444">{escape(box.note)}</text>')
    return found


def graph(model, path=None) -> Drawing:
    """Return a drawing of a model as SVG: its layers with their shapes, and its losses with the inputs of their ports.

    Parameters
    ----------
    model : Network
    path : path or None
        File to save the drawing to.

    Returns
    -------
    Drawing
        The SVG text, which a notebook shows as a picture. `save` writes it to a file.

    Raises
    ------
    SpecError
        If `model` is not a model.
    """
    if not hasattr(model, "graph") or not hasattr(model, "losses"):
        raise SpecError(f"graph: got a {type(model).__name__}. Pass a model, such as Network, Regressor or Classifier")
    boxes, edges, labels = {}, [], {}
    for layer in model.layers:
        shape = f"(n, {', '.join(map(str, layer.shape))})" if layer.shape else "(n)"
        form = "" if not layer.inputs else f"{layer.activate.name} "
        boxes[layer.name] = Box(layer.name, "layer" if layer.inputs else "input", note=f"{form}{shape}")
        edges += [(_layer(name), layer.name) for name in layer.inputs]
    outputs = model.graph.outputs()[0]
    for loss in model.losses:
        _add_loss(loss, outputs, boxes, edges, labels)
    edges = list(dict.fromkeys(edge for edge in edges if edge[0] in boxes))
    found = drawn(in_columns(boxes, edges), edges, repr(model), labels)
    if path is not None:
        found.save(path)
    return found


def _add_loss(loss, outputs, boxes, edges, labels) -> None:
    name = _unused(loss.label, boxes)
    weight = f"{loss.weight:g}" if loss.weighing.moving is None else f"{loss.weighing.moving}"
    boxes[name] = Box(name, "loss", note=f"weight {weight}")
    own = isinstance(loss, OutputLoss) or hasattr(loss, "graph")
    fed = [loss.output_name] if own else prediction_names(loss, outputs)
    ports = fed if loss.spec is None else loss.spec.predictions
    for port, output in zip(ports, fed, strict=False):
        edges.append((_layer(output), name))
        if len(fed) > 1:
            labels[_layer(output), name] = port
    if loss._target is not None and (loss.spec is None or "target" in loss.spec.ports):
        target = loss._target.name or "target"
        target = target if boxes.get(target, Box("", "target")).kind == "target" else _unused(f"{target} (data)", boxes)
        boxes.setdefault(target, Box(target, "target"))
        edges.append((target, name))


def _layer(name: str) -> str:
    return name.partition(":")[0]


def _unused(name: str, boxes) -> str:
    number, found = 1, name
    while found in boxes:
        number += 1
        found = f"{name} {number}"
    return found
