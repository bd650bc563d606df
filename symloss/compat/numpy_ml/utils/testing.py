"""numpy_ml.utils.testing: checks of arrays, which raise AssertionErrors with messages, and random arrays for tests."""

import numbers

import numpy as np

from ..compiled import place, require_rank
from ..errors import BadArrayError, BadShapeError
from ..random import get_rng

__all__ = ["is_binary", "is_number", "is_one_hot", "is_stochastic", "is_symmetric", "is_symmetric_positive_definite",
           "random_binary_tensor", "random_one_hot_matrix", "random_stochastic_matrix", "random_tensor"]


def is_symmetric(X):  # noqa: N803
    """Return whether a matrix equals its transpose, up to rounding."""
    X = np.asarray(X)  # noqa: N806
    return X.ndim == 2 and X.shape[0] == X.shape[1] and bool(np.allclose(X, X.T))


def is_symmetric_positive_definite(X):  # noqa: N803
    """Return whether a matrix is symmetric and all its eigenvalues are positive."""
    if not is_symmetric(X):
        return False
    try:
        np.linalg.cholesky(X)
    except np.linalg.LinAlgError:
        return False
    return True


def is_number(a):
    """Return whether `a` is a number."""
    return isinstance(a, numbers.Number)


def is_binary(x, who="is_binary", name="x"):
    """Return True if all numbers of an array are 0 or 1, else raise an AssertionError that names the first other."""
    x = np.asarray(x)
    other = ~np.isin(x, (0, 1))
    if other.any():
        at = np.argwhere(other)[0]
        raise BadArrayError(f"{who}: {name} must be binary, but it contains {x[tuple(at)]} at {place(at)}. Pass "
                            f"one-hot rows, such as np.eye(n_classes)[labels]. For smoothed targets, use "
                            f"symloss.evaluate.value('cross_entropy', ...)")
    return True


def is_one_hot(x, who="is_one_hot", name="x"):
    """Return True if the rows of a matrix are one-hot, else raise an AssertionError that names the first other row."""
    x = np.asarray(x)
    require_rank(who, name, x, 2, wanted="it must contain one-hot rows, (n, n_classes). For labels (n,), pass "
                                         "np.eye(n_classes)[labels]")
    is_binary(x, who, name)
    counts = x.sum(axis=1)
    if x.shape[1] == 1 and (counts != 1).any():
        raise BadShapeError(f"{who}: {name} has shape {x.shape}, a column of labels, but it must contain one-hot rows, "
                            f"(n, n_classes). Pass np.eye(n_classes)[labels[:, 0]]")
    if (counts != 1).any():
        row = int(np.argmax(counts != 1))
        raise BadArrayError(f"{who}: row {row} of {name} contains {int(counts[row])} ones, but a one-hot row has "
                            f"exactly one. Leave out examples without a class. For examples with several classes, use "
                            f"symloss.evaluate.value('binary_cross_entropy', ...)")
    return True


def is_stochastic(X, who="is_stochastic", name="X"):  # noqa: N803
    """Return True if the rows are distributions, else raise an AssertionError that names the first other row."""
    X = np.asarray(X)  # noqa: N806
    require_rank(who, name, X, 2, wanted="it must contain probabilities (n, n_classes)")
    outside = ~((X >= 0) & (X <= 1))
    if outside.any():
        at = np.argwhere(outside)[0]
        raise BadArrayError(f"{who}: {name} must be stochastic, but it contains {X[tuple(at)]} at {place(at)}. Pass "
                            f"probabilities from 0 to 1, such as the softmax of logits")
    sums = X.sum(axis=1)
    if not np.allclose(sums, 1):
        row = int(np.argmax(~np.isclose(sums, 1)))
        raise BadArrayError(f"{who}: {name} must be stochastic, but row {row} sums to {sums[row]:.6g}. Divide each row "
                            f"by its sum, or let the model end in a softmax over classes")
    return True


def random_one_hot_matrix(n_examples, n_classes):
    """Return one-hot rows (n_examples, n_classes) of random classes."""
    return np.eye(n_classes)[get_rng().choice(n_classes, n_examples)]


def random_stochastic_matrix(n_examples, n_classes):
    """Return random rows (n_examples, n_classes) that sum to 1."""
    rows = get_rng().rand(n_examples, n_classes)
    return rows / rows.sum(axis=1, keepdims=True)


def random_tensor(shape, standardize=False):
    """Return random numbers from -300 to 300. With `standardize`, each column has mean 0 and deviation 1."""
    offset = get_rng().randint(-300, 300, shape)
    values = get_rng().rand(*shape) + offset
    return (values - values.mean(axis=0)) / (values.std(axis=0) + np.finfo(float).eps) if standardize else values


def random_binary_tensor(shape, sparsity=0.5):
    """Return random zeros and ones; `sparsity` is the share of ones."""
    return (get_rng().rand(*shape) >= (1 - sparsity)).astype(float)
