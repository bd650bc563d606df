"""The effective weights of a loss: those of the data and of classes, and 0 for labels that are ignored."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..errors import SpecError
from .reduction import by_class, kept


class ClassWeight:
    """An attribute of a loss: weights by class, or of no and yes by column. None means 1 each.

    They are shared variables, so you can change them without recompiling.
    """

    def __get__(self, loss, owner=None):
        if loss is None:
            return self
        return None if loss._class_weight is None else loss._class_weight.get_value()

    def __set__(self, loss, value):
        if value is None:
            loss._class_weight = None
            return
        try:
            value = np.asarray(value, pytensor.config.floatX)
        except (TypeError, ValueError):
            raise SpecError(f"loss {loss.name}: class_weight={value!r} is not valid; it must be an array with a number "
                            f"for each class, or None. Names of classes belong in train(class_weight=...)") from None
        if loss._class_weight is None or loss._class_weight.type.shape != value.shape:
            loss._class_weight = pytensor.shared(value, name=f"class weights of {loss.name}", shape=value.shape)
        loss._class_weight.set_value(value)


def ignore_index(loss) -> int | None:
    """Return the label that the options of a loss exclude."""
    return loss.options.get("ignore_index", loss.spec.options.get("ignore_index"))


def item_weights(loss):
    """Return the weights of the data times those of the classes, and 0 for ignored items. None without weights."""
    weights = _weights_by_class(loss)
    counts = None if loss.spec is None else kept(loss._target, ignore_index(loss))
    if counts is None:
        return weights
    return counts.astype(pytensor.config.floatX) if weights is None else pt.switch(counts, weights, 0)


def _weights_by_class(loss):
    if loss._class_weight is None:
        return loss._weights
    weights = by_class(loss._target, loss._class_weight)
    if loss._weights is None:
        return weights
    return weights[(..., *(None,) * (loss._weights.ndim - weights.ndim))] * loss._weights
