"""The drawings of the documentation: each can be drawn, and no box lies over another one."""

import importlib.util
import itertools
import pathlib
import re
from xml.etree import ElementTree

import pytest

DOCS = pathlib.Path(__file__).parent.parent / "docs"
TEXTS = [text for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts
         for text in re.findall(r"^```\{drawing\}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)]


@pytest.fixture(scope="module")
def drawing():
    pytest.importorskip("docutils")
    spec = importlib.util.spec_from_file_location("drawing", DOCS / "_ext" / "drawing.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_drawings():
    assert len(TEXTS) >= 5


@pytest.mark.parametrize("text", TEXTS)
def test_boxes_lie_apart_and_within_the_whole(drawing, text):
    boxes, edges = drawing.read(text)
    width, height = drawing.place(boxes, edges)
    for box in boxes.values():
        assert box.x >= 0 and box.x + box.width <= width
        assert box.y >= drawing.HEIGHT / 2 and box.y + drawing.HEIGHT / 2 <= height
    for a, b in itertools.combinations(boxes.values(), 2):
        assert a.x + a.width <= b.x or b.x + b.width <= a.x or abs(a.y - b.y) >= drawing.HEIGHT
    for start, end in edges:
        assert boxes[start].column < boxes[end].column
    assert len(list(ElementTree.fromstring(drawing.svg(text)).iter("{http://www.w3.org/2000/svg}rect"))) == len(boxes)


def test_what_the_signs_mean(drawing):
    boxes, edges = drawing.read("in -> out -> mse!\ntarget? -> mse")
    assert {box.name: box.kind for box in boxes.values()} == {
        "in": "input", "out": "layer", "mse": "loss", "target": "target"}
    assert edges == [("in", "out"), ("out", "mse"), ("target", "mse")]


def test_a_circle_is_refused(drawing):
    with pytest.raises(ValueError, match="circle"):
        drawing.read("a -> b -> a")
