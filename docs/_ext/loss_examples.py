"""Curves of losses that compare several items or steps: a small example in which one number moves."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytensor
import pytensor.tensor as pt
from pages import DOCS

from symloss import losses
from symloss.plotting import style

FOLDER = DOCS / "generated" / "curves"
POINTS = 81
ANGLE = "angle to the item that belongs to it, in degrees"
SCORE = "score of the right class, two drawn classes have 0"


def turned(x):
    """Return a unit vector at an angle of x degrees to the first axis, and the other items' vectors."""
    angle = x * np.pi / 180
    return pt.stack([pt.stack([pt.cos(angle), pt.sin(angle)])])


def labelled(x):
    """Return two items of one class with an angle between them, and one of another class."""
    return {"prediction": pt.concatenate([turned(x), pt.as_tensor([[1.0, 0.0], [0.0, 1.0]])]),
            "target": np.array([0, 0, 1])}


def paired(first, second):
    """Return a function of x: two pairs of items, the first of them with an angle between its halves."""
    return lambda x: {first: pt.concatenate([turned(x), pt.as_tensor([[0.0, 1.0]])]), second: np.eye(2)}


def drawn_classes(x):
    """Return an item whose right class has the score x, and two drawn classes with the score 0."""
    return {"prediction": pt.reshape(x, (1, 1)), "matrix": np.array([[1.0], [0.0], [0.0]]), "bias": np.zeros(3),
            "samples": np.array([1, 2]), "log_noise": np.log(np.full(3, 1 / 3)), "target": np.array([0])}


def sloped(x):
    """Return a critic whose gradient has the norm x."""
    at = pt.as_tensor(np.zeros((1, 1)))
    return {"prediction": (x * at).sum(axis=1), "at": at}


def by_time(x):
    """Return three people, the first of whom has the risk x and dies first."""
    return {"prediction": pt.stack([pt.stack([x]), [0.0], [0.0]]), "target": np.array([[1.0, 1], [2, 1], [3, 0]])}


def by_step(x):
    """Return three steps, each with the probability x of the one label, and of a blank."""
    return {"prediction": pt.stack([pt.stack([pt.stack([1 - x, x])] * 3)]), "target": np.array([[1]])}


# loss -> the axis, its ends, and the ports for a number on it
EXAMPLES = {
    "circle": (ANGLE, (-180, 180), labelled), "supervised_contrastive": (ANGLE, (-180, 180), labelled),
    "info_nce": (ANGLE, (-180, 180), paired("query", "key")),
    "nt_xent": (ANGLE, (-180, 180), paired("first", "second")),
    "sampled_softmax": (SCORE, (-5, 5), drawn_classes), "nce": (SCORE, (-5, 5), drawn_classes),
    "negative_sampling": (SCORE, (-5, 5), drawn_classes),
    "gradient_penalty": ("norm of the gradient", (0, 3), sloped), "r1": ("norm of the gradient", (0, 3), sloped),
    "cox": ("risk of the item whose event comes first, others 0", (-4, 4), by_time),
    "ctc": ("probability of the label at each of three steps", (0.02, 0.98), by_step),
}


def look(spec) -> str | None:
    """Return what the axis of a loss' example says, after drawing it to ``NAME.svg``; None if it has no example."""
    if spec.name not in EXAMPLES:
        return None
    axis, (low, high), ports = EXAMPLES[spec.name]
    file, source = FOLDER / f"{spec.name}.svg", Path(spec.function.__code__.co_filename).read_bytes()
    key = hashlib.sha256(source + Path(__file__).read_bytes()).hexdigest()
    kept = FOLDER / f"{spec.name}.example.json"
    if file.exists() and kept.exists() and json.loads(kept.read_text()) == key:
        return axis
    x = pt.dscalar()
    given = ports(x)
    value = spec.function(*(pt.as_tensor(given[port]) for port in spec.ports), **spec.options).sum()
    function = pytensor.function([x], [value, pytensor.grad(value, x)], mode="FAST_COMPILE")
    places = np.linspace(low, high, POINTS)
    numbers = np.array([[float(part) for part in function(place)] for place in places])
    FOLDER.mkdir(parents=True, exist_ok=True)
    draw(file, axis, places, numbers)
    kept.write_text(json.dumps(key))
    return axis


def draw(file, axis, places, numbers) -> None:
    """Write a figure of values and gradients."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with style.context(None), rc_context({"svg.fonttype": "none", "svg.hashsalt": file.stem}):
        figure = Figure(figsize=(8, 3.1), layout="constrained")
        for panel, column, title in zip(figure.subplots(1, 2), numbers.T, ("loss", "gradient"), strict=True):
            panel.plot(places, column)
            panel.set_xlabel(axis, fontsize="small")
            panel.set_ylabel(title)
        figure.savefig(file, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    for name in EXAMPLES:
        print(name, look(losses.get(name)))
