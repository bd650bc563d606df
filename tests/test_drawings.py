"""The drawings of the documentation and of models: each can be drawn, and no box lies over another one."""

import itertools
import pathlib
import re
from xml.etree import ElementTree

import pytest

import symloss
from symloss.plotting import drawing

DOCS = pathlib.Path(__file__).parent.parent / "docs"
TEXTS = [text for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts
         for text in re.findall(r"^```\{drawing\}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S)]


def test_there_are_drawings():
    assert len(TEXTS) >= 5


@pytest.mark.parametrize("text", TEXTS)
def test_boxes_lie_apart_and_within_the_whole(text):
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


def test_what_the_signs_mean():
    boxes, edges = drawing.read("in -> out -> mse!\ntarget? -> mse")
    assert {box.name: box.kind for box in boxes.values()} == {
        "in": "input", "out": "layer", "mse": "loss", "target": "target"}
    assert edges == [("in", "out"), ("out", "mse"), ("target", "mse")]


def test_a_circle_is_refused():
    with pytest.raises(symloss.SpecError, match="cycle"):
        drawing.read("a -> b -> a")


def test_the_graph_of_a_model(tmp_path):
    net = symloss.Network({"in": 6, "hid": (20, "relu"), "mean": 1, "variance": (1, "softplus")},
                          edges=["in -> hid -> mean", "hid -> variance"], outputs=["mean"], mode="PYTHON")
    net.set_loss({"mean": {"form": "gaussian_nll", "ports": {"variance": "variance"}, "weight": 0.5}})
    found = symloss.plotting.graph(net, tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == found == found._repr_svg_()
    texts = [e.text for e in ElementTree.fromstring(found).iter("{http://www.w3.org/2000/svg}text")]
    assert {"in", "(n, 6)", "hid", "relu (n, 20)", "softplus (n, 1)", "gaussian_nll", "weight 0.5"} <= set(texts)
    assert texts.count("mean") == 2 and texts.count("variance") == 2  # the layers, and the ports
    assert len(list(ElementTree.fromstring(found).iter("{http://www.w3.org/2000/svg}rect"))) == 6
    with pytest.raises(symloss.SpecError, match="Pass a model"):
        symloss.plotting.graph("net")
