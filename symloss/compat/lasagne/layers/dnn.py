"""lasagne.layers.dnn: names for the ordinary layers, with the defaults and the limits that cuDNN's had."""

from ....errors import ShapeError
from .. import init, nonlinearities
from .base import told
from .conv import Conv2DLayer, Conv3DLayer
from .normalization import BatchNormLayer, normalized_before_nonlinearity
from .pool import Pool2DLayer, Pool3DLayer, SpatialPyramidPoolingLayer

__all__ = ["BatchNormDNNLayer", "Conv2DDNNLayer", "Conv3DDNNLayer", "MaxPool2DDNNLayer", "MaxPool3DDNNLayer",
           "Pool2DDNNLayer", "Pool3DDNNLayer", "SpatialPyramidPoolingDNNLayer", "batch_norm_dnn"]


class Conv2DDNNLayer(Conv2DLayer):
    """A `Conv2DLayer` that correlates by default: ``flip_filters=False``."""

    def __init__(self, incoming, num_filters, filter_size, stride=(1, 1), pad=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=False, num_groups=1, **kwargs):
        super().__init__(incoming, num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity,
                         flip_filters, num_groups=num_groups, **kwargs)


class Conv3DDNNLayer(Conv3DLayer):
    """A `Conv3DLayer` that correlates by default: ``flip_filters=False``."""

    def __init__(self, incoming, num_filters, filter_size, stride=(1, 1, 1), pad=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=False, num_groups=1, **kwargs):
        super().__init__(incoming, num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity,
                         flip_filters, num_groups=num_groups, **kwargs)


class Pool2DDNNLayer(Pool2DLayer):
    """A `Pool2DLayer`, without incomplete windows."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0), ignore_border=True, mode="max", **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode, **kwargs)
        if not ignore_border:
            raise NotImplementedError(f"{told(self)}: Pool2DDNNLayer does not support ignore_border=False. Use "
                                      f"Pool2DLayer.")


class MaxPool2DDNNLayer(Pool2DDNNLayer):
    """A `MaxPool2DLayer`, without incomplete windows."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0), ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class Pool3DDNNLayer(Pool3DLayer):
    """A `Pool3DLayer`, without incomplete windows."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0, 0), ignore_border=True, mode="max", **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode, **kwargs)
        if not ignore_border:
            raise NotImplementedError(f"{told(self)}: Pool3DDNNLayer does not support ignore_border=False. Use "
                                      f"Pool3DLayer.")


class MaxPool3DDNNLayer(Pool3DDNNLayer):
    """A `MaxPool3DLayer`, without incomplete windows."""

    def __init__(self, incoming, pool_size, stride=None, pad=(0, 0, 0), ignore_border=True, **kwargs):
        super().__init__(incoming, pool_size, stride, pad, ignore_border, mode="max", **kwargs)


class SpatialPyramidPoolingDNNLayer(SpatialPyramidPoolingLayer):
    """A `SpatialPyramidPoolingLayer` with ``implementation='fast'``."""

    def __init__(self, incoming, pool_dims=(4, 2, 1), mode="max", **kwargs):
        super().__init__(incoming, pool_dims, mode, implementation="fast", **kwargs)


class BatchNormDNNLayer(BatchNormLayer):
    """A `BatchNormLayer` over the first axis, or over all but the second."""

    def __init__(self, incoming, axes="auto", epsilon=1e-4, alpha=0.1, beta=init.Constant(0),  # noqa: B008
                 gamma=init.Constant(1), mean=init.Constant(0), inv_std=init.Constant(1), **kwargs):  # noqa: B008
        super().__init__(incoming, axes, epsilon, alpha, beta, gamma, mean, inv_std, **kwargs)
        if self.axes not in ((0,), (0, *range(2, len(self.input_shape)))):
            raise ShapeError(f"{told(self)}: BatchNormDNNLayer only supports normalization across the first axis, or "
                             f"across all but the second axis, but got axes={axes!r}. Use BatchNormLayer instead")


def batch_norm_dnn(layer, **kwargs):
    """Return a `BatchNormDNNLayer` between a layer and its nonlinearity; see `batch_norm`."""
    return normalized_before_nonlinearity(BatchNormDNNLayer, layer, kwargs)
