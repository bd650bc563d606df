"""Layers that draw random numbers in training."""

import pytensor.tensor as pt

from ...._checks import is_number
from ....errors import SpecError
from .basic import Named, drawn


def _share(who, name, value, one=False):
    if not is_number(value) or not 0 <= value <= 1 or (value == 1 and not one):
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be a number of at least 0 and less than 1")
    return float(value)


class Dropout(Named):
    """Sets random elements to 0 in training, and scales the others so that the mean stays the same.

    Parameters
    ----------
    rate : float
        Share of the elements that are set to 0.
    noise_shape : tuple or None
        Shape of the random mask, with length 1 for axes that share one decision.
    seed : int or None
        Must be None: `keras.utils.set_random_seed` sets the seed of everything.
    """

    arguments = ("rate", "noise_shape")

    def __init__(self, rate, noise_shape=None, seed=None, **keywords):
        super().__init__(**keywords)
        self.rate, self.noise_shape = _share("Dropout", "rate", rate), noise_shape
        _without_seed("Dropout", seed)

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs + 0
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(inputs.shape[axis] if n is None else n for axis, n in enumerate(self.noise_shape))
        kept = pt.ge(drawn("uniform", inputs, shape), self.rate)
        return inputs * (kept / (1 - self.rate)).astype(inputs.dtype)


class SpatialDropout1D(Dropout):
    """Dropout of whole channels of sequences."""

    arguments = ("rate",)

    def __init__(self, rate, seed=None, **keywords):
        super().__init__(rate, (None, 1, None), seed, **keywords)


class SpatialDropout2D(Dropout):
    """Dropout of whole channels of images, with channels last."""

    arguments = ("rate",)

    def __init__(self, rate, data_format=None, seed=None, **keywords):
        if data_format not in (None, "channels_last"):
            raise SpecError(f"SpatialDropout2D: data_format={data_format!r} is not supported; put the channels last")
        super().__init__(rate, (None, 1, 1, None), seed, **keywords)


class GaussianNoise(Named):
    """Adds normal noise with standard deviation `stddev` in training."""

    arguments = ("stddev",)

    def __init__(self, stddev, seed=None, **keywords):
        super().__init__(**keywords)
        if not is_number(stddev) or stddev < 0:
            raise SpecError(f"GaussianNoise: stddev={stddev!r} is not valid; it must be a number of at least 0")
        self.stddev = float(stddev)
        _without_seed("GaussianNoise", seed)

    def call(self, inputs, training=False):
        return inputs + self.stddev * drawn("normal", inputs) if training and self.stddev else inputs + 0


class GaussianDropout(Named):
    """Multiplies each element by normal noise with mean 1 and variance rate / (1 - rate) in training."""

    arguments = ("rate",)

    def __init__(self, rate, seed=None, **keywords):
        super().__init__(**keywords)
        self.rate = _share("GaussianDropout", "rate", rate)
        _without_seed("GaussianDropout", seed)

    def call(self, inputs, training=False):
        deviation = (self.rate / (1 - self.rate)) ** 0.5
        return inputs * (1 + deviation * drawn("normal", inputs)) if training and self.rate else inputs + 0


class AlphaDropout(Named):
    """Dropout that keeps the mean and variance of the outputs of a SELU (Klambauer et al. 2017)."""

    arguments = ("rate",)

    def __init__(self, rate, noise_shape=None, seed=None, **keywords):
        super().__init__(**keywords)
        if noise_shape is not None:
            raise SpecError("AlphaDropout: noise_shape is not supported; leave it out")
        self.rate = _share("AlphaDropout", "rate", rate)
        _without_seed("AlphaDropout", seed)

    def call(self, inputs, training=False):
        if not training or not self.rate:
            return inputs + 0
        least = -1.6732632423543772 * 1.0507009873554805
        scale = ((1 - self.rate) * (1 + self.rate * least**2)) ** -0.5
        kept = pt.ge(drawn("uniform", inputs), self.rate)
        return scale * pt.switch(kept, inputs, least).astype(inputs.dtype) - scale * least * self.rate


def _without_seed(who, seed):
    if seed is not None:
        raise SpecError(f"{who}: seed={seed!r} is not supported. Write keras.utils.set_random_seed({seed!r}) at the "
                        f"beginning of your script, which sets the seed of everything")
