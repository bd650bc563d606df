"""theano.tensor.nnet.bn: batch normalization."""

import pytensor.tensor as pt

from ...names import forwarding

__all__ = ["batch_normalization", "batch_normalization_test", "batch_normalization_train"]


def batch_normalization(inputs, gamma, beta, mean, std, mode="low_mem"):
    """Return ``(inputs - mean) * gamma / std + beta``; `mode` chose between two codes for the same."""
    if mode not in ("low_mem", "high_mem"):
        raise ValueError(f"mode must be either 'low_mem' or 'high_mem', got {mode!r}")
    return (inputs - mean) * (gamma / std) + beta


def _axes(axes, ndim) -> tuple[int, ...]:
    named = {"per-activation": (0,), "spatial": (0, *range(2, ndim))}
    return named[axes] if isinstance(axes, str) else tuple(axes)


def _spread(x, axes, ndim):
    """Return a vector of statistics or parameters with axes of length 1 where it is the same for all."""
    x = pt.as_tensor_variable(x)
    if x.ndim == ndim:
        return pt.specify_broadcastable(x, *axes)
    rest = iter(range(x.ndim))
    return x.dimshuffle(*("x" if axis in axes else next(rest) for axis in range(ndim)))


def batch_normalization_train(inputs, gamma, beta, axes="per-activation", epsilon=1e-4, running_average_factor=0.1,
                              running_mean=None, running_var=None):
    """Return (normalized inputs, mean, 1 / standard deviation), and the new running averages if these are given.

    Parameters
    ----------
    axes : 'per-activation', 'spatial' or tuple of int
        What is averaged over: the items; items and places; or these axes.
    epsilon : float
        Added to the variance.
    running_average_factor : float
        Share of the new values in the running averages, of which that of the variance is unbiased.
    """
    axes = _axes(axes, inputs.ndim)
    gamma, beta = _spread(gamma, axes, inputs.ndim), _spread(beta, axes, inputs.ndim)
    mean, variance = inputs.mean(axes, keepdims=True), inputs.var(axes, keepdims=True)
    inverse = pt.reciprocal(pt.sqrt(variance + epsilon))
    found = [(inputs - mean) * (gamma * inverse) + beta, mean, inverse]
    if running_mean is not None:
        running_mean = _spread(running_mean, axes, inputs.ndim)
        found.append(running_mean * (1 - running_average_factor) + mean * running_average_factor)
    if running_var is not None:
        count = pt.cast(pt.prod([inputs.shape[a] for a in axes]), inputs.dtype)
        running_var = _spread(running_var, axes, inputs.ndim)
        unbiased = variance * count / (count - 1)
        found.append(running_var * (1 - running_average_factor) + unbiased * running_average_factor)
    return tuple(found)


def batch_normalization_test(inputs, gamma, beta, mean, var, axes="per-activation", epsilon=1e-4):
    """Return inputs normalized by a given mean and variance."""
    axes = _axes(axes, inputs.ndim)
    gamma, beta, mean, var = (_spread(v, axes, inputs.ndim) for v in (gamma, beta, mean, var))
    return (inputs - mean) * (gamma / pt.sqrt(var + epsilon)) + beta


__getattr__ = forwarding("theano.tensor.nnet.bn")
