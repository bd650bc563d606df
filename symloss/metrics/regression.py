"""Metrics of numeric predictions."""

import numpy as np
import pytensor.tensor as pt

from .._checks import align
from ..errors import SpecError
from .registration import Figure, metric
from .targets import clean, rows, spread


@metric("mae", "mean_absolute_error", target="values", best="min")
def absolute_error(prediction, target):
    """Mean absolute error over all elements, in the unit of the target.

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit. A target (n,) is read as (n, 1).
    """
    prediction, target = align(prediction, target, "absolute_error")
    return abs(prediction - target)


@metric("mape", "mean_absolute_percentage_error", target="values", best="min")
def absolute_percentage_error(prediction, target, *, eps=1e-7):
    r"""Mean absolute error in percent of the target, over all elements.

    .. math:: 100\, \frac{|p - t|}{\max(|t|, \epsilon)}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit. Targets should be away from 0. A target (n,) is read as (n, 1).
    eps : float > 0
        Smallest divisor: targets smaller than this are divided by `eps` instead.

    Notes
    -----
    The same value as the loss of this name. scikit-learn's is a fraction, and its eps is 2.2e-16.
    """
    prediction, target = align(prediction, target, "absolute_percentage_error")
    return 100 * abs(prediction - target) / pt.maximum(abs(target), np.asarray(eps, prediction.dtype))


def _columns(prediction, target, weights, who):
    """Return target, error and weights as float64 matrices with one column an output, 0 where nothing counts."""
    prediction, target = align(prediction, target, who)
    weights = spread(weights, target, who)
    target = clean(target.astype("float64"), weights)
    prediction = clean(prediction.astype("float64"), weights)
    count = target.type.shape[-1] if target.ndim > 1 else 1
    return [rows(v, count) if v.ndim > 1 else v.reshape((-1, 1)) for v in (target, target - prediction, weights)]


@metric("rmse", "root_mean_squared_error", "RootMeanSquaredError", kind="sums", target="values", best="min")
def root_squared_error(prediction, target, weights=None, *, average="elements"):
    r"""Root mean squared error, in the unit of the target.

    .. math:: \sqrt{\frac{\sum w (t - p)^2}{\sum w}}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit. A target (n,) is read as (n, 1).
    average : 'elements', 'columns' or None
        'elements': the root of the mean over all elements. 'columns': the mean of the roots of the columns, as in
        scikit-learn. None: one root for each column.
    """
    if average not in ("elements", "columns", None):
        raise SpecError(f"rmse: average={average!r} is not valid; it must be 'elements', 'columns' or None")
    _, error, w = _columns(prediction, target, weights, "root_squared_error")

    def finish(sums):
        squares, total = sums
        if average == "elements":
            squares, total = squares.sum(), total.sum()
        roots = np.sqrt(_ratio(squares, total))
        return roots.mean() if average == "columns" else roots

    return Figure((pt.stack([(w * error**2).sum(axis=0), w.sum(axis=0)]),), finish)


def _ratio(numerator, denominator):
    """Return the quotient, and 0 where nothing is divided by nothing."""
    return np.where(denominator == 0, 0.0, numerator / np.where(denominator == 0, 1, denominator))


def _moments(value, w):
    """Return the mean of each column, and the sum of squared distances from it.

    The distance from the greatest value is averaged, and not the value: it loses nothing at a large offset, and a
    constant column has exactly no spread.
    """
    counted = pt.neq(w, 0)
    greatest = pt.switch(counted.any(axis=0), pt.switch(counted, value, -np.inf).max(axis=0), 0.0)
    total = w.sum(axis=0)
    mean = greatest + (w * (value - greatest)).sum(axis=0) / pt.switch(pt.eq(total, 0), 1.0, total)
    return mean, (w * (value - mean) ** 2).sum(axis=0)


def _merge(old, new):
    """Return the moments of two batches together, rows as `_spread` stacks them (Chan's formula)."""
    before, added = old[0], new[0]
    total = before + added
    share = added / (total + (total <= 0))  # of nothing, 0
    found = [total]
    for row in (1, 3):
        distance = new[row] - old[row]
        found += [old[row] + distance * share, old[row + 1] + new[row + 1] + distance**2 * before * share]
    return (np if isinstance(new, np.ndarray) else pt).stack(found)


def _explained(prediction, target, weights, average, who, left):
    """Return the figure 1 - left / spread of the target, by column and averaged."""
    if average not in ("uniform", "variance", None):
        raise SpecError(f"{who}: average={average!r} is not valid; it must be 'uniform', 'variance' or None")
    target, error, w = _columns(prediction, target, weights, who)
    table = pt.stack([w.sum(axis=0), *_moments(target, w), *_moments(error, w)])

    def finish(sums):
        total, _, spread_of_target, mean, spread_of_error = sums
        remains = left(total, mean, spread_of_error)
        flat = spread_of_target == 0
        found = np.where(flat, (remains == 0).astype(float), 1 - remains / np.where(flat, 1, spread_of_target))
        found = np.where(total == 0, 0.0, found)
        if average is None:
            return found
        shares = spread_of_target if average == "variance" and not flat.all() else np.ones_like(found)
        return (found * shares).sum() / shares.sum()

    return Figure((table,), finish, _merge)


@metric("r2", "r2_score", kind="sums", target="values")
def r_squared(prediction, target, weights=None, *, average="uniform"):
    r"""Coefficient of determination: the share of the target's variance that the prediction explains.

    .. math:: R^2 = 1 - \frac{\sum w (t - p)^2}{\sum w (t - \bar t)^2}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit. A target (n,) is read as (n, 1).
    average : 'uniform', 'variance' or None
        'uniform': the mean over columns. 'variance': the mean weighted by the variance of the columns. None: one value
        for each column.

    Notes
    -----
    At most 1. A constant column gives 1 if it is predicted exactly, otherwise 0, as in scikit-learn. Moments are
    computed in float64 about the mean of each batch, so targets far from 0 lose no accuracy.
    """
    return _explained(prediction, target, weights, average, "r_squared",
                      lambda total, mean, spread_of_error: spread_of_error + total * mean**2)


@metric("explained_variance_score", kind="sums", target="values")
def explained_variance(prediction, target, weights=None, *, average="uniform"):
    r"""Explained variance: like `r_squared`, but a constant error costs nothing.

    .. math:: 1 - \frac{\operatorname{Var}(t - p)}{\operatorname{Var}(t)}

    The parameters are those of `r_squared`.
    """
    return _explained(prediction, target, weights, average, "explained_variance",
                      lambda total, mean, spread_of_error: spread_of_error)
