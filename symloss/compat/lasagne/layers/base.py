"""What all layers share: their place in the network, and their parameters with tags."""

import warnings
from collections import OrderedDict

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ....errors import ShapeError
from .. import utils

__all__ = ["Layer", "MergeLayer"]


class NotDefinedError(NotImplementedError, AttributeError):
    """A layer whose class lacks a method that every subclass has to define.

    It is an AttributeError as well, so that ``hasattr(layer, 'output_shape')`` is False without a shape.
    """


class Layer:
    """One layer of a network. An output layer gives access to all layers that feed it.

    A subclass defines `get_output_for`, and `get_output_shape_for` if it changes the shape. It makes parameters with
    `add_param` in its ``__init__``.

    Parameters
    ----------
    incoming : Layer, or tuple of int and None
        The previous layer, or the shape of the input.
    name : str or None
        Prefix of the names of the parameters: ``'hidden.W'``.

    Raises
    ------
    ShapeError
        If a length of the input's shape is not positive.
    """

    def __init__(self, incoming, name=None):
        given = isinstance(incoming, tuple)
        self.input_shape = incoming if given else incoming.output_shape
        self.input_layer = None if given else incoming
        self.name = name
        self.params = OrderedDict()
        self.get_output_kwargs = []
        if any(n is not None and n <= 0 for n in self.input_shape):
            raise ShapeError(f"{told(self)}: input_shape={self.input_shape!r} is not valid; lengths must be positive, "
                             f"or None where they vary")

    @property
    def output_shape(self):
        """The shape of the output: a tuple of int, with None where a length varies."""
        return _plain(self, self.get_output_shape_for(self.input_shape))

    def get_params(self, unwrap_shared=True, **tags):
        """Return this layer's parameters in the order in which they were added.

        Parameters
        ----------
        unwrap_shared : bool
            Whether to replace a parameter that is an expression by the shared variables in it.
        **tags : bool
            True: only parameters with this tag; False: only those without. ``trainable`` and ``regularizable`` are
            the usual ones.
        """
        chosen = [p for p, own in self.params.items() if all((tag in own) == bool(on) for tag, on in tags.items())]
        return utils.collect_shared_vars(chosen) if unwrap_shared else chosen

    def get_output_shape_for(self, input_shape):
        """Return the output shape for `input_shape`, both tuples of int and None. Here, it is the same."""
        return input_shape

    def get_output_for(self, input, **kwargs):
        """Return the output for the expression `input`. Every subclass defines this method."""
        raise NotDefinedError(f"{told(self)} does not define get_output_for(input, **kwargs)")

    def add_param(self, spec, shape, name=None, **tags):
        """Make a parameter, and return it.

        Parameters
        ----------
        spec : array, callable, shared variable or expression
            Its value, an initializer, or the parameter itself.
        shape : tuple of int
        name : str or None
        **tags : bool
            Tags. ``trainable`` and ``regularizable`` are true by default.

        Raises
        ------
        ShapeError, TypeError
            If `spec` does not fit `shape`, or has another type.
        """
        if name is not None and self.name is not None:
            name = f"{self.name}.{name}"
        param = utils.create_param(spec, shape, name)
        tags = {"trainable": True, "regularizable": True} | tags
        self.params[param] = {tag for tag, on in tags.items() if on}
        return param


class MergeLayer(Layer):
    """A layer with several inputs; `get_output_for` and `get_output_shape_for` of a subclass take lists.

    Parameters
    ----------
    incomings : list of Layer, or of tuples
        The previous layers, or the shapes of the inputs.
    name : str or None
    """

    def __init__(self, incomings, name=None):
        self.input_shapes = [each if isinstance(each, tuple) else each.output_shape for each in incomings]
        self.input_layers = [None if isinstance(each, tuple) else each for each in incomings]
        self.name = name
        self.params = OrderedDict()
        self.get_output_kwargs = []

    @property
    def output_shape(self):
        """The shape of the output: a tuple of int, with None where a length varies."""
        return _plain(self, self.get_output_shape_for(self.input_shapes))

    def get_output_shape_for(self, input_shapes):
        """Return the output shape for a list of shapes; every subclass defines it."""
        raise NotDefinedError(f"{told(self)} does not define get_output_shape_for(input_shapes)")

    def get_output_for(self, inputs, **kwargs):
        """Return the output for a list of expressions. Every subclass defines this method."""
        raise NotDefinedError(f"{told(self)} does not define get_output_for(inputs, **kwargs)")


def told(layer) -> str:
    """Return a layer's description for errors: its name, if it has one, and its class.

    >>> told(Layer((None, 3), name="hidden")), told(Layer((None, 3)))
    ("layer 'hidden' (Layer)", 'Layer without a name')
    """
    kind = type(layer).__name__
    return f"{kind} without a name" if layer.name is None else f"layer {layer.name!r} ({kind})"


def _plain(layer, shape):
    if any(isinstance(n, Variable) for n in shape):
        raise ShapeError(f"{type(layer).__name__} returned a symbolic output shape from get_output_shape_for: "
                         f"{shape!r}. Return a tuple of int, with None where a length varies")
    return shape


def fitting(layer, input, shape):
    """Return the expression `input` with the lengths of `shape`, except the first, which is that of the batch.

    Known lengths are checked now, and the others when it is computed.

    Raises
    ------
    ShapeError
        If its type has other lengths, or another number of axes.
    """
    input = pt.as_tensor_variable(input)
    own = input.type.shape
    told_apart = len(own) == len(shape) and all(None in pair or pair[0] == pair[1]
                                                for pair in zip(own[1:], shape[1:], strict=True))
    if not told_apart:
        raise ShapeError(f"{told(layer)}: its input has shape {own}, but the layer was made for shape {tuple(shape)}. "
                         f"Make the layer for this input, or change the input")
    pairs = enumerate(zip(own, shape, strict=True))
    missing = [None if one is not None or axis == 0 else n for axis, (one, n) in pairs]
    return input if all(n is None for n in missing) else pt.specify_shape(input, missing)


def axes_over(shared_axes, ndim: int) -> tuple[int, ...]:
    """Return the axes that share their parameters: 'auto' is all but the second, 'all' is all, an int is one."""
    if isinstance(shared_axes, str):
        named = {"auto": (0, *range(2, ndim)), "all": tuple(range(ndim))}
        if shared_axes not in named:
            raise ShapeError(f"shared_axes={shared_axes!r} is not valid; it must be 'auto', 'all', an axis or a tuple "
                             f"of axes")
        return named[shared_axes]
    return (shared_axes,) if isinstance(shared_axes, utils.int_types) else shared_axes


def lengths_without(layer, axes, what: str) -> tuple[int, ...]:
    """Return the lengths of a layer's input along all other `axes`, which its parameters have.

    Raises
    ------
    ShapeError
        If one of them varies.
    """
    shape = tuple(n for axis, n in enumerate(layer.input_shape) if axis not in axes)
    if None in shape:
        raise ShapeError(f"{told(layer)}: {type(layer).__name__} needs specified input sizes for all axes {what}, and "
                         f"got input shape {layer.input_shape}; those axes are {tuple(axes)}")
    return shape


def moves_by_itself(state, new):
    """Make every function that reads the shared variable `state` set it to `new`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # PyTensor 4 may want it as an update of each function
        state.default_update = new


def along(param, axes, ndim: int):
    """Return a parameter with axes of length 1 where `axes` share it, to broadcast to a tensor of `ndim` axes."""
    own = iter(range(param.ndim))
    return param.dimshuffle(*("x" if axis in axes else next(own) for axis in range(ndim)))
