"""keras.random: random numbers. Within a layer they are other ones in each step, and repeat with the model's seed."""

import numpy as np
import pytensor.tensor as pt

from .backend import floatx
from .layers import scope
from .layers.chance import Dropout
from .seeds import generator, next_seed, set_random_seed
from .tensors import as_tensor, is_expression

__all__ = ["SeedGenerator", "dropout", "normal", "randint", "set_random_seed", "shuffle", "truncated_normal", "uniform"]


class SeedGenerator:
    """A stream of seeds. Within a layer the model has its own stream, so that it is not asked there."""

    def __init__(self, seed=None, name=None):
        self.seed = next_seed() if seed is None else int(seed)
        self.name, self._stream = name, np.random.default_rng(self.seed)

    def next(self) -> int:
        """Return the next seed."""
        return int(self._stream.integers(2**31 - 1))


def _rng(seed):
    return generator(seed.next() if isinstance(seed, SeedGenerator) else seed)


def _drawn(kind, shape, dtype, seed):
    """Return standard numbers: of the model's stream where the shape is an expression or a layer is being built."""
    context, dtype = scope.current(), dtype or floatx()
    if context is not None:
        return getattr(context, kind)(tuple(shape) if isinstance(shape, list | tuple) else shape, dtype)
    rng = _rng(seed)
    made = rng.standard_normal(shape) if kind == "normal" else rng.random(shape)
    return as_tensor(np.asarray(made), dtype)


def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return normal random numbers."""
    return _scaled(_drawn("normal", shape, dtype, seed), stddev, mean)


def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Return random numbers from `minval` to `maxval`."""
    return _scaled(_drawn("uniform", shape, dtype, seed), maxval - minval, minval)


def _scaled(x, factor, offset):
    """Return factor x + offset, in the dtype of x."""
    made = x * factor + offset
    return made.astype(x.dtype)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return normal random numbers within two standard deviations of the mean."""
    u = uniform(shape, 0.02275013194817921, 0.9772498680518208, dtype, seed)
    if is_expression(u):
        return _scaled(np.sqrt(2).astype(u.dtype) * pt.erfinv(2 * u - 1), stddev, mean)
    from scipy import stats

    return as_tensor(mean + stddev * stats.norm.ppf(np.asarray(u, "float64")), dtype or floatx())


def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Return random integers from `minval` to `maxval` - 1."""
    if scope.current() is not None:
        return (pt.floor(uniform(shape) * (maxval - minval)) + minval).astype(dtype)
    return as_tensor(_rng(seed).integers(minval, maxval, shape), dtype)


def shuffle(x, axis=0, seed=None):
    """Return an array with its items in another order."""
    return as_tensor(_rng(seed).permutation(np.asarray(as_tensor(x)), axis=axis))


def dropout(inputs, rate, noise_shape=None, seed=None):
    """Return inputs of which elements are set to 0 by chance, within a layer."""
    return Dropout(rate, noise_shape).call(inputs, training=True)
