"""Data sets from files on this machine; nothing is downloaded."""

from ..errors import lookup
from . import mnist

__all__ = ["mnist"]

__getattr__ = lookup("keras.datasets", __all__, dict.fromkeys(
    ("boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "reuters"),
    "symloss does not download data sets. Load the arrays yourself, for example with scikit-learn or numpy.load, and "
    "pass them to fit"))
