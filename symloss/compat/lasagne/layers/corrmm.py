"""lasagne.layers.corrmm: a name for the ordinary layer."""

from .. import init, nonlinearities
from .conv import Conv2DLayer

__all__ = ["Conv2DMMLayer"]


class Conv2DMMLayer(Conv2DLayer):
    """A `Conv2DLayer` that correlates by default: ``flip_filters=False``."""

    def __init__(self, incoming, num_filters, filter_size, stride=(1, 1), pad=0, untie_biases=False,
                 W=init.GlorotUniform(), b=init.Constant(0.0), nonlinearity=nonlinearities.rectify,  # noqa: B008, N803
                 flip_filters=False, num_groups=1, **kwargs):
        super().__init__(incoming, num_filters, filter_size, stride, pad, untie_biases, W, b, nonlinearity,
                         flip_filters, num_groups=num_groups, **kwargs)
