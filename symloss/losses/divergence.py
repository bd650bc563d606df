"""Divergences between distributions other than Kullback-Leibler's, and distances between samples."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, number, shape_text, undo
from ..errors import ShapeError
from .embedding import root, squares_by_product
from .probabilities import floor, log_probabilities, log_where, times
from .registration import loss
from .similarity import item_weights


@loss("KLDivLoss", "kl_div", "kl_divergence_with_log_predictions", target="same", per="item", unit="nats",
      absent={"prediction": 0, "target": 0}, support="nonnegative")
def kl_from_logs(prediction, target):
    r"""Kullback-Leibler divergence of log-probabilities from the target, per item.

    .. math:: \ell = \sum_c t_c (\log t_c - x_c), \quad x = \log p

    Parameters
    ----------
    prediction : float tensor (n, k)
        Log-probabilities x over the last axis.
    target : float tensor (n, k)
        Probabilities, at least 0, and each row sums to 1. An entry of 0 adds 0.

    Returns
    -------
    float tensor (n,)
        In nats. It is 0 for equal distributions, and at least 0 if exp(x) sums to 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for models that end in a log-softmax. Pass probabilities to `kl_divergence` instead, which finds their logits
    itself. It is torch's KLDivLoss summed over the classes: torch's default mean divides by the number of entries, and
    'batchmean' by the number of items.

    References
    ----------
    Kullback & Leibler (1951), "On Information and Sufficiency", Annals of Mathematical Statistics 22(1).

    >>> symloss.evaluate.value("kl_from_logs", [[-1.0, -1.0]], [[1.0, 0.0]]).tolist()
    [1.0]
    """
    x, target = align(prediction, target, "kl_from_logs")
    return times(pt.maximum(target, 0), log_where(pt.gt(target, 0), target) - x).sum(axis=-1)


@loss("reverse_kl_divergence", "rkl", target="same", activation="softmax", per="item", unit="nats")
def reverse_kl(prediction, target):
    r"""Reverse Kullback-Leibler divergence, of the target from the prediction, per item.

    .. math:: \ell = \sum_c p_c (\log p_c - \log t_c)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities over the last axis. The logits are used if the graph shows a softmax.
    target : float tensor (n, k)
        Above 0, and each row sums to 1. An entry of 0 is read as the smallest number that has a finite logarithm.

    Returns
    -------
    float tensor (n,)
        In nats; 0 for equal distributions, and at least 0 if both sum to 1.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for student models that should choose one mode of the target rather than cover all of them.

    References
    ----------
    Kullback & Leibler (1951), "On Information and Sufficiency", Annals of Mathematical Statistics 22(1).

    >>> symloss.evaluate.value("reverse_kl", [[1.0, 0.0]], [[0.5, 0.5]]).round(6).tolist()
    [0.693147]
    """
    p, target = align(prediction, target, "reverse_kl")
    return times(p, log_probabilities(p) - pt.log(floor(target))).sum(axis=-1)


@loss("js", "jsd", "js_divergence", "JensenShannonDivergence", target="same", activation="softmax", per="item",
      unit="nats")
def jensen_shannon(prediction, target):
    r"""Jensen-Shannon divergence, per item.

    .. math:: \ell = \tfrac12 \sum_c \Big(t_c \log \frac{t_c}{m_c} + p_c \log \frac{p_c}{m_c}\Big),
              \quad m = \tfrac12 (t + p)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities over the last axis.
    target : float tensor (n, k)
        At least 0, and each row sums to 1.

    Returns
    -------
    float tensor (n,)
        From 0 to log 2 (to rounding), in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for soft targets that are uncertain themselves. It is bounded and symmetric. scipy's `jensenshannon` is its
    square root.

    References
    ----------
    Lin (1991), "Divergence Measures Based on the Shannon Entropy", IEEE Transactions on Information Theory 37(1).

    >>> symloss.evaluate.value("js", [[1.0, 0.0]], [[0.0, 1.0]]).round(6).tolist()
    [0.693147]
    """
    p, t = align(prediction, target, "jensen_shannon")
    ahead, log_2 = log_probabilities(p) - pt.log(floor(t)), number(np.log(2), p)  # p / m = 2 / (1 + t / p)
    values = times(p, log_2 - pt.softplus(-ahead)) + times(t, log_2 - pt.softplus(ahead))
    return 0.5 * values.sum(axis=-1)


@loss("generalized_kl", "convex_kl", "convex_kl_divergence", "i_divergence", "generalized_kl_divergence", target="same",
      per="item", unit="nats", absent={"prediction": 0, "target": 0}, support="nonnegative", positive=("prediction",))
def generalised_kl(prediction, target):
    r"""Generalised Kullback-Leibler divergence of quantities that need not sum to 1, per item.

    .. math:: \ell = \sum_c \Big(t_c \log \frac{t_c}{p_c} - t_c + p_c\Big)

    Parameters
    ----------
    prediction, target : float tensor (n, k)
        At least 0, in the same unit. A target of 0 adds p.

    Returns
    -------
    float tensor (n,)
        At least 0 (to rounding), in the unit of `target` (nats if it is dimensionless).

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for spectra, counts and other factors that are not negative. optax's `convex_kl_divergence` takes the
    logarithm of p.

    References
    ----------
    Csiszar (1991), "Why Least Squares and Maximum Entropy?", Annals of Statistics 19(4).

    >>> symloss.evaluate.value("generalised_kl", [[1.0, 2.0]], [[1.0, 0.0]]).tolist()
    [2.0]
    """
    p, t = align(prediction, target, "generalised_kl")
    least = np.asarray(np.finfo(p.dtype).tiny ** 0.6, p.dtype)  # t / p is finite down to here, for any t
    above = p + disconnected_grad(pt.maximum(p, least) - p)
    wanted = pt.neq(t, 0)
    return (t * (log_where(wanted, t) - pt.log(pt.switch(wanted, above, 1))) - t + p).sum(axis=-1)


@loss("tv", "tvd", "TotalVariationDistance", target="same", activation="softmax", per="item", unit="none")
def total_variation(prediction, target):
    r"""Total variation distance between two distributions, per item.

    .. math:: \ell = \tfrac12 \sum_c |t_c - p_c|

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities over the last axis.
    target : float tensor (n, k)
        At least 0, and each row sums to 1.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless. Its gradient is 0 where p = t.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for distillation and noisy labels: no single class can cost more than 1.

    References
    ----------
    Ghosh, Kumar & Sastry (2017), "Robust Loss Functions under Label Noise for Deep Neural Networks", AAAI.

    >>> symloss.evaluate.value("tv", [[0.5, 0.5]], [[1.0, 0.0]]).tolist()
    [0.5]
    """
    p, t = align(prediction, target, "total_variation")
    return 0.5 * pt.abs(t - p).sum(axis=-1)


@loss("hellinger", "HellingerDistance", target="same", activation="softmax", per="item", unit="none")
def squared_hellinger(prediction, target):
    r"""Squared Hellinger distance between two distributions, per item.

    .. math:: \ell = \tfrac12 \sum_c \big(\sqrt{t_c} - \sqrt{p_c}\big)^2

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities over the last axis. The logits are used if the graph shows a softmax.
    target : float tensor (n, k)
        At least 0, and each row sums to 1.

    Returns
    -------
    float tensor (n,)
        From 0 to 1, dimensionless.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for soft targets if some of them may be wrong. It is a bounded divergence, and smooth where the total
    variation is not. The Hellinger distance is its square root.

    References
    ----------
    Hellinger (1909), "Neue Begruendung der Theorie quadratischer Formen von unendlichvielen Veraenderlichen".

    >>> symloss.evaluate.value("hellinger", [[0.25, 0.75]], [[1.0, 0.0]]).round(6).tolist()
    [0.5]
    """
    p, t = align(prediction, target, "squared_hellinger")
    if undo(p, "softmax") is not None:
        root_p = pt.exp(0.5 * log_probabilities(p))
    else:  # the slope of a root at 0 is infinite: it is held at that of the rounding error
        least = np.asarray(np.finfo(p.dtype).eps ** 2, p.dtype)
        root_p = pt.sqrt(p + disconnected_grad(pt.maximum(p, least) - p))
    return 0.5 * pt.sqr(root(t) - root_p).sum(axis=-1)


@loss("EnergyDistanceLoss", target="same", per="item", unit="the unit of the target",
      absent={"prediction": 0, "target": 0})
def energy_distance(prediction, target, *, weights=None):
    r"""Energy distance between the batch of predictions and the batch of targets; per item a share.

    .. math:: \ell_i = \frac1n \sum_j \|p_i - t_j\| + \|t_i - p_j\| - \|p_i - p_j\| - \|t_i - t_j\|

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        Two samples in the same unit. Row i of one is not paired with row i of the other.
    weights : float tensor (n,) or (n, d), or None
        Weight of each item, in both samples (averaged over d).

    Returns
    -------
    float tensor (n,)
        The mean over items is the (squared) energy distance. It is at least 0, in the unit of `target`, and 0 for equal
        samples. The value of a single item can be negative.

    Raises
    ------
    ShapeError
        If the ranks are not 2, or the static shapes can never agree.

    Notes
    -----
    Use it for generators. There is no bandwidth to choose. The estimate is biased (a V-statistic). scipy's
    `energy_distance` is its square root. Memory grows with n * n, and in double precision with n * n * d.

    References
    ----------
    Szekely & Rizzo (2013), "Energy statistics: A class of statistics based on distances", JSPI 143(8).

    >>> symloss.evaluate.value("energy_distance", [[0.0], [0.0]], [[3.0], [3.0]]).tolist()
    [6.0, 6.0]
    """
    p, t = align(prediction, target, "energy_distance")
    if p.ndim != 2:
        raise ShapeError(f"energy_distance: the prediction has shape {shape_text(prediction)} and the target "
                         f"{shape_text(t)}, but both must have 2 axes, (n, d)")
    across = _distances(p, t)
    gaps = across + across.T - _distances(p, p) - _distances(t, t)
    shares = item_weights(weights, p, "energy_distance")
    total = shares.sum()
    return (gaps * shares).sum(axis=1) / pt.switch(pt.eq(total, 0), 1, total)


def _distances(x, y):
    """Return the distances between the rows of `x` and `y`.

    In double precision they come from differences. In single precision their squares come from a product, which needs
    no memory of n * n * d: the values from one in double precision, whose rounding cannot be seen, and the slopes from
    one of what is left around the mean, which keeps them in single precision. What rounding leaves of a row and itself
    is 0: it has no slope.
    """
    if x.dtype != "float32":
        return root(pt.sqr(x[:, None, :] - y[None, :, :]).sum(axis=-1))
    middle = disconnected_grad(x.mean(axis=0))
    squares = squares_by_product(x - middle, y - middle)
    wide_x, wide_y = x.astype("float64"), y.astype("float64")
    sizes = pt.sqr(wide_x).sum(axis=-1)[:, None] + pt.sqr(wide_y).sum(axis=-1)
    exact = squares_by_product(wide_x, wide_y)
    exact = pt.switch(pt.gt(exact, 4e-15 * sizes), exact, 0).astype(x.dtype)
    return root(squares + disconnected_grad(exact - squares))


@loss("gaussian_crps", "CRPS", target="same", unit="the unit of the target", positive=("variance",))
def crps_gaussian(mean, variance, target):
    r"""Continuous ranked probability score of a Gaussian, per element.

    .. math:: \ell = \sigma \Big(u (2 \Phi(u) - 1) + 2 \varphi(u) - \frac{1}{\sqrt\pi}\Big), \quad
              u = \frac{t - \mu}{\sigma}

    Parameters
    ----------
    mean, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    variance : float tensor (n, d)
        Positive, in the squared unit of `target`. Let its layer end in 'softplus' or 'exp'.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of `target`; for a variance of 0 the absolute error.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for regression if the model should also predict its uncertainty, with less weight on outliers than
    `gaussian_nll`. It takes the same ports.

    References
    ----------
    Gneiting et al. (2005), "Calibrated Probabilistic Forecasting Using Ensemble Model Output Statistics and Minimum
    CRPS Estimation", Monthly Weather Review 133(5).

    >>> symloss.evaluate.value("crps_gaussian", [[0.0]], [[1.0]], [[0.0]]).round(6).tolist()
    [[0.233695]]
    """
    mean, target = align(mean, target, "crps_gaussian")
    mean, variance = align(mean, variance, "crps_gaussian", port="variance")
    least = np.asarray(np.finfo(variance.dtype).eps ** 2, variance.dtype)
    sigma = pt.sqrt(variance + disconnected_grad(pt.maximum(variance, least) - variance))
    e = target - mean
    u = e / sigma
    spread = number(np.sqrt(2 / np.pi), u) * pt.exp(-0.5 * pt.sqr(u)) - number(1 / np.sqrt(np.pi), u)
    return e * pt.erf(u * number(np.sqrt(0.5), u)) + sigma * spread
