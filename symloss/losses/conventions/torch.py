"""Losses as torch.nn computes them (torch 2.13).

torch's mean divides by the number of values, unless stated otherwise below. Where torch.nn has one class for logits and
another for probabilities, or a flag, the graph decides: behind a softmax, a sigmoid or an exp it is the class of
logits. Options have the names of symloss (`smoothing` is label_smoothing, `power` is p of MultiMarginLoss). torch's
`weight` of the classes is `class_weight`. If all labels are ignored, torch's mean is NaN, with a gradient of 0. Here it
is 0, with a gradient of 0.
"""

import math

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from ..._checks import (
    align,
    floating,
    number,
    tensor,
    undo,
)
from ...errors import SpecError
from .. import sequence
from ..classification import (
    floor,
    has_labels,
    integers,
    is_label,
    log_probabilities,
    nan_outside,
    of_label,
    without,
)
from ..deviance import at_least, log_of
from ..embedding import one_each, root, vectors
from ..margin import scores
from .registration import System, says
from .ties import none_at_zero, shared_max

system = System("torch", how="count")

system.same("squared_error", "MSELoss", how="mean")
system.same("absolute_error", "L1Loss", how="mean")
system.same("huber", "HuberLoss", options=("delta",))
system.same("soft_margin", "SoftMarginLoss")
system.same("margin_ranking", "MarginRankingLoss", options=("margin",))
system.same("hinge_embedding", "HingeEmbeddingLoss", options=("margin",))


@system.differs("smooth_l1", "SmoothL1Loss", ranges={"beta": "[0, inf)"})
def smooth_l1(prediction, target, *, beta=1.0):
    """Same as ours. A `beta` of 0 gives the absolute error."""
    prediction, target = align(prediction, target, "smooth_l1")
    size = pt.abs(prediction - target)
    if not isinstance(beta, int | float):
        beta = number(beta, size)
    elif beta == 0:
        return size
    inner = pt.minimum(size, beta)
    return inner * (size - 0.5 * inner) / beta


def _by_class(class_weight, like):
    """Return the weights of the classes in the dtype of `like`; 1 for all where there are none."""
    return number(1 if class_weight is None else class_weight, like)


@says("sum of the labels' class weights")
def _label_counts(values, prediction, target, *, ignore_index=-100, class_weight=None, smoothing=0.0):
    """Divide by the sum of the weights of the labels' classes, without those that are ignored."""
    labels = integers(prediction, target, "mean")
    weight = pt.zeros_like(prediction) + _by_class(class_weight, prediction)
    return values, without(of_label(weight, labels), labels, ignore_index)


@system.differs("label_cross_entropy", "CrossEntropyLoss", how="mean", averaged=_label_counts)
def label_cross_entropy(prediction, target, *, smoothing=0.0, ignore_index=-100, class_weight=None):
    """The mean divides by the sum of the class weights. The smoothed part is weighted class by class."""
    prediction = floating(prediction, "label_cross_entropy", "prediction")
    labels = integers(prediction, target, "label_cross_entropy")
    weighted = _by_class(class_weight, prediction) * log_probabilities(prediction)
    values = -of_label(weighted, labels)
    if smoothing:
        s = number(smoothing, values)
        values = (1 - s) * values - s * weighted.mean(axis=-1)
    return without(nan_outside(values, labels, prediction.shape[-1]), labels, ignore_index)


@system.differs("categorical_cross_entropy", "CrossEntropyLoss")
def categorical_cross_entropy(prediction, target, *, smoothing=0.0, class_weight=None):
    """The mean divides by the number of items, whatever the class weights are."""
    prediction, target = align(prediction, target, "categorical_cross_entropy")
    if smoothing:
        s = number(smoothing, target)
        target = (1 - s) * target + s / target.shape[-1].astype(target.dtype)
    weighted = _by_class(class_weight, prediction) * target
    return -pt.switch(pt.eq(target, 0), 0, weighted * log_probabilities(prediction)).sum(axis=-1)


@says("sum of the labels' class weights, or number of values")
def _counts(values, prediction, target, *, smoothing=0.0, ignore_index=-100, class_weight=None):
    """Divide as the class does that is meant: for labels by their classes' weights, else by the number of values."""
    prediction = floating(prediction, "cross_entropy", "prediction")
    target = tensor(target, "cross_entropy", "target")
    if undo(prediction, "sigmoid") is not None or not has_labels(prediction, target):
        return values, pt.ones_like(values)
    return _label_counts(values, prediction, target, ignore_index=ignore_index, class_weight=class_weight)


@system.differs("cross_entropy", "CrossEntropyLoss", how="mean", averaged=_counts)
def cross_entropy(prediction, target, *, smoothing=0.0, ignore_index=-100, class_weight=None):
    """Labels or class probabilities. After a sigmoid it is BCEWithLogitsLoss, which has none of the options."""
    prediction = floating(prediction, "cross_entropy", "prediction")
    target = tensor(target, "cross_entropy", "target")
    if undo(prediction, "sigmoid") is not None:
        if smoothing or class_weight is not None:
            raise SpecError(f"cross_entropy: got smoothing={smoothing}, class_weight={class_weight} after a sigmoid, "
                            "but BCEWithLogitsLoss has neither. Use 'binary_cross_entropy' with pos_weight")
        return binary_cross_entropy(prediction, target)
    if has_labels(prediction, target):
        return label_cross_entropy(prediction, target, smoothing=smoothing, ignore_index=ignore_index,
                                   class_weight=class_weight)
    return categorical_cross_entropy(prediction, target, smoothing=smoothing, class_weight=class_weight)


@system.differs("negative_log_likelihood", "NLLLoss", how="mean", averaged=_label_counts)
def negative_log_likelihood(prediction, target, *, ignore_index=-100, class_weight=None):
    """The mean divides by the sum of the class weights."""
    prediction = floating(prediction, "negative_log_likelihood", "prediction")
    labels = integers(prediction, target, "negative_log_likelihood")
    values = -of_label(_by_class(class_weight, prediction) * prediction, labels)
    return without(nan_outside(values, labels, prediction.shape[-1]), labels, ignore_index)


@system.differs("binary_cross_entropy", "BCELoss, BCEWithLogitsLoss")
def binary_cross_entropy(prediction, target, *, pos_weight=1.0):
    """For probabilities: logarithms are at least -100, and the divisor p (1 - p) of the gradient is at least 1e-12."""
    prediction, target = align(prediction, target, "binary_cross_entropy")
    w = number(pos_weight, prediction)
    logits = undo(prediction, "sigmoid")
    if logits is not None:
        return (1 - target) * logits + (1 + (w - 1) * target) * pt.softplus(-logits)
    p, yes, no = prediction, w * target, 1 - target
    product = p * (1 - p)
    inside = pt.ge(product, number(1e-12, p))
    safe = pt.switch(inside, p, 0.5)
    values = -yes * pt.log(safe) - no * pt.log1p(-safe)
    least = number(-100, p)
    clamped = -yes * pt.maximum(pt.log(p), least) - no * pt.maximum(pt.log1p(-p), least)
    slope = disconnected_grad((no * p - yes * (1 - p)) / number(1e-12, p))
    return pt.switch(inside, values, disconnected_grad(clamped) + slope * (p - disconnected_grad(p)))


@system.differs("multilabel_soft_margin", "MultiLabelSoftMarginLoss")
def multilabel_soft_margin(prediction, target, *, class_weight=None):
    """Same as ours, with weights of the labels, which do not change the divisor."""
    prediction, target = align(prediction, target, "multilabel_soft_margin")
    logits = undo(prediction, "sigmoid")
    if logits is None:
        values = -target * pt.log(floor(prediction)) - (1 - target) * pt.log(floor(1 - prediction))
    else:
        values = pt.softplus(logits) - target * logits
    return (_by_class(class_weight, values) * values).mean(axis=-1)


@system.differs("multilabel_margin", "MultiLabelMarginLoss")
def multilabel_margin(prediction, target):
    """Same as ours (targets are 0 and 1, not a list of labels), without a gradient where the margin is just kept."""
    prediction, target = align(prediction, target, "multilabel_margin")
    z = scores(prediction)
    short = none_at_zero(1 + z[..., None, :] - z[..., :, None])
    pairs = target[..., :, None] * (1 - target)[..., None, :]
    return (pairs * short).sum(axis=-1).mean(axis=-1)


@system.differs("weston_watkins", "MultiMarginLoss")
def weston_watkins(prediction, target, *, margin=1.0, power=1):
    """Same as ours, without a gradient where the margin is just kept."""
    if power not in (1, 2):
        raise SpecError(f"weston_watkins: power={power!r} is not valid; it must be 1 or 2")
    prediction = floating(prediction, "weston_watkins", "prediction")
    labels = integers(prediction, target, "weston_watkins")
    z = scores(prediction)
    short = none_at_zero(number(margin, z) + z - of_label(z, labels)[..., None])
    short = short * (1 - is_label(z, labels).astype(z.dtype))
    return nan_outside((pt.sqr(short) if power == 2 else short).mean(axis=-1), labels, z.shape[-1])


def _pointwise_kl(logs, target, log_target):
    if log_target:
        return pt.exp(target) * (target - logs)
    nothing = pt.eq(target, 0)
    return pt.switch(nothing, 0, target * pt.log(pt.switch(nothing, 1, target))) - target * logs


@system.differs("kl_from_logs", "KLDivLoss", per="element",
                support=lambda options: None if options["log_target"] else "nonnegative")
def kl_from_logs(prediction, target, *, log_target=False):
    """Per element. The mean is over elements, and reduction='batchmean' is how='batch mean'."""
    return _pointwise_kl(*align(prediction, target, "kl_from_logs"), log_target)


@system.differs("kl_divergence", "KLDivLoss", per="element")
def kl_divergence(prediction, target, *, log_target=False):
    """Of probabilities, per element. The mean is over elements, and reduction='batchmean' is how='batch mean'."""
    prediction, target = align(prediction, target, "kl_divergence")
    return _pointwise_kl(log_probabilities(prediction), target, log_target)


@system.differs("poisson_nll", "PoissonNLLLoss")
def poisson_nll(prediction, target, *, log_input=False, full=False, eps=1e-8):
    """Adds `eps` to the mean in the logarithm. `full` is Stirling's formula, for targets above 1.

    The prediction is a mean, and its logarithm is used if the graph shows an exp. With `log_input`, which is torch's
    default, the prediction is the logarithm itself.
    """
    prediction, target = align(prediction, target, "poisson_nll")
    logarithm = prediction if log_input else log_of(prediction)
    if logarithm is None:
        values = prediction - target * pt.log(prediction + number(eps, prediction))
    else:
        values = pt.exp(logarithm) - target * logarithm
    if not full:
        return values
    many = pt.gt(target, 1)
    t = pt.switch(many, target, 1)
    return values + pt.switch(many, t * pt.log(t) - t + 0.5 * pt.log(number(2 * math.pi, t) * t), 0)


@system.differs("gaussian_nll", "GaussianNLLLoss")
def gaussian_nll(mean, variance, target, *, full=False, eps=1e-6):
    """Without the constant log(2 pi) / 2, which `full` adds."""
    mean, target = align(mean, target, "gaussian_nll")
    mean, variance = align(mean, variance, "gaussian_nll", port="variance")
    v = at_least(variance, eps)
    values = 0.5 * (pt.log(v) + pt.sqr(target - mean) / v)
    return values + number(0.5 * math.log(2 * math.pi), v) if full else values


@system.differs("cosine_embedding", "CosineEmbeddingLoss")
def cosine_embedding(first, second, target, *, margin=0.0):
    """Adds 1e-12 to the squared lengths, so a zero vector has a (large) gradient."""
    first, second = vectors(first, second, "cosine_embedding", "second")
    t = one_each(first, target, "cosine_embedding")
    eps = number(1e-12, first)
    squares = (pt.sqr(first).sum(axis=-1) + eps) * (pt.sqr(second).sum(axis=-1) + eps)
    cosine = (first * second).sum(axis=-1) / pt.sqrt(squares)
    apart = pt.maximum(0, cosine - number(margin, cosine))
    return pt.switch(pt.eq(t, 1), 1 - cosine, pt.switch(pt.eq(t, -1), apart, 0))


@system.differs("triplet", "TripletMarginLoss, TripletMarginWithDistanceLoss", ranges={"p": "[0, inf]"})
def triplet(anchor, positive, negative, *, margin=1.0, p=2.0, eps=1e-6, swap=False, squared=False):
    """Distances are the `p`-norm of the differences plus `eps`. Squared ones have no eps (torch takes a function)."""
    anchor, positive = vectors(anchor, positive, "triplet", "positive")
    anchor, negative = vectors(anchor, negative, "triplet", "negative")

    def distance(x, y):
        return pt.sqr(x - y).sum(axis=-1) if squared else _norm(x - y + number(eps, x), p)

    away = distance(anchor, negative)
    if swap:
        away = pt.minimum(away, distance(positive, negative))
    return pt.maximum(0, number(margin, away) + distance(anchor, positive) - away)


def _norm(x, p):
    """Return the p-norm of vectors over the last axis."""
    if p == 2:
        return root(pt.sqr(x).sum(axis=-1))
    size = pt.abs(x)
    if p == 1:
        return size.sum(axis=-1)
    if p == math.inf:
        return shared_max(size)
    if p <= 0:
        raise SpecError(f"triplet: p={p} is not valid; it must be a number greater than 0")
    return (size ** number(p, x)).sum(axis=-1) ** number(1 / p, x)


@says("number of sequences, each over its number of labels")
def _by_length(values, prediction, target, *, blank=0, zero_infinity=False, steps=None):
    """Divide every sequence by the number of its labels, then by the number of sequences."""
    lengths = pt.maximum(pt.ge(target, 0).sum(axis=1), 1).astype(values.dtype)
    return values / lengths, pt.ones_like(values)


@system.differs("ctc", "CTCLoss", how="mean", averaged=_by_length)
def ctc(prediction, target, *, blank=0, zero_infinity=False, steps=None):
    """The mean divides by the number of labels first. `zero_infinity` gives 0 for labels that cannot be aligned."""
    return sequence.ctc(prediction, target, blank=blank, zero_infinity=zero_infinity, steps=steps)
