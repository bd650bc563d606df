"""Layers that shift and scale: by statistics of the batch, of the item, or of data that were seen before."""

import numpy as np
import pytensor.tensor as pt

from ....data import as_array
from ....errors import ShapeError, SpecError
from .. import initializers, regularizers
from . import scope
from .base import Layer
from .basic import Named, as_floats


class Rescaling(Named):
    """x scale + offset."""

    arguments = ("scale", "offset")

    def __init__(self, scale, offset=0.0, **keywords):
        super().__init__(**keywords)
        self.scale, self.offset = _plain(scale), _plain(offset)

    def call(self, inputs):
        x = as_floats(inputs)
        return x * np.asarray(self.scale, x.dtype) + np.asarray(self.offset, x.dtype)


def _plain(value):
    return np.asarray(value).tolist() if np.ndim(value) else float(value)


class Normalization(Layer):
    """(x - mean) / sqrt(variance), with the mean and variance of the data of `adapt`, or with given numbers.

    Parameters
    ----------
    axis : int, tuple of int or None
        Axes with separate numbers. None means one mean for everything.
    mean, variance : float, array or None
    invert : bool
        Whether to compute the inverse: x sqrt(variance) + mean.
    """

    def __init__(self, axis=-1, mean=None, variance=None, invert=False, **keywords):
        super().__init__(**keywords)
        self.axis, self.invert = axis, bool(invert)
        if (mean is None) != (variance is None):
            raise SpecError("Normalization: pass both mean and variance, or pass neither and call adapt(data)")
        self._fixed = None if mean is None else (np.asarray(mean, "float64"), np.asarray(variance, "float64"))

    def _axes(self, ndim) -> tuple:
        axes = () if self.axis is None else (self.axis,) if isinstance(self.axis, int) else tuple(self.axis)
        return tuple(axis % ndim for axis in axes)

    def build(self, input_shape):
        axes = self._axes(len(input_shape))
        shape = tuple(n if axis in axes else 1 for axis, n in enumerate(input_shape))[1:]
        if None in shape:
            raise ShapeError(f"layer {self.name!r}: its input has shape {input_shape}, but the length of axis "
                             f"{self.axis} must be known")
        mean, variance = self._fixed or (np.zeros(shape), np.ones(shape))
        mean, variance = (np.broadcast_to(value, shape) for value in (mean, variance))
        self.mean = self.add_weight(shape, mean, trainable=False, name="mean")
        self.variance = self.add_weight(shape, variance, trainable=False, name="variance")

    def adapt(self, data) -> None:
        """Take mean and variance from an array of items."""
        array = as_array(data, f"{self.name}.adapt").astype("float64")
        array = array[:, None] if array.ndim == 1 else array
        if not np.isfinite(array).all():
            raise ShapeError(f"layer {self.name!r}: adapt got data that are not finite; clean the data first")
        self.make((None, *array.shape[1:]))
        over = tuple(axis for axis in range(array.ndim) if axis not in self._axes(array.ndim))
        self.mean.assign(array.mean(axis=over, keepdims=True)[0])
        self.variance.assign(array.var(axis=over, keepdims=True)[0])

    def call(self, inputs):
        x = as_floats(inputs)
        deviation = pt.maximum(pt.sqrt(self.variance), np.asarray(1e-7, x.dtype))
        return x * deviation + self.mean if self.invert else (x - self.mean) / deviation

    def get_config(self):
        found = super().get_config() | {"axis": self.axis, "invert": self.invert}
        return found if self._fixed is None else found | {"mean": self._fixed[0].tolist(),
                                                          "variance": self._fixed[1].tolist()}


class BatchNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta.

    Mean and variance are those of the batch in training, and running averages otherwise.

    Parameters
    ----------
    axis : int
        Axis of the features, which are normalized separately.
    momentum : float
        Factor of the running averages.
    epsilon : float
    center, scale : bool
        Whether to use beta and gamma.
    beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer
    beta_regularizer, gamma_regularizer
    """

    def __init__(self, axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", moving_mean_initializer="zeros", moving_variance_initializer="ones",
                 beta_regularizer=None, gamma_regularizer=None, **keywords):
        super().__init__(**keywords)
        self.axis, self.momentum, self.epsilon = axis, float(momentum), float(epsilon)
        self.center, self.scale = bool(center), bool(scale)
        starts = (beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer)
        self._starts = [initializers.get(one) for one in starts]
        self._penalties = [regularizers.get(one) for one in (beta_regularizer, gamma_regularizer)]

    def build(self, input_shape):
        shape = (input_shape[self.axis],)
        beta, gamma, mean, variance = self._starts
        self.gamma = self.add_weight(shape, gamma, name="gamma", regularizer=self._penalties[1]) if self.scale else None
        self.beta = self.add_weight(shape, beta, name="beta", regularizer=self._penalties[0]) if self.center else None
        self.moving_mean = self.add_weight(shape, mean, name="moving_mean", trainable=False)
        self.moving_variance = self.add_weight(shape, variance, name="moving_variance", trainable=False)

    def call(self, inputs, training=False):
        axis = self.axis % inputs.ndim
        over = tuple(place for place in range(inputs.ndim) if place != axis)
        order = ["x" if place != axis else 0 for place in range(inputs.ndim)]
        mean, variance = self.moving_mean, self.moving_variance
        if training and self.trainable:
            mean, variance = inputs.mean(axis=over), inputs.var(axis=over)
            self._move(mean, variance)
        factor = 1 / pt.sqrt(variance + self.epsilon)
        factor = factor if self.gamma is None else factor * self.gamma
        shift = -mean * factor if self.beta is None else self.beta - mean * factor
        return (inputs * factor.dimshuffle(order) + shift.dimshuffle(order)).astype(inputs.dtype)

    def _move(self, mean, variance):
        context, share = scope.current(), self.momentum
        if context is None:
            return
        for average, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            context.updates[average] = (share * average + (1 - share) * new).astype(average.type.dtype)

    def get_config(self):
        names = ("beta", "gamma", "moving_mean", "moving_variance")
        found = {f"{name}_initializer": initializers.serialize(one)
                 for name, one in zip(names, self._starts, strict=True)}
        found |= {f"{name}_regularizer": regularizers.serialize(one)
                  for name, one in zip(names, self._penalties, strict=False)}
        return super().get_config() | found | {"axis": self.axis, "momentum": self.momentum, "epsilon": self.epsilon,
                                               "center": self.center, "scale": self.scale}


class LayerNormalization(Layer):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance of each item along `axis`."""

    def __init__(self, axis=-1, epsilon=1e-3, center=True, scale=True, beta_initializer="zeros",
                 gamma_initializer="ones", beta_regularizer=None, gamma_regularizer=None, **keywords):
        super().__init__(**keywords)
        self.axis, self.epsilon, self.center, self.scale = axis, float(epsilon), bool(center), bool(scale)
        self._starts = [initializers.get(one) for one in (beta_initializer, gamma_initializer)]
        self._penalties = [regularizers.get(one) for one in (beta_regularizer, gamma_regularizer)]

    def _axes(self, ndim):
        axes = (self.axis,) if isinstance(self.axis, int) else self.axis
        return tuple(axis % ndim for axis in axes)

    def build(self, input_shape):
        shape = tuple(input_shape[axis] for axis in self._axes(len(input_shape)))
        self.gamma = self.add_weight(shape, self._starts[1], name="gamma", regularizer=self._penalties[1]) \
            if self.scale else None
        self.beta = self.add_weight(shape, self._starts[0], name="beta", regularizer=self._penalties[0]) \
            if self.center else None

    def call(self, inputs):
        axes = self._axes(inputs.ndim)
        order = [axes.index(place) if place in axes else "x" for place in range(inputs.ndim)]
        made = inputs - inputs.mean(axis=axes, keepdims=True)
        made = made / pt.sqrt(inputs.var(axis=axes, keepdims=True) + self.epsilon)
        made = made if self.gamma is None else made * self.gamma.dimshuffle(order)
        return (made if self.beta is None else made + self.beta.dimshuffle(order)).astype(inputs.dtype)

    def get_config(self):
        names = ("beta", "gamma")
        found = {f"{name}_initializer": initializers.serialize(one)
                 for name, one in zip(names, self._starts, strict=True)}
        found |= {f"{name}_regularizer": regularizers.serialize(one)
                  for name, one in zip(names, self._penalties, strict=True)}
        return super().get_config() | found | {"axis": self.axis, "epsilon": self.epsilon, "center": self.center,
                                               "scale": self.scale}


class UnitNormalization(Named):
    """Each item divided by its length along `axis`."""

    arguments = ("axis",)

    def __init__(self, axis=-1, **keywords):
        super().__init__(**keywords)
        self.axis = axis

    def call(self, inputs):
        squares = pt.sqr(inputs).sum(axis=self.axis, keepdims=True)
        return (inputs / pt.sqrt(pt.maximum(squares, 1e-12))).astype(inputs.dtype)
