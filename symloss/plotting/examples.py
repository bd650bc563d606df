"""Losses that compare several items or steps, as curves: a small example in which one number moves.

What the example is follows from the declaration of the loss: from its ports, its target and its options.
"""

import numpy as np
import pytensor.tensor as pt

from .directions import Direction


def example(spec) -> tuple[str, Direction] | None:
    """Return the name of a direction and the direction, for a loss that needs an example; None for any other."""
    if spec is None:
        return None
    if spec.padding is not None:
        return "probability", STEPS
    if "at" in spec.ports:
        return "norm", SLOPE
    if "samples" in spec.ports:
        return "score", DRAWN
    if spec.pairs and spec.target == "label" and spec.classes is None:
        return "angle", LABELLED
    if spec.pairs and spec.target == "none" and len(spec.ports) == 2:
        return "angle", PAIRS
    if spec.target == "same" and spec.per == "item" and spec.shape is not None:
        shape = spec.target_shape({port: (None, 1) for port in spec.predictions}, dict(spec.options))
        return ("score", EVENTS) if shape[1:] == (2,) else None
    return None


def _rows(*rows):
    return pt.stack([pt.stack(row) for row in rows])


def _turned(x):
    """Return the vector of length 1 at an angle of x[0] degrees to the first axis."""
    return pt.cos(x[0] * np.pi / 180), pt.sin(x[0] * np.pi / 180)


def _labelled(x, loss, target):
    return {"prediction": _rows(_turned(x), (1.0, 0.0), (0.0, 1.0)), "target": pt.as_tensor(np.array([0, 0, 1]))}


def _pairs(x, loss, target):
    first, second = loss.names
    return {first: _rows(_turned(x), (0.0, 1.0)), second: pt.as_tensor(np.eye(2))}


def _drawn(x, loss, target):
    ports = {"matrix": np.array([[1.0], [0.0], [0.0]]), "bias": np.zeros(3), "samples": np.array([1, 2]),
             "log_noise": np.log(np.full(3, 1 / 3))}
    found = {port: pt.as_tensor(ports[port]) for port in loss.names if port in ports}
    return {**found, "prediction": x[:, None], "target": pt.zeros_like(x, dtype="int64")}


def _sloped(x, loss, target):
    at = pt.zeros_like(x)[:, None]
    return {"prediction": (x[:, None] * at).sum(axis=1), "at": at}


def _events(x, loss, target):
    return {"prediction": _rows((x[0],), (0.0,), (0.0,)), "target": pt.as_tensor(np.array([[1.0, 1], [2, 1], [3, 0]]))}


def _steps(x, loss, target):
    """Return three steps, each with the probability x of the one label and the rest for the blank."""
    last = loss.options.get("blank", loss.spec.options.get("blank", 0)) % 2 == 1
    step = pt.stack([x, 1 - x] if last else [1 - x, x], axis=1)
    return {"prediction": pt.stack([step] * 3, axis=1),
            "target": pt.zeros_like(x, dtype="int64")[:, None] + (0 if last else 1)}


LABELLED = Direction("angle to the item of the same class, in degrees", "angle", (-180.0, 180.0), None, _labelled,
                     note="loss of one of three items; the item of another class is at 90°", item=0)
PAIRS = Direction("angle to the item that belongs to it, in degrees", "angle", (-180.0, 180.0), None, _pairs,
                  note="loss of one of two pairs; the other pair is at 90°", item=0)
DRAWN = Direction("score of the target's class", "score", (-5.0, 5.0), None, _drawn,
                  note="two other classes are drawn, and their scores are 0")
SLOPE = Direction("norm of the gradient of the model's output by its input", "norm", (0.0, 3.0), None, _sloped)
EVENTS = Direction("score of the item whose event comes first", "score", (-4.0, 4.0), None, _events,
                   note="loss of this item; the scores of two later ones are 0", item=0)
STEPS = Direction("probability of the label at each of three steps", "probability", (0.0, 1.0), None, _steps,
                  note="one label; the blank has the rest")
