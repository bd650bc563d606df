"""Removes values with weight 0 before anything is computed from them: 0 * NaN is NaN, in value and gradient."""

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
NOTHING = {"sigmoid": -1e30, "exp": -1e30}  # of which they make exactly 0


def counted(weights, tensor):
    """Return where `tensor` has a weight. One for a sample applies to its row, several for a number count as one."""
    some = pt.neq(weights, 0)
    if some.ndim > tensor.ndim:
        some = some.any(axis=tuple(range(tensor.ndim, some.ndim)))
    return some[(..., *(None,) * (tensor.ndim - some.ndim))]


def mean_of_counted(values, weights):
    """Return the sum of `values` over the last axis, divided by how many places of an item have a weight (None: all).

    The values of the others are 0.
    """
    if weights is None:
        return values.mean(axis=-1)
    places = counted(weights, values) & pt.ones_like(values, dtype="bool")
    return values.sum(axis=-1) / pt.maximum(places.sum(axis=-1), 1).astype(values.dtype)


def harmless_target(target, weights, spec):
    """Return `target` with harmless values where it has no weight: values that add nothing, label 0, or a number."""
    is_float = target.dtype.startswith("float")
    fill = spec.absent.get("target", TARGET if is_float else 0)
    dtype = target.dtype if is_float or "target" not in spec.absent else "int8"
    return pt.switch(counted(weights, target), target, np.asarray(fill, dtype))


def harmless_predictions(ports: list, weights, spec) -> list:
    """Return the predictions of a loss with harmless values where they have no weight.

    Weights apply to elements if the loss is per element, or if it defines values that add nothing to an item. Otherwise
    they apply to items. Tables of classes, which are the additional ports of a loss with labels, stay unchanged.
    """
    found = list(ports)
    for index, (port, name) in enumerate(zip(ports, spec.predictions, strict=True)):
        if port.ndim == 0 or (index > 0 and spec.target == "label"):
            continue
        some, nothing = _by_item(port, weights, spec, name), spec.absent.get(name)
        clean = selected(port, some, nothing)
        below = [i for i, other in enumerate(found) if other is not port and port in set(ancestors([other]))]
        if below:  # a critic and what it is differentiated by, say: of what counts as well
            replaced = graph_replace([found[i] for i in below], {port: clean}, strict=False)
            for i, other in zip(below, replaced, strict=True):
                found[i] = other
        found[index] = clean if found[index] is port else selected(found[index], some, nothing)
    return found


def _by_item(port, weights, spec, name):
    """Return where `port` counts, as a boolean tensor of its rank."""
    some = pt.neq(weights, 0)
    if name in spec.absent:
        return counted(weights, port)
    rank = port.ndim if spec.per == "element" and some.ndim == port.ndim else 1
    along = spec.padding is None  # label sequences have an axis of their own
    if spec.per == "item" and along and (spec.target.startswith("label") or spec.activation == "softmax"):
        rank = min(port.ndim - 1, some.ndim)  # the last axis holds the classes
    if some.ndim > rank:
        some = some.any(axis=tuple(range(rank, some.ndim)))
    return some[(..., *(None,) * (port.ndim - some.ndim))]


def selected(tensor, some, nothing=None):
    """Return `tensor` where it counts, selected before its softmax or exponential if the graph shows one.

    Elsewhere it is `nothing`, a number that adds nothing to the loss. With None it is some harmless number.
    """
    for activation, function in UNDONE.items():
        before = undo(tensor, activation)
        if before is not None:
            fill = 0 if nothing != 0 else NOTHING.get(activation, 0)
            tensor = function(pt.switch(some, before, np.asarray(fill, before.dtype)))
            if nothing is None or fill:
                return tensor
            break
    if not tensor.dtype.startswith("float"):
        return tensor
    return pt.switch(some, tensor, np.asarray(PREDICTION if nothing is None else nothing, tensor.dtype))
