"""Likelihoods of densities that have parameters beyond the mean, per element."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, number
from .deviance import at_least
from .distribution import gaussian_nll
from .registration import loss


@loss("LaplaceNLLLoss", unit="nats", ranges={"eps": "(0, inf)"}, positive=("scale",))
def laplace_nll(mean, scale, target, *, eps=1e-6):
    r"""Negative log-likelihood of a Laplace distribution, per element.

    .. math:: \ell = \log 2b + \frac{|t - \mu|}{b}, \quad b = \max(\text{scale}, \epsilon)

    Parameters
    ----------
    mean, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    scale : float tensor (n, d)
        Mean absolute deviation, positive, in the unit of `target`. Let its layer end in 'softplus' or 'exp'.
    eps : float > 0
        Smallest scale, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        Of any sign, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for regression with outliers if the model should also predict its uncertainty. It resembles `gaussian_nll`,
    with an absolute instead of a squared error.

    References
    ----------
    Laplace (1774), "Memoire sur la probabilite des causes par les evenements".

    >>> round(float(symloss.evaluate.value("laplace_nll", [[0.0]], [[1.0]], [[2.0]])[0, 0]), 6)
    2.693147
    """
    mean, target = align(mean, target, "laplace_nll")
    mean, scale = align(mean, scale, "laplace_nll", port="scale")
    b = at_least(scale, eps)
    return number(np.log(2), b) + pt.log(b) + pt.abs(target - mean) / b


@loss("StudentTNLLLoss", "student_t", unit="nats", ranges={"degrees": "(0, inf)", "eps": "(0, inf)"},
      positive=("scale",))
def student_t_nll(mean, scale, target, *, degrees=4.0, eps=1e-6):
    r"""Negative log-likelihood of Student's t-distribution, per element.

    .. math:: \ell = \log\Gamma\tfrac{\nu}{2} - \log\Gamma\tfrac{\nu + 1}{2} + \tfrac12 \log(\nu \pi s^2)
              + \tfrac{\nu + 1}{2} \log\left(1 + \frac{(t - \mu)^2}{\nu s^2}\right)

    Parameters
    ----------
    mean, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    scale : float tensor (n, d)
        s, positive, in the unit of `target`. It is not the standard deviation, which is s sqrt(nu / (nu - 2)). Let its
        layer end in 'softplus' or 'exp'.
    degrees : float > 0 or scalar tensor
        nu, degrees of freedom: lower values have heavier tails. 1 is the Cauchy distribution. A tensor can be learned.
    eps : float > 0
        Smallest scale, in the unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        Of any sign, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for regression with outliers of any size if the model should also predict its uncertainty.

    References
    ----------
    Lange, Little & Taylor (1989), "Robust Statistical Modeling Using the t Distribution", Journal of the American
    Statistical Association 84(408).

    >>> round(float(symloss.evaluate.value("student_t_nll", [[0.0]], [[1.0]], [[0.0]], degrees=1.0)[0, 0]), 6)
    1.14473
    """
    mean, target = align(mean, target, "student_t_nll")
    mean, scale = align(mean, scale, "student_t_nll", port="scale")
    s, nu = at_least(scale, eps), number(degrees, scale)
    half = 0.5 * (nu + 1)
    constant = pt.gammaln(0.5 * nu) - pt.gammaln(half) + 0.5 * pt.log(number(np.pi, nu) * nu)
    return constant + pt.log(s) + half * pt.log1p(pt.sqr((target - mean) / s) / nu)


@loss("NegativeBinomialNLLLoss", "negative_binomial", unit="nats", ranges={"eps": "(0, inf)"},
      support="nonnegative", positive=("mean", "concentration"))
def negative_binomial_nll(mean, concentration, target, *, eps=1e-8):
    r"""Negative log-likelihood of counts with a negative binomial distribution, per element.

    .. math:: \ell = \log\Gamma(r) + \log\Gamma(t + 1) - \log\Gamma(t + r) + r \log\left(1 + \frac{\mu}{r}\right)
              + t \log\left(1 + \frac{r}{\mu}\right)

    Parameters
    ----------
    mean : float tensor (n, d)
        mu, at least 0, in the unit of `target`. Let its layer end in 'softplus' or 'exp'.
    target : float tensor (n, d)
        Counts, at least 0. A target (n,) is read as (n, 1).
    concentration : float tensor (n, d)
        r, positive, dimensionless. The variance is mu + mu^2 / r. Let its layer end in 'softplus' or 'exp'.
    eps : float > 0
        Smallest mean and concentration. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        At least 0 for whole targets, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for counts that vary more than a Poisson distribution allows. 1 / r is the dispersion alpha of statsmodels,
    and r is total_count in torch.distributions. In float32, r above 1e4 loses digits. The limit for large r is
    `poisson_nll`.

    References
    ----------
    Hilbe (2011), "Negative Binomial Regression", chapter 8.

    >>> round(float(symloss.evaluate.value("negative_binomial_nll", [[1.0]], [[1.0]], [[2.0]])[0, 0]), 6)
    2.079442
    """
    mean, target = align(mean, target, "negative_binomial_nll")
    mean, concentration = align(mean, concentration, "negative_binomial_nll", port="concentration")
    mu, r = at_least(mean, eps), at_least(concentration, eps)
    ways = pt.gammaln(r) + pt.gammaln(target + 1) - pt.gammaln(target + r)
    return ways + r * pt.log1p(mu / r) + target * pt.log1p(r / mu)


@loss("BetaNLLLoss", "beta_gaussian_nll", unit="nats times the squared unit of the target to the power of beta",
      ranges={"beta": "[0, 1]", "eps": "(0, inf)"}, positive=("variance",))
def beta_nll(mean, variance, target, *, beta=0.5, eps=1e-6):
    r"""Gaussian negative log-likelihood, per element, weighted by a power of its variance.

    .. math:: \ell = \lfloor v^\beta \rfloor \left(\tfrac12 \log(2 \pi v) + \frac{(t - \mu)^2}{2 v}\right),
              \quad v = \max(\sigma^2, \epsilon)

    Parameters
    ----------
    mean, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    variance : float tensor (n, d)
        Positive, in the squared unit of `target`. Let its layer end in 'softplus' or 'exp'.
    beta : float from 0 to 1
        Power of the weight: 0 is `gaussian_nll`. At 1 the mean learns as with the squared error.
    eps : float > 0
        Smallest variance, in the squared unit of `target`. Below it, the gradient is that at `eps`.

    Returns
    -------
    float tensor (n, d)
        Of any sign, in nats times the squared unit of `target` to the power of beta.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it to predict a mean and a variance if `gaussian_nll` stops learning from items that it calls uncertain. No
    gradient passes through the weight, so the loss may rise while the model gets better: watch another metric.

    References
    ----------
    Seitzer et al. (2022), "On the Pitfalls of Heteroscedastic Uncertainty Estimation with Probabilistic Neural
    Networks", ICLR.

    >>> round(float(symloss.evaluate.value("beta_nll", [[0.0]], [[4.0]], [[0.0]])[0, 0]), 6)
    3.224171
    """
    mean, target = align(mean, target, "beta_nll")
    mean, variance = align(mean, variance, "beta_nll", port="variance")
    weight = pt.maximum(variance, number(eps, variance)) ** number(beta, variance)
    return disconnected_grad(weight) * gaussian_nll(mean, variance, target, eps=eps)
