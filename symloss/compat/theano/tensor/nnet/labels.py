"""Targets of classes that are looked at before anything is computed from them."""

import functools

import numpy as np
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors
from pytensor.scalar.basic import Cast
from pytensor.tensor.elemwise import Elemwise

from .....errors import SymlossError


class LabelError(SymlossError, IndexError, ValueError):
    """A label that is no class, or a row of targets that does not say which class is the right one."""


class _Checked(Op):
    """An operation that hands its first input on, unless something is wrong with it; no gradient goes through it."""

    __props__ = ()

    def pullback(self, inputs, outputs, gradients):
        return [disconnected_type() for _ in inputs]

    grad = pullback

    def connection_pattern(self, node):
        return [[False] for _ in node.inputs]


class CheckedLabels(_Checked):
    """labels, classes -> labels from 0 to classes - 1; negative ones count from the last class, as numpy's indices do.

    Other labels raise `LabelError`.

    Parameters
    ----------
    classes : int or None
        Their number, if it is known while the graph is built.
    """

    __props__ = ("classes",)

    view_map = {0: [0]}

    def __init__(self, classes=None):
        self.classes = classes

    def make_node(self, labels, classes):
        return Apply(self, [labels, classes], [labels.type()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = within(*inputs)


def within(labels, classes):
    """Return `labels`, of which none is negative any more, or raise `LabelError`."""
    if not labels.size or (labels.min() >= 0 and labels.max() < classes):
        return labels
    for row in np.flatnonzero((labels < -classes) | (labels >= classes))[:1]:
        raise LabelError(f"the label in row {row} is {labels.ravel()[row]}, but the labels of {classes} classes are 0 "
                         f"to {classes - 1}")
    return np.where(labels < 0, labels + classes, labels).astype(labels.dtype)


class CheckedOneHot(_Checked):
    """targets (n, k) -> where they are 1, as booleans; rows that are not 0 but for one 1 raise `LabelError`."""

    def make_node(self, targets):
        return Apply(self, [targets], [targets.type.clone(dtype="bool")()])

    def perform(self, node, inputs, outputs):
        outputs[0][0] = hot(inputs[0])


def hot(targets):
    """Return where `targets` (n, k) are 1, or raise `LabelError`."""
    ones = targets == 1
    wrong = (ones.sum(axis=1) != 1) | (~ones & (targets != 0)).any(axis=1)
    for row in np.flatnonzero(wrong)[:1]:
        raise LabelError(f"the target in row {row} is {np.array2string(targets[row], threshold=8)}, but it must be 1 "
                         f"for one class and 0 for all others. You can also pass labels")
    return ones


checked_one_hot = CheckedOneHot()


def checked_labels(labels, scores):
    """Return `labels`, which are looked at when they are used, for `scores` (n, k)."""
    return CheckedLabels(scores.type.shape[1])(labels, scores.shape[1])


def look_before(expressions, inputs):
    """Return expressions without the checks that can be made before a call, and what is to be done then.

    Targets that are inputs of a function, as they are or cast to another type, are looked at on their way in, so that
    compilers need not know how.

    Returns
    -------
    list of variables, list of (new input, position, function of an array)
    """
    replaced, todo = {}, []
    for node in {v.owner for v in ancestors(expressions) if v.owner is not None and isinstance(v.owner.op, _Checked)}:
        source, known = _uncast(node.inputs[0]), getattr(node.op, "classes", 0)
        if source in inputs and known is not None:
            fresh = node.outputs[0].type()
            replaced[node.outputs[0]] = fresh
            look = hot if isinstance(node.op, CheckedOneHot) else functools.partial(within, classes=known)
            dtype = node.inputs[0].dtype
            todo.append((fresh, inputs.index(source), lambda a, look=look, dtype=dtype: look(a.astype(dtype))))
    return (clone_replace(expressions, replaced), todo) if replaced else (expressions, [])


def _uncast(variable):
    """Return what a cast to integers was made of."""
    cast = variable.owner is not None and isinstance(variable.owner.op, Elemwise) and isinstance(
        variable.owner.op.scalar_op, Cast)
    return variable.owner.inputs[0] if cast else variable
