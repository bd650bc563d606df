"""Models of images and series: `Regressor` and `Classifier` whose first layer is (batch, rows, columns, channels).

Channels come last, as in theanets. The layers 'conv1', 'conv2', 'pool1', 'pool2' and 'flatten' lead from items with
several axes to one row of values per item.
"""

from . import feedforward


class Regressor(feedforward.Regressor, registered="convolution.Regressor"):
    """A network for regression on images or series; see `symloss.Regressor`.

    >>> net = Regressor([(28, 28, 1), {"form": "conv2", "size": 8, "filter_size": 5}, "pool2", "flatten", 3])
    >>> [layer.shape for layer in net.layers]
    [(28, 28, 1), (24, 24, 8), (12, 12, 8), (1152,), (3,)]
    """

    input_ndim = 4


class Classifier(feedforward.Classifier, registered="convolution.Classifier"):
    """A network that classifies images or series; see `symloss.Classifier`.

    >>> net = Classifier([(100, 3), {"form": "conv1", "size": 8, "filter_size": 5, "stride": 2}, "flat", 4])
    >>> [layer.shape for layer in net.layers]
    [(100, 3), (48, 8), (384,), (4,)]
    """

    input_ndim = 4
