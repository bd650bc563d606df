"""Layers of units, activations, and layers that give items another shape."""

import math

import numpy as np
import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from .. import activations, initializers, regularizers
from ..tensors import is_expression
from . import scope
from .base import Layer


def whole(who: str, name: str, value, least: int = 1) -> int:
    """Return an integer of at least `least`, or raise SpecError."""
    number = isinstance(value, int | float | np.integer) and not isinstance(value, bool)
    if not number or value != int(value) or value < least:
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be an integer of at least {least}")
    return int(value)


class Dense(Layer):
    """activation(x kernel + bias), over the last axis.

    Parameters
    ----------
    units : int
    activation : str, function or None
    use_bias : bool
    kernel_initializer, bias_initializer : str or Initializer
    kernel_regularizer, bias_regularizer : str, Regularizer or None
    **keywords
        Of `Layer`.
    """

    def __init__(self, units, activation=None, use_bias=True, kernel_initializer="glorot_uniform",
                 bias_initializer="zeros", kernel_regularizer=None, bias_regularizer=None, **keywords):
        super().__init__(**keywords)
        self.units, self.use_bias = whole("Dense", "units", units), bool(use_bias)
        self.activation = activations.get(activation)
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), self.kernel_initializer, name="kernel",
                                      regularizer=self.kernel_regularizer)
        self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias",
                                    regularizer=self.bias_regularizer) if self.use_bias else None

    def call(self, inputs):
        x = as_floats(inputs)
        if x.ndim < 2:
            raise ShapeError(f"layer {self.name!r}: its input has shape {x.type.shape}, but its items must have at "
                             f"least one axis")
        made = pt.dot(x, self.kernel)
        made = made if self.bias is None else made + self.bias
        return self.activation(made)

    def get_config(self):
        return super().get_config() | {
            "units": self.units, "activation": activations.serialize(self.activation), "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer)} | activity(self)


def activity(layer) -> dict:
    """Return the part of a configuration that tells of the regularizer of the output; nothing without one."""
    own = layer.activity_regularizer
    return {} if own is None else {"activity_regularizer": regularizers.serialize(own)}


def as_floats(x):
    """Return an expression in floats."""
    import pytensor

    return x if x.dtype.startswith("float") else x.astype(pytensor.config.floatX)


class Activation(Layer):
    """A function of each element, or of each row of the last axis."""

    def __init__(self, activation, **keywords):
        super().__init__(**keywords)
        self.activation = activations.get(activation)

    def call(self, inputs):
        return self.activation(inputs)

    def get_config(self):
        return super().get_config() | {"activation": activations.serialize(self.activation)} | activity(self)


class Named(Layer):
    """A layer without weights whose arguments are numbers, which its configuration is."""

    arguments: tuple = ()

    def get_config(self):
        return super().get_config() | {name: getattr(self, name) for name in self.arguments}


class ReLU(Named):
    """The rectifier: x above `threshold` and up to `max_value`, and `negative_slope` (x - threshold) below."""

    arguments = ("max_value", "negative_slope", "threshold")

    def __init__(self, max_value=None, negative_slope=0.0, threshold=0.0, **keywords):
        super().__init__(**keywords)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold

    def call(self, inputs):
        return activations.relu(inputs, negative_slope=self.negative_slope, max_value=self.max_value,
                                threshold=self.threshold)


class LeakyReLU(Named):
    """x for x > 0, and `negative_slope` x otherwise."""

    arguments = ("negative_slope",)

    def __init__(self, negative_slope=0.3, alpha=None, **keywords):
        super().__init__(**keywords)
        self.negative_slope = float(negative_slope if alpha is None else alpha)

    def call(self, inputs):
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)


class ELU(Named):
    """x for x > 0, and alpha (exp(x) - 1) otherwise."""

    arguments = ("alpha",)

    def __init__(self, alpha=1.0, **keywords):
        super().__init__(**keywords)
        self.alpha = alpha

    def call(self, inputs):
        return activations.elu(inputs, alpha=self.alpha)


class Softmax(Named):
    """exp(x) / sum(exp(x)) over an axis."""

    arguments = ("axis",)

    def __init__(self, axis=-1, **keywords):
        super().__init__(**keywords)
        self.axis = axis

    def call(self, inputs):
        return activations.softmax(inputs, axis=self.axis)


class PReLU(Layer):
    """x for x > 0, and alpha x otherwise, with a learned alpha for each element.

    Parameters
    ----------
    alpha_initializer, alpha_regularizer
    shared_axes : list of int or None
        Axes along which alpha is the same, counted from 1.
    """

    def __init__(self, alpha_initializer="zeros", alpha_regularizer=None, shared_axes=None, **keywords):
        super().__init__(**keywords)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.shared_axes = None if shared_axes is None else [shared_axes] if isinstance(shared_axes, int) else \
            list(shared_axes)

    def build(self, input_shape):
        shape = [1 if axis in (self.shared_axes or ()) else n for axis, n in enumerate(input_shape)][1:]
        self.alpha = self.add_weight(shape, self.alpha_initializer, name="alpha", regularizer=self.alpha_regularizer)

    def call(self, inputs):
        return pt.switch(pt.gt(inputs, 0), inputs, self.alpha * inputs)

    def get_config(self):
        return super().get_config() | {"alpha_initializer": initializers.serialize(self.alpha_initializer),
                                       "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
                                       "shared_axes": self.shared_axes}


class Identity(Layer):
    """A layer that returns its input."""

    def call(self, inputs):
        return inputs + 0


class Flatten(Layer):
    """Turns each item into one row of numbers."""

    def __init__(self, data_format=None, **keywords):
        super().__init__(**keywords)
        if data_format not in (None, "channels_last"):
            raise SpecError(f"Flatten: data_format={data_format!r} is not supported. For items with channels first, "
                            f"put Permute((2, 3, 1)) before it")

    def call(self, inputs):
        if inputs.ndim == 1:
            return inputs[:, None]
        known = inputs.type.shape[1:]
        if None in known:
            raise ShapeError(f"layer {self.name!r}: its input has shape {inputs.type.shape}, but the lengths of all "
                             f"{inputs.ndim - 1} axes of an item must be known")
        return inputs.reshape((inputs.shape[0], math.prod(known)))


class Reshape(Named):
    """Changes the shape of items, in the order of rows. One length may be -1."""

    arguments = ("target_shape",)

    def __init__(self, target_shape, **keywords):
        super().__init__(**keywords)
        self.target_shape = tuple(target_shape)

    def call(self, inputs):
        have = math.prod(inputs.type.shape[1:])
        known = math.prod(n for n in self.target_shape if n != -1)
        if (have % known) if -1 in self.target_shape else have != known:
            raise ShapeError(f"layer {self.name!r}: items of shape {inputs.type.shape[1:]} have {have} values, which "
                             f"cannot be reshaped to {self.target_shape}")
        return inputs.reshape((inputs.shape[0], *(have // known if n == -1 else n for n in self.target_shape)))


class Permute(Named):
    """Changes the order of the axes of items, which are counted from 1."""

    arguments = ("dims",)

    def __init__(self, dims, **keywords):
        super().__init__(**keywords)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise SpecError(f"Permute: dims={dims!r} is not valid; it must contain each of the numbers 1 to "
                            f"{len(self.dims)} once")

    def call(self, inputs):
        return inputs.dimshuffle(0, *self.dims)


class RepeatVector(Named):
    """Repeats each item (d,) n times, as (n, d)."""

    arguments = ("n",)

    def __init__(self, n, **keywords):
        super().__init__(**keywords)
        self.n = whole("RepeatVector", "n", n)

    def call(self, inputs):
        return inputs[:, None, :] * pt.ones((1, self.n, 1), dtype=inputs.dtype)


class Lambda(Layer):
    """A function of the input, written with keras.ops. Files cannot hold it."""

    def __init__(self, function, output_shape=None, mask=None, arguments=None, **keywords):
        super().__init__(**keywords)
        if not callable(function):
            raise SpecError(f"Lambda: function={function!r} is not valid; it must be a function of a tensor")
        if mask is not None:
            raise SpecError("Lambda: mask is not supported. Leave it out, and pass sample_weight with 0 for the steps "
                            "to ignore")
        self.function, self.output_shape, self.arguments = function, output_shape, dict(arguments or {})

    def call(self, inputs):
        made = self.function(inputs, **self.arguments)
        return made if is_expression(made) else pt.as_tensor_variable(made)

    def get_config(self):
        raise SpecError(f"layer {self.name!r}: a file cannot hold a function. To save the model, write a Layer class "
                        f"with the function as its method call")


class Embedding(Layer):
    """A row of a table for each index.

    Parameters
    ----------
    input_dim, output_dim : int
        Number of rows of the table, and their length. Indices are 0 to input_dim - 1; the layer replaces others by the
        nearest of these.
    embeddings_initializer, embeddings_regularizer
    weights : array or list of one
        For the table.
    """

    def __init__(self, input_dim, output_dim, embeddings_initializer="uniform", embeddings_regularizer=None,
                 mask_zero=False, weights=None, input_length=None, **keywords):
        if mask_zero:
            raise SpecError("Embedding: mask_zero=True is not supported. Use symloss.recurrent, which takes sequences "
                            "of different lengths, or pass sample_weight with 0 for the steps to ignore")
        if keywords.pop("embeddings_constraint", None) is not None:
            raise SpecError("Embedding: embeddings_constraint is not supported; pass embeddings_regularizer instead")
        super().__init__(**keywords)
        if input_length is not None and self._input_shape_argument is None:
            self._input_shape_argument = (input_length,)
        self.input_dim, self.output_dim = whole("Embedding", "input_dim", input_dim), whole("Embedding", "output_dim",
                                                                                            output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self._start = None if weights is None else weights[0] if isinstance(weights, list) else weights

    def build(self, input_shape=None):
        start = self.embeddings_initializer if self._start is None else self._start
        self.embeddings = self.add_weight((self.input_dim, self.output_dim), start, name="embeddings",
                                          regularizer=self.embeddings_regularizer)

    def call(self, inputs):
        rows = pt.clip(inputs.astype("int32"), 0, self.input_dim - 1)
        return self.embeddings[rows]

    def get_config(self):
        return super().get_config() | {
            "input_dim": self.input_dim, "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer)}


class ActivityRegularization(Named):
    """Adds l1 sum |x| + l2 sum x^2, divided by the number of items, to the loss, and returns its input."""

    arguments = ("l1", "l2")

    def __init__(self, l1=0.0, l2=0.0, **keywords):
        super().__init__(**keywords, activity_regularizer=regularizers.L1L2(l1=l1, l2=l2))
        self.l1, self.l2 = l1, l2

    def call(self, inputs):
        return inputs + 0


class Masking(Layer):
    """Not supported."""

    def __init__(self, *arguments, **keywords):
        raise SpecError("Masking is not supported. Use symloss.recurrent, which takes sequences of different lengths, "
                        "or pass sample_weight with 0 for the steps to ignore")


def drawn(kind: str, x, shape=None):
    """Return random numbers in the shape of `x`: 'normal' or 'uniform'."""
    context = scope.current()
    size = x.shape if shape is None else shape
    return getattr(context, kind)(size, x.dtype)
