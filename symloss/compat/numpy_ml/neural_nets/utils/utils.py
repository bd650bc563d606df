"""Initial weights, drawn from `symloss.compat.numpy_ml.random`."""

import numpy as np

from ...errors import BadShapeError
from ...random import get_rng

__all__ = ["calc_fan", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "truncated_normal"]


def calc_fan(weight_shape) -> tuple:
    """Return the fan in and fan out of weights of shape (..., inputs, outputs).

    Raises
    ------
    BadShapeError
        If the number of axes is not 2, 3 or 4.

    >>> calc_fan((3, 3, 8, 16))
    (72, 144)
    """
    if len(weight_shape) not in (2, 3, 4):
        raise BadShapeError(f"calc_fan: weights of shape {tuple(weight_shape)} are not valid; they must have 2, 3 or 4 "
                            f"axes, the last two of which are inputs and outputs")
    field = int(np.prod(weight_shape[:-2]))
    return weight_shape[-2] * field, weight_shape[-1] * field


def he_uniform(weight_shape):
    """Return uniform weights with variance 2 / inputs (He et al. 2015)."""
    limit = np.sqrt(6 / calc_fan(weight_shape)[0])
    return get_rng().uniform(-limit, limit, size=weight_shape)


def he_normal(weight_shape):
    """Return normal weights with variance 2 / inputs before they are truncated (He et al. 2015)."""
    return truncated_normal(0, np.sqrt(2 / calc_fan(weight_shape)[0]), weight_shape)


def glorot_uniform(weight_shape, gain=1.0):
    """Return uniform weights with variance 2 gain^2 / (inputs + outputs) (Glorot & Bengio 2010)."""
    limit = gain * np.sqrt(6 / sum(calc_fan(weight_shape)))
    return get_rng().uniform(-limit, limit, size=weight_shape)


def glorot_normal(weight_shape, gain=1.0):
    """Return normal weights with variance 2 gain^2 / (inputs + outputs) before they are truncated."""
    return truncated_normal(0, gain * np.sqrt(2 / sum(calc_fan(weight_shape))), weight_shape)


def truncated_normal(mean, std, out_shape):
    """Return normal numbers within two standard deviations of their mean; others are drawn again."""
    values = get_rng().normal(loc=mean, scale=std, size=out_shape)
    while (far := abs(values - mean) >= 2 * std).any():
        values[far] = get_rng().normal(loc=mean, scale=std, size=int(far.sum()))
    return values
