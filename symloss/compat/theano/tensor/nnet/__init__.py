"""theano.tensor.nnet: activations, cross-entropies, convolution and batch normalization."""

from ...names import forwarding
from . import abstract_conv, bn, conv, neighbours
from .abstract_conv import conv2d, conv2d_transpose, conv3d
from .activations import elu, hard_sigmoid, logsoftmax, relu, selu, sigmoid, softmax, softplus, ultra_fast_sigmoid
from .bn import batch_normalization, batch_normalization_test, batch_normalization_train
from .cross_entropy import (
    binary_crossentropy,
    categorical_crossentropy,
    crossentropy_categorical_1hot,
    crossentropy_softmax_1hot,
    crossentropy_softmax_1hot_with_bias,
    sigmoid_binary_crossentropy,
)

__all__ = [
    "abstract_conv", "batch_normalization", "batch_normalization_test", "batch_normalization_train",
    "binary_crossentropy", "bn", "categorical_crossentropy", "conv", "conv2d", "conv2d_transpose", "conv3d",
    "crossentropy_categorical_1hot", "crossentropy_softmax_1hot", "crossentropy_softmax_1hot_with_bias", "elu",
    "hard_sigmoid", "logsoftmax", "neighbours", "relu", "selu", "sigmoid", "sigmoid_binary_crossentropy", "softmax",
    "softplus", "ultra_fast_sigmoid",
]

__getattr__ = forwarding("theano.tensor.nnet", "pytensor.tensor.special")
