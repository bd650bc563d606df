"""Likelihoods and deviances of a positive mean, per element, computed from its logarithm where the graph shows it."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, number, undo
from .registration import loss


def log_of(prediction):
    """Return the tensor whose exp is `prediction`, also if its shape was changed since, or None if there is none.

    >>> r = pt.matrix()
    >>> log_of(pt.exp(r)) is r
    True
    """
    return undo(prediction, "exp")


def at_least(value, least):
    """Return `value`, at least the number `least`. Below it, the gradient is that at `least`."""
    return value + disconnected_grad(pt.maximum(value, number(least, value)) - value)


def amounts(options) -> str | None:
    """Return the range of targets of a Tweedie loss: amounts from a power of 1, and any numbers below."""
    return "nonnegative" if options["power"] >= 1 else None


@loss("poisson", "PoissonNLLLoss", "HalfPoissonLoss", "count:poisson", unit="nats", ranges={"eps": "(0, inf)"},
      support="nonnegative", positive=("prediction",))
def poisson_nll(prediction, target, *, full=False, eps=1e-8):
    r"""Negative log-likelihood of counts with a Poisson distribution, per element.

    .. math:: \ell = p - t \log p \;[+ \log t!] = e^r - t r \;[+ \log t!]

    Parameters
    ----------
    prediction : float tensor (n, d)
        Mean, at least 0, in the unit of `target`. If the graph shows that it is an exponential, the loss uses the
        logarithm before it and is exact for means of any size. Otherwise let the layer end in 'softplus'.
    target : float tensor (n, d)
        Counts, at least 0. A target (n,) is read as (n, 1). Negative targets raise an error when data are checked.
    full : bool
        Whether to add log t!, which does not depend on the prediction.
    eps : float > 0
        Smallest mean, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        In nats, of any sign. With `full` and whole targets it is at least 0.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for counts whose noise grows with their mean. torch's PoissonNLLLoss expects the logarithm by default (no
    flag is needed here), and its `full` is Stirling's approximation. Keras gives NaN for negative predictions.

    References
    ----------
    Nelder & Wedderburn (1972), "Generalized Linear Models", Journal of the Royal Statistical Society A 135(3).

    >>> round(float(symloss.evaluate.value("poisson_nll", [[2.0]], [[3.0]])[0, 0]), 6)
    -0.079442
    """
    prediction, target = align(prediction, target, "poisson_nll")
    logarithm = log_of(prediction)
    if logarithm is None:
        logarithm = pt.log(at_least(prediction, eps))
    values = prediction - target * logarithm
    return values + pt.gammaln(target + 1) if full else values


@loss("HalfGammaLoss", "gamma", "reg:gamma", unit="nats", ranges={"eps": "(0, inf)"}, support="nonnegative",
      positive=("prediction",))
def gamma_nll(prediction, target, *, eps=1e-8):
    r"""Negative log-likelihood of amounts with a gamma distribution, per element, for a shape of 1.

    .. math:: \ell = \log p + \frac{t}{p} = r + t e^{-r}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Mean, positive, in the unit of `target`. If the graph shows that it is an exponential, the loss uses the
        logarithm before it and is exact for means of any size. Otherwise let the layer end in 'softplus'.
    target : float tensor (n, d)
        Amounts, at least 0. A target (n,) is read as (n, 1).
    eps : float > 0
        Smallest mean, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        In nats, of any sign, without the terms that do not depend on the prediction. It is 1 + log t at p = t.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for positive amounts, such as claims or durations, whose noise is proportional to their mean. For another
    shape k the loss is k times this, so the minimizer is the same. `gamma_deviance` is 0 at a perfect fit.

    References
    ----------
    McCullagh & Nelder (1989), "Generalized Linear Models", chapter 8.

    >>> symloss.evaluate.value("gamma_nll", [[1.0]], [[3.0]]).tolist()
    [[3.0]]
    """
    prediction, target = align(prediction, target, "gamma_nll")
    logarithm = log_of(prediction)
    if logarithm is not None:
        return logarithm + target * pt.exp(-logarithm)
    mean = at_least(prediction, eps)
    return pt.log(mean) + target / mean


@loss("mean_gamma_deviance", unit="none", ranges={"eps": "(0, inf)"}, support="positive", positive=("prediction",))
def gamma_deviance(prediction, target, *, eps=1e-8):
    r"""Deviance of a gamma distribution, per element.

    .. math:: \ell = 2 \left(\frac{t}{p} - 1 - \log\frac{t}{p}\right)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Mean, positive, in the unit of `target`. If the graph shows that it is an exponential, the loss uses the
        logarithm before it and is exact for means of any size. Otherwise let the layer end in 'softplus'.
    target : float tensor (n, d)
        Amounts, positive. Others raise an error when data are checked, and values below `eps` are read as `eps`. A
        target (n,) is read as (n, 1).
    eps : float > 0
        Smallest mean, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        At least 0 (to rounding), dimensionless. It is 0 at p = t.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for the same targets as `gamma_nll`. It is twice that, up to a constant that makes a perfect fit 0. It is
    scikit-learn's mean_gamma_deviance.

    References
    ----------
    McCullagh & Nelder (1989), "Generalized Linear Models", chapter 8.

    >>> round(float(symloss.evaluate.value("gamma_deviance", [[1.0]], [[2.0]])[0, 0]), 6)
    0.613706
    """
    prediction, target = align(prediction, target, "gamma_deviance")
    logarithm = log_of(prediction)
    target = at_least(target, eps)
    if logarithm is not None:
        return 2 * (target * pt.exp(-logarithm) - 1 - pt.log(target) + logarithm)
    ratio = target / at_least(prediction, eps)
    return 2 * (ratio - 1 - pt.log(ratio))


@loss("reg:tweedie", "HalfTweedieLoss", "TweedieLoss", "HalfTweedieLossIdentity",
      unit="the unit of the target to the power of 2 - power", ranges={"power": "(-inf, inf)", "eps": "(0, inf)"},
      support=amounts, positive=("prediction",))
def tweedie(prediction, target, *, power=1.5, eps=1e-8):
    r"""Tweedie loss, per element: half the deviance, without the terms that do not depend on the prediction.

    .. math:: \ell = \frac{p^{2 - \rho}}{2 - \rho} - t\, \frac{p^{1 - \rho}}{1 - \rho}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Mean, positive, in the unit of `target`. If the graph shows that it is an exponential, the loss uses the
        logarithm before it and is exact for means of any size. Otherwise let the layer end in 'softplus'.
    target : float tensor (n, d)
        Amounts, at least 0; with a power below 1, any numbers. A target (n,) is read as (n, 1).
    power : float
        rho: how the variance grows with the mean. 0 is `half_squared_error`, 1 is `poisson_nll`, 2 is `gamma_nll` and 3
        is `inverse_gaussian`, each up to a constant. Values between 1 and 2 suit amounts that are often 0.
    eps : float > 0
        Smallest mean, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        Of any sign, in the unit of `target` to the power of 2 - rho.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for amounts with many zeros, such as rain or claims per policy. `power` is tweedie_variance_power in XGBoost
    and LightGBM.

    References
    ----------
    Jorgensen (1987), "Exponential Dispersion Models", Journal of the Royal Statistical Society B 49(2).

    >>> symloss.evaluate.value("tweedie", [[4.0]], [[1.0]]).tolist()
    [[5.0]]
    """
    if power in (1, 2):
        return (poisson_nll if power == 1 else gamma_nll)(prediction, target, eps=eps)
    prediction, target = align(prediction, target, "tweedie")
    rest = number(2 - power, prediction), number(1 - power, prediction)
    logarithm = log_of(prediction)
    if logarithm is not None:
        return pt.exp(rest[0] * logarithm) / rest[0] - target * pt.exp(rest[1] * logarithm) / rest[1]
    mean = at_least(prediction, eps)
    return mean ** rest[1] * (mean / rest[0] - target / rest[1])


@loss("inverse_gaussian_deviance", unit="the unit of the target to the power of -1", ranges={"eps": "(0, inf)"},
      support="positive", positive=("prediction",))
def inverse_gaussian(prediction, target, *, eps=1e-8):
    r"""Half the deviance of an inverse Gaussian distribution, per element.

    .. math:: \ell = \frac{(t - p)^2}{2 p^2 t} = \frac{(t / p - 1)^2}{2 t}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Mean, positive, in the unit of `target`. If the graph shows that it is an exponential, the loss uses the
        logarithm before it and is exact for means of any size. Otherwise let the layer end in 'softplus'.
    target : float tensor (n, d)
        Amounts, positive. Others raise an error when data are checked, and values below `eps` are read as `eps`. A
        target (n,) is read as (n, 1).
    eps : float > 0
        Smallest mean, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        At least 0, in 1 / unit of `target`. It is 0 at p = t.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for positive amounts with a very long tail, whose variance grows as the mean cubed. It is `tweedie` with
    power 3, plus a constant that makes a perfect fit 0.

    References
    ----------
    Tweedie (1957), "Statistical Properties of Inverse Gaussian Distributions", Annals of Mathematical Statistics 28(2).

    >>> symloss.evaluate.value("inverse_gaussian", [[1.0]], [[2.0]]).tolist()
    [[0.25]]
    """
    prediction, target = align(prediction, target, "inverse_gaussian")
    logarithm = log_of(prediction)
    target = at_least(target, eps)
    ratio = target / at_least(prediction, eps) if logarithm is None else target * pt.exp(-logarithm)
    return 0.5 * pt.sqr(ratio - 1) / target
