"""Losses of generative models with a density: variational autoencoders and mixtures."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import floating, number, require_same_shape, shape_text
from ..errors import ShapeError
from .classification import binary_cross_entropy, log_of_sum, log_probabilities
from .embedding import vectors
from .masking import counted
from .registration import loss


def _inner(value):
    return tuple(range(1, value.ndim))


@loss("vae_kl", "vae_divergence", "kl_standard_normal", target="none", per="item", unit="nats",
      ranges={"beta": "[0, inf)", "free_bits": "[0, inf)"})
def gaussian_kl(mean, log_variance, *, beta=1.0, free_bits=0.0):
    r"""Kullback-Leibler divergence of a VAE's code from the standard normal distribution, per item.

    .. math:: \ell = \beta \sum_j \max\Big(\lambda, \tfrac12 (\mu_j^2 + e^{v_j} - 1 - v_j)\Big), \quad v = \log\sigma^2

    Parameters
    ----------
    mean, log_variance : float tensor (n, d)
        Mean and log-variance of the d dimensions of the code, dimensionless. Variances up to exp(80) fit float32.
    beta : float, at least 0
        Weight of the divergence relative to the reconstruction, which is a separate loss.
    free_bits : float, at least 0
        Lambda, in nats. A dimension whose divergence is smaller than this has no gradient.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats. It is 0 for the standard normal (without free bits).

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it beside any reconstruction loss. Free bits, or a weight that grows from 0, prevent posterior collapse. The
    paper applies free bits to the mean over a batch. Here they apply to each item, so that no item depends on another
    one.

    References
    ----------
    Kingma & Welling (2014), "Auto-Encoding Variational Bayes", ICLR; Higgins et al. (2017), "beta-VAE", ICLR;
    Kingma et al. (2016), "Improved Variational Inference with Inverse Autoregressive Flow", NIPS (free bits).

    >>> symloss.evaluate.value("vae_kl", [[1.0, 0.0]], [[0.0, 0.0]]).tolist()
    [0.5]
    """
    mean, log_variance = vectors(mean, log_variance, "gaussian_kl", "log_variance")
    each = 0.5 * (pt.sqr(mean) + pt.expm1(log_variance) - log_variance)
    if free_bits:
        each = pt.maximum(each, number(free_bits, each))
    return number(beta, each) * each.sum(axis=_inner(each))


@loss("VAELoss", "elbo", "negative_elbo", target="same", activation="sigmoid", per="item", unit="nats",
      absent={"prediction": 0, "target": 0}, ranges={"beta": "[0, inf)", "free_bits": "[0, inf)"})
def vae(prediction, mean, log_variance, target, *, beta=1.0, free_bits=0.0):
    r"""Negative evidence lower bound of a VAE with Bernoulli outputs, per item.

    .. math:: \ell = -\sum_i \big(t_i \log p_i + (1 - t_i) \log(1 - p_i)\big)
              + \frac{\beta}{2} \sum_j (\mu_j^2 + \sigma_j^2 - 1 - \log \sigma_j^2)

    Parameters
    ----------
    prediction : float tensor (n, ...)
        The reconstruction, as probabilities in [0, 1]. The logits are used if the graph shows a sigmoid.
    mean, log_variance : float tensor (n, d)
        Mean and log-variance of the d dimensions of the code, dimensionless.
    target : tensor (n, ...)
        The input, in [0, 1].
    beta : float, at least 0
        Weight of the divergence relative to the reconstruction.
    free_bits : float, at least 0
        Smallest divergence of a dimension that is counted, in nats.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats: sums over features and over dimensions, as in numpy_ml, whose VAELoss is the mean of this.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for images in [0, 1]. For other data add `gaussian_kl` to a reconstruction loss that is summed over the
    features. A mean over the features would make the divergence d times heavier than in the bound.

    References
    ----------
    Kingma & Welling (2014), "Auto-Encoding Variational Bayes", ICLR.

    >>> symloss.evaluate.value("vae", [[0.5, 0.5]], [[1.0]], [[0.0]], [[1.0, 0.0]]).round(6).tolist()
    [1.886294]
    """
    reconstruction = binary_cross_entropy(prediction, target)
    divergence = gaussian_kl(mean, log_variance, beta=beta, free_bits=free_bits)
    lengths = reconstruction.type.shape[0], divergence.type.shape[0]
    if divergence.ndim != 1 or (None not in lengths and lengths[0] != lengths[1]):
        raise ShapeError(
            f"vae: the mean has shape {shape_text(floating(mean, 'vae', 'mean'))} and the prediction "
            f"{shape_text(reconstruction)}. Pass one code per item"
        )
    return reconstruction.sum(axis=_inner(reconstruction)) + divergence.astype(reconstruction.dtype)


def _one_or_deep(shapes, options):
    """Return the shape of a target: as many numbers as the components' means have, one of (n, k)."""
    mixture, mean = shapes["mixture"], shapes["mean"]
    return (*mixture[:-1], 1 if len(mean) == len(mixture) else mean[-1])


@loss("mdn", "MixtureDensity", "gaussian_mixture_nll", target="same", per="item", unit="nats", shape=_one_or_deep,
      ranges={"eps": "(0, inf)"}, positive=("variance",))
def mixture_density(mixture, mean, variance, target, *, eps=1e-6, weights=None):
    r"""Negative log-likelihood of a mixture of Gaussians, per item.

    .. math:: \ell = -\log \sum_k \pi_k \prod_d \mathcal{N}(t_d; \mu_{kd}, \sigma^2_{kd})

    Parameters
    ----------
    mixture : float tensor (n, k)
        Probabilities of the k components. The logits are used if the graph shows a softmax.
    mean, variance : float tensor (n, k) or (n, k, d)
        Mean and variance of each component, in the unit of `target` and in its square. Let the variance's layer end in
        'softplus'.
    target : float tensor (n,), (n, 1) or (n, d)
        One number for each item with (n, k), or d of them with (n, k, d).
    eps : float > 0
        Smallest variance, in the squared unit of `target`. Below it, the gradient is that at `eps`.
    weights : float tensor or None
        If each item has d numbers, those with weight 0 are left out of the product.

    Returns
    -------
    float tensor (n,)
        Of any sign, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for targets that can take one of several values. A component that sits on a single target drives its variance
    to `eps`: set it to the least noise that you expect in the data.

    References
    ----------
    Bishop (1994), "Mixture Density Networks", NCRG/94/004, Aston University.

    >>> symloss.evaluate.value("mdn", [[0.5, 0.5]], [[0.0, 0.0]], [[1.0, 1.0]], [0.0]).round(6).tolist()
    [0.918939]
    """
    who = "mixture_density"
    mixture, mean, variance = (floating(x, who, port) for x, port in ((mixture, "mixture"), (mean, "mean"),
                                                                      (variance, "variance")))
    target = floating(target, who, "target").astype(mixture.dtype)
    flat = mean.ndim == mixture.ndim
    require_same_shape(mixture, mean if flat else mean[..., 0], who, "mean", given=(mixture, mean))
    lengths = zip(mean.type.shape, variance.type.shape, strict=False)
    if mean.ndim != variance.ndim or any(None not in pair and pair[0] != pair[1] for pair in lengths):
        raise ShapeError(f"{who}: the variance has shape {shape_text(variance)} and the mean {shape_text(mean)}. Pass "
                         "both in the same shape")
    if flat:
        if target.ndim == mixture.ndim and target.type.shape[-1] in (1, None):
            target = pt.specify_shape(target, (*(None,) * (target.ndim - 1), 1))[..., 0]
        require_same_shape(mixture[..., 0], target, who, given=(mixture, target))
        mean, variance, target = mean[..., None], variance[..., None], target[..., None]
    require_same_shape(mean[..., 0, :], target, who, given=(mean, target))
    mean, variance = mean.astype(mixture.dtype), variance.astype(mixture.dtype)
    v = variance + disconnected_grad(pt.maximum(variance, number(eps, variance)) - variance)
    each = number(np.log(2 * np.pi), v) + pt.log(v) + pt.sqr(target[..., None, :] - mean) / v
    if weights is not None:
        each = pt.switch(counted(weights, target)[..., None, :], each, 0)
    logs = log_probabilities(mixture) - 0.5 * each.sum(axis=-1)
    top = disconnected_grad(logs.max(axis=-1, keepdims=True))
    return -top[..., 0] - log_of_sum(pt.exp(logs - top))
