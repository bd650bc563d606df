"""Layers under the names that Keras gives them.

Inside: `base.py` (Layer), `core_layer.py` (a call of one as a layer of a graph of symloss), `tensors.py` (calls and
what they return), `weights.py`, `scope.py` (training or not), `eager.py` (calls with arrays), `serialization.py`; the
layers themselves are in `basic.py`, `chance.py`, `merging.py`, `normalizing.py`, `convolutional.py`, `pooling.py`,
`recurrent.py`, `wrapping.py` and `input.py`.
"""

from ..errors import lookup
from . import core_layer  # noqa: F401  (registers the form)
from .base import Layer
from .basic import (
    ELU,
    Activation,
    ActivityRegularization,
    Dense,
    Embedding,
    Flatten,
    Identity,
    Lambda,
    LeakyReLU,
    Masking,
    Permute,
    PReLU,
    ReLU,
    RepeatVector,
    Reshape,
    Softmax,
)
from .chance import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D
from .convolutional import (
    Conv1D,
    Conv2D,
    Convolution1D,
    Convolution2D,
    Cropping2D,
    UpSampling2D,
    ZeroPadding2D,
)
from .input import Input, InputLayer
from .merging import (
    Add,
    Average,
    Concatenate,
    Dot,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    dot,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .normalizing import BatchNormalization, LayerNormalization, Normalization, Rescaling, UnitNormalization
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AvgPool1D,
    AvgPool2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    MaxPool1D,
    MaxPool2D,
    MaxPooling1D,
    MaxPooling2D,
)
from .recurrent import GRU, LSTM, SimpleRNN
from .serialization import deserialize, serialize
from .wrapping import Bidirectional, TimeDistributed

__all__ = [
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "AveragePooling1D", "AveragePooling2D",
    "AvgPool1D", "AvgPool2D", "BatchNormalization", "Bidirectional", "Concatenate", "Conv1D", "Conv2D",
    "Convolution1D", "Convolution2D", "Cropping2D", "Dense", "Dot", "Dropout", "ELU", "Embedding", "Flatten", "GRU",
    "GaussianDropout", "GaussianNoise", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAvgPool1D",
    "GlobalAvgPool2D", "GlobalMaxPool1D", "GlobalMaxPool2D", "GlobalMaxPooling1D", "GlobalMaxPooling2D", "Identity",
    "Input", "InputLayer", "LSTM", "Lambda", "Layer", "LayerNormalization", "LeakyReLU", "Masking", "MaxPool1D",
    "MaxPool2D", "MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum", "Multiply", "Normalization", "PReLU",
    "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "SimpleRNN", "Softmax", "SpatialDropout1D",
    "SpatialDropout2D", "Subtract", "TimeDistributed", "UnitNormalization", "UpSampling2D", "ZeroPadding2D", "add",
    "average", "concatenate", "deserialize", "dot", "maximum", "minimum", "multiply", "serialize", "subtract",
]

__getattr__ = lookup("keras.layers", __all__, {
    "Attention": "write it as a Layer with keras.ops.softmax and keras.ops.matmul",
    "MultiHeadAttention": "write it as a Layer with keras.ops.softmax and keras.ops.matmul",
    "Conv2DTranspose": "write UpSampling2D followed by Conv2D",
    "SeparableConv2D": "write Conv2D(channels, size, groups=channels) followed by a Conv2D of size 1",
    "DepthwiseConv2D": "write Conv2D(channels, size, groups=channels)",
    "Conv3D": "use symloss.compat.lasagne.layers.Conv3DLayer",
    "TextVectorization": "turn the words into indices first, and use an Embedding",
    "StringLookup": "turn the words into indices first, with np.unique(words, return_inverse=True)",
})
