"""Losses as keras.losses computes them (Keras 3.15).

Keras' reduction 'sum_over_batch_size' is how='count': weights multiply the values, but not the divisor.
'mean_with_sample_weight' is how='mean', 'sum' is how='sum', None is how='none'. Losses between numbers are means over
the last axis, with one value for each item. If the graph shows a softmax or a sigmoid, the cross-entropies are those of
from_logits=True. Other probabilities are clipped to [1e-7, 1 - 1e-7], and have no gradient beyond.
"""

import functools
import inspect

import numpy as np
import pytensor.tensor as pt

from ..._checks import (
    align,
    floating,
    number,
    shape_text,
    tensor,
    undo,
)
from ...errors import SpecError
from .. import sequence
from ..classification import (
    has_labels,
    integers,
    is_label,
    log_probabilities,
    nan_outside,
    of_label,
    without,
)
from ..focal import base
from ..margin import scores
from ..registration import get
from ..similarity import as_matrix, log_sum
from .registration import System, says
from .ties import half_at_zero, shared_max

EPSILON = 1e-7  # keras.config.epsilon()

system = System("keras", how="count")

system.same("generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy", options=("q",))


def per_item(name: str, own: str, **more):
    """Declare that the decorated function computes the library's values of loss `name`, one for each item.

    An array without a last axis to average over is one item there: its only value would count once for each weight.
    `more` are options of `System.differs`.
    """

    def register(function):
        @functools.wraps(function)
        def values_of(*ports, weights=None, **options):
            values = function(*ports, **options)
            if weights is not None and weights.ndim > values.ndim == 0:
                raise SpecError(f"{name}: weights have shape {shape_text(weights)}, but Keras takes the prediction "
                                f"{shape_text(ports[0])} for one item. Pass prediction and target as (n, 1)")
            return values

        signature = inspect.signature(function)
        weights = inspect.Parameter("weights", inspect.Parameter.KEYWORD_ONLY, default=None)
        values_of.__signature__ = signature.replace(parameters=[*signature.parameters.values(), weights])
        system.differs(name, own, per="item", **more)(values_of)
        return function

    return register


def average(name: str, own: str) -> None:
    """Declare that the library's values of loss `name` are the means of ours over the last axis."""
    ours = get(name).function

    @per_item(name, own)
    @functools.wraps(ours)
    def averaged(*ports, **options):
        return ours(*ports, **options).mean(axis=-1)


average("squared_error", "MeanSquaredError")
average("absolute_error", "MeanAbsoluteError")
average("huber", "Huber")
average("log_cosh", "LogCosh")


@per_item("absolute_percentage_error", "MeanAbsolutePercentageError")
def absolute_percentage_error(prediction, target):
    """Return the mean of 100 |p - t| / max(|t|, 1e-7)."""
    return get("absolute_percentage_error").function(prediction, target, eps=EPSILON).mean(axis=-1)


@per_item("squared_log_error", "MeanSquaredLogarithmicError", support=None)
def squared_log_error(prediction, target):
    """Return the mean of (log(1 + p) - log(1 + t))^2, with p and t at least 1e-7. Below, the gradient is 0."""
    prediction, target = align(prediction, target, "squared_log_error")
    least = number(EPSILON, prediction)
    logs = (pt.log1p(pt.maximum(value, least)) for value in (prediction, target))
    return pt.sqr(next(logs) - next(logs)).mean(axis=-1)


@per_item("cosine_distance", "CosineSimilarity")
def cosine_distance(prediction, target):
    """Return minus the cosine, from -1 to 1. Vectors shorter than 1e-7 are multiplied by 1e7."""
    prediction, target = align(prediction, target, "cosine_distance")
    return -(_unit(prediction) * _unit(target)).sum(axis=-1)


def _unit(vectors):
    squares = pt.sqr(vectors).sum(axis=-1, keepdims=True)
    short = pt.lt(squares, number(EPSILON**2, squares))
    return vectors * pt.switch(short, number(1 / EPSILON, squares), 1 / pt.sqrt(pt.switch(short, 1, squares)))


@per_item("poisson_nll", "Poisson")
def poisson_nll(prediction, target):
    """Return the mean of p - t log(p + 1e-7), or NaN for a prediction below 0."""
    prediction, target = align(prediction, target, "poisson_nll")
    return (prediction - target * pt.log(prediction + number(EPSILON, prediction))).mean(axis=-1)


@system.differs("kl_divergence", "KLDivergence")
def kl_divergence(prediction, target):
    """Return the sum of t log(t / p), with t and p clipped to [1e-7, 1]. Beyond, the gradient is 0."""
    prediction, target = align(prediction, target, "kl_divergence")
    least, most = number(EPSILON, prediction), number(1.0, prediction)
    p, t = pt.clip(prediction, least, most), pt.clip(target, least, most)
    return (t * (pt.log(t) - pt.log(p))).sum(axis=-1)


def clipped(p):
    """Return `p` clipped to [1e-7, 1 - 1e-7]. Beyond, the gradient is 0."""
    return pt.clip(p, number(EPSILON, p), number(1 - EPSILON, p))


def smoothed(target, smoothing, middle):
    """Return `target`, with the share `smoothing` of it replaced by `middle`."""
    if not smoothing:
        return target
    s = number(smoothing, target)
    return (1 - s) * target + s * middle


def _smoothed_over_classes(target, smoothing):
    return smoothed(target, smoothing, 1 / target.shape[-1].astype(target.dtype))


@per_item("binary_cross_entropy", "BinaryCrossentropy")
def binary_cross_entropy(prediction, target, *, smoothing=0.0):
    """Return the mean of clipped probabilities over the last axis."""
    prediction, target = align(prediction, target, "binary_cross_entropy")
    target = smoothed(target, smoothing, 0.5)
    logits = undo(prediction, "sigmoid")
    values = _yes_or_no(clipped(prediction), target) if logits is None else pt.softplus(logits) - target * logits
    return values.mean(axis=-1)


def _yes_or_no(p, target):
    return -target * pt.log(p) - (1 - target) * pt.log(1 - p)


def shares(prediction):
    """Return probabilities divided by their sum over the last axis, and clipped."""
    return clipped(prediction / prediction.sum(axis=-1, keepdims=True))


def _logs(prediction):
    logits = undo(prediction, "softmax")
    return pt.log(shares(prediction)) if logits is None else log_probabilities(prediction)


@system.differs("categorical_cross_entropy", "CategoricalCrossentropy")
def categorical_cross_entropy(prediction, target, *, smoothing=0.0):
    """Return the cross-entropy of probabilities that are divided by their sum and then clipped."""
    prediction, target = align(prediction, target, "categorical_cross_entropy")
    return -(_smoothed_over_classes(target, smoothing) * _logs(prediction)).sum(axis=-1)


@says("number of items whose label is not ignored")
def _kept(values, prediction, target, *, ignore_index=None, smoothing=0.0):
    """Leave items with the label `ignore_index` out of the divisor."""
    if ignore_index is None:
        return values, None
    labels = integers(floating(prediction, "cross_entropy", "prediction"), target, "cross_entropy")
    return values, pt.neq(labels, ignore_index).astype(values.dtype)


@system.differs("label_cross_entropy", "SparseCategoricalCrossentropy", averaged=_kept)
def label_cross_entropy(prediction, target, *, ignore_index=None):
    """Return the cross-entropy of probabilities divided by their sum and then clipped. There is no label smoothing."""
    prediction = floating(prediction, "label_cross_entropy", "prediction")
    labels = integers(prediction, target, "label_cross_entropy")
    values = nan_outside(-of_label(_logs(prediction), labels), labels, prediction.shape[-1])
    return without(values, labels, ignore_index)


@system.differs("cross_entropy", "CategoricalCrossentropy", averaged=_kept)
def cross_entropy(prediction, target, *, smoothing=0.0, ignore_index=None):
    """Return the loss of labels, of one-hot or soft targets, or (after a sigmoid) the mean of binary cross-entropies.

    Labels are smoothed as if they were one-hot, which SparseCategoricalCrossentropy itself does not support.
    """
    prediction, target = floating(prediction, "cross_entropy", "prediction"), tensor(target, "cross_entropy", "target")
    of_elements = undo(prediction, "sigmoid") is not None
    if of_elements or not has_labels(prediction, target):
        if ignore_index is not None:
            raise SpecError(f"cross_entropy: ignore_index={ignore_index} needs labels, but the target has shape "
                            f"{shape_text(target)} and the prediction {shape_text(prediction)}. Pass labels, or give "
                            "the items to leave out a weight of 0")
        return (binary_cross_entropy if of_elements else categorical_cross_entropy)(
            prediction, target, smoothing=smoothing)
    values = label_cross_entropy(prediction, target, ignore_index=ignore_index)
    if not smoothing:
        return values
    labels = integers(prediction, target, "cross_entropy")
    even = without(-_logs(prediction).mean(axis=-1), labels, ignore_index)
    return smoothed(values, smoothing, even)


@per_item("binary_focal", "BinaryFocalCrossentropy")
def binary_focal(prediction, target, *, gamma=2.0, alpha=0.25, apply_class_balancing=False, label_smoothing=0.0):
    """Return the mean over the last axis, clipped also after a sigmoid. `alpha` counts only if you ask for it."""
    prediction, target = align(prediction, target, "binary_focal")
    target = smoothed(target, label_smoothing, 0.5)
    wrong = target + (1 - 2 * target) * prediction  # 1 - p_t
    values = base(wrong) ** number(gamma, prediction) * _yes_or_no(clipped(prediction), target)
    if apply_class_balancing:
        alpha = number(alpha, prediction)
        values = (target * alpha + (1 - target) * (1 - alpha)) * values
    return values.mean(axis=-1)


@system.differs("categorical_focal", "CategoricalFocalCrossentropy")
def categorical_focal(prediction, target, *, gamma=2.0, alpha=0.25, label_smoothing=0.0):
    """Return the loss of clipped probabilities, also after a softmax. Labels are treated as if they were one-hot."""
    prediction = floating(prediction, "categorical_focal", "prediction")
    target, labels = tensor(target, "categorical_focal", "target"), None
    if has_labels(prediction, target):
        labels = integers(prediction, target, "categorical_focal")
        target = is_label(prediction, labels)
    prediction, target = align(prediction, target, "categorical_focal")
    target, p = _smoothed_over_classes(target, label_smoothing), shares(prediction)
    faded = number(alpha, p) * (1 - p) ** number(gamma, p)
    values = -(faded * target * pt.log(p)).sum(axis=-1)
    return values if labels is None else nan_outside(values, labels, prediction.shape[-1])


def signs(target):
    """Return targets that are all from 0 to 1 as -1 to 1, and others unchanged."""
    return pt.switch(pt.all(pt.ge(target, 0) & pt.le(target, 1)), 2 * target - 1, target)


@per_item("binary_hinge", "Hinge")
def binary_hinge(prediction, target):
    """Return the mean over the last axis. The margin is 1, and targets of 0 and 1 are read as -1 and 1.

    The gradient at the kink is one half, as in the torch and JAX backends of Keras.
    """
    prediction, target = align(prediction, target, "binary_hinge")
    return half_at_zero(1 - signs(target) * scores(prediction)).mean(axis=-1)


@per_item("hinge", "Hinge")
def hinge(prediction, target):
    """Return the loss of binary targets. For labels of several classes use 'categorical_hinge' with one-hot targets."""
    return binary_hinge(prediction, target)


@per_item("squared_hinge", "SquaredHinge")
def squared_hinge(prediction, target):
    """Return the mean over the last axis. The margin is 1, and targets of 0 and 1 are read as -1 and 1."""
    prediction, target = align(prediction, target, "squared_hinge")
    return pt.sqr(pt.maximum(0, 1 - signs(target) * scores(prediction))).mean(axis=-1)


@system.differs("categorical_hinge", "CategoricalHinge")
def categorical_hinge(prediction, target):
    """Same as ours, but equal scores share the gradient, and at the kink it is one half."""
    prediction, target = align(prediction, target, "categorical_hinge")
    z = scores(prediction)
    return half_at_zero(1 + shared_max((1 - target) * z) - (target * z).sum(axis=-1))


def _for_each(value, weights):
    """Return `value` once for each weight if it is one of the whole batch: Keras multiplies it with all of them."""
    return value if weights is None or value.ndim else value + pt.zeros_like(weights, dtype=value.dtype)


@system.differs("dice", "Dice", per="batch")
def dice(prediction, target, *, axis=None, weights=None):
    """Return one value for the whole batch, or sums over `axis`. `smooth` is replaced by 1e-7 in the denominator."""
    p, t = align(prediction, target, "dice")
    sizes = t.sum(axis=axis) + p.sum(axis=axis)
    return _for_each(1 - 2 * (p * t).sum(axis=axis) / (sizes + number(EPSILON, p)), weights)


@system.differs("tversky", "Tversky", per="batch")
def tversky(prediction, target, *, alpha=0.5, beta=0.5, axis=None, weights=None):
    """Return one value for the whole batch, or sums over `axis`. `alpha` weights misses, `beta` false positives."""
    p, t = align(prediction, target, "tversky")
    right, missed = (p * t).sum(axis=axis), ((1 - p) * t).sum(axis=axis)
    wrong = number(alpha, p) * missed + number(beta, p) * (p * (1 - t)).sum(axis=axis)
    return _for_each(1 - right / (right + wrong + number(EPSILON, p)), weights)


@says("number of values above 0")
def _above_0(values, prediction, target, **_options):
    """Leave values of 0 out of the divisor."""
    return values, pt.gt(values, 0).astype(values.dtype)


@system.differs("circle", "Circle", per="batch", averaged=_above_0)
def circle(prediction, target, *, scale=80.0, margin=0.4, remove_diagonal=True):
    """Return the loss of products of embeddings, whose lengths should be 1. Pair weights have gradients, too.

    The mean is over values above 0. Items with weight 0 still appear beside the others.
    """
    x = as_matrix(prediction, "circle")
    labels = integers(x, target, "circle")
    gamma, m = number(scale, x), number(margin, x)
    far = pt.maximum(1 - pt.dot(x, x.T), 0)
    same = pt.eq(labels[:, None], labels[None, :]).astype(x.dtype)
    like = same - pt.eye(x.shape[0], dtype=x.dtype) if remove_diagonal else same
    pull = gamma * pt.maximum(m + far, 0) * (far - m)
    push = gamma * pt.maximum(1 + m - far, 0) * (1 - m - far)
    return pt.softplus(log_sum(pull, like) + log_sum(push, 1 - same))


def _check_alignment(labels, *arguments, **options):
    sequence.check_alignment(np.where(np.equal(labels, 0), -1, labels), *arguments, **options)


@system.differs("ctc", "CTC", fits=_check_alignment)
def ctc(prediction, target, *, steps=None):
    """Return the loss with 0 as the blank. A label 0 is padding, and so is -1."""
    target = tensor(target, "ctc", "target")
    labels = pt.switch(pt.eq(target, 0), pt.as_tensor(-1, dtype=target.dtype), target)
    return sequence.ctc(prediction, labels, steps=steps)
