"""Cross-entropies of theano.tensor.nnet, exact wherever the graph shows a softmax or a sigmoid."""

import pytensor.tensor as pt
from pytensor.scalar import upcast

from ....._checks import undo
from .....losses.probabilities import binary_surprise, log_of_sum, log_probabilities, shifted
from .....stability import stabilise
from .activations import softmax
from .labels import checked_labels

FEW_CLASSES = 8  # up to here comparing with every class costs less than indexing


def _stable(loss):
    return stabilise([loss])[0][0]


def as_numbers(target, like):
    """Return `target` in the dtype that it and `like` have together, if it is no float: PyTensor 3.3 has wrong
    gradients where unsigned integers and booleans are negated."""
    target = pt.as_tensor_variable(target)
    return target if target.dtype.startswith("float") else target.astype(upcast(like.dtype, target.dtype))


def binary_crossentropy(output, target):
    """Return ``-t log(p) - (1 - t) log(1 - p)``, per element.

    Parameters
    ----------
    output : float tensor
        p, from 0 to 1. After a sigmoid, also through changes of shape, slices and clips that only keep it from 0 and 1,
        loss and gradient are exact for logits of any size.
    target : tensor
        t, from 0 to 1.
    """
    output = pt.as_tensor_variable(output)
    target = as_numbers(target, output)
    logits = undo(output, "sigmoid")
    if logits is not None:
        return binary_surprise(logits, target)
    return _stable(-(target * pt.log(output) + (1.0 - target) * pt.log(1.0 - output)))


def sigmoid_binary_crossentropy(output, target):
    """Return `binary_crossentropy` of ``sigmoid(output)``."""
    output = pt.as_tensor_variable(output)
    return binary_surprise(output, as_numbers(target, output))


def categorical_crossentropy(coding_dist, true_dist):
    """Return ``-sum(t log p)`` over the last axis, or ``-log p`` of the labels' entries.

    Parameters
    ----------
    coding_dist : float tensor
        p. After a softmax loss and gradient are exact for logits of any size.
    true_dist : tensor, or vector of int32 or int64
        A probability for each class, or for a matrix of p the label of each row.

    Raises
    ------
    TypeError
        If the ranks fit neither way, or labels are no vector of int32 or int64.
    LabelError
        When it runs, for a label out of range; it names row and label, and is an IndexError and a ValueError.
    """
    coding_dist, true_dist = pt.as_tensor_variable(coding_dist), pt.as_tensor_variable(true_dist)
    if true_dist.ndim == coding_dist.ndim:
        target = as_numbers(true_dist, coding_dist)
        if undo(coding_dist, "softmax") is not None:
            return -(target * log_probabilities(coding_dist, target)).sum(axis=-1)
        return _stable(-pt.sum(target * pt.log(coding_dist), axis=-1))
    if true_dist.ndim == coding_dist.ndim - 1:
        return crossentropy_categorical_1hot(coding_dist, true_dist)
    raise TypeError(f"rank mismatch between coding and true distributions: they have {coding_dist.ndim} and "
                    f"{true_dist.ndim} axes. Pass as many axes, or one fewer for labels")


def crossentropy_categorical_1hot(coding_dist, true_one_of_n):
    """Return ``-log p`` of the entry of each row that its label names; see `categorical_crossentropy`."""
    coding_dist, labels = pt.as_tensor_variable(coding_dist), pt.as_tensor_variable(true_one_of_n)
    if coding_dist.ndim != 2:
        raise TypeError(f"matrix required for argument: coding_dist, but it has {coding_dist.ndim} axes. Reshape "
                        f"predictions to (items, classes), and labels to (items,)")
    if labels.ndim != 1 or labels.dtype not in ("int32", "int64"):
        raise TypeError(f"integer vector required for argument: true_one_of_n (got type {labels.type}). Cast the "
                        f"labels: T.cast(labels, 'int32')")
    labels = checked_labels(labels, coding_dist)
    logits = undo(coding_dist, "softmax")
    if logits is None:
        return _stable(-pt.log(_entries(coding_dist, labels)))
    scores = shifted(logits)
    return log_of_sum(pt.exp(scores)) - _entries(scores, labels)


def _entries(scores, labels):
    """Return the entry of each row that its label names."""
    k = scores.type.shape[1]
    if k is not None and k <= FEW_CLASSES:
        named = pt.eq(labels[:, None], pt.arange(k, dtype=labels.dtype))
        return pt.switch(named, scores, 0).sum(axis=1)
    return scores[pt.arange(labels.shape[0]), labels]


def crossentropy_softmax_1hot(x, y_idx):
    """Return (the cross-entropy of ``softmax(x)`` with labels, per row, and the softmax)."""
    p = softmax(x)
    return crossentropy_categorical_1hot(p, y_idx), p


def crossentropy_softmax_1hot_with_bias(x, b, y_idx):
    """Return `crossentropy_softmax_1hot` of ``x + b``."""
    return crossentropy_softmax_1hot(x + b, y_idx)
