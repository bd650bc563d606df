"""Measures of a prediction that are shown and never minimised: values per item, whose mean is the figure."""

import pytensor.tensor as pt

from ._checks import undo
from ._registry import Registry

registry: Registry = Registry("metric")


def metric(*aliases: str):
    """Register a metric under its own name and `aliases`."""

    def register(function):
        registry.add(function.__name__, function, aliases)
        return function

    return register


@metric("acc", "categorical_accuracy")
def accuracy(prediction, target):
    """Whether the class of greatest probability is the label, per item.

    Parameters
    ----------
    prediction : float tensor (n, k)
    target : integer tensor (n,)

    Returns
    -------
    tensor (n,) of prediction's dtype
        0 or 1. Of equal probabilities the first class counts.
    """
    logits = undo(prediction, "softmax")  # in the same order, so the softmax need not be computed
    best = pt.argmax(prediction if logits is None else logits, axis=-1)
    return pt.eq(best, target).astype(prediction.dtype)
