"""Nonlinearities, biases and scales as layers of their own, expressions, inverses and learned rectifiers."""

import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from ....errors import SpecError
from ... import theano
from .. import init, nonlinearities
from ..utils import floatX
from .base import Layer, MergeLayer, along, axes_over, lengths_without, told
from .noise import stream
from .transformer import TPSTransformerLayer, TransformerLayer

__all__ = ["BiasLayer", "ExpressionLayer", "InverseLayer", "NonlinearityLayer", "ParametricRectifierLayer",
           "RandomizedRectifierLayer", "ScaleLayer", "TPSTransformerLayer", "TransformerLayer", "prelu", "rrelu",
           "standardize"]


class NonlinearityLayer(Layer):
    """A layer that only applies a nonlinearity.

    Parameters
    ----------
    incoming : Layer or tuple
    nonlinearity : callable or None
        None: linear.
    name : str or None
    """

    def __init__(self, incoming, nonlinearity=nonlinearities.rectify, **kwargs):
        super().__init__(incoming, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity

    def get_output_for(self, input, **kwargs):
        return self.nonlinearity(input)


class BiasLayer(Layer):
    """A layer that only adds biases: ``x + b``.

    Parameters
    ----------
    incoming : Layer or tuple
    b : array, initializer, shared variable, expression or None
        In the shape of the axes that do not share it. None means that nothing is added.
    shared_axes : 'auto', int or tuple of int
        Axes that share one value; 'auto' means all but the second.
    name : str or None

    Raises
    ------
    ShapeError
        If a length of `b` varies.
    """

    def __init__(self, incoming, b=init.Constant(0), shared_axes="auto", **kwargs):  # noqa: B008
        super().__init__(incoming, **kwargs)
        self.shared_axes = axes_over(shared_axes, len(self.input_shape))
        self.b = None
        if b is not None:
            shape = lengths_without(self, self.shared_axes, "that biases are not shared over")
            self.b = self.add_param(b, shape, "b", regularizable=False)

    def get_output_for(self, input, **kwargs):
        return input if self.b is None else input + along(self.b, self.shared_axes, input.ndim)


class ScaleLayer(Layer):
    """A layer that only scales: ``x * scales``.

    Parameters
    ----------
    incoming : Layer or tuple
    scales : array, initializer, shared variable or expression
        In the shape of the axes that do not share it.
    shared_axes : 'auto', int or tuple of int
        As in `BiasLayer`.
    name : str or None

    Raises
    ------
    ShapeError
        If a length of `scales` varies.
    """

    def __init__(self, incoming, scales=init.Constant(1), shared_axes="auto", **kwargs):  # noqa: B008
        super().__init__(incoming, **kwargs)
        self.shared_axes = axes_over(shared_axes, len(self.input_shape))
        shape = lengths_without(self, self.shared_axes, "that scales are not shared over")
        self.scales = self.add_param(scales, shape, "scales", regularizable=False)

    def get_output_for(self, input, **kwargs):
        return input * along(self.scales, self.shared_axes, input.ndim)


def standardize(layer, offset, scale, shared_axes="auto"):
    """Return layers that subtract a fixed `offset` and divide by a fixed `scale`: statistics of your data.

    Parameters
    ----------
    layer : Layer or tuple
    offset, scale : array or shared variable
        In the shape of the axes that do not share them.
    shared_axes : 'auto', int or tuple of int
        As in `BiasLayer`; neither becomes trainable.
    """
    layer = BiasLayer(layer, -offset, shared_axes)
    layer.params[layer.b].remove("trainable")
    layer = ScaleLayer(layer, floatX(1.0) / scale, shared_axes)
    layer.params[layer.scales].remove("trainable")
    return layer


class ExpressionLayer(Layer):
    """Applies any function to the input.

    Parameters
    ----------
    incoming : Layer or tuple
    function : callable
        Function of an expression that returns an expression.
    output_shape : None, callable, tuple or 'auto'
        The output shape. None means the shape of the input. A callable computes it from that shape. 'auto' computes
        `function` for zeros, with length 0 where a length varies.
    name : str or None

    >>> ExpressionLayer((32, 100, 20), lambda x: x.mean(axis=-1), output_shape="auto").output_shape
    (32, 100)
    """

    def __init__(self, incoming, function, output_shape=None, **kwargs):
        super().__init__(incoming, **kwargs)
        self.function = function
        self._output_shape = None
        if callable(output_shape):
            self.get_output_shape_for = output_shape
        else:
            self._output_shape = output_shape if output_shape in (None, "auto") else tuple(output_shape)

    def get_output_shape_for(self, input_shape):
        if self._output_shape is None:
            return input_shape
        if self._output_shape != "auto":
            return self._output_shape
        zeros = pt.alloc(floatX(0), *(0 if n is None else n for n in input_shape))
        found = theano.function([], pt.as_tensor_variable(self.function(zeros).shape), mode="FAST_COMPILE")()
        return tuple(int(n) or None for n in found)

    def get_output_for(self, input, **kwargs):
        return self.function(input)


class InverseLayer(MergeLayer):
    """The transposed map of another layer: the gradient of that layer's output with respect to its input, applied.

    For a linear layer, this is its transpose. For pooling, it puts values back where the maxima were.

    Parameters
    ----------
    incoming : Layer
        In the output shape of `layer`.
    layer : Layer
        The layer to invert. It must have one input.
    name : str or None
    """

    def __init__(self, incoming, layer, **kwargs):
        super().__init__([incoming, layer, layer.input_layer], **kwargs)

    def get_output_shape_for(self, input_shapes):
        return input_shapes[2]

    def get_output_for(self, inputs, **kwargs):
        input, layer_out, layer_in = inputs
        return theano.grad(None, wrt=layer_in, known_grads={layer_out: input})


class ParametricRectifierLayer(Layer):
    """x for x > 0, and ``alpha * x`` otherwise, with learned slopes (He et al. 2015).

    Parameters
    ----------
    incoming : Layer or tuple
    alpha : array, initializer, shared variable or expression
        In the shape of the axes that do not share it.
    shared_axes : 'auto', 'all', int or tuple of int
        As in `BiasLayer`; 'all' means one slope.
    name : str or None

    Raises
    ------
    ShapeError
        If a length of `alpha` varies.
    """

    def __init__(self, incoming, alpha=init.Constant(0.25), shared_axes="auto", **kwargs):  # noqa: B008
        super().__init__(incoming, **kwargs)
        self.shared_axes = axes_over(shared_axes, len(self.input_shape))
        shape = lengths_without(self, self.shared_axes, "that alphas are not shared over")
        self.alpha = self.add_param(alpha, shape, name="alpha", regularizable=False)

    def get_output_for(self, input, **kwargs):
        return theano.tensor.nnet.relu(input, along(self.alpha, self.shared_axes, input.ndim))


def _take_nonlinearity(layer):
    if getattr(layer, "nonlinearity", None) is not None:
        layer.nonlinearity = nonlinearities.identity


def prelu(layer, **kwargs):
    """Return a `ParametricRectifierLayer` in place of a layer's nonlinearity, with `kwargs` as its arguments."""
    _take_nonlinearity(layer)
    return ParametricRectifierLayer(layer, **kwargs)


class RandomizedRectifierLayer(Layer):
    """x for x > 0, and otherwise x times a slope that is drawn in each training step (Xu et al. 2015).

    With ``deterministic=True``, the slope is the mean of both bounds.

    Parameters
    ----------
    incoming : Layer or tuple
    lower, upper : float or scalar variable
        Bounds of the interval from which slopes are drawn.
    shared_axes : 'auto', 'all', int or tuple of int
        As in `BiasLayer`.
    name : str or None

    Raises
    ------
    SpecError
        If `lower` is greater than `upper`.
    """

    def __init__(self, incoming, lower=0.3, upper=0.8, shared_axes="auto", **kwargs):
        super().__init__(incoming, **kwargs)
        self._srng = stream()
        self.lower = lower
        self.upper = upper
        if not isinstance(lower, Variable) and not isinstance(upper, Variable) and lower > upper:
            raise SpecError(f"{told(self)}: lower={lower} and upper={upper}; the upper bound for "
                            f"RandomizedRectifierLayer needs to be higher than the lower bound")
        self.shared_axes = axes_over(shared_axes, len(self.input_shape))

    def get_output_for(self, input, deterministic=False, **kwargs):
        """Return the rectified `input`, with the mean slope if `deterministic`."""
        fixed = self.lower is self.upper
        if not isinstance(self.lower, Variable) and not isinstance(self.upper, Variable):
            fixed = self.lower == self.upper
        if deterministic or fixed:
            return theano.tensor.nnet.relu(input, (self.upper + self.lower) / 2.0)
        shape = tuple(1 if axis in self.shared_axes else input.shape[axis] for axis in range(input.ndim))
        slopes = self._srng.uniform(shape, low=self.lower, high=self.upper, dtype=theano.config.floatX)
        return theano.tensor.nnet.relu(input, pt.specify_broadcastable(slopes, *self.shared_axes))


def rrelu(layer, **kwargs):
    """Return a `RandomizedRectifierLayer` in place of a layer's nonlinearity, with `kwargs` as its arguments."""
    _take_nonlinearity(layer)
    return RandomizedRectifierLayer(layer, **kwargs)
