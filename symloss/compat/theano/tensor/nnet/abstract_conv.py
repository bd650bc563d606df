"""Convolution and its adjoints in two and three dimensions, channels first: the core's windows by Theano's names."""

import pytensor
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable
from pytensor.tensor.basic import get_underlying_scalar_constant_value

from .....errors import ShapeError, SpecError
from .....layers.windows import correlate, lengths, pad, positions, spread
from ...names import forwarding

BORDERS = {"valid": lambda span: 0, "full": lambda span: span - 1, "half": lambda span: span // 2}


def numbers(value, axes, what) -> tuple:
    """Return one number for each axis."""
    several = tuple(value) if isinstance(value, list | tuple) else (value,) * axes
    if len(several) != axes:
        raise SpecError(f"{what}={value!r} is not valid; it must be one number, or one for each of {axes} axes")
    return several


def borders(mode, window, dilation) -> list[tuple]:
    """Return how many zeros go before and behind each axis.

    >>> borders("half", (5, 3), (1, 1)), borders((1, (0, 2)), (5, 3), (1, 1))
    ([(2, 2), (1, 1)], [(1, 1), (0, 2)])
    """
    if isinstance(mode, str):
        if mode not in BORDERS:
            raise ValueError(f"invalid border_mode {mode!r}; it must be {', '.join(map(repr, BORDERS))}, an integer, "
                             f"or one integer (or a pair) for each axis")
        mode = [BORDERS[mode]((w - 1) * d + 1) for w, d in zip(window, dilation, strict=True)]
    each = numbers(mode, len(window), "border_mode")
    if any(m is None for m in each):
        raise ValueError(f"invalid border_mode {mode!r}; it must be {', '.join(map(repr, BORDERS))} or integers")
    return [tuple(m) if isinstance(m, list | tuple) else (m, m) for m in each]


def get_conv_output_shape(image_shape, kernel_shape, border_mode, subsample, filter_dilation=None) -> tuple:
    """Return the shape of a convolution's result, with None where a length is unknown."""
    window, dilation = kernel_shape[2:], filter_dilation or (1,) * (len(image_shape) - 2)
    around = borders(border_mode, window, dilation)
    sizes = [None if n is None else positions(n + sum(pair), w, s, d) for n, pair, w, s, d in zip(
        image_shape[2:], around, window, subsample, dilation, strict=True)]
    return (image_shape[0], kernel_shape[0], *sizes)


def _with_shape(x, shape, axes, what):
    """Return `x` with the lengths that `shape` tells, or that a shared variable has; the former are looked at again."""
    x = pt.as_tensor_variable(x)
    if x.ndim != axes:
        raise ShapeError(f"{what} has {x.ndim} axes, but it must have {axes}: (items, channels, ...) for an input, "
                         f"(filters, channels, ...) for filters")
    if shape is None and isinstance(x, SharedVariable):
        shape = x.get_value(borrow=True).shape
    told = [None if n is None or isinstance(n, Variable) else int(n) for n in shape or (None,) * axes]
    for axis, (new, own) in enumerate(zip(told, x.type.shape, strict=True)):
        if None not in (new, own) and new != own:
            raise ShapeError(f"{what} has length {own} along axis {axis}, but its shape was given as {tuple(shape)}")
    told = [new if own is None else None for new, own in zip(told, x.type.shape, strict=True)]
    return x if all(n is None for n in told) else pt.specify_shape(x, told)


def _channels_last(x):
    return x.dimshuffle(0, *range(2, x.ndim), 1)


def _channels_first(x):
    return x.dimshuffle(0, x.ndim - 1, *range(1, x.ndim - 1))


class _Way:
    """How filters move over an input: what convolution and its two adjoints share."""

    def __init__(self, axes, border_mode, subsample, filter_flip, filter_dilation, num_groups=1):
        self.axes, self.border_mode, self.flip, self.groups = axes, border_mode, filter_flip, num_groups
        self.stride = tuple(map(int, numbers(subsample, axes, "subsample")))
        self.dilation = tuple(map(int, numbers(filter_dilation, axes, "filter_dilation")))

    def around(self, filters):
        """Return the zeros (before, behind) of all axes."""
        return list(zip(*borders(self.border_mode, lengths(filters)[-self.axes:], self.dilation), strict=True))

    def convolve(self, x, filters):
        """Return (items, filters, *places)."""
        seen = pad(_channels_last(x), *self.around(filters))
        weights = filters.dimshuffle(*range(2, self.axes + 2), 1, 0)
        return _channels_first(correlate(seen, weights, self.stride, flip=self.flip, dilation=self.dilation,
                                         groups=self.groups))

    def to_input(self, filters, gradient, sizes):
        """Return the gradient of an input (items, channels, *sizes), from that of the result."""
        if self.groups > 1:
            parts = zip(*(self._parts(v, axis) for v, axis in ((filters, 0), (gradient, 1))), strict=True)
            alone = _Way(self.axes, self.border_mode, self.stride, self.flip, self.dilation)
            return pt.concatenate([alone.to_input(*each, sizes) for each in parts], axis=1)
        before, behind = self.around(filters)
        whole = tuple(n + a + b for n, a, b in zip(sizes, before, behind, strict=True))
        weights = filters.dimshuffle(*range(2, self.axes + 2), 1, 0)
        made = spread(_channels_last(gradient), weights, whole, self.stride, flip=self.flip, dilation=self.dilation)
        inside = (slice(a, a + n) for a, n in zip(before, sizes, strict=True))
        return _channels_first(made[(slice(None), *inside)])

    def _parts(self, x, axis):
        size = lengths(x)[axis] // self.groups
        return [x[(*(slice(None),) * axis, slice(i * size, (i + 1) * size))] for i in range(self.groups)]

    def to_filters(self, x, gradient, shape):
        """Return the gradient of filters of a `shape`, from that of the result."""
        filters = pt.zeros(shape, dtype=x.dtype)  # the result depends on them linearly
        return pytensor.grad(None, filters, known_grads={self.convolve(x, filters): gradient})


def _convolution(axes, x, filters, input_shape, filter_shape, *way, unshared=False):
    x = _with_shape(x, input_shape, axes + 2, f"conv{axes}d: the input")
    filters = _with_shape(filters, filter_shape, (2 * axes if unshared else axes) + 2, f"conv{axes}d: the filters")
    way = _Way(axes, *way)
    if unshared:
        return _unshared(way, x, filters)
    own, wanted = x.type.shape[1], filters.type.shape[1]
    if None not in (own, wanted) and own != wanted * way.groups:
        raise ShapeError(f"conv{axes}d: the input {x.type.shape} has {own} channels, but the filters "
                         f"{filters.type.shape} are made for {wanted * way.groups}; both must be the same")
    return way.convolve(x, filters)


def _unshared(way, x, filters):
    """Return what filters (filters, *places, channels, *window) make, each place by its own."""
    axes = way.axes
    seen = pad(_channels_last(x), *way.around(filters))
    window, channels = lengths(filters)[-axes:], lengths(filters)[-axes - 1]
    count = 1
    for n in (*window, channels):
        count = count * n
    one = pt.eye(count, dtype=x.dtype).reshape((*window, channels, count))
    cells = correlate(seen, one, way.stride, flip=way.flip, dilation=way.dilation)  # what each window sees
    order = (*range(1, axes + 1), *range(axes + 2, 2 * axes + 2), axes + 1, 0)
    weights = filters.dimshuffle(*order).reshape((*filters.shape[1 : axes + 1], count, filters.shape[0]))
    places = cells.dimshuffle(*range(1, axes + 1), 0, axes + 1)
    made = pt.matmul(places, weights)  # (*places, items, filters)
    return made.dimshuffle(axes, axes + 1, *range(axes))


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
    ValueError
        For another `border_mode`.
    """
    shape = image_shape if input_shape is None else input_shape
    return _convolution(2, input, filters, shape, filter_shape, border_mode, subsample, filter_flip, filter_dilation,
                        num_groups, unshared=unshared)


def conv3d(input, filters, input_shape=None, filter_shape=None, border_mode="valid", subsample=(1, 1, 1),
           filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):
    """Return the convolution of volumes (items, channels, depth, rows, columns) with filters; see `conv2d`."""
    return _convolution(3, input, filters, input_shape, filter_shape, border_mode, subsample, filter_flip,
                        filter_dilation, num_groups)


class _Adjoint:
    """Shared code of the gradients of convolution: their options, as Theano's operations take them."""

    axes = 2

    def __init__(self, imshp=None, kshp=None, border_mode="valid", subsample=None, filter_flip=True,
                 filter_dilation=None, num_groups=1):
        self.imshp, self.kshp, self.border_mode, self.filter_flip = imshp, kshp, border_mode, filter_flip
        self.subsample = (1,) * self.axes if subsample is None else subsample
        self.filter_dilation = (1,) * self.axes if filter_dilation is None else filter_dilation
        self.num_groups = num_groups

    @property
    def way(self):
        return _Way(self.axes, self.border_mode, self.subsample, self.filter_flip, self.filter_dilation,
                    self.num_groups)

    def sizes(self, told, given) -> tuple:
        """Return the lengths of all axes but two: those that were told, else as they are given."""
        told = (None,) * self.axes if told is None else told[-self.axes:]
        given = told if given is None else [given[i] for i in range(self.axes)]
        return tuple(_number(g if t is None else t) for t, g in zip(told, given, strict=True))


class AbstractConv2d_gradInputs(_Adjoint):  # noqa: N801 (Theano's name)
    """The gradient of `conv2d` by its input: called with the filters, the result's gradient and the input's size."""

    def __call__(self, kern, topgrad, shape=None, add_assert_shape=True):
        kern = _with_shape(kern, self.kshp, self.axes + 2, "the filters")
        return self.way.to_input(kern, pt.as_tensor_variable(topgrad), self.sizes(self.imshp, shape))


class AbstractConv3d_gradInputs(AbstractConv2d_gradInputs):  # noqa: N801
    """The gradient of `conv3d` by its input."""

    axes = 3


class AbstractConv2d_gradWeights(_Adjoint):  # noqa: N801
    """The gradient of `conv2d` by its filters: called with the input, the result's gradient and the filters' size."""

    def __call__(self, img, topgrad, shape=None, add_assert_shape=True):
        img, topgrad = _with_shape(img, self.imshp, self.axes + 2, "the input"), pt.as_tensor_variable(topgrad)
        whole = (lengths(topgrad)[1], lengths(img)[1] // self.num_groups, *self.sizes(self.kshp, shape))
        return self.way.to_filters(img, topgrad, whole)


class AbstractConv3d_gradWeights(AbstractConv2d_gradWeights):  # noqa: N801
    """The gradient of `conv3d` by its filters."""

    axes = 3


def _number(length):
    """Return a length as an integer where it is a constant."""
    if not isinstance(length, Variable):
        return int(length)
    found = get_underlying_scalar_constant_value(length, raise_not_constant=False)
    return length if isinstance(found, Variable) else int(found)


def _told(shape):
    return None if isinstance(shape, Variable) else [None if isinstance(n, Variable) else n for n in shape]


def conv2d_grad_wrt_inputs(output_grad, filters, input_shape, filter_shape=None, border_mode="valid",
                           subsample=(1, 1), filter_flip=True, filter_dilation=(1, 1), num_groups=1):
    """Return the gradient of `conv2d` by its input, which has `input_shape`."""
    op = AbstractConv2d_gradInputs(_told(input_shape), filter_shape, border_mode, subsample, filter_flip,
                                   filter_dilation, num_groups)
    return op(filters, output_grad, input_shape[2:])


def conv3d_grad_wrt_inputs(output_grad, filters, input_shape, filter_shape=None, border_mode="valid",
                           subsample=(1, 1, 1), filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):
    """Return the gradient of `conv3d` by its input, which has `input_shape`."""
    op = AbstractConv3d_gradInputs(_told(input_shape), filter_shape, border_mode, subsample, filter_flip,
                                   filter_dilation, num_groups)
    return op(filters, output_grad, input_shape[2:])


def conv2d_grad_wrt_weights(input, output_grad, filter_shape, input_shape=None, border_mode="valid",
                            subsample=(1, 1), filter_flip=True, filter_dilation=(1, 1), num_groups=1):
    """Return the gradient of `conv2d` by its filters, which have `filter_shape`."""
    op = AbstractConv2d_gradWeights(input_shape, _told(filter_shape), border_mode, subsample, filter_flip,
                                    filter_dilation, num_groups)
    return op(input, output_grad, filter_shape[2:])


def conv3d_grad_wrt_weights(input, output_grad, filter_shape, input_shape=None, border_mode="valid",
                            subsample=(1, 1, 1), filter_flip=True, filter_dilation=(1, 1, 1), num_groups=1):
    """Return the gradient of `conv3d` by its filters, which have `filter_shape`."""
    op = AbstractConv3d_gradWeights(input_shape, _told(filter_shape), border_mode, subsample, filter_flip,
                                    filter_dilation, num_groups)
    return op(input, output_grad, filter_shape[2:])


def conv2d_transpose(input, filters, output_shape, filter_shape=None, border_mode="valid", input_dilation=(1, 1),
                     filter_flip=True, filter_dilation=(1, 1), num_groups=1):
    """Return the transposed convolution, of `output_shape`: the gradient of `conv2d` by its input."""
    return conv2d_grad_wrt_inputs(input, filters, output_shape, filter_shape, border_mode, input_dilation, filter_flip,
                                  filter_dilation, num_groups)


__getattr__ = forwarding("theano.tensor.nnet.abstract_conv")
