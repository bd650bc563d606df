"""Labels of classes that are looked at before they index anything."""

import numpy as np
from pytensor.gradient import disconnected_type
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op

from .....errors import SymlossError


class LabelError(SymlossError, IndexError, ValueError):
    """A label that is no class: negative, or not below the number of classes."""


def told(row, label, classes) -> str:
    """Return what is said of a wrong label."""
    return (f"categorical_crossentropy: the label in row {row} is {label}, and there are {classes} classes; labels "
            f"from 0 to {classes - 1} are wanted")


class CheckedLabels(Op):
    """labels, classes -> labels, all of which are from 0 to classes - 1; otherwise it raises `LabelError`."""

    __props__ = ()
    view_map = {0: [0]}

    def make_node(self, labels, classes):
        return Apply(self, [labels, classes], [labels.type()])

    def perform(self, node, inputs, outputs):
        labels, classes = inputs
        if labels.size and not (labels.min() >= 0 and labels.max() < classes):
            row = np.flatnonzero((labels < 0) | (labels >= classes))[0]
            raise LabelError(told(row, labels.ravel()[row], classes))
        outputs[0][0] = labels

    def infer_shape(self, fgraph, node, shapes):
        return [shapes[0]]

    def pullback(self, inputs, outputs, gradients):
        return [disconnected_type(), disconnected_type()]

    grad = pullback

    def connection_pattern(self, node):
        return [[False], [False]]


checked_labels = CheckedLabels()
