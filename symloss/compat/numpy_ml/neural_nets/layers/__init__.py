"""numpy_ml.neural_nets.layers: the softmax, with respect to whose input CrossEntropy has its gradient."""

from .layers import Softmax

__all__ = ["Softmax"]
