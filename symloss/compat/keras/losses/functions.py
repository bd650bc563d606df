"""keras.losses: each loss as a function of (y_true, y_pred), arrays or expressions: a value per item.

The formulas are those of ``symloss.Loss(..., like="keras")``.
"""

import numpy as np
import pytensor.tensor as pt

from ....errors import DataError, ShapeError, SpecError
from ....losses.conventions import convention
from .. import ops
from ..tensors import is_expression
from .formulas import check_labels, formula
from .shapes import last_axis


def core(name: str):
    """Return the function of (prediction, target) that computes Keras' values of a loss of symloss.

    It raises SpecError for an option that is out of range.
    """
    spec = convention(name, "keras").spec

    def values(*ports, **options):
        spec.check_options({option: value for option, value in options.items() if value is not None})
        return spec.function(*ports, **options)

    return values


@formula("same")
def mean_squared_error(y_true, y_pred):
    """Return the mean of (y_true - y_pred)^2 over the last axis."""
    return core("squared_error")(y_pred, y_true)


@formula("same")
def mean_absolute_error(y_true, y_pred):
    """Return the mean of |y_true - y_pred| over the last axis."""
    return core("absolute_error")(y_pred, y_true)


@formula("same")
def mean_absolute_percentage_error(y_true, y_pred):
    """Return the mean of 100 |y_true - y_pred| / max(|y_true|, 1e-7) over the last axis."""
    return core("absolute_percentage_error")(y_pred, y_true)


@formula("same")
def mean_squared_logarithmic_error(y_true, y_pred):
    """Return the mean of (log(1 + y_true) - log(1 + y_pred))^2 over the last axis; both at least 1e-7."""
    return core("squared_log_error")(y_pred, y_true)


@formula("same")
def huber(y_true, y_pred, delta=1.0):
    """Return the mean over the last axis of e^2 / 2 up to |e| = delta, then delta (|e| - delta / 2)."""
    return core("huber")(y_pred, y_true, delta=delta)


@formula("same")
def log_cosh(y_true, y_pred):
    """Return the mean of log(cosh(y_pred - y_true)) over the last axis."""
    return core("log_cosh")(y_pred, y_true)


@formula("same")
def cosine_similarity(y_true, y_pred, axis=-1):
    """Return minus the cosine of vectors along `axis`, from -1 (alike) to 1."""
    y_true, y_pred = last_axis("cosine_similarity", axis, y_true, y_pred)
    return core("cosine_distance")(y_pred, y_true)


@formula("same")
def poisson(y_true, y_pred):
    """Return the mean of y_pred - y_true log(y_pred + 1e-7) over the last axis."""
    return core("poisson_nll")(y_pred, y_true)


@formula("same")
def kl_divergence(y_true, y_pred):
    """Return the sum of y_true log(y_true / y_pred) over the last axis, both clipped to [1e-7, 1]."""
    return core("kl_divergence")(y_pred, y_true)


@formula("same")
def hinge(y_true, y_pred):
    """Return the mean of max(1 - y_true y_pred, 0) over the last axis; labels 0 and 1 are read as -1 and 1."""
    return core("binary_hinge")(y_pred, y_true)


@formula("same")
def squared_hinge(y_true, y_pred):
    """Return the mean of max(1 - y_true y_pred, 0)^2 over the last axis; labels 0 and 1 are read as -1 and 1."""
    return core("squared_hinge")(y_pred, y_true)


@formula("same")
def categorical_hinge(y_true, y_pred):
    """Return max(1 + greatest score of another class - score of the class, 0), for one-hot vectors."""
    return core("categorical_hinge")(y_pred, y_true)


@formula("same")
def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """Return the mean over `axis` of -y log(p) - (1 - y) log(1 - p).

    Parameters
    ----------
    y_true : 0 and 1, or probabilities
    y_pred : of its shape
        Probabilities, which are clipped to [1e-7, 1 - 1e-7]; logits with `from_logits`.
    label_smoothing : float from 0 to 1
        Share of a half in the targets.
    """
    y_true, y_pred = last_axis("binary_crossentropy", axis, y_true, y_pred)
    y_pred = pt.sigmoid(y_pred) if from_logits else y_pred
    return core("binary_cross_entropy")(y_pred, y_true, smoothing=_share(label_smoothing))


@formula("same")
def binary_focal_crossentropy(y_true, y_pred, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False,
                              label_smoothing=0.0, axis=-1):
    """Return the mean over `axis` of the cross-entropy times (1 - p_t)^gamma, and alpha_t with class balancing."""
    y_true, y_pred = last_axis("binary_focal_crossentropy", axis, y_true, y_pred)
    y_pred = pt.sigmoid(y_pred) if from_logits else y_pred
    return core("binary_focal")(y_pred, y_true, gamma=gamma, alpha=alpha, apply_class_balancing=apply_class_balancing,
                                label_smoothing=_share(label_smoothing))


@formula("same")
def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """Return -sum y log(p) over `axis`, for one-hot vectors or distributions.

    Parameters
    ----------
    y_true, y_pred : of one shape
        Probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7]; logits with `from_logits`.
    label_smoothing : float from 0 to 1
        Share of an even distribution in the targets.
    """
    y_true, y_pred = last_axis("categorical_crossentropy", axis, y_true, y_pred)
    y_pred = ops.softmax(y_pred) if from_logits else y_pred
    return core("categorical_cross_entropy")(y_pred, y_true, smoothing=_share(label_smoothing))


@formula("same")
def categorical_focal_crossentropy(y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0,
                                   axis=-1):
    """Return -alpha sum (1 - p)^gamma y log(p) over `axis`, for one-hot vectors or distributions."""
    y_true, y_pred = last_axis("categorical_focal_crossentropy", axis, y_true, y_pred)
    y_pred = ops.softmax(y_pred) if from_logits else y_pred
    share = _share(label_smoothing)
    if not isinstance(alpha, tuple | list):
        return core("categorical_focal")(y_pred, y_true, gamma=gamma, alpha=alpha, label_smoothing=share)
    weights = np.asarray(alpha, y_pred.dtype)
    smooth = y_true * (1 - share) + share / y_true.shape[-1].astype(y_true.dtype)
    return core("categorical_focal")(y_pred, smooth * weights, gamma=gamma, alpha=1.0, label_smoothing=0.0)


@formula("labels")
def _sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    (y_pred,) = last_axis("sparse_categorical_crossentropy", axis, y_pred)
    y_pred = ops.softmax(y_pred) if from_logits else y_pred
    return core("label_cross_entropy")(y_pred, y_true, ignore_index=ignore_class)


def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """Return -log(p) of the label's class.

    Parameters
    ----------
    y_true : integers, with one axis fewer than y_pred, or with an axis of length 1 there
    y_pred : (..., k)
        Probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7]; logits with `from_logits`.
    ignore_class : int or None
        The label whose items have no loss, and do not count in a mean.
    axis : int
        That of the classes in y_pred.

    Raises
    ------
    DataError
        If a label in an array is not a class. Keras silently has no loss there.
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    symbolic = is_expression(y_true) or is_expression(y_pred)
    if not symbolic and y_pred.ndim and -y_pred.ndim <= axis < y_pred.ndim:
        check_labels("sparse_categorical_crossentropy", y_true, y_pred.shape[axis], ignore_class)
    values = _sparse_categorical_crossentropy(y_true, y_pred, from_logits, ignore_class, axis)
    if ignore_class is not None:
        labels = ops.squeeze(y_true, axis) if y_true.ndim > values.ndim else y_true
        values._keras_mask = ops.not_equal(labels, ignore_class)
    return values


@formula("labels")
def _categorical_generalized_cross_entropy(y_true, y_pred, q):
    return core("generalized_cross_entropy")(y_pred, y_true, q=q)


def categorical_generalized_cross_entropy(y_true, y_pred, q):
    """Return (1 - p^q) / q of the probability of each label's class.

    Parameters
    ----------
    y_true : integers (...) or (..., 1)
    y_pred : probabilities (..., k)
    q : float from 0 (excluded) to 1
    """
    if not (is_expression(y_true) or is_expression(y_pred)):
        y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
        check_labels("categorical_generalized_cross_entropy", y_true, y_pred.shape[-1] if y_pred.ndim else 0)
    return _categorical_generalized_cross_entropy(y_true, y_pred, q)


@formula("any")
def _ctc(y_true, y_pred):
    labels = y_true if str(y_true.dtype).startswith("int") else y_true.astype("int32")
    return core("ctc")(pt.special.softmax(y_pred, axis=-1), labels)


def ctc(y_true, y_pred):
    """Return minus the logarithm of the probability of label sequences, which need not be aligned with the steps.

    Parameters
    ----------
    y_true : integers (n, length)
        Labels from 1 to k - 1; 0 is the blank, and pads short sequences.
    y_pred : logits (n, steps, k)
    """
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if y_true.ndim != 2 or y_pred.ndim != 3:
        raise ShapeError(f"ctc: y_true has {y_true.ndim} axes and y_pred {y_pred.ndim}; pass labels (n, length) and "
                         f"logits (n, steps, k)")
    if not (is_expression(y_true) or is_expression(y_pred)):
        check_labels("ctc", y_true, y_pred.shape[-1])
        later = (y_true[:, 1:] != 0) & (y_true[:, :-1] == 0)
        if later.any():
            raise DataError(f"ctc: row {int(np.argwhere(later)[0][0])} of y_true has a 0 before other labels, but 0 is "
                            f"the blank and may only pad the end of short sequences. Number the labels from 1")
    return _ctc(y_true, y_pred)


@formula("paired")
def dice(y_true, y_pred, axis=None):
    """Return 1 - 2 sum y p / (sum y + sum p), of the whole batch, or over `axis`."""
    return core("dice")(y_pred, y_true, axis=axis)


@formula("paired")
def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """Return 1 - T / (T + alpha M + beta F), of hits T, misses M and false alarms F, see `dice`."""
    return core("tversky")(y_pred, y_true, alpha=alpha, beta=beta, axis=axis)


@formula("any")
def _circle(y_true, y_pred, remove_diagonal=True, gamma=80, margin=0.4):
    labels = y_true if str(y_true.dtype).startswith("int") else y_true.astype("int32")
    return core("circle")(y_pred, labels, scale=float(gamma), margin=margin, remove_diagonal=remove_diagonal)


def circle(y_true, y_pred, ref_labels=None, ref_embeddings=None, remove_diagonal=True, gamma=80, margin=0.4):
    """Return the circle loss of embeddings, whose lengths should be 1, and their labels, per item.

    Each is compared with the others in the batch, or with `ref_embeddings`, whose labels are `ref_labels`.
    """
    if ref_labels is not None or ref_embeddings is not None:
        labels = y_true if ref_labels is None else ref_labels
        embeddings = y_pred if ref_embeddings is None else ref_embeddings
        return _circle_of_others(y_true, y_pred, labels, embeddings, remove_diagonal, gamma, margin)
    values = _circle(y_true, y_pred, remove_diagonal, gamma, margin)
    values._keras_mask = ops.greater(values, 0)
    return values


def _circle_of_others(y_true, y_pred, labels, embeddings, remove_diagonal, gamma, margin):
    """Return the circle loss of embeddings compared with others."""
    far = ops.maximum(1 - ops.matmul(y_pred, ops.transpose(embeddings)), 0.0)
    same = ops.equal(ops.reshape(ops.cast(y_true, "int32"), (-1, 1)), ops.reshape(ops.cast(labels, "int32"), (1, -1)))
    other = ops.logical_not(same)
    if remove_diagonal:
        same = ops.logical_and(same, ops.logical_not(ops.eye(ops.shape(far)[0], ops.shape(far)[1], dtype="bool")))
    pull = gamma * ops.maximum(margin + far, 0.0) * (far - margin)
    push = gamma * ops.maximum(1 + margin - far, 0.0) * (1 - margin - far)
    sums = [ops.logsumexp(ops.where(mask, x, -1e30), axis=1) for mask, x in ((same, pull), (other, push))]
    return ops.softplus(sums[0] + sums[1])


def _share(label_smoothing) -> float:
    if isinstance(label_smoothing, bool) or not 0 <= label_smoothing <= 1:
        raise SpecError(f"label_smoothing={label_smoothing!r} is not valid; it must be a number from 0 to 1")
    return float(label_smoothing)
