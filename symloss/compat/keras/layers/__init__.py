"""Layers under the names that Keras gives them.

Inside: `base.py` (Layer), `core_layer.py` (a call of one as a layer of a graph of symloss), `tensors.py` (calls and what
they return), `weights.py`, `scope.py` (training or not), `eager.py` (calls with arrays), `serialization.py`; the layers
themselves are in `basic.py`, `chance.py`, `merging.py`, `normalizing.py`, `convolutional.py`, `pooling.py`, `recurrent.py`,
`wrapping.py` and `input.py`.
"""

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
from .serialization import deserialize, serialize

__all__ = [
    "ELU", "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "BatchNormalization",
    "Concatenate", "Dense", "Dot", "Dropout", "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "Identity",
    "Input", "InputLayer", "Lambda", "Layer", "LayerNormalization", "LeakyReLU", "Masking", "Maximum", "Minimum",
    "Multiply", "Normalization", "PReLU", "Permute", "ReLU", "RepeatVector", "Rescaling", "Reshape", "Softmax",
    "SpatialDropout1D", "SpatialDropout2D", "Subtract", "UnitNormalization", "add", "average", "concatenate",
    "deserialize", "dot", "maximum", "minimum", "multiply", "serialize", "subtract",
]
