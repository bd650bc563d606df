"""Layers of theanets, by form."""

from . import base, convolution, feedforward, recurrent
from .base import (
    Concatenate,
    Flatten,
    Input,
    Layer,
    Product,
    Reshape,
)
from .convolution import Conv1, Conv2, Pool1, Pool2
from .feedforward import Classifier, Feedforward, Tied
from .recurrent import (
    GRU,
    LSTM,
    MRNN,
    MUT1,
    RNN,
    RRNN,
    SCRN,
    Bidirectional,
    Clockwork,
)

__all__ = ["GRU", "LSTM", "MRNN", "MUT1", "RNN", "RRNN", "SCRN", "Bidirectional", "Classifier", "Clockwork",
           "Concatenate", "Conv1", "Conv2", "Feedforward", "Flatten", "Input", "Layer", "Pool1", "Pool2", "Product",
           "Reshape", "Tied", "base", "convolution", "feedforward", "recurrent"]
