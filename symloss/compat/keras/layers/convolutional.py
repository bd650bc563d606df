"""Convolution with channels last, by the windows of `symloss.layers.windows`."""

import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from ....layers import windows
from .. import activations, initializers, regularizers
from ..backend import image_data_format
from .base import Layer
from .basic import Named, activity, as_floats, whole


def lengths_of(who: str, name: str, value, axes: int) -> tuple:
    """Return a number for each axis, of one or of several."""
    values = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(values) != axes:
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be an integer, or {axes} of them")
    return tuple(whole(who, name, one) for one in values)


def last(who: str, data_format) -> None:
    """Raise SpecError unless channels come last."""
    if (data_format or image_data_format()) != "channels_last":
        raise SpecError(f"{who}: data_format='channels_first' is not supported. Put the channels last, with "
                        f"x.transpose(0, 2, 3, 1) or a Permute layer")


def padded(x, padding: str, window, stride, dilation, who: str, value=0.0):
    """Return `x` with its padding."""
    sizes = x.type.shape[1:-1]
    if None in sizes:
        raise ShapeError(f"layer {who!r}: its input has shape {x.type.shape}, but the lengths of all axes except the "
                         f"first must be known")
    if padding == "valid":
        return x
    reach = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    if padding == "causal":
        return windows.pad(x, [reach[0] - 1], [0], value)
    pairs = [windows.padding("same", n, w, s) for n, w, s in zip(sizes, reach, stride, strict=True)]
    return windows.pad(x, [a for a, _ in pairs], [b for _, b in pairs], value)


class _Conv(Layer):
    """Shared code of `Conv1D` and `Conv2D`."""

    axes = 2
    paddings = ("valid", "same")

    def __init__(self, filters, kernel_size, strides=1, padding="valid", data_format=None, dilation_rate=1, groups=1,
                 activation=None, use_bias=True, kernel_initializer="glorot_uniform", bias_initializer="zeros",
                 kernel_regularizer=None, bias_regularizer=None, **keywords):
        who = type(self).__name__
        super().__init__(**keywords)
        last(who, data_format)
        self.filters, self.groups = whole(who, "filters", filters), whole(who, "groups", groups)
        self.use_bias = bool(use_bias)
        self.kernel_size = lengths_of(who, "kernel_size", kernel_size, self.axes)
        self.strides = lengths_of(who, "strides", strides, self.axes)
        self.dilation_rate = lengths_of(who, "dilation_rate", dilation_rate, self.axes)
        if padding not in self.paddings:
            raise SpecError(f"{who}: padding={padding!r} is not valid; it must be "
                            f"{' or '.join(map(repr, self.paddings))}")
        self.padding, self.activation = padding, activations.get(activation)
        self.kernel_initializer, self.bias_initializer = map(initializers.get, (kernel_initializer, bias_initializer))
        self.kernel_regularizer, self.bias_regularizer = map(regularizers.get, (kernel_regularizer, bias_regularizer))

    def build(self, input_shape):
        channels = input_shape[-1]
        if channels is None or channels % self.groups or self.filters % self.groups:
            raise ShapeError(f"layer {self.name!r}: {self.groups} groups must divide both the channels of the input, "
                             f"which has shape {tuple(input_shape)}, and the {self.filters} filters")
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel",
                                      regularizer=self.kernel_regularizer)
        self.bias = self.add_weight((self.filters,), self.bias_initializer, name="bias",
                                    regularizer=self.bias_regularizer) if self.use_bias else None

    def call(self, inputs):
        x = as_floats(inputs)
        if x.ndim != self.axes + 2:
            raise ShapeError(f"layer {self.name!r}: its input has shape {x.type.shape}, but it must have "
                             f"{self.axes + 2} axes with the channels last, such as Input(shape=(28, 28, 1)) for gray "
                             f"images")
        x = padded(x, self.padding, self.kernel_size, self.strides, self.dilation_rate, self.name)
        sizes = zip(x.type.shape[1:-1], self.kernel_size, self.strides, self.dilation_rate, strict=True)
        if any(windows.positions(*each) < 1 for each in sizes):
            raise ShapeError(f"layer {self.name!r}: its kernel of {self.kernel_size} is larger than its input of shape "
                             f"{inputs.type.shape}. Use padding='same' or a smaller kernel")
        made = windows.correlate(x, self.kernel, self.strides, dilation=self.dilation_rate, groups=self.groups)
        return self.activation(made if self.bias is None else made + self.bias)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters, "kernel_size": self.kernel_size, "strides": self.strides, "padding": self.padding,
            "dilation_rate": self.dilation_rate, "groups": self.groups, "use_bias": self.use_bias,
            "activation": activations.serialize(self.activation),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer)} | activity(self)


class Conv2D(_Conv):
    """Filters that move over images (n, rows, columns, channels).

    Parameters
    ----------
    filters : int
    kernel_size, strides, dilation_rate : int or pair
    padding : 'valid' or 'same'
    groups : int
    activation, use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer
        As in `Dense`.
    """


class Conv1D(_Conv):
    """Filters that move over sequences (n, steps, channels); padding may be 'causal', too."""

    axes = 1
    paddings = ("valid", "same", "causal")


Convolution1D, Convolution2D = Conv1D, Conv2D


class ZeroPadding2D(Named):
    """Adds zeros around images: a number, (rows, columns), or ((top, bottom), (left, right))."""

    arguments = ("padding",)

    def __init__(self, padding=(1, 1), data_format=None, **keywords):
        super().__init__(**keywords)
        last("ZeroPadding2D", data_format)
        pair = (padding, padding) if isinstance(padding, int) else tuple(padding)
        self.padding = tuple((one, one) if isinstance(one, int) else tuple(one) for one in pair)

    def call(self, inputs):
        return windows.pad(inputs, [a for a, _ in self.padding], [b for _, b in self.padding])


class Cropping2D(Named):
    """Removes the edges of images: a number, (rows, columns), or ((top, bottom), (left, right))."""

    arguments = ("cropping",)

    def __init__(self, cropping=((0, 0), (0, 0)), data_format=None, **keywords):
        super().__init__(**keywords)
        last("Cropping2D", data_format)
        pair = (cropping, cropping) if isinstance(cropping, int) else tuple(cropping)
        self.cropping = tuple((one, one) if isinstance(one, int) else tuple(one) for one in pair)

    def call(self, inputs):
        rows, columns = (slice(a, n - b) for n, (a, b) in zip(inputs.type.shape[1:3], self.cropping, strict=True))
        return inputs[:, rows, columns]


class UpSampling2D(Named):
    """Repeats each pixel along rows and columns."""

    arguments = ("size",)

    def __init__(self, size=(2, 2), data_format=None, interpolation="nearest", **keywords):
        super().__init__(**keywords)
        last("UpSampling2D", data_format)
        if interpolation != "nearest":
            raise SpecError(f"UpSampling2D: interpolation={interpolation!r} is not supported; it must be 'nearest'")
        self.size = lengths_of("UpSampling2D", "size", size, 2)

    def call(self, inputs):
        n, rows, columns, channels = inputs.shape[0], *inputs.type.shape[1:]
        high, wide = self.size
        many = inputs[:, :, None, :, None, :] * pt.ones((1, 1, high, 1, wide, 1), dtype=inputs.dtype)
        return many.reshape((n, rows * high, columns * wide, channels))
