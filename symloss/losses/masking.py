"""What does not count is taken away before anything is computed from it: 0 * NaN is NaN, in value and gradient."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.replace import graph_replace
from pytensor.graph.traversal import ancestors

from .._checks import undo

# What stands in for numbers that do not count: between 0 and 1, and not equal to each other, so that logarithms,
# roots and quotients of them and of their difference have values and slopes.
PREDICTION, TARGET = 0.5, 0.25
UNDONE = {"softmax": lambda z: pt.special.softmax(z, axis=-1), "sigmoid": pt.sigmoid, "exp": pt.exp,
          "log_softmax": lambda z: pt.special.log_softmax(z, axis=-1)}


def counted(weights, tensor):
    """Return where `tensor` has a weight: one weight a sample stands for its row, several for one number are one."""
    some = pt.neq(weights, 0)
    if some.ndim > tensor.ndim:
        some = some.any(axis=tuple(range(tensor.ndim, some.ndim)))
    return some[(..., *(None,) * (tensor.ndim - some.ndim))]


def harmless_target(target, weights):
    """Return `target` with something harmless where it has no weight: label 0, or a number."""
    fill = TARGET if target.dtype.startswith("float") else 0
    return pt.switch(counted(weights, target), target, np.asarray(fill, target.dtype))


def harmless_predictions(ports: list, weights, spec) -> list:
    """Return the predictions of a loss with something harmless where they have no weight.

    A port counts by elements where the loss does, by items elsewhere. Tables of classes, which are the further ports of
    a loss with labels, stay as they are.
    """
    found = list(ports)
    for index, port in enumerate(ports):
        if port.ndim == 0 or (index > 0 and spec.target == "label"):
            continue
        clean = selected(port, _by_item(port, weights, spec))
        below = [i for i, other in enumerate(found) if other is not port and port in set(ancestors([other]))]
        if below:  # a critic and what it is differentiated by, say: of what counts as well
            replaced = graph_replace([found[i] for i in below], {port: clean}, strict=False)
            for i, other in zip(below, replaced, strict=True):
                found[i] = other
        found[index] = clean if found[index] is port else selected(found[index], _by_item(port, weights, spec))
    return found


def _by_item(port, weights, spec):
    """Return where `port` counts, as a boolean tensor of its rank."""
    some = pt.neq(weights, 0)
    rank = port.ndim if spec.per == "element" and some.ndim == port.ndim else 1
    along = spec.padding is None  # label sequences have an axis of their own
    if spec.per == "item" and along and (spec.target.startswith("label") or spec.activation == "softmax"):
        rank = min(port.ndim - 1, some.ndim)  # the last axis holds the classes
    if some.ndim > rank:
        some = some.any(axis=tuple(range(rank, some.ndim)))
    return some[(..., *(None,) * (port.ndim - some.ndim))]


def selected(tensor, some):
    """Return `tensor` where it counts; before its softmax or exponential, say, where the graph shows one."""
    for activation, function in UNDONE.items():
        before = undo(tensor, activation)
        if before is not None:
            return function(pt.switch(some, before, np.asarray(0, before.dtype)))
    if not tensor.dtype.startswith("float"):
        return tensor
    return pt.switch(some, tensor, np.asarray(PREDICTION, tensor.dtype))
