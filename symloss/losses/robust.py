"""Losses between real numbers that are robust to outliers, per element."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from pytensor.graph.basic import Variable

from .._checks import align, number
from .registration import loss


@loss("reg:pseudohubererror", "PseudoHuberLoss", unit="the squared unit of the target", ranges={"delta": "(0, inf)"})
def pseudo_huber(prediction, target, *, delta=1.0):
    r"""Pseudo-Huber loss, per element: a smooth `huber`.

    .. math:: \ell = \delta^2 \left(\sqrt{1 + (e / \delta)^2} - 1\right), \quad e = p - t

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    delta : float > 0
        Error at which the parabola turns into a line, and the slope of that line, in the unit of `target`.

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
    Use it for regression with outliers if the method needs second derivatives. It is never larger than `huber`. It is
    computed as e^2 / (1 + sqrt(1 + (e / delta)^2)), which stays accurate for small errors.

    References
    ----------
    Charbonnier et al. (1997), "Deterministic edge-preserving regularization in computed imaging", IEEE Transactions on
    Image Processing 6(2).

    >>> symloss.evaluate.value("pseudo_huber", [[4.0]], [[0.0]], delta=3.0).round(6).tolist()
    [[6.0]]
    """
    prediction, target = align(prediction, target, "pseudo_huber")
    error = prediction - target
    return pt.sqr(error) / (1 + pt.sqrt(1 + pt.sqr(error / number(delta, error))))


@loss("LogCoshLoss")
def log_cosh(prediction, target):
    r"""Logarithm of the hyperbolic cosine of the error, per element.

    .. math:: \ell = \log\cosh e = e + \log(1 + e^{-2e}) - \log 2, \quad e = p - t

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0 (to rounding). It is about e^2 / 2 for small errors and |e| - log 2 for large ones. Scale `target` so
        that a typical error is about 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for regression with outliers. It is smooth to every order and has no parameter: scale the target instead.

    References
    ----------
    Green (1990), "Bayesian reconstructions from emission tomography data using a modified EM algorithm", IEEE
    Transactions on Medical Imaging 9(1).

    >>> round(float(symloss.evaluate.value("log_cosh", [[1.0]], [[0.0]])[0, 0]), 6)
    0.433781
    """
    prediction, target = align(prediction, target, "log_cosh")
    error = prediction - target
    return error + pt.softplus(-2 * error) - number(np.log(2), error)


@loss("CharbonnierLoss", ranges={"eps": "(0, inf)"})
def charbonnier(prediction, target, *, eps=1e-3):
    r"""Charbonnier loss, per element: a smooth absolute error.

    .. math:: \ell = \sqrt{(p - t)^2 + \epsilon^2}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    eps : float > 0
        Size of the rounded kink at 0, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least `eps`, in the unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it to restore images. It resembles the absolute error, but has a second derivative at 0. Some authors raise it
    to other powers.

    References
    ----------
    Charbonnier et al. (1994), "Two deterministic half-quadratic regularization algorithms for computed imaging", ICIP;
    Lai et al. (2017), "Deep Laplacian Pyramid Networks for Fast and Accurate Super-Resolution", CVPR.

    >>> symloss.evaluate.value("charbonnier", [[4.0]], [[0.0]], eps=3.0).tolist()
    [[5.0]]
    """
    prediction, target = align(prediction, target, "charbonnier")
    error = prediction - target
    return pt.sqrt(pt.sqr(error) + pt.sqr(number(eps, error)))


@loss("FairLoss", unit="the squared unit of the target", ranges={"c": "(0, inf)"})
def fair(prediction, target, *, c=1.0):
    r""""Fair" loss, per element: squared near 0, nearly absolute far away.

    .. math:: \ell = c^2 \left(\frac{|e|}{c} - \log\left(1 + \frac{|e|}{c}\right)\right), \quad e = p - t

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    c : float > 0
        Error at which the parabola turns into a line, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least 0 (to rounding), in the squared unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for regression with outliers if you need second derivatives that are positive everywhere. It is LightGBM's
    objective 'fair'.

    References
    ----------
    Fair (1974), "On the robust estimation of econometric models", Annals of Economic and Social Measurement 3(4).

    >>> round(float(symloss.evaluate.value("fair", [[3.0]], [[0.0]])[0, 0]), 6)
    1.613706
    """
    prediction, target = align(prediction, target, "fair")
    c = number(c, prediction)
    ratio = pt.abs(prediction - target) / c
    return pt.sqr(c) * (ratio - pt.log1p(ratio))


@loss("lorentzian", "CauchyLoss", unit="the squared unit of the target", ranges={"c": "(0, inf)"})
def cauchy(prediction, target, *, c=1.0):
    r"""Cauchy (Lorentz) loss, per element: squared near 0, logarithmic far away.

    .. math:: \ell = \tfrac12 c^2 \log\left(1 + (e / c)^2\right), \quad e = p - t

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    c : float > 0
        Error with the largest gradient, in the unit of `target`.

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
    Use it if some targets are plainly wrong: the gradient of an outlier falls as 1 / |e|. It is not convex beyond `c`.

    References
    ----------
    Black & Anandan (1996), "The Robust Estimation of Multiple Motions", Computer Vision and Image Understanding 63(1).

    >>> round(float(symloss.evaluate.value("cauchy", [[1.0]], [[0.0]])[0, 0]), 6)
    0.346574
    """
    prediction, target = align(prediction, target, "cauchy")
    c = number(c, prediction)
    return 0.5 * pt.sqr(c) * pt.log1p(pt.sqr((prediction - target) / c))


@loss("biweight", "tukey_biweight", "bisquare", unit="the squared unit of the target", ranges={"c": "(0, inf)"})
def tukey(prediction, target, *, c=4.685):
    r"""Tukey's biweight loss, per element: squared near 0, constant beyond `c`.

    .. math:: \ell = \frac{c^2}{6} \left(1 - (1 - u)^3\right), \quad u = \min\left(1, (p - t)^2 / c^2\right)

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    c : float > 0
        Error beyond which the gradient is 0, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        From 0 to c^2 / 6, in the squared unit of `target`.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it if some targets are plainly wrong and the model is already close, since the gradient beyond `c` is 0. The
    default keeps 95 % efficiency for Gaussian noise of standard deviation 1.

    References
    ----------
    Beaton & Tukey (1974), "The Fitting of Power Series, Meaning Polynomials", Technometrics 16(2).

    >>> symloss.evaluate.value("tukey", [[1.0, 9.0]], [[0.0, 0.0]], c=2.0).round(6).tolist()
    [[0.385417, 0.666667]]
    """
    prediction, target = align(prediction, target, "tukey")
    c = number(c, prediction)
    u = pt.minimum(1, pt.sqr((prediction - target) / c))
    return pt.sqr(c) / 6 * (u * (3 - u * (3 - u)))  # 1 - (1 - u)^3 without loss of digits


@loss("barron", "adaptive_robust", "AdaptiveLoss", unit="none", ranges={"alpha": "[-inf, inf)", "c": "(0, inf)"})
def general_robust(prediction, target, *, alpha=1.0, c=1.0):
    r"""Barron's general robust loss, per element.

    .. math:: \ell = \frac{b}{\alpha} \left(\left(\frac{(p - t)^2}{b c^2} + 1\right)^{\alpha / 2} - 1\right),
              \quad b = |\alpha - 2|

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    alpha : float or scalar tensor
        Shape of the loss: 2 is half the squared error, 1 `charbonnier` - 1, 0 `cauchy`, -2 Geman-McClure, -inf Welsch.
        A tensor, such as a shared variable, may take any finite value and can be learned.
    c : float > 0 or scalar tensor
        Error at which the parabola ends, in the unit of `target`.

    Returns
    -------
    float tensor (n, d)
        At least 0, dimensionless. For small errors it is (e / c)^2 / 2 for any alpha.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it if you do not know the share of outliers. If `alpha` is learned from this loss alone, it falls for ever,
    because a lower alpha makes every error cheaper. Bound it to (0, 2), and add the log of the partition function of
    exp(-loss), which compensates for that.

    References
    ----------
    Barron (2019), "A General and Adaptive Robust Loss Function", CVPR.

    >>> symloss.evaluate.value("general_robust", [[3.0]], [[0.0]], alpha=2.0).tolist()
    [[4.5]]
    """
    prediction, target = align(prediction, target, "general_robust")
    half = 0.5 * pt.sqr((prediction - target) / number(c, prediction))
    if isinstance(alpha, Variable):
        return _robust_of_any_shape(half, alpha.astype(half.dtype))
    if alpha == 2:
        return half
    if alpha == 1:
        return 2 * half / (1 + pt.sqrt(1 + 2 * half))
    if alpha == 0:
        return pt.log1p(half)
    if alpha == -np.inf:
        return -pt.expm1(-half)
    return _robust(half, number(alpha, half), number(abs(alpha - 2), half))


def _robust(half, alpha, distance):
    """Return Barron's loss of half the squared ratio of error and scale, for alpha not 0, `distance` from 2."""
    return distance / alpha * pt.expm1(0.5 * alpha * pt.log1p(2 * half / distance))


def _robust_of_any_shape(half, alpha):
    """Return Barron's loss for an alpha that is known when it runs: near 0 and 2 that of a close neighbor."""
    gap = 1e-4 if half.dtype == "float32" else 1e-8
    gap = number(gap, half)
    distance = pt.maximum(pt.abs(alpha - 2), gap)
    near = pt.switch(pt.lt(pt.abs(alpha), gap), gap - alpha, 0)
    return _robust(half, alpha + disconnected_grad(near), distance)
