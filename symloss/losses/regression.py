"""Losses between real numbers, per element."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, number
from .registration import loss


@loss("mse", "l2", "MSELoss", "MeanSquaredError", "MeanSquaredLossLayer", "reg:squarederror",
      unit="the squared unit of the target")
def squared_error(prediction, target):
    r"""Squared error, per element.

    .. math:: \ell = (p - t)^2

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).

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
    Use it if the noise of the targets is Gaussian and of equal size everywhere. The mean minimizes it.

    References
    ----------
    Gauss (1809), "Theoria motus corporum coelestium".

    >>> symloss.evaluate.value("mse", [[1.0, 2.0]], [[3.0, 2.0]]).tolist()
    [[4.0, 0.0]]
    """
    prediction, target = align(prediction, target, "squared_error")
    return pt.sqr(prediction - target)


@loss("mae", "l1", "L1Loss", "MeanAbsoluteError", "MeanAbsoluteLossLayer", "reg:absoluteerror")
def absolute_error(prediction, target):
    r"""Absolute error, per element.

    .. math:: \ell = |p - t|

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).

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
    Use it for targets with outliers. The median minimizes it.

    References
    ----------
    Laplace (1774), "Memoire sur la probabilite des causes par les evenements".

    >>> symloss.evaluate.value("mae", [[1.0, 2.0]], [[3.0, 2.0]]).tolist()
    [[2.0, 0.0]]
    """
    prediction, target = align(prediction, target, "absolute_error")
    return pt.abs(prediction - target)


@loss("HuberLoss", unit="the squared unit of the target", ranges={"delta": "(0, inf)"})
def huber(prediction, target, *, delta=1.0):
    r"""Huber loss, per element: squared near 0, absolute beyond `delta`.

    .. math:: \ell = a\,(|e| - a/2), \quad e = p - t, \quad a = \min(|e|, \delta)

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    delta : float > 0
        Error at which the parabola becomes a line, in the unit of `target`.

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
    Use it for regression with some outliers if the kink of the absolute error at 0 disturbs the optimizer. XGBoost's
    "Huber" is `pseudo_huber`. scikit-learn's HuberRegressor scales this loss, and its boosting sets delta to a quantile
    of the errors.

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


@loss("l2_loss", "HalfSquaredLoss", "HalfMSE", unit="the squared unit of the target")
def half_squared_error(prediction, target):
    r"""Half the squared error, per element.

    .. math:: \ell = \tfrac12 (p - t)^2

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).

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
    Use it for targets with Gaussian noise, like `squared_error`. Its gradient is the error, without a factor. It is
    optax' l2_loss and scikit-learn's HalfSquaredError.

    References
    ----------
    Gauss (1809), "Theoria motus corporum coelestium".

    >>> symloss.evaluate.value("half_squared_error", [[1.0, 2.0]], [[3.0, 2.0]]).tolist()
    [[2.0, 0.0]]
    """
    prediction, target = align(prediction, target, "half_squared_error")
    return 0.5 * pt.sqr(prediction - target)


@loss("SmoothL1Loss", "smooth_l1_error", ranges={"beta": "(0, inf)"})
def smooth_l1(prediction, target, *, beta=1.0):
    r"""Smooth absolute error, per element: squared near 0, absolute with slope 1 beyond `beta`.

    .. math:: \ell = a\,(|e| - a/2) / \beta, \quad e = p - t, \quad a = \min(|e|, \beta)

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    beta : float > 0
        Error at which the parabola becomes a line, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of `target`; |e| - beta / 2 for errors beyond `beta`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for bounding boxes and other regression with outliers. It is `huber` divided by its delta, so a smaller
    `beta` brings it closer to the absolute error rather than to 0.

    References
    ----------
    Girshick (2015), "Fast R-CNN", ICCV.

    >>> symloss.evaluate.value("smooth_l1", [[1.0, 3.0]], [[0.0, 0.0]], beta=2.0).tolist()
    [[0.25, 2.0]]
    """
    prediction, target = align(prediction, target, "smooth_l1")
    size = pt.abs(prediction - target)
    beta = number(beta, size)
    inner = pt.minimum(size, beta)
    return inner * (size - 0.5 * inner) / beta


@loss("mape", "MeanAbsolutePercentageError", unit="percent", ranges={"eps": "(0, inf)"})
def absolute_percentage_error(prediction, target, *, eps=1e-7):
    r"""Absolute error in percent of the target, per element.

    .. math:: \ell = 100\, \frac{|p - t|}{\max(|t|, \epsilon)}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. Targets should be away from 0. A target (n,) is read as (n, 1).
    eps : float > 0
        Smallest divisor: targets smaller than this are divided by `eps` instead. In the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least 0, in percent.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for positive targets if the relative error matters. It explodes for targets near 0 and favors predictions
    that are too low. `symmetric_percentage_error` and `squared_log_error` are milder. scikit-learn's value is a
    fraction, not a percentage.

    References
    ----------
    Makridakis (1993), "Accuracy measures: theoretical and practical concerns", Int. Journal of Forecasting 9(4).

    >>> symloss.evaluate.value("mape", [[3.0, 2.0]], [[4.0, -1.0]]).tolist()
    [[25.0, 300.0]]
    """
    prediction, target = align(prediction, target, "absolute_percentage_error")
    return 100 * (pt.abs(prediction - target) / pt.maximum(pt.abs(target), number(eps, target)))


@loss("smape", "SymmetricMeanAbsolutePercentageError", unit="percent", ranges={"eps": "(0, inf)"})
def symmetric_percentage_error(prediction, target, *, eps=1e-7):
    r"""Absolute error in percent of the mean size of prediction and target, per element.

    .. math:: \ell = 200\, \frac{|p - t|}{\max(|p| + |t|, \epsilon)}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    eps : float > 0
        Smallest divisor, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        From 0 to 200, in percent. It is 0 where both are 0.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it to compare forecasts over series of different size. It has no gradient where the signs of prediction and
    target differ, so start with predictions of the right sign. Some authors leave out the factor 2.

    References
    ----------
    Makridakis (1993), "Accuracy measures: theoretical and practical concerns", Int. Journal of Forecasting 9(4).

    >>> symloss.evaluate.value("smape", [[3.0, 0.0]], [[1.0, 0.0]]).tolist()
    [[100.0, 0.0]]
    """
    prediction, target = align(prediction, target, "symmetric_percentage_error")
    sizes = pt.abs(prediction) + pt.abs(target)
    return 200 * (pt.abs(prediction - target) / pt.maximum(sizes, number(eps, sizes)))


@loss("msle", "MeanSquaredLogarithmicError", "mean_squared_log_error", "reg:squaredlogerror", unit="none",
      support="nonnegative")
def squared_log_error(prediction, target):
    r"""Squared error of the logarithms, per element.

    .. math:: \ell = (\log(1 + p) - \log(1 + t))^2

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        Counts or amounts, at least 0. A target (n,) is read as (n, 1). Negative targets raise an error when data are
        checked. A negative prediction is read as 0, and its gradient is that at 0, so that training can move it back.

    Returns
    -------
    float tensor (n, d)
        At least 0, dimensionless.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for amounts that span several orders of magnitude, if a prediction that is too low is worse than one that is
    too high. Keras clips negative predictions (and targets), and their gradient is 0. XGBoost refuses values below -1.

    References
    ----------
    Tofallis (2015), "A better measure of relative prediction accuracy", J. Operational Research Society 66(8).

    >>> round(float(symloss.evaluate.value("msle", [[0.0]], [[1.0]])[0, 0]), 6)
    0.480453
    """
    prediction, target = align(prediction, target, "squared_log_error")
    p = prediction + disconnected_grad(pt.maximum(0, prediction) - prediction)
    return pt.sqr(pt.log1p(p) - pt.log1p(pt.maximum(0, target)))


@loss("cosine", "CosineSimilarity", "cosine_proximity", per="item", unit="none", absent={"prediction": 0, "target": 0})
def cosine_distance(prediction, target):
    r"""Cosine distance, per item: 1 minus the cosine of the angle between prediction and target.

    .. math:: \ell = 1 - \frac{p \cdot t}{\|p\|\, \|t\|}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        Vectors along the last axis, in any unit.

    Returns
    -------
    float tensor (n,)
        From 0 to 2 (to rounding), dimensionless. A vector shorter than 1e-12 has no direction: its distance is 1, and
        its gradient is computed as if its length were 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for embeddings whose direction matters and whose length does not. Keras' CosineSimilarity is this minus 1,
    with the same gradient. optax' default gives NaN at zero vectors.

    References
    ----------
    Salton, Wong & Yang (1975), "A Vector Space Model for Automatic Indexing", Communications of the ACM 18(11).

    >>> symloss.evaluate.value("cosine_distance", [[2.0, 0.0], [1.0, 1.0]], [[0.0, 3.0], [2.0, 2.0]]).round(6).tolist()
    [1.0, 0.0]
    """
    prediction, target = align(prediction, target, "cosine_distance")
    return 1 - (prediction * target).sum(axis=-1) / (length(prediction) * length(target))


def length(vectors):
    """Return the lengths of `vectors` over the last axis, with 1 for vectors that are too short to have a direction."""
    squares = pt.sqr(vectors).sum(axis=-1)
    return pt.sqrt(pt.switch(pt.lt(squares, number(1e-24, squares)), 1, squares))
