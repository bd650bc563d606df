"""Convolution, transposed and dilated convolution, in one to three dimensions."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ....errors import ShapeError, SpecError
from .. import init, nonlinearities
from ..utils import as_tuple, int_types
from . import _convolution as conv
from .base import Layer, fitting, told

__all__ = ["Conv1DLayer", "Conv2DLayer", "Conv3DLayer", "Deconv2DLayer", "Deconv3DLayer", "DilatedConv2DLayer",
           "TransposedConv2DLayer", "TransposedConv3DLayer"]


def _around(pad, filter_size) -> int:
    """Return how many zeros, both sides together, a padding adds."""
    named = {"valid": 0, "full": 2 * (filter_size - 1), "same": 2 * (filter_size // 2)}
    if isinstance(pad, str) and pad in named:
        return named[pad]
    if not isinstance(pad, int_types):
        raise SpecError(f"Invalid pad: {pad!r}; it must be an integer, 'valid', 'full' or 'same'")
    return 2 * pad


def conv_output_length(input_length, filter_size, stride, pad=0):
    """Return the number of places of a filter along an axis; None if its length varies.

    >>> conv_output_length(13, 5, 3, "full"), conv_output_length(13, 5, 3, 2)
    (6, 5)
    """
    if input_length is None:
        return None
    places = input_length if isinstance(pad, str) and pad == "same" else (
        input_length + _around(pad, filter_size) - filter_size + 1)
    return (places + stride - 1) // stride


def conv_input_length(output_length, filter_size, stride, pad=0):
    """Return the smallest length of an axis on which a filter has this number of places; None if it varies.

    >>> conv_input_length(3, 3, 2, "same"), conv_input_length(2, 3, 2, 0)
    (5, 5)
    """
    if output_length is None:
        return None
    return (output_length - 1) * stride - _around(pad, filter_size) + filter_size


class BaseConvLayer(Layer):
    """Shared code of layers of convolution; a subclass defines `convolve`.

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, *size)
    num_filters : int
    filter_size, stride : int or tuple of int
    pad : int, tuple of int, 'full', 'same' or 'valid'
        Padding. 'full': filters overlap the input by at least one cell. 'same': half a filter of zeros, so that without
        a stride the size stays the same; filters must have an odd size.
    untie_biases : bool
        Whether each place has its own biases.
    W : array, initializer, shared variable or expression
        (filters, channels / num_groups, *filter_size)
    b : the same (filters,), with `untie_biases` (filters, *places); or None
    nonlinearity : callable or None
        None: linear.
    flip_filters : bool
        True: convolution, with reversed filters. False: correlation.
    num_groups : int
        Number of groups of channels and filters.
    n : int or None
        Number of dimensions. None means that of the input minus 2.
    name : str or None

    Raises
    ------
    ShapeError
        If numbers of dimensions or groups do not fit.
    NotImplementedError
        For ``pad='same'`` with a filter of even size.
    """

    def __init__(self, incoming, num_filters, filter_size, stride=1, pad=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=True, num_groups=1, n=None, **kwargs):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        axes = len(self.input_shape) - 2
        if n not in (None, axes):
            raise ShapeError(f"{told(self)}: Tried to create a {n}D convolution layer with input shape "
                             f"{self.input_shape}. Expected {n + 2} input dimensions (batchsize, channels, {n} spatial "
                             f"dimensions).")
        self.n = axes
        self.num_filters = num_filters
        self.filter_size = as_tuple(filter_size, axes, int_types)
        self.flip_filters = flip_filters
        self.stride = as_tuple(stride, axes, int_types)
        self.untie_biases = untie_biases
        if isinstance(pad, str) and pad == "same" and any(size % 2 == 0 for size in self.filter_size):
            raise NotImplementedError(f"{told(self)}: filter_size={self.filter_size}; `same` padding requires odd "
                                      f"filter size. Use a PadLayer or pad='valid' instead")
        if isinstance(pad, str) and pad in ("valid", "full", "same"):
            self.pad = (0,) * axes if pad == "valid" else pad
        else:
            self.pad = as_tuple(pad, axes, int_types)
        self.num_groups = num_groups
        self._check_groups()
        self.W = self.add_param(W, self.get_W_shape(), name="W")
        shape = (num_filters, *self.output_shape[2:]) if untie_biases and b is not None else (num_filters,)
        self.b = None if b is None else self.add_param(b, shape, name="b", regularizable=False)

    def _check_groups(self):
        channels, groups = self.input_shape[1], self.num_groups
        if channels is None:
            raise ShapeError(f"{told(self)}: its input has shape {self.input_shape}, but the number of channels, the "
                             f"length of the second axis, must be known")
        if groups <= 0 or self.num_filters % groups or channels % groups:
            raise ShapeError(f"{told(self)}: num_groups (here: {groups}) must be positive and evenly divide the "
                             f"number of input and output channels (here: {channels} and {self.num_filters})")

    def get_W_shape(self):  # noqa: N802
        """Return the shape of the filters."""
        return (self.num_filters, self.input_shape[1] // self.num_groups, *self.filter_size)

    def get_output_shape_for(self, input_shape):
        pad = self.pad if isinstance(self.pad, tuple) else (self.pad,) * self.n
        sizes = zip(input_shape[2:], self.filter_size, self.stride, pad, strict=True)
        return (input_shape[0], self.num_filters, *(conv_output_length(*each) for each in sizes))

    def get_output_for(self, input, **kwargs):
        conved = self.convolve(input, **kwargs)
        if self.b is None:
            return self.nonlinearity(conved)
        axes = range(1, self.n + 1) if self.untie_biases else ["x"] * self.n
        return self.nonlinearity(conved + self.b.dimshuffle("x", 0, *axes))

    def convolve(self, input, **kwargs):
        """Return `input` convolved with ``self.W``, without biases and nonlinearity. A subclass defines this method."""
        raise NotImplementedError(f"{told(self)}: BaseConvLayer does not implement the convolve() method. Use "
                                  f"a subclass such as Conv2DLayer.")


class _Convolution(BaseConvLayer):
    """Shared code of Conv1DLayer, Conv2DLayer and Conv3DLayer.

    Parameters
    ----------
    convolution : callable
        ``(input, filters, input_shape, filter_shape, subsample=, border_mode=, filter_flip=)``, and ``num_groups=`` if
        there are any.
    """

    _axes = None

    def __init__(self, incoming, num_filters, filter_size, stride=1, pad=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=True, convolution=conv.convolution, **kwargs):
        kwargs.setdefault("n", self._axes)
        super().__init__(incoming, num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity,
                         flip_filters, **kwargs)
        self.convolution = convolution

    def convolve(self, input, **kwargs):
        shape = self.input_shape
        if self.convolution is conv.convolution:
            input = fitting(self, input, shape)
        more = {"num_groups": self.num_groups} if self.num_groups > 1 else {}
        return self.convolution(input, self.W, shape, self.get_W_shape(), subsample=self.stride,
                                border_mode="half" if self.pad == "same" else self.pad, filter_flip=self.flip_filters,
                                **more)


class Conv1DLayer(_Convolution):
    """Convolution over time: ``nonlinearity(x * W + b)``, (batch, channels, time) to (batch, filters, places)."""

    __doc__ += BaseConvLayer.__doc__.partition("\n")[2] + _Convolution.__doc__.partition("----------\n")[2]
    _axes = 1


class Conv2DLayer(_Convolution):
    """Convolution over images (batch, channels, rows, columns): ``nonlinearity(x * W + b)``."""

    __doc__ += BaseConvLayer.__doc__.partition("\n")[2] + _Convolution.__doc__.partition("----------\n")[2]
    _axes = 2


class Conv3DLayer(_Convolution):
    """Convolution over volumes: ``nonlinearity(x * W + b)``, of (batch, channels, depth, rows, columns)."""

    __doc__ += BaseConvLayer.__doc__.partition("\n")[2] + _Convolution.__doc__.partition("----------\n")[2]
    _axes = 3


class _Transposed(BaseConvLayer):
    """Shared code of transposed convolution in two and three dimensions.

    Parameters
    ----------
    incoming, num_filters, filter_size, untie_biases, b, nonlinearity, name
        As in `Conv2DLayer`.
    stride : int or tuple of int
        Distance of the cells of the input in the output.
    crop : int, tuple of int, 'full', 'same' or 'valid'
        Number of cells that are cut off on each side, the opposite of `pad` of a convolution.
    W : array, initializer, shared variable or expression
        (channels, filters, *filter_size): channels first.
    flip_filters : bool
        False: the transposed map of a `Conv2DLayer` with ``flip_filters=True``.
    output_size : None, int, tuple of int or vector
        Size of the output. With a stride, several sizes are possible; None means the smallest.
    """

    _axes = None

    def __init__(self, incoming, num_filters, filter_size, stride=1, crop=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=False, output_size=None, **kwargs):
        if output_size is not None and not isinstance(output_size, Variable):
            output_size = as_tuple(output_size, self._axes, int_types)
        self.output_size = output_size
        kwargs.setdefault("n", self._axes)
        super().__init__(incoming, num_filters, filter_size, stride, crop, untie_biases, W, b, nonlinearity,
                         flip_filters, **kwargs)
        self.crop = self.pad
        del self.pad

    def _check_groups(self):
        super()._check_groups()
        if self.num_groups > 1:
            raise NotImplementedError(f"{told(self)}: num_groups={self.num_groups} is not supported by "
                                      f"{type(self).__name__}; leave it out")

    def get_W_shape(self):  # noqa: N802
        """Return the shape of the filters."""
        return (self.input_shape[1], self.num_filters, *self.filter_size)

    def get_output_shape_for(self, input_shape):
        if self.output_size is None:
            crop = getattr(self, "crop", getattr(self, "pad", None))
            crop = crop if isinstance(crop, tuple) else (crop,) * self.n
            each = zip(input_shape[2:], self.filter_size, self.stride, crop, strict=True)
            size = [conv_input_length(*one) for one in each]
        else:
            size = [None] * self.n if isinstance(self.output_size, Variable) else self.output_size
        return (input_shape[0], self.num_filters, *size)

    def convolve(self, input, **kwargs):
        input = fitting(self, input, self.input_shape)
        size = self.output_shape[2:]
        if isinstance(self.output_size, Variable):
            size = [self.output_size[axis] for axis in range(self.n)]
        elif None in size:
            size = self.get_output_shape_for(tuple(input.shape[axis] for axis in range(input.ndim)))[2:]
        filters = conv.told(self.W, self.get_W_shape(), None, "filters")
        return conv.transposed(input, filters, tuple(size), "half" if self.crop == "same" else self.crop, self.stride,
                               filter_flip=not self.flip_filters)


class TransposedConv2DLayer(_Transposed):
    """Transposed convolution over images, also called fractionally strided convolution or deconvolution."""

    __doc__ += _Transposed.__doc__.partition("\n")[2]
    _axes = 2


class TransposedConv3DLayer(_Transposed):
    """Transposed convolution over volumes, also called fractionally strided convolution or deconvolution."""

    __doc__ += _Transposed.__doc__.partition("\n")[2]
    _axes = 3


Deconv2DLayer = TransposedConv2DLayer
Deconv3DLayer = TransposedConv3DLayer


class DilatedConv2DLayer(BaseConvLayer):
    """Dilated convolution over images (Yu & Koltun 2016).

    Parameters
    ----------
    incoming, num_filters, filter_size, untie_biases, b, nonlinearity, name
        As in `Conv2DLayer`.
    dilation : int or pair of int
        Distance of neighboring cells of a filter.
    pad : 0
        To add padding, put a `PadLayer` before it.
    W : array, initializer, shared variable or expression
        (channels, filters, rows, columns): channels first.
    flip_filters : False
        Must be False: this layer is a correlation.

    Raises
    ------
    NotImplementedError
        For other values of `pad` and `flip_filters`.
    """

    def __init__(self, incoming, num_filters, filter_size, dilation=(1, 1), pad=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=False, **kwargs):
        self.dilation = as_tuple(dilation, 2, int_types)
        super().__init__(incoming, num_filters, filter_size, 1, pad, untie_biases, W, b, nonlinearity, flip_filters,
                         n=2, **kwargs)
        del self.stride
        if self.pad != (0, 0):
            raise NotImplementedError(f"{told(self)}: DilatedConv2DLayer requires pad=0 / (0,0) / 'valid', but got "
                                      f"{pad!r}. For a padded dilated convolution, add a PadLayer.")
        if self.flip_filters:
            raise NotImplementedError(f"{told(self)}: DilatedConv2DLayer requires flip_filters=False.")
        if self.num_groups > 1:
            raise NotImplementedError(f"{told(self)}: num_groups={self.num_groups} is not supported by "
                                      f"DilatedConv2DLayer; leave it out")

    def get_W_shape(self):  # noqa: N802
        """Return the shape of the filters."""
        return (self.input_shape[1], self.num_filters, *self.filter_size)

    def get_output_shape_for(self, input_shape):
        sizes = zip(input_shape[2:], self.filter_size, self.dilation, strict=True)
        return (input_shape[0], self.num_filters, *(conv_output_length(n, (w - 1) * d + 1, 1, 0) for n, w, d in sizes))

    def convolve(self, input, **kwargs):
        filters = pt.as_tensor_variable(self.W).dimshuffle(1, 0, 2, 3)
        shape = (self.num_filters, self.input_shape[1], *self.filter_size)
        return conv.convolution(fitting(self, input, self.input_shape), filters, self.input_shape, shape,
                                filter_flip=False, filter_dilation=self.dilation)
