"""Layers that are random in training, and have no effect with ``deterministic=True``."""

import pytensor.tensor as pt

from ....errors import SpecError
from ...theano.sandbox.rng_mrg import MRG_RandomStreams
from ..random import get_rng
from .base import Layer, told

__all__ = ["DropoutLayer", "GaussianNoiseLayer", "dropout", "dropout_channels", "dropout_locations", "spatial_dropout"]


def stream():
    """Return a stream of random numbers whose seed is drawn from `lasagne.random`."""
    return MRG_RandomStreams(get_rng().randint(1, 2147462579))


class DropoutLayer(Layer):
    """Sets values to 0 at random (Srivastava et al. 2014).

    Parameters
    ----------
    incoming : Layer or tuple
    p : float or scalar variable
        Probability of 0.
    rescale : bool
        Whether to divide the others by ``1 - p`` in training, so that the mean stays the same.
    shared_axes : tuple of int
        Axes that share one decision.
    name : str or None
    """

    def __init__(self, incoming, p=0.5, rescale=True, shared_axes=(), **kwargs):
        super().__init__(incoming, **kwargs)
        if isinstance(p, int | float) and not 0 <= p <= 1:
            raise SpecError(f"{told(self)}: p={p} is not valid; it must be a probability from 0 to 1")
        self._srng = stream()
        self.p = p
        self.rescale = rescale
        self.shared_axes = tuple(shared_axes)

    def get_output_for(self, input, deterministic=False, **kwargs):
        """Return `input` with random zeros, unless `deterministic`."""
        if deterministic or (isinstance(self.p, int | float) and self.p == 0):
            return input
        kept = pt.constant(1, dtype="int8") - self.p  # int8, so that it does not change the dtype
        if self.rescale:
            input = input / kept
        shared = {axis % input.ndim for axis in self.shared_axes}
        shape = tuple(1 if axis in shared or n == 1 else input.shape[axis] for axis, n in enumerate(input.type.shape))
        mask = self._srng.binomial(shape, p=kept, dtype=input.dtype)
        ones = [axis for axis in range(input.ndim) if isinstance(shape[axis], int)]
        return input * (pt.specify_broadcastable(mask, *ones) if ones else mask)


dropout = DropoutLayer


def dropout_channels(incoming, *args, **kwargs):
    """Return a `DropoutLayer` that drops whole channels: its mask is shared over all axes but the first two."""
    ndim = len(getattr(incoming, "output_shape", incoming))
    kwargs["shared_axes"] = tuple(range(2, ndim))
    return DropoutLayer(incoming, *args, **kwargs)


spatial_dropout = dropout_channels


def dropout_locations(incoming, *args, **kwargs):
    """Return a `DropoutLayer` that drops all channels of a place: its mask is shared over the second axis."""
    kwargs["shared_axes"] = (1,)
    return DropoutLayer(incoming, *args, **kwargs)


class GaussianNoiseLayer(Layer):
    """Adds normal noise.

    Parameters
    ----------
    incoming : Layer or tuple
    sigma : float or scalar variable
        Standard deviation of the noise.
    name : str or None
    """

    def __init__(self, incoming, sigma=0.1, **kwargs):
        super().__init__(incoming, **kwargs)
        self._srng = stream()
        self.sigma = sigma

    def get_output_for(self, input, deterministic=False, **kwargs):
        """Return `input`, with noise unless `deterministic`."""
        if deterministic or (isinstance(self.sigma, int | float) and self.sigma == 0):
            return input
        return input + self._srng.normal(input.shape, avg=0.0, std=self.sigma)
