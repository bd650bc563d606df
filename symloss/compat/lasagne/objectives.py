"""lasagne.objectives: losses per element or per item, their aggregation to one number, and accuracies.

If the graph shows that predictions come from a softmax or a sigmoid, even through changes of shape, slices, and
clips that only keep them away from 0 and 1, cross-entropies and their gradients are exact for logits of any size.
"""

import warnings

import pytensor.tensor as pt

from ..._checks import undo
from ...errors import SymlossError
from ...stability import stabilise
from ..theano.tensor import nnet
from ..theano.tensor.nnet.cross_entropy import as_numbers
from ..theano.tensor.nnet.labels import checked_labels, checked_one_hot
from .utils import as_theano_expression

__all__ = ["aggregate", "binary_accuracy", "binary_crossentropy", "binary_hinge_loss", "categorical_accuracy",
           "categorical_crossentropy", "huber_loss", "multiclass_hinge_loss", "squared_error"]


class RankError(SymlossError, TypeError, IndexError):
    """Predictions and targets whose numbers of axes do not fit."""


def align_targets(predictions, targets):
    """Return both. If predictions are a column, a vector of targets becomes one, so that nothing is broadcast."""
    if getattr(predictions, "broadcastable", None) == (False, True) and getattr(targets, "ndim", None) == 1:
        targets = as_theano_expression(targets).dimshuffle(0, "x")
    return predictions, targets


def binary_crossentropy(predictions, targets):
    r"""Binary cross-entropy, per element.

    .. math:: L = -t \log(p) - (1 - t) \log(1 - p)

    Parameters
    ----------
    predictions : tensor
        In (0, 1), such as the output of a sigmoid.
    targets : tensor
        In [0, 1]. A vector is compared with a column of predictions element by element.

    Returns
    -------
    tensor of the predictions' shape
        In nats; infinite, or NaN, where `predictions` are 0 or 1 and not the output of a sigmoid.

    Notes
    -----
    The loss of choice for binary classification and sigmoid output units.
    """
    return nnet.binary_crossentropy(*align_targets(predictions, targets))


def categorical_crossentropy(predictions, targets):
    r"""Cross-entropy of classes, per item.

    .. math:: L_i = -\sum_j t_{i,j} \log(p_{i,j})

    Parameters
    ----------
    predictions : tensor (n, k)
        In (0, 1), such as the output of a softmax: items in rows, classes in columns.
    targets : tensor (n, k), or vector of int32 or int64 (n,)
        In [0, 1], in the shape of `predictions`; or the class of each item.

    Returns
    -------
    tensor (n,)
        In nats.

    Raises
    ------
    TypeError
        If ranks or types do not fit.
    LabelError
        When it runs, if a class is out of range; it is an IndexError and a ValueError, and names row and class.

    Notes
    -----
    The loss of choice for classification and softmax output units. Classes as integers are faster than a matrix with
    a single 1 in each row.
    """
    return nnet.categorical_crossentropy(predictions, targets)


def squared_error(a, b):
    r"""Squared difference, per element.

    .. math:: L = (p - t)^2

    Parameters
    ----------
    a, b : tensors
        If `a` is known to be a column, a vector `b` is compared with it element by element.

    Returns
    -------
    tensor

    Notes
    -----
    The loss of choice for regression, and for auto-encoders with linear output units.
    """
    a, b = align_targets(a, b)
    a = pt.as_tensor_variable(a)
    return pt.square(a - as_numbers(b, a))


def aggregate(loss, weights=None, mode="mean"):
    """Return a loss per element or item as one number.

    Parameters
    ----------
    loss : tensor
    weights : tensor or None
        Weights that can be broadcast to the loss. Values with weight 0 still have to be numbers: NaN stays NaN.
    mode : 'mean', 'sum' or 'normalized_sum'
        The mean of loss times weights over *all* elements; their sum; or the sum over the sum of the weights.

    Returns
    -------
    scalar

    Raises
    ------
    ValueError
        For another mode, or 'normalized_sum' without weights.
    """
    if weights is not None:
        loss = loss * weights
    if mode == "mean":
        return loss.mean()
    if mode == "sum":
        return loss.sum()
    if mode == "normalized_sum":
        if weights is None:
            raise ValueError("require weights for mode='normalized_sum'; pass weights, or use mode='mean'")
        return loss.sum() / weights.sum()
    raise ValueError(f"mode must be 'mean', 'sum' or 'normalized_sum', got {mode!r}")


def _log_odds(predictions):
    """Return the logits of probabilities: those before the sigmoid, if the graph shows one."""
    predictions = pt.as_tensor_variable(predictions)
    logits = undo(predictions, "sigmoid")
    return stabilise([pt.log(predictions / (1 - predictions))])[0][0] if logits is None else logits


def binary_hinge_loss(predictions, targets, delta=1, log_odds=None, binary=True):
    r"""Hinge loss of two classes, per element.

    .. math:: L_i = \max(0, \delta - t_i p_i)

    Parameters
    ----------
    predictions : tensor
        In (0, 1) for ``log_odds=False``, such as the output of a sigmoid; else log-odds, its input.
    targets : tensor
        In {0, 1}, or for ``binary=False`` in {-1, 1}.
    delta : scalar
        The margin.
    log_odds : bool or None
        Whether `predictions` are log-odds. None means True, with a FutureWarning.
    binary : bool
        Whether `targets` are 0 and 1, or -1 and 1.

    Returns
    -------
    tensor
        The slope at the kink is 1/2.

    Notes
    -----
    An alternative to binary cross-entropy; for predictions of a sigmoid, pass ``log_odds=False``.
    """
    if log_odds is None:
        warnings.warn("binary_hinge_loss: log_odds is missing, so True is used. Lasagne announced that its default "
                      "would become False. Pass log_odds=True for log-odds, or log_odds=False for the output of a "
                      "sigmoid",
                      FutureWarning, stacklevel=2)
        log_odds = True
    scores = pt.as_tensor_variable(predictions) if log_odds else _log_odds(predictions)
    targets = as_numbers(targets, scores)
    if binary:
        targets = 2 * targets - 1
    scores, targets = align_targets(scores, targets)
    return nnet.relu(delta - scores * targets)


def multiclass_hinge_loss(predictions, targets, delta=1):
    r"""Hinge loss of several classes, per item.

    .. math:: L_i = \max_{j \neq t_i} (0, p_j - p_{t_i} + \delta)

    Parameters
    ----------
    predictions : tensor (n, k)
    targets : vector of integers (n,), or tensor (n, k) of 0 and 1
        The class of each item, or a single 1 in each row.
    delta : scalar
        The margin.

    Returns
    -------
    tensor (n,)
        All classes that attain the maximum have a slope.

    Raises
    ------
    TypeError
        If the ranks do not fit. It is also an IndexError.
    LabelError
        When it runs, if a class is out of range or a row is not one-hot; it names the row.

    Notes
    -----
    An alternative to categorical cross-entropy.
    """
    predictions, targets = pt.as_tensor_variable(predictions), pt.as_tensor_variable(targets)
    if predictions.ndim != 2 or targets.ndim not in (1, 2):
        raise RankError(f"rank mismatch between targets and predictions: targets have {targets.ndim} axes and "
                        f"predictions {predictions.ndim}. Reshape predictions to (items, classes), and targets to "
                        f"(items,) or the same shape")
    if targets.ndim == 1:
        labels = checked_labels(targets.astype("int32"), predictions)
        right = pt.eq(labels[:, None], pt.arange(predictions.shape[1], dtype="int32"))
    else:
        right = checked_one_hot(targets)
    rest = pt.switch(right, pt.constant(-float("inf"), dtype=predictions.dtype), predictions).max(axis=1)
    return nnet.relu(rest - pt.switch(right, predictions, 0).sum(axis=1) + delta)


def huber_loss(predictions, targets, delta=1):
    r"""Huber loss, per element: half the squared error up to `delta`, and linear beyond.

    .. math:: L = d^2 / 2 \text{ if } |d| \le \delta \text{ else } \delta (|d| - \delta / 2), \quad d = t - p

    Parameters
    ----------
    predictions, targets : tensors
        A vector of targets is compared with a column of predictions element by element.
    delta : scalar

    Returns
    -------
    tensor

    References
    ----------
    Huber (1964), "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35(1).
    """
    predictions, targets = align_targets(predictions, targets)
    predictions = pt.as_tensor_variable(predictions)
    targets = as_numbers(targets, predictions)
    size = abs(targets - predictions)
    return pt.switch(size <= delta, 0.5 * pt.square(targets - predictions), delta * (size - delta / 2.0))


def binary_accuracy(predictions, targets, threshold=0.5):
    r"""Whether the prediction of one of two classes is correct, per element.

    .. math:: L_i = \mathbb{I}(t_i = \mathbb{I}(p_i \ge \alpha))

    Parameters
    ----------
    predictions : tensor
        In [0, 1]: probabilities of the positive class.
    targets : tensor
        In {0, 1}.
    threshold : scalar
        Predictions of at least this value are positive.

    Returns
    -------
    tensor of bool
        ``T.mean(found, dtype=theano.config.floatX)`` is the accuracy. Its gradient is 0 everywhere: it cannot be
        trained.
    """
    predictions, targets = align_targets(predictions, targets)
    return pt.eq(pt.ge(predictions, threshold), targets)


def categorical_accuracy(predictions, targets, top_k=1):
    r"""Whether the correct class is the most probable, or among the `top_k` most probable, per item.

    .. math:: L_i = \mathbb{I}(t_i = \operatorname{argmax}_c p_{i,c})

    Parameters
    ----------
    predictions : tensor (n, k)
    targets : vector of classes (n,), or tensor (n, k)
        Of a tensor, the greatest of each row is the class.
    top_k : int
        For 1, the first of equal predictions counts; for more, the last ones, as in Lasagne.

    Returns
    -------
    tensor of bool (n,)
        ``T.mean(found, dtype=theano.config.floatX)`` is the accuracy. It cannot be trained.

    Raises
    ------
    TypeError
        If the ranks do not fit.
    """
    predictions, targets = pt.as_tensor_variable(predictions), pt.as_tensor_variable(targets)
    if targets.ndim == predictions.ndim:
        targets = pt.argmax(targets, axis=-1)
    elif targets.ndim != predictions.ndim - 1:
        raise RankError(f"rank mismatch between targets and predictions: targets have {targets.ndim} axes and "
                        f"predictions {predictions.ndim}. Pass classes with one axis fewer, or targets in the shape of "
                        f"the predictions")
    if top_k == 1:
        return pt.eq(pt.argmax(predictions, axis=-1), targets)
    best = pt.argsort(predictions, axis=-1, kind="stable")[..., -top_k:]
    return pt.any(pt.eq(best, targets.dimshuffle(*range(targets.ndim), "x")), axis=-1)
