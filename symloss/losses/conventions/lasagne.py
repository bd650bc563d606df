"""Losses as lasagne.objectives computes them (Lasagne 0.2.dev1): values that its `aggregate` reduces.

Its mode 'mean' is how='count' (weights multiply the values, but not the divisor), 'normalized_sum' is how='mean', 'sum'
is how='sum'. Where Lasagne gives NaN for a probability of 1 that is right (0 log 0), the value here is 0.
"""

import pytensor.tensor as pt

from ..._checks import align, number, tensor, undo
from ..margin import multiclass_hinge as ours
from ..registration import get
from .registration import System

system = System("lasagne", how="none")

system.same("squared_error", "squared_error")
system.same("binary_cross_entropy", "binary_crossentropy")
for _name in ("cross_entropy", "label_cross_entropy"):
    system.same(_name, "categorical_crossentropy")
system.same("huber", "huber_loss", options=("delta",))


@system.differs("categorical_cross_entropy", "categorical_crossentropy")
def categorical_cross_entropy(prediction, target):
    """Return -sum(t log p) for targets in the shape of the prediction, and -log of the probability for labels."""
    return get("cross_entropy").function(prediction, target)


@system.differs("binary_hinge", "binary_hinge_loss")
def binary_hinge(prediction, target, *, delta=1.0, log_odds=True, binary=True):
    """Return max(0, delta - t z). Targets are 0 and 1, or with binary=False -1 and 1. log_odds=False: probabilities.

    Lasagne itself requires you to pass log_odds.
    """
    prediction, target = align(prediction, target, "binary_hinge")
    if not log_odds:
        logits = undo(prediction, "sigmoid")
        prediction = pt.log(prediction / (1 - prediction)) if logits is None else logits
    sign = 2 * target - 1 if binary else target
    missing = number(delta, prediction) - prediction * sign
    return 0.5 * (missing + abs(missing))  # with a slope of 1/2 at the kink


@system.differs("multiclass_hinge", "multiclass_hinge_loss")
def multiclass_hinge(prediction, target, *, delta=1.0):
    """Return max(0, delta + max wrong - right), for labels or one-hot targets."""
    prediction, target = tensor(prediction, "multiclass_hinge", "prediction"), tensor(
        target, "multiclass_hinge", "target")
    if target.ndim == prediction.ndim and not (target.type.shape[-1] == 1 != prediction.type.shape[-1]):
        target = target.argmax(axis=-1)
    return ours(prediction, target, margin=delta)
