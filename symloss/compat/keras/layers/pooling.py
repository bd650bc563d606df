"""Pooling with channels last: by windows, or of all places at once."""

import numpy as np
import pytensor.tensor as pt

from ....errors import SpecError
from ....layers import windows
from .basic import Named
from .convolutional import last, lengths_of, padded


class _Pool(Named):
    """Shared code of all pooling by windows."""

    arguments = ("pool_size", "strides", "padding")
    axes = 2

    def __init__(self, pool_size=2, strides=None, padding="valid", data_format=None, **keywords):
        who = type(self).__name__
        super().__init__(**keywords)
        last(who, data_format)
        if padding not in ("valid", "same"):
            raise SpecError(f"{who}: padding={padding!r} is not valid; it must be 'valid' or 'same'")
        self.pool_size, self.padding = lengths_of(who, "pool_size", pool_size, self.axes), padding
        self.strides = self.pool_size if strides is None else lengths_of(who, "strides", strides, self.axes)

    def _windows(self, x, join, value=0.0):
        x = padded(x, self.padding, self.pool_size, self.strides, (1,) * self.axes, self.name, value)
        for axis, (window, stride) in enumerate(zip(self.pool_size, self.strides, strict=True), 1):
            places = windows.positions(x.type.shape[axis], window, stride)
            if places < 1:
                raise SpecError(f"layer {self.name!r}: its windows of {self.pool_size} are larger than its input. Use "
                                f"padding='same' or smaller windows")
            x = windows.joined(x, axis, window, stride, places, join)
        return x


class _Max(_Pool):
    def call(self, inputs):
        return self._windows(inputs, pt.maximum, -np.inf)


class _Mean(_Pool):
    def call(self, inputs):
        total = self._windows(inputs, pt.add)
        if self.padding == "valid":
            return total / np.asarray(np.prod(self.pool_size), inputs.dtype)
        shape = (1, *inputs.type.shape[1:-1], 1)
        return total / self._windows(pt.ones(shape, dtype=inputs.dtype), pt.add)


class MaxPooling2D(_Max):
    """The maximum of each window over images."""


class MaxPooling1D(_Max):
    """The maximum of each window over sequences."""

    axes = 1


class AveragePooling2D(_Mean):
    """The mean of each window over images; padding is ignored."""


class AveragePooling1D(_Mean):
    """The mean of each window over sequences; padding is ignored."""

    axes = 1


class _Global(Named):
    """Layers that reduce all places to one value."""

    arguments = ("keepdims",)

    def __init__(self, data_format=None, keepdims=False, **keywords):
        super().__init__(**keywords)
        last(type(self).__name__, data_format)
        self.keepdims = bool(keepdims)


class GlobalMaxPooling2D(_Global):
    """The maximum over all places of each channel."""

    def call(self, inputs):
        return inputs.max(axis=tuple(range(1, inputs.ndim - 1)), keepdims=self.keepdims)


class GlobalAveragePooling2D(_Global):
    """The mean over all places of each channel."""

    def call(self, inputs):
        return inputs.mean(axis=tuple(range(1, inputs.ndim - 1)), keepdims=self.keepdims)


class GlobalMaxPooling1D(GlobalMaxPooling2D):
    """The maximum over all steps of each channel."""


class GlobalAveragePooling1D(GlobalAveragePooling2D):
    """The mean over all steps of each channel."""


MaxPool1D, MaxPool2D, AvgPool1D, AvgPool2D = MaxPooling1D, MaxPooling2D, AveragePooling1D, AveragePooling2D
GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
