"""Losses as scikit-learn computes them (scikit-learn 1.9): those of its models, and those of sklearn.metrics.

The classes of `sklearn._loss` take raw predictions, before the inverse link function. For HalfPoissonLoss,
HalfGammaLoss and HalfTweedieLoss our prediction is the mean, exp(raw): if the graph shows the exp, its argument is the
raw prediction. For HalfBinomialLoss and HalfMultinomialLoss our prediction is the probability, and the graph shows its
logits. Probabilities without logits are treated as in `log_loss`: clipped to [eps, 1 - eps] of their dtype. For
ExponentialLoss, and for the losses of SGDClassifier (targets -1 and 1), raw predictions are the scores themselves.

Their mean divides by the sum of the weights: how='mean'. Constants that depend only on the target
(`constant_to_optimal_zero`) are left out where scikit-learn's `loss` leaves them out.
"""

import numpy as np
import pytensor.tensor as pt

from ..._checks import (
    align,
    floating,
    number,
    tensor,
    undo,
)
from ...errors import SpecError
from .. import classification, deviance
from ..classification import (
    has_labels,
    integers,
    is_label,
    log_probabilities,
    nan_outside,
    of_label,
)
from ..margin import multiclass_hinge, scores
from .registration import System

system = System("sklearn", how="mean")

system.same("squared_error", "mean_squared_error")
system.same("half_squared_error", "HalfSquaredError")
system.same("huber", "HuberLoss", delta=0.5)
system.same("poisson_nll", "HalfPoissonLoss")
system.same("gamma_nll", "HalfGammaLoss")
system.same("gamma_deviance", "mean_gamma_deviance")
system.same("soft_margin", "HalfBinomialLoss")
system.same("squared_hinge", "SquaredHinge", options=("margin",))
system.same("modified_huber", "ModifiedHuber")
system.same("multiclass_hinge", "hinge_loss")


@system.differs("absolute_error", "AbsoluteError")
def absolute_error(prediction, target):
    """Return |p - t|, with a gradient of -1 at p = t."""
    prediction, target = align(prediction, target, "absolute_error")
    error = prediction - target
    return pt.switch(pt.gt(error, 0), error, -error)


@system.differs("quantile", "PinballLoss")
def quantile(prediction, target, *, q=0.5):
    """Return the pinball loss, with a gradient of -q at p = t. q is `quantile`, and alpha of mean_pinball_loss."""
    prediction, target = align(prediction, target, "quantile")
    error, q = target - prediction, number(q, target)
    return pt.switch(pt.ge(error, 0), q * error, (q - 1) * error)


@system.differs("absolute_percentage_error", "mean_absolute_percentage_error")
def absolute_percentage_error(prediction, target):
    """Return |p - t| / max(|t|, 2.2e-16), a fraction and not a percentage."""
    prediction, target = align(prediction, target, "absolute_percentage_error")
    return pt.abs(prediction - target) / pt.maximum(pt.abs(target), number(np.finfo("float64").eps, target))


@system.differs("squared_log_error", "mean_squared_log_error", support="above -1")
def squared_log_error(prediction, target):
    """Return (log(1 + p) - log(1 + t))^2 for values from -1, and NaN below, where scikit-learn raises."""
    prediction, target = align(prediction, target, "squared_log_error")
    return pt.sqr(pt.log1p(prediction) - pt.log1p(target))


@system.differs("tweedie", "HalfTweedieLoss", support=deviance.amounts)
def tweedie(prediction, target, *, power=1.5):
    """Return HalfTweedieLoss of the logarithm if the graph shows exp, otherwise HalfTweedieLossIdentity.

    They differ by a constant that does not depend on the prediction. With power 0 both are half the squared error.
    """
    prediction, target = align(prediction, target, "tweedie")
    if power == 0:
        return 0.5 * pt.sqr(prediction - target)
    if deviance.log_of(prediction) is not None:
        return deviance.tweedie(prediction, target, power=power)
    return half_deviance(prediction, target, power)


def half_deviance(mean, target, power):
    """Return half the unit deviance of a positive mean. It is 0 at mean = target, for targets above 0."""
    present = pt.gt(target, 0)
    amount = pt.switch(present, target, 1)
    if power == 1:
        return mean - target + pt.switch(present, target * (pt.log(amount) - pt.log(mean)), 0)
    if power == 2:
        return pt.log(mean) - pt.log(target) + target / mean - 1
    rest = number(2 - power, mean), number(1 - power, mean)
    constant = pt.switch(present, amount ** rest[0], 0) / (rest[0] * rest[1])
    return mean ** rest[1] * (mean / rest[0] - target / rest[1]) + constant


@system.differs("inverse_gaussian", "HalfTweedieLossIdentity")
def inverse_gaussian(prediction, target):
    """Return half the deviance for power 3, without a lower limit of the mean."""
    prediction, target = align(prediction, target, "inverse_gaussian")
    return half_deviance(prediction, target, 3)


def clipped(p):
    """Return `p` clipped to [eps, 1 - eps] of its dtype. Beyond, the gradient is 0."""
    eps = np.finfo(p.dtype).eps
    return pt.clip(p, number(eps, p), number(1 - eps, p))


@system.differs("binary_cross_entropy", "HalfBinomialLoss")
def binary_cross_entropy(prediction, target):
    """Return the loss of logits, or `log_loss` of clipped probabilities."""
    prediction, target = align(prediction, target, "binary_cross_entropy")
    logits = undo(prediction, "sigmoid")
    if logits is not None:
        return pt.softplus(logits) - target * logits
    return -target * pt.log(clipped(prediction)) - (1 - target) * pt.log(clipped(1 - prediction))


@system.differs("label_cross_entropy", "HalfMultinomialLoss")
def label_cross_entropy(prediction, target):
    """Return the loss of logits, or `log_loss` of clipped probabilities."""
    prediction = floating(prediction, "label_cross_entropy", "prediction")
    labels = integers(prediction, target, "label_cross_entropy")
    if undo(prediction, "softmax") is not None:
        values = -of_label(log_probabilities(prediction), labels)
    else:
        values = -pt.log(clipped(of_label(prediction, labels)))
    return nan_outside(values, labels, prediction.shape[-1])


@system.differs("categorical_cross_entropy", "log_loss")
def categorical_cross_entropy(prediction, target):
    """Return the loss of clipped probabilities, or of the logits if the graph shows them."""
    prediction, target = align(prediction, target, "categorical_cross_entropy")
    if undo(prediction, "softmax") is not None:
        return classification.categorical_cross_entropy(prediction, target)
    return -(target * pt.log(clipped(prediction))).sum(axis=-1)


@system.differs("cross_entropy", "log_loss")
def cross_entropy(prediction, target):
    """Return the loss of labels, of one-hot targets, or (after a sigmoid) of each element."""
    prediction, target = floating(prediction, "cross_entropy", "prediction"), tensor(target, "cross_entropy", "target")
    if undo(prediction, "sigmoid") is not None:
        return binary_cross_entropy(prediction, target)
    return (label_cross_entropy if has_labels(prediction, target) else categorical_cross_entropy)(prediction, target)


@system.differs("brier", "brier_score_loss")
def brier(prediction, target, *, scale_by_half="auto"):
    """Return the sum of squared errors over the classes, halved for two classes, or if `scale_by_half` is True."""
    prediction, target = floating(prediction, "brier", "prediction"), tensor(target, "brier", "target")
    labels = integers(prediction, target, "brier") if has_labels(prediction, target) else None
    prediction, target = align(prediction, target if labels is None else is_label(prediction, labels), "brier")
    values = pt.sqr(prediction - target).sum(axis=-1)
    if scale_by_half == "auto":
        values = pt.switch(pt.lt(prediction.shape[-1], 3), 0.5 * values, values)
    elif scale_by_half:
        values = 0.5 * values
    return values if labels is None else nan_outside(values, labels, prediction.shape[-1])


@system.differs("exponential", "ExponentialLoss")
def exponential(prediction, target):
    """Return t exp(-z) + (1 - t) exp(z) for targets from 0 to 1. A target of -1 is read as 0."""
    prediction, target = align(prediction, target, "exponential")
    z, yes = scores(prediction), pt.maximum(target, 0)
    return yes * pt.exp(-z) + (1 - yes) * pt.exp(z)


@system.differs("binary_hinge", "Hinge")
def binary_hinge(prediction, target, *, margin=1.0):
    """Return max(0, margin - t z), with a gradient of -t at the kink. The margin is `threshold` in scikit-learn."""
    prediction, target = align(prediction, target, "binary_hinge")
    missing = number(margin, prediction) - target * scores(prediction)
    return pt.switch(pt.ge(missing, 0), missing, 0)


@system.differs("perceptron", "Hinge")
def perceptron(prediction, target):
    """Return max(0, -t z), with a gradient of -t at 0."""
    return binary_hinge(prediction, target, margin=0.0)


@system.differs("hinge", "hinge_loss")
def hinge(prediction, target, *, margin=1.0):
    """Return the loss of labels after Crammer and Singer, whose margin is 1, or of binary targets."""
    prediction, target = floating(prediction, "hinge", "prediction"), tensor(target, "hinge", "target")
    if has_labels(prediction, target) and not target.dtype.startswith("float") and prediction.type.shape[-1] != 1:
        if not isinstance(margin, int | float) or margin != 1:
            raise SpecError(f"hinge: got margin={margin} with labels of several classes, but hinge_loss of "
                            "scikit-learn always has a margin of 1 for them. Leave out margin, or leave out "
                            "like='sklearn'")
        return multiclass_hinge(prediction, target)
    return binary_hinge(prediction, target, margin=margin)


@system.differs("epsilon_insensitive", "EpsilonInsensitive")
def epsilon_insensitive(prediction, target, *, epsilon=0.1):
    """Return max(0, |p - t| - epsilon), with a gradient of 0 at the kinks."""
    prediction, target = align(prediction, target, "epsilon_insensitive")
    beyond = pt.abs(prediction - target) - number(epsilon, prediction)
    return pt.switch(pt.gt(beyond, 0), beyond, 0)


system.same("squared_epsilon_insensitive", "SquaredEpsilonInsensitive", options=("epsilon",))
