"""Convolution and pooling over series (time, channel) and images (row, column, channel)."""

import numpy as np
import pytensor.tensor as pt

from ..errors import SpecError
from .base import Layer
from .windows import covered, items, joined, pad, padding, positions, unfold

BORDERS = ("valid", "same", "half", "full")


# ----------------------------------------------------------------------------------------------------- convolution


class _Windows(Layer, abstract=True):
    """What convolution and pooling have in common: windows that move over the axes before the last."""

    axes = 2  # that windows move over: 1 for series, 2 for images

    def _numbers(self, option, value, least=1) -> tuple[int, ...]:
        """Return an option as one integer for each axis."""
        several = isinstance(value, tuple | list)
        given = tuple(value) if several else (value,) * self.axes
        whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) and n >= least for n in given)
        if len(given) != self.axes or not whole:
            wanted = "an integer" if self.axes == 1 else "an integer or a pair of them"
            raise SpecError(f"layer {self.name!r}: {option}={value!r} is not valid; it must be {wanted}, at least "
                            f"{least}")
        return tuple(int(n) for n in given)

    def _plain(self, numbers):
        """Return numbers by axis as they are written: one integer where they are all the same."""
        return numbers[0] if len(set(numbers)) == 1 else list(numbers)

    def _source_shape(self, sources) -> tuple[int, ...]:
        """Return the shape of the source's items, or raise SpecError if windows cannot move over it."""
        source = self.one_source(sources)
        if len(source.shape) != self.axes + 1:
            wanted = ("a series (time, channels)", "an image (rows, columns, channels)")[self.axes - 1]
            example = ("(100, 3)", "(28, 28, 1)")[self.axes - 1]
            raise SpecError(
                f"layer {self.name!r}: its input {source.name!r} has items of shape {source.shape}, but each item "
                f"must be {wanted}. Write {{'shape': {example}}} for the input, or put {{'form': 'reshape', 'shape': "
                f"{example}}} between them"
            )
        return source.shape

    def _refuse_size(self, option, window, size):
        raise SpecError(
            f"layer {self.name!r}: {option} {self._plain(window)} is larger than its input {self.inputs[0]!r}, which "
            f"is {' x '.join(map(str, size))}. Use a smaller one, or fewer layers that shrink the image before it"
        )

    def _as_image(self, x):
        """Return (n, rows, columns, channels): a series is an image of one row."""
        if x.ndim != self.axes + 2:
            raise SpecError(f"layer {self.name!r}: its input {self.inputs[0]!r} has batches with {x.ndim} axes, but "
                            f"it needs {self.axes + 2}. If your data are rows of numbers that you reshape into "
                            "images, use a plain model, such as symloss.Classifier")
        return x if self.axes == 2 else x.reshape((x.shape[0], 1, *x.type.shape[1:]))

    def _over_rows(self, numbers, fill) -> tuple[int, ...]:
        """Return numbers for rows and columns."""
        return numbers if self.axes == 2 else (fill, *numbers)


class _Convolution(_Windows, abstract=True):
    """What `Conv1` and `Conv2` have in common.

    Parameters
    ----------
    filter_size : int, or one for each axis
    stride : int, or one for each axis
        Number of cells from one position of the filter to the next.
    border_mode : str or int, or one int for each axis
        'valid': filters stay within the input. 'same': zeros around the input, so that the output is as large as the
        input if the stride is 1. An odd zero goes to the end. 'half': zeros of half the filter size on both sides.
        'full': filters overlap the input by at least one cell. An integer: that many zeros on both sides.
    flip_filters : bool
        Whether to compute a true convolution, which reverses the filter. False is correlation, as in most other
        libraries.

    Notes
    -----
    `size` is the number of filters. Weights have the shape (\\*filter_size, channels, filters).
    """

    def __init__(self, *, filter_size=None, stride=1, border_mode="valid", flip_filters=True, **options):
        super().__init__(**options)
        if filter_size is None:
            raise SpecError(f"layer {self.name!r}: it has no filter_size. Write {{'size': 32, 'filter_size': 5}}, for "
                            "example")
        self.filter_size = self._numbers("filter_size", filter_size)
        self.stride = self._numbers("stride", stride)
        if isinstance(border_mode, str) and border_mode not in BORDERS:
            raise SpecError(f"layer {self.name!r}: border_mode={border_mode!r} is not valid; it must be "
                            f"{', '.join(map(repr, BORDERS))} or the number of zeros on each side")
        named = isinstance(border_mode, str)
        self.border_mode = border_mode if named else self._numbers("border_mode", border_mode, least=0)
        if not isinstance(flip_filters, bool | np.bool_):
            raise SpecError(f"layer {self.name!r}: flip_filters={flip_filters!r} is not valid; it must be True or "
                            "False")
        self.flip_filters = bool(flip_filters)

    def setup(self, sources):
        filters = self.need_size()
        *size, channels = self._source_shape(sources)
        borders = (self.border_mode,) * self.axes if isinstance(self.border_mode, str) else self.border_mode
        around = [padding(*each) for each in zip(borders, size, self.filter_size, self.stride, strict=True)]
        self._padding = [self._over_rows(side, 0) for side in zip(*around, strict=True)]
        size = tuple(n + before + behind for n, (before, behind) in zip(size, around, strict=True))
        places = tuple(map(positions, size, self.filter_size, self.stride))
        if min(places) < 1:
            self._refuse_size("filter_size", self.filter_size, size)
        self.shape = (*places, filters)
        self._window = [self._over_rows(size, 1), self._over_rows(self.filter_size, 1), self._over_rows(self.stride, 1)]
        self.add_weights("w", (*self.filter_size, channels, filters))
        self.add_bias("b", (filters,))

    def connect(self, values):
        image = pad(self._as_image(values[0]), *self._padding)
        size, channels = self._window[0], image.type.shape[3]
        pixels = image.reshape((image.shape[0], size[0] * size[1], channels))
        patches = unfold(pixels, covered(*self._window, flip=self.flip_filters))
        weights = self.params["w"].reshape((-1, self.size))
        pre = items(pt.dot(patches, weights) + self.params["b"], image, self.shape)
        return {"pre": pre, "out": self.activate(pre)}

    def to_spec(self):
        spec = super().to_spec()
        del spec["shape"]
        border = self.border_mode if isinstance(self.border_mode, str) else self._plain(self.border_mode)
        return spec | {"size": self.size, "filter_size": self._plain(self.filter_size),
                       "stride": self._plain(self.stride), "border_mode": border, "flip_filters": self.flip_filters}


class Conv1(_Convolution):
    """Filters that move over time: act(x * w + b), from (batch, time, channels) to (batch, places, filters)."""

    __doc__ += _Convolution.__doc__.partition("\n")[2]
    forms = ("conv1",)
    axes = 1


class Conv2(_Convolution):
    """Filters that move over images: act(x * w + b), from (batch, rows, columns, channels) to the same axes."""

    __doc__ += _Convolution.__doc__.partition("\n")[2]
    forms = ("conv2",)
    axes = 2


# --------------------------------------------------------------------------------------------------------- pooling


def _larger(a, b):
    """Return the larger of two; the first where they are equal, which so gets the gradient. NaN is the largest."""
    return pt.switch(pt.or_(pt.gt(b, a), pt.isnan(b)), b, a)


class _Pooling(_Windows, abstract=True):
    """What `Pool1` and `Pool2` have in common.

    Parameters
    ----------
    pool_size : int, or one for each axis
    stride : int, or one for each axis, or None
        Number of cells from one window to the next. None means `pool_size`: windows neither overlap nor leave gaps.
    pooling : 'max' or 'mean'
        The gradient of a maximum goes to the first of equal values, in row-major order.
    ignore_border : bool
        Whether to ignore windows at the end that are not full. Otherwise they pool the cells that there are.
    """

    default_activation = "linear"

    def __init__(self, *, pool_size=2, stride=None, pooling="max", ignore_border=True, **options):
        super().__init__(**options)
        if self.shape is not None:
            raise SpecError(f"layer {self.name!r}: got size={self.size}, but pooling keeps the channels of its input. "
                            "Leave size out; pool_size sets the size of the windows")
        self.pool_size = self._numbers("pool_size", pool_size)
        self.stride = self.pool_size if stride is None else self._numbers("stride", stride)
        if pooling not in ("max", "mean"):
            raise SpecError(f"layer {self.name!r}: pooling={pooling!r} is not valid; it must be 'max' or 'mean'")
        if not isinstance(ignore_border, bool | np.bool_):
            raise SpecError(f"layer {self.name!r}: ignore_border={ignore_border!r} is not valid; it must be True or "
                            "False")
        self.pooling, self.ignore_border = pooling, bool(ignore_border)

    def setup(self, sources):
        *size, channels = self._source_shape(sources)
        places, missing = [], []
        for n, window, stride in zip(size, self.pool_size, self.stride, strict=True):
            count = positions(n, window, stride)
            if not self.ignore_border:
                count = max(1, -(-(n - window) // stride) + 1)
                count -= (count - 1) * stride >= n  # a window that would begin behind the end
            places.append(count)
            missing.append(max(0, (count - 1) * stride + window - n))
        if min(places) < 1:
            self._refuse_size("pool_size", self.pool_size, size)
        self.shape = (*places, channels)
        self._missing, self._size = self._over_rows(tuple(missing), 0), self._over_rows(tuple(size), 1)

    def connect(self, values):
        image = self._as_image(values[0])
        highest = self.pooling == "max"
        image = pad(image, (0, 0), self._missing, value=-np.inf if highest else 0.0)
        pooled = image
        for axis in (2, 1):  # the first in its row, then the first of the rows
            pooled = self._along(pooled, axis, _larger if highest else pt.add)
        if not highest:
            pooled = pooled / self._counts(values[0].dtype)
        if self.axes == 1:
            pooled = pooled.reshape((values[0].shape[0], *self.shape))
        return {"out": self.activate(pooled)}

    def _along(self, image, axis, join):
        """Return what `join` makes of all the cells of each window along one axis."""
        window = self._over_rows(self.pool_size, 1)[axis - 1]
        stride = self._over_rows(self.stride, 1)[axis - 1]
        count = self._over_rows(self.shape[:-1], 1)[axis - 1]
        return joined(image, axis, window, stride, count, join)

    def _counts(self, dtype):
        """Return how many cells each window has that are not behind the end, (rows, columns, 1)."""
        numbers = zip(self._over_rows(self.shape[:-1], 1), self._over_rows(self.stride, 1),
                      self._over_rows(self.pool_size, 1), self._size, strict=True)
        rows, columns = (np.minimum(np.arange(k) * s + w, n) - np.arange(k) * s for k, s, w, n in numbers)
        return (rows[:, None, None] * columns[:, None]).astype(dtype)

    def to_spec(self):
        spec = super().to_spec()
        del spec["shape"]
        return spec | {"pool_size": self._plain(self.pool_size), "stride": self._plain(self.stride),
                       "pooling": self.pooling, "ignore_border": self.ignore_border}


class Pool1(_Pooling):
    """Maximum or mean of windows over time, for each channel, of (batch, time, channels)."""

    __doc__ += _Pooling.__doc__.partition("\n")[2]
    forms = ("pool1",)
    axes = 1


class Pool2(_Pooling):
    """Maximum or mean of windows over images, for each channel, of (batch, rows, columns, channels)."""

    __doc__ += _Pooling.__doc__.partition("\n")[2]
    forms = ("pool2",)
    axes = 2
