"""Losses as optax computes them (optax 0.2.8).

optax' losses are values per element or per item, whose reduction is left to the user: how='none'. Losses that optax
reduces itself are marked below. optax takes logits. Here the graph shows them behind a softmax or a sigmoid, and for
probabilities the formula uses their logarithms instead. If several values are equally great, they share the gradient
evenly, as in jax. Where optax divides 0 by 0 because no two items have the same label, the value here is 0.
"""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..._checks import (
    align,
    floating,
    number,
    tensor,
    undo,
)
from ...errors import SpecError
from .. import classification, segmentation
from ..classification import (
    floor,
    has_labels,
    integers,
    is_label,
    log_probabilities,
    nan_outside,
    of_label,
)
from ..embedding import vectors
from ..margin import scores
from ..ranking import lists
from ..reduction import divide
from ..segmentation import regions
from ..sequence import log_add, nan_where_wrong, sequences
from ..similarity import as_matrix, log_sum, same_label
from .registration import System, says
from .ties import half_at_zero, shared_max

system = System("optax", how="none")

system.same("squared_error", "squared_error")
system.same("half_squared_error", "l2_loss")
system.same("huber", "huber_loss", options=("delta",))
system.same("log_cosh", "log_cosh")
system.same("binary_cross_entropy", "sigmoid_binary_cross_entropy")
system.same("label_cross_entropy", "softmax_cross_entropy_with_integer_labels")
system.same("categorical_cross_entropy", "softmax_cross_entropy, safe_softmax_cross_entropy",
            options=("smoothing",))  # by its smooth_labels
system.same("poly1", "poly_loss_cross_entropy", options=("epsilon",))
system.same("binary_sparsemax", "sparsemax_loss")
system.same("sparsemax", "multiclass_sparsemax_loss")
system.same("kl_from_logs", "kl_divergence, kl_divergence_with_log_targets")
system.same("kl_divergence", "kl_divergence, kl_divergence_with_log_targets")
system.same("generalised_kl", "generalized_kl_divergence, convex_kl_divergence")
system.same("nt_xent", "ntxent", how="mean", temperature=0.07)


@system.differs("cross_entropy", "softmax_cross_entropy, softmax_cross_entropy_with_integer_labels")
def cross_entropy(prediction, target, *, smoothing=0.0):
    """Same as ours. `smoothing` is that of smooth_labels: it applies to classes, not to binary targets."""
    prediction = floating(prediction, "cross_entropy", "prediction")
    if smoothing and undo(prediction, "sigmoid") is not None:
        raise SpecError(f"cross_entropy: optax has no label smoothing after a sigmoid, but got smoothing={smoothing}. "
                        "Smooth the targets yourself, or leave out like='optax'")
    return classification.cross_entropy(prediction, target, smoothing=smoothing)


@system.differs("cosine_distance", "cosine_distance")
def cosine_distance(prediction, target, *, epsilon=0.0):
    """Squared lengths are at least `epsilon`. With 0, a zero vector gives NaN."""
    prediction, target = align(prediction, target, "cosine_distance")
    return 1 - (_of_length_one(prediction, epsilon) * _of_length_one(target, epsilon)).sum(axis=-1)


def _of_length_one(x, epsilon):
    return x / pt.sqrt(pt.maximum(pt.sqr(x).sum(axis=-1, keepdims=True), number(epsilon, x)))


@system.differs("binary_focal", "sigmoid_focal_loss")
def binary_focal(prediction, target, *, gamma=2.0, alpha=None):
    """The power is computed from a logarithm, so it is exact at any logit. Targets may lie between 0 and 1."""
    p, target = align(prediction, target, "binary_focal")
    logits = undo(p, "sigmoid")
    if logits is None:
        surprise = -target * pt.log(floor(p)) - (1 - target) * pt.log(floor(1 - p))
        wrong = target * (1 - p) + (1 - target) * p
    else:
        surprise = pt.softplus(logits) - target * logits
        wrong = target * pt.sigmoid(-logits) + (1 - target) * pt.sigmoid(logits)
    values = pt.exp(number(gamma, p) * pt.log(floor(wrong))) * surprise
    if alpha is None:
        return values
    alpha = number(alpha, p)
    return (alpha * target + (1 - alpha) * (1 - target)) * values


@system.differs("binary_hinge", "hinge_loss")
def binary_hinge(prediction, target):
    """With a margin of 1."""
    prediction, target = align(prediction, target, "binary_hinge")
    return half_at_zero(1 - scores(prediction) * target)


@system.differs("perceptron", "perceptron_loss")
def perceptron(prediction, target):
    """Same as ours, but with half the gradient at a score of 0."""
    prediction, target = align(prediction, target, "perceptron")
    return half_at_zero(-scores(prediction) * target)


def _leads(prediction, target, margin, who):
    """Return by how much the greatest score, the wrong ones lifted by `margin`, exceeds that of each label."""
    prediction = floating(prediction, who, "prediction")
    labels = integers(prediction, target, who)
    z = scores(prediction)
    lifted = z + margin * (1 - is_label(z, labels).astype(z.dtype)) if margin else z
    return nan_outside(shared_max(lifted) - of_label(z, labels), labels, z.shape[-1])


@system.differs("multiclass_hinge", "multiclass_hinge_loss")
def multiclass_hinge(prediction, target):
    """With a margin of 1."""
    return _leads(prediction, target, 1, "multiclass_hinge")


@system.differs("multiclass_perceptron", "multiclass_perceptron_loss")
def multiclass_perceptron(prediction, target):
    """Same as ours, but classes with the same score share the gradient."""
    return _leads(prediction, target, 0, "multiclass_perceptron")


@system.differs("hinge", "hinge_loss, multiclass_hinge_loss")
def hinge(prediction, target):
    """With a margin of 1: multiclass_hinge_loss for integer labels with an axis less, otherwise hinge_loss."""
    prediction, target = floating(prediction, "hinge", "prediction"), tensor(target, "hinge", "target")
    labels = has_labels(prediction, target) and not target.dtype.startswith("float")
    if labels and prediction.type.shape[-1] != 1:
        return multiclass_hinge(prediction, target)
    return binary_hinge(prediction, target)


@says("number of lists that are not all padding")
def _lists_with_things(values, prediction, target):
    """Leave lists that are only padding out of the mean."""
    return values, pt.ge(target, 0).any(axis=-1).astype(values.dtype)


@system.differs("listnet", "ranking_softmax_loss", how="count", averaged=_lists_with_things)
def listnet(prediction, target):
    """Uses the relevances as shares, without a softmax, and returns the mean over lists."""
    s, target, present = lists(prediction, target, "listnet")
    return (present * target * (log_sum(s, present)[..., None] - s)).sum(axis=-1)


@system.differs("dice", "binary_dice_loss")
def dice(prediction, target, *, smooth=1.0):
    """One region for each item. `smooth` is added to half of the numerator and of the denominator."""
    return segmentation.dice(prediction, target, smooth=2 * smooth)


def _dice_by_class(p, t, inside, alpha, beta, smooth):
    """Return the losses of all classes (n, k), whose sums run over the axes `inside`."""
    wrong = number(alpha, p) * (p * (1 - t)).sum(axis=inside) + number(beta, p) * ((1 - p) * t).sum(axis=inside)
    return wrong / ((p * t).sum(axis=inside) + wrong + number(smooth, p))


@system.differs("tversky", "dice_loss")
def tversky(prediction, target, *, alpha=0.5, beta=0.5, smooth=1.0, class_weights=None, reduction="mean",
            ignore_background=False):
    """The last axis are classes, each with a loss of its own. `reduction` ('mean', 'sum', 'none') applies to them."""
    if reduction not in ("mean", "sum", "none"):
        raise SpecError(f"tversky: reduction={reduction!r} is not valid; it must be 'mean', 'sum' or 'none' (over the "
                        "classes)")
    p, t, axes = regions(prediction, target, "tversky")
    values = _dice_by_class(p, t, axes[:-1], alpha, beta, smooth)
    if class_weights is not None:
        values = values * number(class_weights, values)
    if ignore_background and p.type.shape[-1] != 1:
        values = values[..., 1:]
    return values if reduction == "none" else getattr(values, reduction)(axis=-1)


@system.differs("generalised_dice", "multiclass_generalized_dice_loss", per="batch")
def generalised_dice(prediction, target, *, smooth=1.0, ignore_background=False):
    """One value for each batch: the mean over items and classes, weighted by the class sizes in the whole batch."""
    p, t, axes = regions(prediction, target, "generalised_dice")
    size = t.sum(axis=tuple(range(t.ndim - 1)))
    weights = 1 / (pt.sqr(size) + number(1e-7, size))
    weights = weights / weights.sum() * weights.shape[0].astype(weights.dtype)
    values = weights * _dice_by_class(p, t, axes[:-1], 0.5, 0.5, smooth)
    return (values[..., 1:] if ignore_background and p.type.shape[-1] != 1 else values).mean()


@system.differs("triplet", "triplet_margin_loss")
def triplet(anchor, positive, negative, *, margin=1.0, norm_degree=2, eps=1e-6):
    """Distances are roots of sums of powers, without absolute values, with `eps` added before the root."""
    anchor, positive = vectors(anchor, positive, "triplet", "positive")
    anchor, negative = vectors(anchor, negative, "triplet", "negative")

    def distance(x, y):
        powers = pt.sqr(x - y) if norm_degree == 2 else (x - y) ** number(norm_degree, x)
        return (powers.sum(axis=-1) + number(eps, x)) ** number(1 / norm_degree, x)

    return half_at_zero(distance(anchor, positive) - distance(anchor, negative) + number(margin, anchor))


@system.differs("supervised_contrastive", "ntxent", per="batch")
def supervised_contrastive(prediction, target, *, temperature=0.07):
    """One value for each batch: the mean over pairs of a class, each compared with pairs of different classes."""
    x = as_matrix(prediction, "supervised_contrastive")
    same = same_label(x, target, "supervised_contrastive")
    x = _of_length_one(x, np.finfo(x.dtype).eps)
    s = pt.dot(x, x.T) / number(temperature, x)
    pairs = same * (1 - pt.eye(x.shape[0], dtype=x.dtype))
    return divide((pairs * pt.softplus(log_sum(s, 1 - same)[:, None] - s)).sum(), pairs.sum())


@system.differs("ctc", "ctc_loss")
def ctc(prediction, target, *, blank=0, log_epsilon=-1e5):
    """The logarithm of 0 is `log_epsilon`: labels that need more steps than there are cost about 1e5, not infinity."""
    prediction, labels, known, blank = sequences(prediction, target, blank, "ctc")
    logs = log_probabilities(prediction).dimshuffle(1, 0, 2)
    nothing, rows = number(log_epsilon, logs), pt.arange(labels.shape[0])[:, None]
    emitted = pt.switch(known, logs[:, rows, pt.switch(known, labels, 0)], 0)
    again = pt.eq(labels, pt.concatenate([labels[:, 1:], pt.full_like(labels[:, :1], -2)], axis=1)).astype(logs.dtype)
    between = pt.zeros_like(pt.concatenate([emitted[0, :, :1], emitted[0]], axis=1)) + nothing
    between = pt.set_subtensor(between[:, 0], 0)  # the logarithm of: so many labels are done, none is being said

    def step(label, silence, between, saying, again, nothing):
        passed = _passed_on(between, saying + nothing * again)
        said = log_add(passed[:, :-1] + label, saying + label)
        return _passed_on(passed + silence, saying + silence + nothing * (1 - again)), said

    passed, said = pytensor.scan(step, sequences=[emitted, logs[:, :, blank][:, :, None]], return_updates=False,
                                 outputs_info=[between, pt.zeros_like(emitted[0]) + nothing],
                                 non_sequences=[again, nothing])
    ends = _passed_on(passed[-1], said[-1])[rows[:, 0], known.sum(axis=1)]
    return nan_where_wrong(-ends, labels, known)


def _passed_on(between, saying):
    """Return `between` with the paths that go on from each label to the state behind it."""
    return pt.concatenate([between[:, :1], log_add(between[:, 1:], saying)], axis=1)
