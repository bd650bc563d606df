"""Convolution and its adjoints, in two and three dimensions: windows, and products of matrices."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .....errors import ShapeError, SpecError
from ...names import forwarding
from . import windows

BORDERS = ("valid", "full", "half")


def numbers(value, axes, what) -> tuple:
    """Return one number for each axis."""
    several = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(several) != axes:
        raise SpecError(f"{what}={value!r}; one number, or one for each of {axes} axes, is wanted")
    return several


def borders(mode, window, dilation) -> list[tuple]:
    """Return how many zeros go before and behind each axis.

    >>> borders("half", (5, 3), (1, 1)), borders((1, (0, 2)), (5, 3), (1, 1))
    ([(2, 2), (1, 1)], [(1, 1), (0, 2)])
    """
    spans = [(w - 1) * d + 1 for w, d in zip(window, dilation, strict=True)]
    if isinstance(mode, str):
        if mode not in BORDERS:
            raise ValueError(f"invalid border_mode {mode!r}; {', '.join(map(repr, BORDERS))}, an integer, or one (or a "
                             f"pair) for each axis is wanted")
        each = {"valid": lambda span: 0, "full": lambda span: span - 1, "half": lambda span: span // 2}[mode]
        mode = [each(span) for span in spans]
    mode = numbers(mode, len(window), "border_mode")
    return [tuple(m) if isinstance(m, list | tuple) else (m, m) for m in mode]


def get_conv_output_shape(image_shape, kernel_shape, border_mode, subsample, filter_dilation=None) -> tuple:
    """Return the shape of a convolution's result, with None where a length is unknown."""
    axes = len(image_shape) - 2
    window, dilation = kernel_shape[2:], filter_dilation or (1,) * axes
    around = borders(border_mode, window, dilation)
    sizes = [None if n is None else windows.places(n + sum(pair), w, s, d) for n, pair, w, s, d in zip(
        image_shape[2:], around, window, subsample, dilation, strict=True)]
    return (image_shape[0], kernel_shape[0], *sizes)


def _with_shape(x, shape, axes, what):
    """Return `x` with the lengths that `shape` tells, which are looked at when it runs."""
    x = pt.as_tensor_variable(x)
    if x.ndim != axes:
        raise ShapeError(f"{what} has {x.ndim} axes, and {axes} are wanted: (items, channels, ...) for an input, "
                         f"(filters, channels, ...) for filters")
    if shape is None:
        return x
    known = [n if isinstance(n, int) or (hasattr(n, "__index__") and not isinstance(n, Variable)) else None
             for n in shape]
    for axis, (told, own) in enumerate(zip(known, x.type.shape, strict=True)):
        if None not in (told, own) and told != own:
            raise ShapeError(f"{what} has length {own} along axis {axis}, and its shape was given as {tuple(shape)}")
    new = [None if own is not None else told for told, own in zip(known, x.type.shape, strict=True)]
    return x if not any(n is not None for n in new) else pt.specify_shape(x, new)


class _Geometry:
    """How filters lie on an input: what convolution and its two adjoints share."""

    def __init__(self, axes, window, border_mode, subsample, filter_flip, filter_dilation, num_groups=1):
        if None in window:
            raise SpecError("convolution: the rows and columns of the filters have to be known; pass filter_shape")
        self.axes, self.window, self.flip, self.groups = axes, tuple(map(int, window)), filter_flip, num_groups
        self.stride = tuple(map(int, numbers(subsample, axes, "subsample")))
        self.dilation = tuple(map(int, numbers(filter_dilation, axes, "filter_dilation")))
        self.around = borders(border_mode, self.window, self.dilation)

    def turned(self, filters):
        """Return filters in the direction in which they are applied."""
        return filters[(slice(None), slice(None), *[slice(None, None, -1)] * self.axes)] if self.flip else filters

    def as_matrix(self, filters):
        """Return filters (filters, channels, *window) as (filters, cells * channels)."""
        turned = self.turned(filters).dimshuffle(0, *range(2, self.axes + 2), 1)
        return turned.reshape((filters.shape[0], -1))

    def seen(self, x):
        """Return what the windows see of an input (items, channels, ...)."""
        x = windows.padded(x.dimshuffle(1, 0, *range(2, x.ndim)), self.around)
        return windows.unfold(x, self.window, self.stride, self.dilation)

    def convolve(self, x, filters):
        """Return (items, filters, *places)."""
        if self.groups > 1:
            return pt.concatenate([self._one(a, b) for a, b in zip(
                self._parts(x, 1), self._parts(filters, 0), strict=True)], axis=1)
        return self._one(x, filters)

    def _parts(self, x, axis):
        size = x.shape[axis] // self.groups if x.type.shape[axis] is None else x.type.shape[axis] // self.groups
        rest = (slice(None),) * axis
        return [x[(*rest, slice(i * size, (i + 1) * size))] for i in range(self.groups)]

    def _one(self, x, filters):
        seen = self.seen(x)
        flat = seen.reshape((-1 if seen.type.shape[1] is None else len_of(seen), _product(seen.shape[2:])))
        made = pt.dot(self.as_matrix(filters), flat)
        shape = [windows.lengths(filters)[0], *windows.lengths(seen)[2:]]
        return made.reshape(shape, ndim=self.axes + 2).dimshuffle(1, 0, *range(2, self.axes + 2))

    def to_input(self, filters, gradient, sizes):
        """Return the gradient of the input (items, channels, *sizes), from that of the result."""
        if self.groups > 1:
            return pt.concatenate([self._to_input(a, b, sizes) for a, b in zip(
                self._parts(filters, 0), self._parts(gradient, 1), strict=True)], axis=1)
        return self._to_input(filters, gradient, sizes)

    def _to_input(self, filters, gradient, sizes):
        channels, items = windows.lengths(filters)[1], windows.lengths(gradient)[0]
        whole = [n + sum(pair) for n, pair in zip(sizes, self.around, strict=True)]
        counts = [windows.places(*each) for each in zip(whole, self.window, self.stride, self.dilation, strict=True)]
        moved = gradient.dimshuffle(1, 0, *range(2, gradient.ndim))
        seen = pt.dot(self.as_matrix(filters).T, moved.reshape((moved.shape[0], -1)))
        cells = 1
        for w in self.window:
            cells *= w
        seen = seen.reshape((cells, channels, items, *counts), ndim=self.axes + 3)
        like = pt.zeros((channels, items, *whole), dtype=seen.dtype)
        made = windows.fold(seen, like, self.window, self.stride, self.dilation)
        inside = [slice(before, before + n) for n, (before, _) in zip(sizes, self.around, strict=True)]
        return made[(slice(None), slice(None), *inside)].dimshuffle(1, 0, *range(2, self.axes + 2))

    def to_filters(self, x, gradient):
        """Return the gradient of the filters (filters, channels, *window), from that of the result."""
        if self.groups > 1:
            return pt.concatenate([self._to_filters(a, b) for a, b in zip(
                self._parts(x, 1), self._parts(gradient, 1), strict=True)], axis=0)
        return self._to_filters(x, gradient)

    def _to_filters(self, x, gradient):
        seen = self.seen(x)
        moved = gradient.dimshuffle(1, 0, *range(2, gradient.ndim))
        made = pt.dot(moved.reshape((moved.shape[0], -1)), seen.reshape((-1, _product(seen.shape[2:]))).T)
        made = made.reshape((moved.shape[0], *self.window, windows.lengths(x)[1]), ndim=self.axes + 2)
        return self.turned(made.dimshuffle(0, self.axes + 1, *range(1, self.axes + 1)))


def len_of(seen):
    """Return the number of cells times channels, which are known."""
    return seen.type.shape[0] * seen.type.shape[1]


def _product(several):
    total = 1
    for one in several:
        total = total * one
    return total


def _convolution(axes, x, filters, input_shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation,
                 num_groups=1, unshared=False):
    x = _with_shape(x, input_shape, axes + 2, f"conv{axes}d: the input")
    filters = _with_shape(filters, filter_shape, (2 * axes if unshared else axes) + 2, f"conv{axes}d: the filters")
    geometry = _Geometry(axes, filters.type.shape[-axes:], border_mode, subsample, filter_flip, filter_dilation,
                         num_groups)
    if unshared:
        return _unshared(geometry, x, filters)
    own, wanted = x.type.shape[1], filters.type.shape[1]
    if None not in (own, wanted) and own != wanted * num_groups:
        raise ShapeError(f"conv{axes}d: the input {x.type.shape} has {own} channels, and filters {filters.type.shape} "
                         f"are for {wanted * num_groups}; they have to be the same")
    return geometry.convolve(x, filters)


def _unshared(geometry, x, filters):
    """Return what filters (filters, *places, channels, *window) make, each place by its own."""
    axes = geometry.axes
    seen = geometry.seen(x)
    if geometry.flip:
        filters = filters[(..., *[slice(None, None, -1)] * axes)]
    order = (*range(1, axes + 1), 0, *range(axes + 2, 2 * axes + 2), axes + 1)
    count = _product(filters.shape[1 : axes + 1])
    by_place = filters.dimshuffle(*order).reshape((count, filters.shape[0], -1))
    cells = seen.reshape((-1, seen.shape[2], count)).dimshuffle(2, 0, 1)
    made = pt.matmul(by_place, cells)  # (places, filters, items)
    shape = [*windows.lengths(seen)[3:], filters.shape[0], seen.shape[2]]
    return made.reshape(shape, ndim=axes + 2).dimshuffle(axes + 1, axes, *range(axes))


def conv2d(input, filters, input_shape=None, filter_shape=None, border_mode="valid", subsample=(1, 1),
           filter_flip=True, image_shape=None, filter_dilation=(1, 1), num_groups=1, unshared=False):
    """Return the convolution of images with filters.

    Parameters
    ----------
    input : tensor (items, channels, rows, columns)
    filters : tensor (filters, channels, rows, columns)
        With `unshared` (filters, places in rows and columns, channels, rows, columns).
    input_shape, filter_shape : tuple of int or None
        Lengths that are known; `image_shape` is the older name of the first.
    border_mode : 'valid', 'full', 'half', int, or one int or pair of int for each axis
        How many zeros go around.
    subsample, filter_dilation : pairs of int
    filter_flip : bool
        Whether filters are read backwards, as convolution has it; False: correlation.
    num_groups : int
        Into how many groups channels and filters fall.
    unshared : bool
        Whether each place has filters of its own.

    Returns
    -------
    tensor (items, filters, places in rows, places in columns)

    Raises
    ------
    ShapeError
        If ranks or channels do not fit.
    """
    shape = image_shape if input_shape is None else input_shape
    return _convolution(2, input, filters, shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation,
                        num_groups, unshared)


def conv3d(input, filters, input_shape=None, filter_shape=None, border_mode="valid", subsample=(1, 1, 1),
           filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):
    """Return the convolution of volumes (items, channels, depth, rows, columns) with filters; see `conv2d`."""
    return _convolution(3, input, filters, input_shape, filter_shape, border_mode, subsample, filter_flip,
                        filter_dilation, num_groups)


class _Adjoint:
    """What the gradients of convolution have in common: their options, as Theano's operations take them."""

    axes, has_groups = 2, True

    def __init__(self, imshp=None, kshp=None, border_mode="valid", subsample=None, filter_flip=True,
                 filter_dilation=None, num_groups=1):
        self.imshp, self.kshp, self.border_mode, self.filter_flip = imshp, kshp, border_mode, filter_flip
        self.subsample = (1,) * self.axes if subsample is None else subsample
        self.filter_dilation = (1,) * self.axes if filter_dilation is None else filter_dilation
        self.num_groups = num_groups

    def geometry(self, window):
        return _Geometry(self.axes, window, self.border_mode, self.subsample, self.filter_flip, self.filter_dilation,
                         self.num_groups)


class AbstractConv2d_gradInputs(_Adjoint):  # noqa: N801 (Theano's name)
    """The gradient of `conv2d` by its input: called with the filters, the result's gradient and the input's size."""

    def __call__(self, kern, topgrad, shape, add_assert_shape=True):
        kern = _with_shape(kern, self.kshp, self.axes + 2, "the filters")
        topgrad = pt.as_tensor_variable(topgrad)
        told = self.imshp[-self.axes:] if self.imshp is not None else (None,) * self.axes
        given = [shape[i] for i in range(self.axes)] if shape is not None else told
        sizes = [t if isinstance(t, int) else g for t, g in zip(told, given, strict=True)]
        return self.geometry(kern.type.shape[-self.axes:]).to_input(kern, topgrad, sizes)


class AbstractConv3d_gradInputs(AbstractConv2d_gradInputs):  # noqa: N801
    """The gradient of `conv3d` by its input."""

    axes = 3


class AbstractConv2d_gradWeights(_Adjoint):  # noqa: N801
    """The gradient of `conv2d` by its filters: called with the input, the result's gradient and the filters' size."""

    def __call__(self, img, topgrad, shape, add_assert_shape=True):
        img = _with_shape(img, self.imshp, self.axes + 2, "the input")
        known = self.kshp[-self.axes:] if self.kshp is not None else [shape[i] for i in range(self.axes)]
        return self.geometry([_known(n) for n in known]).to_filters(img, pt.as_tensor_variable(topgrad))


class AbstractConv3d_gradWeights(AbstractConv2d_gradWeights):  # noqa: N801
    """The gradient of `conv3d` by its filters."""

    axes = 3


def _known(length):
    if isinstance(length, Variable):
        from pytensor.tensor.basic import get_underlying_scalar_constant_value

        return int(get_underlying_scalar_constant_value(length))
    return length


def _adjoint(kind, first, topgrad, size, imshp, kshp, border_mode, subsample, filter_flip, filter_dilation, groups):
    return kind(imshp, kshp, border_mode, subsample, filter_flip, filter_dilation, groups)(first, topgrad, size[-kind.axes:])


def conv2d_grad_wrt_inputs(output_grad, filters, input_shape, filter_shape=None, border_mode="valid",
                           subsample=(1, 1), filter_flip=True, filter_dilation=(1, 1), num_groups=1):
    """Return the gradient of `conv2d` by its input, which has `input_shape`."""
    return _adjoint(AbstractConv2d_gradInputs, filters, output_grad, input_shape, _told(input_shape), filter_shape,
                    border_mode, subsample, filter_flip, filter_dilation, num_groups)


def conv3d_grad_wrt_inputs(output_grad, filters, input_shape, filter_shape=None, border_mode="valid",
                           subsample=(1, 1, 1), filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):
    """Return the gradient of `conv3d` by its input, which has `input_shape`."""
    return _adjoint(AbstractConv3d_gradInputs, filters, output_grad, input_shape, _told(input_shape), filter_shape,
                    border_mode, subsample, filter_flip, filter_dilation, num_groups)


def conv2d_grad_wrt_weights(input, output_grad, filter_shape, input_shape=None, border_mode="valid",
                            subsample=(1, 1), filter_flip=True, filter_dilation=(1, 1), num_groups=1):
    """Return the gradient of `conv2d` by its filters, which have `filter_shape`."""
    return _adjoint(AbstractConv2d_gradWeights, input, output_grad, filter_shape, input_shape, _told(filter_shape),
                    border_mode, subsample, filter_flip, filter_dilation, num_groups)


def conv3d_grad_wrt_weights(input, output_grad, filter_shape, input_shape=None, border_mode="valid",
                            subsample=(1, 1, 1), filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):
    """Return the gradient of `conv3d` by its filters, which have `filter_shape`."""
    return _adjoint(AbstractConv3d_gradWeights, input, output_grad, filter_shape, input_shape, _told(filter_shape),
                    border_mode, subsample, filter_flip, filter_dilation, num_groups)


def _told(shape):
    return None if isinstance(shape, Variable) else [n if isinstance(n, int) else None for n in shape]


def conv2d_transpose(input, filters, output_shape, filter_shape=None, border_mode="valid", input_dilation=(1, 1),
                     filter_flip=True, filter_dilation=(1, 1), num_groups=1):
    """Return the transposed convolution, of `output_shape`: the gradient of `conv2d` by its input."""
    return conv2d_grad_wrt_inputs(input, filters, output_shape, filter_shape, border_mode, input_dilation, filter_flip,
                                  filter_dilation, num_groups)


__getattr__ = forwarding("theano.tensor.nnet.abstract_conv")
