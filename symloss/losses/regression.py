"""Losses between real numbers, per element."""

import pytensor.tensor as pt

from .._checks import align, number
from .core import loss


@loss("mse", "l2", "MeanSquaredError", "MeanSquaredLossLayer", unit="the squared unit of the target")
def squared_error(prediction, target):
    r"""Squared error, per element.

    .. math:: \ell = (p - t)^2

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In one unit, of any sign. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0, in the squared unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    The mean is its minimiser: for targets whose noise is Gaussian, of equal size everywhere.

    References
    ----------
    Gauss (1809), "Theoria motus corporum coelestium".

    >>> symloss.evaluate.value("mse", [[1.0, 2.0]], [[3.0, 2.0]]).tolist()
    [[4.0, 0.0]]
    """
    prediction, target = align(prediction, target, "squared_error")
    return pt.sqr(prediction - target)


@loss("mae", "l1", "MeanAbsoluteError", "MeanAbsoluteLossLayer")
def absolute_error(prediction, target):
    r"""Absolute error, per element.

    .. math:: \ell = |p - t|

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In one unit, of any sign. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of `target`. Its gradient at p = t is 0.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    The median is its minimiser: for targets with outliers.

    References
    ----------
    Laplace (1774), "Memoire sur la probabilite des causes par les evenements".

    >>> symloss.evaluate.value("mae", [[1.0, 2.0]], [[3.0, 2.0]]).tolist()
    [[2.0, 0.0]]
    """
    prediction, target = align(prediction, target, "absolute_error")
    return pt.abs(prediction - target)


@loss(unit="the squared unit of the target")
def huber(prediction, target, *, delta=1.0):
    r"""Huber loss, per element: squared near 0, absolute beyond `delta`.

    .. math:: \ell = a\,(|e| - a/2), \quad e = p - t, \quad a = \min(|e|, \delta)

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In one unit, of any sign. A target (n,) is read as (n, 1).
    delta : float > 0
        Where the parabola becomes a line, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the squared unit of `target`; half the squared error for errors below `delta`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    For regression with some outliers, where the absolute error's kink at 0 disturbs the optimizer.

    References
    ----------
    Huber (1964), "Robust Estimation of a Location Parameter", Annals of Mathematical Statistics 35(1).

    >>> symloss.evaluate.value("huber", [[0.5, 3.0]], [[0.0, 0.0]]).tolist()
    [[0.125, 2.5]]
    """
    prediction, target = align(prediction, target, "huber")
    size = pt.abs(prediction - target)
    inner = pt.minimum(size, number(delta, size))
    return inner * (size - 0.5 * inner)
