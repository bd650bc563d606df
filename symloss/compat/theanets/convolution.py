"""Models of theanets for images (batch, width, height, channels)."""

from . import feedforward


class Regressor(feedforward.Regressor):
    """A regressor of images."""

    INPUT_NDIM = 4
    OUTPUT_NDIM = 2


class Classifier(feedforward.Classifier):
    """A classifier of images."""

    INPUT_NDIM = 4
    OUTPUT_NDIM = 1
