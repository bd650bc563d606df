"""Layers that normalize, by statistics of the batch, of each item, or of neighboring channels."""

import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable

from ....errors import SpecError
from .. import init, nonlinearities
from ..utils import int_types
from .base import Layer, along, lengths_without, moves_by_itself, told
from .special import BiasLayer, NonlinearityLayer, ScaleLayer

__all__ = ["BatchNormLayer", "LocalResponseNormalization2DLayer", "StandardizationLayer", "batch_norm", "instance_norm",
           "layer_norm"]


class LocalResponseNormalization2DLayer(Layer):
    r"""Divides each channel by a norm of its neighbors at the same place (Krizhevsky et al. 2012).

    .. math:: y_c = x_c / (k + \alpha \sum_{|d - c| \le n / 2} x_d^2)^\beta

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, rows, columns)
    alpha, k, beta : float
    n : int
        Number of channels in the sum, an odd number.
    name : str or None

    Raises
    ------
    NotImplementedError
        If `n` is even.
    """

    def __init__(self, incoming, alpha=1e-4, k=2, beta=0.75, n=5, **kwargs):
        super().__init__(incoming, **kwargs)
        self.alpha, self.k, self.beta, self.n = alpha, k, beta, n
        if n % 2 == 0:
            raise NotImplementedError(f"{told(self)}: n={n} is not valid; it must be odd")

    def get_output_for(self, input, **kwargs):
        half, channels = self.n // 2, input.shape[1]
        squares = pt.sqr(input)
        around = [input.shape[axis] if axis != 1 else channels + 2 * half for axis in range(4)]
        wide = pt.zeros(around, dtype=squares.dtype)[:, half : half + channels].set(squares)
        scale = self.k
        for shift in range(self.n):
            scale = scale + self.alpha * wide[:, shift : shift + channels]
        return input / scale**self.beta


class BatchNormLayer(Layer):
    r"""Batch normalization (Ioffe & Szegedy 2015).

    .. math:: y = (x - \mu) \gamma / \sqrt{\sigma^2 + \epsilon} + \beta

    In training, mean and variance are those of the batch, and running averages of the mean and of the inverse standard
    deviation are kept: each function that is compiled from the output updates them automatically. With
    ``deterministic=True``, the averages are used instead and do not change.

    Parameters
    ----------
    incoming : Layer or tuple
    axes : 'auto', int or tuple of int
        Axes to average over; 'auto': all axes but the second.
    epsilon : float
    alpha : float
        Weight of the new batch in the averages.
    beta, gamma : array, initializer, shared variable, expression or None
        In the shape of the other axes. None means 0 and 1, which are not learned.
    mean, inv_std : array, initializer, shared variable or expression
        Initial values of the averages, which are parameters with the tag ``batch_norm_stat``, in the order beta, gamma,
        mean, inv_std.
    name : str or None

    Raises
    ------
    ShapeError
        If a length that parameters need varies.
    """

    def __init__(self, incoming, axes="auto", epsilon=1e-4, alpha=0.1, beta=init.Constant(0),  # noqa: B008
                 gamma=init.Constant(1), mean=init.Constant(0), inv_std=init.Constant(1), **kwargs):  # noqa: B008
        super().__init__(incoming, **kwargs)
        if isinstance(axes, str) and axes != "auto":
            raise SpecError(f"{told(self)}: axes={axes!r} is not valid; it must be 'auto', an axis or a tuple of axes")
        if isinstance(axes, str):
            axes = (0, *range(2, len(self.input_shape)))
        self.axes = (axes,) if isinstance(axes, int_types) else axes
        self.epsilon = epsilon
        self.alpha = alpha
        shape = lengths_without(self, self.axes, "not normalized over")
        self.beta = None if beta is None else self.add_param(beta, shape, "beta", trainable=True, regularizable=False)
        self.gamma = None if gamma is None else self.add_param(gamma, shape, "gamma")
        tags = {"trainable": False, "regularizable": False, "batch_norm_stat": True}
        self.mean = self.add_param(mean, shape, "mean", **tags)
        self.inv_std = self.add_param(inv_std, shape, "inv_std", **tags)

    def get_output_for(self, input, deterministic=False, batch_norm_use_averages=None,
                       batch_norm_update_averages=None, **kwargs):
        """Return the normalized `input`.

        Parameters
        ----------
        input : expression
        deterministic : bool
            Default of the other two arguments: whether to use the averages and not to update them.
        batch_norm_use_averages, batch_norm_update_averages : bool or None
        """
        use = deterministic if batch_norm_use_averages is None else batch_norm_use_averages
        update = not deterministic if batch_norm_update_averages is None else batch_norm_update_averages
        own = [input.mean(self.axes), pt.reciprocal(pt.sqrt(input.var(self.axes) + self.epsilon))]
        averages = [self.mean, self.inv_std]
        if update:
            averages = [self._running(average, new) for average, new in zip(averages, own, strict=True)]
        mean, inv_std = averages if use else own  # the twins, as what moves may be overwritten in place
        if update and not use:
            mean, inv_std = (value + 0 * twin for value, twin in zip(own, averages, strict=True))
        mean, inv_std = (along(value, self.axes, input.ndim) for value in (mean, inv_std))
        gamma = 1 if self.gamma is None else along(self.gamma, self.axes, input.ndim)
        beta = 0 if self.beta is None else along(self.beta, self.axes, input.ndim)
        return (input - mean) * (gamma * inv_std) + beta

    def _running(self, average, new):
        """Return a twin of a shared variable, which sets both in every function that it goes into."""
        if not isinstance(average, SharedVariable):
            return average
        twin = average.clone()
        moved = (1 - self.alpha) * twin + self.alpha * new
        moves_by_itself(twin, pt.cast(moved, average.dtype))
        return twin


def _stripped(layer, kwargs, ending):
    """Take a layer's nonlinearity and biases away; return (nonlinearity, name of what comes behind it)."""
    nonlinearity = getattr(layer, "nonlinearity", None)
    if nonlinearity is not None:
        layer.nonlinearity = nonlinearities.identity
    if getattr(layer, "b", None) is not None:
        del layer.params[layer.b]
        layer.b = None
    name = kwargs.pop("name", None) or (getattr(layer, "name", None) and f"{layer.name}_{ending}")
    return nonlinearity, name


def _with_nonlinearity(layer, nonlinearity, name):
    return layer if nonlinearity is None else NonlinearityLayer(layer, nonlinearity, name=name and f"{name}_nonlin")


def batch_norm(layer, **kwargs):
    """Return batch normalization between a layer and its nonlinearity.

    The nonlinearity of the layer moves behind the `BatchNormLayer`, and its biases are removed, as they have no effect.

    Parameters
    ----------
    layer : Layer
    **kwargs
        Of `BatchNormLayer`.
    """
    return normalized_before_nonlinearity(BatchNormLayer, layer, kwargs)


def normalized_before_nonlinearity(kind, layer, options):
    """Return a layer of a `kind` of batch normalization, with `options`, between a layer and its nonlinearity."""
    nonlinearity, name = _stripped(layer, options, "bn")
    return _with_nonlinearity(kind(layer, name=name, **options), nonlinearity, name)


class StandardizationLayer(Layer):
    r"""Normalizes each item by itself.

    .. math:: y = (x - \mu) / \sqrt{\sigma^2 + \epsilon}

    Parameters
    ----------
    incoming : Layer or tuple
    axes : 'auto', 'spatial', 'features', int or tuple of int
        Axes to average over; 'spatial': all axes but the first two; 'features': all but the first; 'auto': 'spatial',
        and 'features' if there are two axes.
    epsilon : float
    name : str or None
    """

    def __init__(self, incoming, axes="auto", epsilon=1e-4, **kwargs):
        super().__init__(incoming, **kwargs)
        ndim = len(self.input_shape)
        named = {"spatial": tuple(range(2, ndim)), "features": tuple(range(1, ndim))}
        named["auto"] = named["features" if ndim == 2 else "spatial"]
        if isinstance(axes, str):
            if axes not in named:
                raise SpecError(f"{told(self)}: axes={axes!r} is not valid; it must be "
                                f"{', '.join(map(repr, sorted(named)))}, an axis or a tuple of axes")
            axes = named[axes]
        self.axes = (axes,) if isinstance(axes, int_types) else axes
        self.epsilon = epsilon

    def get_output_for(self, input, **kwargs):
        mean = input.mean(self.axes, keepdims=True)
        return (input - mean) / pt.sqrt(input.var(self.axes, keepdims=True) + self.epsilon)


def _standardized(layer, ending, axes, learn_scale, learn_bias, kwargs):
    nonlinearity, name = _stripped(layer, kwargs, ending)
    layer = StandardizationLayer(layer, axes=axes, name=name, **kwargs)
    if learn_scale:
        layer = ScaleLayer(layer, shared_axes="auto", name=name and f"{name}_scale")
    if learn_bias:
        layer = BiasLayer(layer, shared_axes="auto", name=name and f"{name}_bias")
    return _with_nonlinearity(layer, nonlinearity, name)


def instance_norm(layer, learn_scale=True, learn_bias=True, **kwargs):
    """Return instance normalization (Ulyanov et al. 2016) between a layer and its nonlinearity.

    Parameters
    ----------
    layer : Layer
        Its nonlinearity is applied last, and its biases are removed.
    learn_scale, learn_bias : bool
        Whether to add a `ScaleLayer` and a `BiasLayer` after the `StandardizationLayer`.
    **kwargs
        Of `StandardizationLayer`.
    """
    return _standardized(layer, "in", "spatial", learn_scale, learn_bias, kwargs)


def layer_norm(layer, **kwargs):
    """Return layer normalization (Ba et al. 2016) between a layer and its nonlinearity.

    Parameters
    ----------
    layer : Layer
        Its nonlinearity is applied last, and its biases are removed.
    **kwargs
        Of `StandardizationLayer`.
    """
    return _standardized(layer, "ln", "features", True, True, kwargs)
