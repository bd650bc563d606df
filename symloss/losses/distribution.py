"""Divergences between distributions, and likelihoods."""

import inspect

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import (
    align,
    floating,
    number,
    require_same_shape,
    shape_text,
    tensor,
)
from ..errors import ShapeError, SpecError
from .embedding import squares_by_product
from .probabilities import log_probabilities
from .reduction import of_items
from .registration import loss


@loss("kl", "kld", "KullbackLeiblerDivergence", target="same", activation="softmax", per="item", unit="nats")
def kl_divergence(prediction, target):
    r"""Kullback-Leibler divergence of the prediction from the target, per item.

    .. math:: \ell = \sum_c t_c (\log t_c - \log p_c)

    Parameters
    ----------
    prediction : float tensor (n, k)
        Probabilities over the last axis. The logits are used if the graph shows a softmax.
    target : float tensor (n, k)
        At least 0, and each row sums to 1. An entry of 0 adds 0.

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
    Use it for soft targets if a perfect fit should give 0. Its gradient is that of the cross-entropy.

    References
    ----------
    Kullback & Leibler (1951), "On Information and Sufficiency", Annals of Mathematical Statistics 22(1).

    >>> round(float(symloss.evaluate.value("kl", [[0.5, 0.5]], [[1.0, 0.0]])[0]), 6)
    0.693147
    """
    prediction, target = align(prediction, target, "kl_divergence")
    present = pt.gt(target, 0)
    log_target = pt.log(pt.switch(present, target, 1))
    return pt.switch(present, target * (log_target - log_probabilities(prediction, target)), 0).sum(axis=-1)


@loss("gll", "GaussianNLLLoss", "GaussianLogLikelihood", target="same", unit="nats", ranges={"eps": "(0, inf)"},
      positive=("variance",))
def gaussian_nll(mean, variance, target, *, eps=1e-6):
    r"""Negative log-likelihood of a Gaussian, per element.

    .. math:: \ell = \tfrac12 \log(2 \pi v) + \frac{(t - \mu)^2}{2 v}, \quad v = \max(\sigma^2, \epsilon)

    Parameters
    ----------
    mean, target : float tensor (n, d)
        In the same unit, of any sign. A target (n,) is read as (n, 1).
    variance : float tensor (n, d)
        Positive, in the squared unit of `target`. Let its layer end in 'softplus' or 'exp'.
    eps : float > 0
        Smallest variance, in the squared unit of `target`. Below it, the gradient is that at `eps`.

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
    Use it for regression if the model should also predict its uncertainty, for each element.

    References
    ----------
    Nix & Weigend (1994), "Estimating the mean and variance of the target probability distribution", ICNN.

    >>> round(float(symloss.evaluate.value("gaussian_nll", [[0.0]], [[1.0]], [[0.0]])[0, 0]), 6)
    0.918939
    """
    mean, target = align(mean, target, "gaussian_nll")
    mean, variance = align(mean, variance, "gaussian_nll", port="variance")
    v = variance + disconnected_grad(pt.maximum(variance, number(eps, variance)) - variance)
    return 0.5 * (number(np.log(2 * np.pi), v) + pt.log(v) + pt.sqr(target - mean) / v)


@loss("mmd", "MaximumMeanDiscrepancy", target="same", per="item", unit="none", absent={"prediction": 0, "target": 0},
      ranges={"bandwidth": "(0, inf)"})
def maximum_mean_discrepancy(prediction, target, *, bandwidth=1.0, weights=None):
    r"""Maximum mean discrepancy between the batch of predictions and the batch of targets, squared; per item a share.

    .. math:: \ell_i = \frac{1}{n} \sum_j k(t_i, t_j) - 2 k(t_i, p_j) + k(p_i, p_j),
              \quad k(x, y) = e^{-\|x - y\|^2 / b}

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        Two samples in the same unit. Row i of one is not paired with row i of the other.
    bandwidth : float > 0
        b, in the squared unit of `target`.
    weights : float tensor (n,) or (n, d), or None
        Weight of each item, in both samples (averaged over d).

    Returns
    -------
    float tensor (n,)
        The mean over items is the squared discrepancy. It is at least 0, and 0 for equal samples. The value of a single
        item can be negative.

    Raises
    ------
    ShapeError
        If the ranks are not 2, or the static shapes can never agree.

    Notes
    -----
    Use it for generators whose samples should be distributed as the data. The estimate is biased (a V-statistic),
    because it includes the diagonal.

    References
    ----------
    Gretton et al. (2012), "A Kernel Two-Sample Test", JMLR 13.

    >>> symloss.evaluate.value("mmd", [[1.0], [2.0]], [[2.0], [1.0]]).tolist()
    [0.0, 0.0]
    """
    prediction, target = align(prediction, target, "maximum_mean_discrepancy")
    if prediction.ndim != 2:
        raise ShapeError(f"maximum_mean_discrepancy: the prediction has shape {shape_text(prediction)}, but it must "
                         "have 2 axes, (n, d)")
    kernels = (_gaussian_kernel(target, target, bandwidth) - 2 * _gaussian_kernel(target, prediction, bandwidth)
               + _gaussian_kernel(prediction, prediction, bandwidth))
    if weights is None:
        return kernels.mean(axis=1)
    weights = floating(tensor(weights, "maximum_mean_discrepancy", "weights"), "maximum_mean_discrepancy", "weights")
    weights = of_items(weights).astype(kernels.dtype)
    total = weights.sum()
    return (kernels * weights).sum(axis=1) / pt.switch(pt.eq(total, 0), 1, total)


def _gaussian_kernel(x, y, bandwidth):
    """Return the matrix of exp(-squared distance / bandwidth) between the rows of `x` and `y`."""
    squares = squares_by_product(x, y)
    return pt.exp(-pt.maximum(squares, 0) / number(bandwidth, squares))


def nll(distribution):
    """Return a loss, minus the log-density of the target, per element or per item, as the density is.

    Parameters
    ----------
    distribution : callable, or a module or object with a callable ``logpdf``, ``logp`` or ``logpmf``
        ``distribution(target, *parameters)`` returns a graph of the log-density, in nats. The names of its parameters
        become ports, and parameters with a default become hyperparameters.

    Returns
    -------
    callable
        ``loss(*parameters, target)``, called ``nll_<name>``. You can call it with tensors, or register it under that
        name with ``symloss.loss(...)``.

    Raises
    ------
    SpecError
        If there is no such callable, or if it has no parameter beside the target.
    ShapeError
        From the loss, if the static shapes of target and density can never agree.

    >>> def exponential(x, rate):
    ...     return pt.log(rate) - rate * x
    >>> loss = nll(exponential)
    >>> loss.__name__, list(inspect.signature(loss).parameters)
    ('nll_exponential', ['rate', 'target'])
    >>> loss(pt.constant([2.0]), pt.constant([1.0])).eval().round(6).tolist()
    [1.306853]
    """
    density, name = _log_density(distribution)
    first, *parameters = inspect.signature(density).parameters.values()
    names = [p.name for p in parameters if p.default is p.empty]
    options = [p.replace(kind=p.KEYWORD_ONLY) for p in parameters if p.default is not p.empty]
    if not names or "target" in names:
        raise SpecError(f"nll: {name}({', '.join([first.name, *names])}) is not a density of a target and parameters. "
                        "Pass a function (target, *parameters)")

    def negative_log_likelihood(*ports, **keywords):
        who = f"nll_{name}"
        *values, target = (floating(x, who, port) for x, port in zip(ports, [*names, "target"], strict=True))
        target = target.astype(values[0].dtype)
        for value in values:
            if value.ndim == target.ndim:
                require_same_shape(value, target, who)
        try:
            result = -density(target, **dict(zip(names, values, strict=True)), **keywords)
        except ValueError as error:
            raise ShapeError(f"{who}: the target {shape_text(target)} does not fit the parameters of the density "
                             f"({error}). Pass them in shapes that fit") from error
        if result.ndim > target.ndim:
            raise ShapeError(
                f"{who}: the target has shape {shape_text(target)} and {names[0]} has {shape_text(values[0])}, but "
                f"the log-density has {result.ndim} axes. They were repeated against each other; pass both in one "
                "shape"
            )
        if result.ndim == target.ndim:
            require_same_shape(result, target, who)
        return result.astype(target.dtype)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    ports = [inspect.Parameter(port, kind) for port in [*names, "target"]]
    negative_log_likelihood.__signature__ = inspect.Signature([*ports, *options])
    negative_log_likelihood.__name__ = f"nll_{name}"
    negative_log_likelihood.__doc__ = f"Negative log-likelihood of the density {name}, per element or per item."
    return negative_log_likelihood


def _log_density(distribution):
    """Return the log-density of `distribution`, and the name of that."""
    name = getattr(distribution, "__name__", type(distribution).__name__).rsplit(".", 1)[-1]
    for method in ("logpdf", "logp", "logpmf"):
        if callable(getattr(distribution, method, None)):
            return getattr(distribution, method), name
    if not callable(distribution):
        raise SpecError(f"nll: {distribution!r} is not a density. Pass a function (target, *parameters) that builds a "
                        "graph")
    return distribution, name
