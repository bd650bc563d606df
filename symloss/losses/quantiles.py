"""Losses that weight errors by their sign, or ignore small errors."""

import numpy as np
import pytensor.tensor as pt

from .._checks import (
    align,
    floating,
    number,
    require_same_shape,
    shape_text,
)
from ..errors import ShapeError
from .option_ranges import Range
from .registration import loss, one_column


@loss("pinball", "mean_pinball_loss", "QuantileLoss", "PinballLoss", "reg:quantileerror", ranges={"q": "(0, 1)"})
def quantile(prediction, target, *, q=0.5):
    r"""Quantile loss, per element.

    .. math:: \ell = \max(q e, (q - 1) e), \quad e = t - p

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    q : float in (0, 1)
        Share of targets that should fall below the prediction.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it to predict a bound that a given share of the targets stays below. With q = 0.5 it is half the absolute error.

    References
    ----------
    Koenker & Bassett (1978), "Regression Quantiles", Econometrica 46(1).

    >>> float(symloss.evaluate.value("quantile", [[1.0]], [[3.0]], q=0.9)[0, 0])
    1.8
    """
    prediction, target = align(prediction, target, "quantile")
    e, q = target - prediction, number(q, target)
    return pt.maximum(q * e, (q - 1) * e)


@loss("MultiQuantileLoss", "multi_pinball", per="item", shape=one_column, ranges={"q": Range("(0, 1)", several=True)})
def multi_quantile(prediction, target, *, q=(0.1, 0.5, 0.9)):
    r"""Mean of the quantile losses of several quantiles, per item.

    .. math:: \ell = \frac1k \sum_{j=1}^k \max(q_j e_j, (q_j - 1) e_j), \quad e_j = t - p_j

    Parameters
    ----------
    prediction : float tensor (n, k)
        One column for each quantile.
    target : float tensor (n,)
        In the prediction's unit; (n, 1) is read as (n,).
    q : tuple of k floats in (0, 1)
        For each column of the prediction, the share of targets that should fall below it.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or `q` has not one number for each column.

    Notes
    -----
    Use it for forecasts with a range of uncertainty. Nothing keeps the quantiles from crossing: sort them when you
    predict, or let the model add up positive steps. A model ``Regressor([10, 3], loss="multi_quantile")`` takes targets
    (n,) or (n, 1).

    References
    ----------
    Koenker & Bassett (1978), "Regression Quantiles", Econometrica 46(1).

    >>> symloss.evaluate.value("multi_quantile", [[1.0, 2.0]], [2.0], q=(0.5, 0.9)).tolist()
    [0.25]
    """
    prediction = floating(prediction, "multi_quantile", "prediction")
    target = floating(target, "multi_quantile", "target").astype(prediction.dtype)
    column = _column(prediction, target)
    q = np.asarray(q)
    if q.ndim != 1 or prediction.type.shape[-1] not in (None, q.size):
        raise ShapeError(f"multi_quantile: got q={q.tolist()} for a prediction {shape_text(prediction)}. Pass one "
                         "number for each column of the prediction")
    e, q = column - pt.specify_shape(prediction, (None,) * (prediction.ndim - 1) + (q.size,)), number(q, prediction)
    return pt.maximum(q * e, (q - 1) * e).mean(axis=-1)


def _column(prediction, target):
    """Return `target`, which lacks the prediction's last axis, with a length of 1 there; or raise ShapeError."""
    column = target[..., None] if target.ndim == prediction.ndim - 1 else target
    if column.ndim != prediction.ndim or column.type.shape[-1] != 1:
        raise ShapeError(
            f"multi_quantile: the target has shape {shape_text(target)} and the prediction {shape_text(prediction)}. "
            "Pass the target without the last axis of the prediction"
        )
    require_same_shape(prediction[..., 0], column[..., 0], "multi_quantile", given=(prediction, target))
    return column


@loss("ExpectileLoss", unit="the squared unit of the target", ranges={"q": "(0, 1)"})
def expectile(prediction, target, *, q=0.5):
    r"""Expectile loss, per element: squared error weighted by the sign of the error.

    .. math:: \ell = |q - [e < 0]|\, e^2, \quad e = t - p

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    q : float in (0, 1)
        Weight of targets above the prediction; those below it weigh 1 - q.

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
    Use it as a smooth alternative to a quantile that also depends on how far away the targets are. With q = 0.5 it is
    half the squared error.

    References
    ----------
    Newey & Powell (1987), "Asymmetric Least Squares Estimation and Testing", Econometrica 55(4).

    >>> symloss.evaluate.value("expectile", [[1.0, 3.0]], [[3.0, 1.0]], q=0.75).tolist()
    [[3.0, 1.0]]
    """
    prediction, target = align(prediction, target, "expectile")
    e, q = target - prediction, number(q, target)
    return q * pt.sqr(pt.maximum(0, e)) + (1 - q) * pt.sqr(pt.minimum(0, e))


@loss("EpsilonInsensitiveLoss", "svr", ranges={"epsilon": "[0, inf)"})
def epsilon_insensitive(prediction, target, *, epsilon=0.1):
    r"""Absolute error beyond a tolerance, per element.

    .. math:: \ell = \max(0, |p - t| - \epsilon)

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    epsilon : float, at least 0
        Largest error that costs nothing, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for regression if small errors do not matter. It is the loss of support vector regression.

    References
    ----------
    Drucker et al. (1996), "Support Vector Regression Machines", NIPS 9.

    >>> symloss.evaluate.value("epsilon_insensitive", [[1.25, 3.0]], [[1.0, 1.0]], epsilon=0.5).tolist()
    [[0.0, 1.5]]
    """
    prediction, target = align(prediction, target, "epsilon_insensitive")
    return pt.maximum(0, pt.abs(prediction - target) - number(epsilon, prediction))


@loss("SquaredEpsilonInsensitiveLoss", unit="the squared unit of the target", ranges={"epsilon": "[0, inf)"})
def squared_epsilon_insensitive(prediction, target, *, epsilon=0.1):
    r"""Squared error beyond a tolerance, per element.

    .. math:: \ell = \max(0, |p - t| - \epsilon)^2

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    epsilon : float, at least 0
        Largest error that costs nothing, in the unit of `target`.

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
    Use it for regression if small errors do not matter. It has no kink, unlike `epsilon_insensitive`.

    References
    ----------
    Lee, Hsieh & Huang (2005), "epsilon-SSVR: A Smooth Support Vector Machine for epsilon-Insensitive Regression", IEEE
    Transactions on Knowledge and Data Engineering 17(5).

    >>> symloss.evaluate.value("squared_epsilon_insensitive", [[1.25, 3.0]], [[1.0, 1.0]], epsilon=0.5).tolist()
    [[0.0, 2.25]]
    """
    prediction, target = align(prediction, target, "squared_epsilon_insensitive")
    return pt.sqr(pt.maximum(0, pt.abs(prediction - target) - number(epsilon, prediction)))
