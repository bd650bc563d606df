"""Functions of neural networks: activations, normalization, cross-entropies."""

import math

import numpy as np
import pytensor.tensor as pt
from scipy import special

from ....errors import ShapeError, SpecError
from ..backend import EPSILON
from .creation import zeros_like
from .dispatch import finished, one, several, unary
from .elementwise import (
    absolute,
    cast,
    clip,
    expm1,
    log,
    maximum,
    minimum,
    sqrt,
    square,
    tanh,
    where,
)
from .reductions import mean, norm, sum, var
from .shaping import expand_dims, moveaxis, one_hot, split, squeeze

sigmoid = unary("sigmoid", special.expit, pt.sigmoid, floats=True)
softplus = unary("softplus", lambda x: np.logaddexp(x, np.zeros((), x.dtype)), pt.softplus, floats=True)


def relu(x):
    """Return max(x, 0)."""
    return maximum(x, 0)


def relu6(x):
    """Return x moved into [0, 6]."""
    return clip(x, 0, 6)


def leaky_relu(x, negative_slope=0.2):
    """Return x, below 0 times `negative_slope`."""
    x, _ = one(x, floats=True)
    return maximum(x, x * np.asarray(negative_slope, x.dtype))


def elu(x, alpha=1.0):
    """Return x, below 0 alpha (exp(x) - 1)."""
    x, _ = one(x, floats=True)
    return where(x >= 0, x, np.asarray(alpha, x.dtype) * expm1(minimum(x, 0)))


def selu(x):
    """Return the scaled elu, with the constants of Klambauer et al. (2017)."""
    return 1.0507009873554805 * elu(x, 1.6732632423543772)


def celu(x, alpha=1.0):
    """Return max(x, 0) + alpha (exp(min(x, 0) / alpha) - 1)."""
    return maximum(x, 0.0) + alpha * expm1(minimum(x, 0.0) / alpha)


def silu(x):
    """Return x sigmoid(x)."""
    x, _ = one(x, floats=True)
    return x * sigmoid(x)


swish = silu


def gelu(x, approximate=True):
    """Return x times the normal distribution function, or the approximation of it by a hyperbolic tangent."""
    x, library = one(x, floats=True)
    if approximate:
        return 0.5 * x * (1 + tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    erf = special.erf if library is np else pt.erf
    return finished(x * (erf(x / np.asarray(math.sqrt(2), x.dtype)) + 1) / 2)


def glu(x, axis=-1):
    """Return the first half along an axis times the sigmoid of the second."""
    x, _ = one(x, floats=True)
    first, second = split(x, 2, axis)
    return first * sigmoid(second)


def softsign(x):
    """Return x / (1 + |x|)."""
    x, _ = one(x, floats=True)
    return x / (1 + absolute(x))


def soft_shrink(x, threshold=0.5):
    """Return x moved towards 0 by `threshold`."""
    x, _ = one(x, floats=True)
    return where(x > threshold, x - threshold, where(x < -threshold, x + threshold, zeros_like(x)))


def hard_shrink(x, threshold=0.5):
    """Return x, and 0 within `threshold` of 0."""
    x, _ = one(x, floats=True)
    return where(absolute(x) > threshold, x, zeros_like(x))


def threshold(x, threshold, default_value):
    """Return x above the threshold, else `default_value`."""
    x, _ = one(x)
    return where(x > threshold, x, default_value)


def tanh_shrink(x):
    """Return x - tanh(x)."""
    x, _ = one(x, floats=True)
    return x - tanh(x)


def hard_tanh(x):
    """Return x moved into [-1, 1]."""
    return clip(x, -1, 1)


def hard_sigmoid(x):
    """Return x / 6 + 1/2 moved into [0, 1]."""
    x, _ = one(x, floats=True)
    return clip(x / np.asarray(6, x.dtype) + np.asarray(0.5, x.dtype), 0, 1)


def hard_silu(x):
    """Return x hard_sigmoid(x)."""
    return one(x, floats=True)[0] * hard_sigmoid(x)


hard_swish = hard_silu


def sparse_plus(x):
    """Return 0 up to -1, (x + 1)^2 / 4 up to 1, then x."""
    x, _ = one(x, floats=True)
    return where(x <= -1, zeros_like(x), where(x < 1, square(x + 1) / 4, x))


def sparse_sigmoid(x):
    """Return (x + 1) / 2 moved into [0, 1]."""
    x, _ = one(x, floats=True)
    return clip((x + 1) / 2, 0, 1)


def squareplus(x, b=4):
    """Return (x + sqrt(x^2 + b)) / 2."""
    x, _ = one(x, floats=True)
    return (x + sqrt(square(x) + b)) / 2


def log_sigmoid(x):
    """Return log(sigmoid(x)), for any x."""
    return -softplus(-one(x, floats=True)[0])


def softmax(x, axis=-1):
    """Return exp(x) divided by its sum over `axis`."""
    x, library = one(x, floats=True)
    if library is np:
        return finished(special.softmax(x, axis=axis))
    return pt.special.softmax(x, axis=axis)


def log_softmax(x, axis=-1):
    """Return log(softmax(x)), for any x."""
    x, library = one(x, floats=True)
    if library is np:
        return finished(special.log_softmax(x, axis=axis))
    return pt.special.log_softmax(x, axis=axis)


def sparsemax(x, axis=-1):
    """Return the nearest point of the simplex to x along `axis`, which has zeros (Martins & Astudillo 2016)."""
    x, library = one(x, floats=True)
    x = moveaxis(x, axis, -1)
    ordered = library.sort(x, axis=-1)[..., ::-1]
    sums = library.cumsum(ordered, axis=-1)
    ranks = library.arange(1, x.shape[-1] + 1).astype(x.dtype)
    inside = (1 + ranks * ordered > sums).astype(x.dtype)
    k = inside.sum(axis=-1, keepdims=True)
    tau = ((ordered * inside).sum(axis=-1, keepdims=True) - 1) / k
    return moveaxis(maximum(x - tau, 0), -1, axis)


def normalize(x, axis=-1, order=2, epsilon=None):
    """Return vectors along `axis` divided by their norm, of which at least `epsilon` counts."""
    if not isinstance(order, int) or order < 1:
        raise SpecError(f"normalize: order={order!r} is not valid; it must be an integer of at least 1")
    x, _ = one(x, floats=True)
    x = expand_dims(x, 0) if x.ndim == 0 else x
    epsilon = EPSILON if epsilon is None else epsilon
    if order == 2:
        squares = sum(square(x), axis, keepdims=True)
        short = squares < epsilon**2
        return x * where(short, np.asarray(1 / epsilon, x.dtype), 1 / sqrt(where(short, np.ones((), x.dtype), squares)))
    return x / maximum(norm(x, order, axis, keepdims=True), epsilon)


def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset, whose vectors lie along `axis`."""
    x, _ = one(x, floats=True)
    lengths = [-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]

    def along(vector):
        vector, _ = one(vector)
        return vector.reshape(lengths)

    made = (x - along(mean)) / sqrt(along(variance) + epsilon)
    made = made if scale is None else made * along(scale)
    return made if offset is None else made + along(offset)


def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=1e-3):
    """Return x with mean 0 and variance 1 over `axis`, times gamma, plus beta."""
    x, _ = one(x, floats=True)
    made = (x - mean(x, axis, keepdims=True)) / sqrt(var(x, axis, keepdims=True) + epsilon)
    made = made if gamma is None else made * gamma
    return made if beta is None else made + beta


def binary_crossentropy(target, output, from_logits=False):
    """Return -t log(p) - (1 - t) log(1 - p) of each element, p clipped to [1e-7, 1 - 1e-7] unless it is a logit."""
    (target, output), _ = several(target, output, floats=True)
    if target.ndim != output.ndim:
        raise ShapeError(f"binary_crossentropy: target has {target.ndim} axes and output {output.ndim}; both must have "
                         f"the same shape")
    if from_logits:
        return softplus(output) - target * output
    p = clip(output, EPSILON, 1 - EPSILON)
    return -target * log(p) - (1 - target) * log(1 - p)


def _log_probabilities(output, from_logits, axis):
    if from_logits:
        return log_softmax(output, axis)
    return log(clip(output / sum(output, axis, keepdims=True), EPSILON, 1 - EPSILON))


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Return -sum t log(p) over `axis`, p divided by its sum and clipped unless these are logits."""
    (target, output), _ = several(target, output, floats=True)
    if target.ndim != output.ndim or target.ndim < 1:
        raise ShapeError(f"categorical_crossentropy: target has {target.ndim} axes and output {output.ndim}; both must "
                         f"have the same shape, with at least one axis")
    return -sum(target * _log_probabilities(output, from_logits, axis), axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Return -log(p) of each label, p divided by its sum and clipped unless these are logits."""
    output, _ = one(output, floats=True)
    target = cast(target, "int32")
    if target.ndim == output.ndim:
        target = squeeze(target, -1)
    hot = one_hot(target, output.shape[axis], axis, str(output.dtype))
    return categorical_crossentropy(hot, output, from_logits, axis)

