"""numpy_ml.neural_nets.layers: the softmax, whose input CrossEntropy's gradient is by."""

from .layers import Softmax

__all__ = ["Softmax"]
