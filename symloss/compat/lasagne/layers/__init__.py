"""lasagne.layers: layers of a network, plain objects that you can subclass, and functions of whole networks.

Each layer keeps the layers that feed it, and makes an expression from theirs in `get_output_for`. The submodules have
Lasagne's own names; those that begin with an underscore are shared code.
"""

from . import corrmm, dnn
from .base import Layer, MergeLayer
from .conv import (
    Conv1DLayer,
    Conv2DLayer,
    Conv3DLayer,
    Deconv2DLayer,
    Deconv3DLayer,
    DilatedConv2DLayer,
    TransposedConv2DLayer,
    TransposedConv3DLayer,
)
from .dense import DenseLayer, NINLayer
from .embedding import EmbeddingLayer
from .helper import (
    count_params,
    get_all_layers,
    get_all_param_values,
    get_all_params,
    get_output,
    get_output_shape,
    set_all_param_values,
)
from .input import InputLayer
from .local import LocallyConnected2DLayer
from .merge import (
    ConcatLayer,
    ElemwiseMergeLayer,
    ElemwiseSumLayer,
    autocrop,
    autocrop_array_shapes,
    concat,
)
from .noise import (
    DropoutLayer,
    GaussianNoiseLayer,
    dropout,
    dropout_channels,
    dropout_locations,
    spatial_dropout,
)
from .normalization import (
    BatchNormLayer,
    LocalResponseNormalization2DLayer,
    StandardizationLayer,
    batch_norm,
    instance_norm,
    layer_norm,
)
from .pool import (
    FeaturePoolLayer,
    FeatureWTALayer,
    GlobalPoolLayer,
    MaxPool1DLayer,
    MaxPool2DLayer,
    MaxPool3DLayer,
    Pool1DLayer,
    Pool2DLayer,
    Pool3DLayer,
    SpatialPyramidPoolingLayer,
    Upscale1DLayer,
    Upscale2DLayer,
    Upscale3DLayer,
)
from .recurrent import CustomRecurrentLayer, Gate, GRULayer, LSTMLayer, RecurrentLayer
from .shape import (
    DimshuffleLayer,
    FlattenLayer,
    PadLayer,
    ReshapeLayer,
    SliceLayer,
    dimshuffle,
    flatten,
    pad,
    reshape,
)
from .special import (
    BiasLayer,
    ExpressionLayer,
    InverseLayer,
    NonlinearityLayer,
    ParametricRectifierLayer,
    RandomizedRectifierLayer,
    ScaleLayer,
    TPSTransformerLayer,
    TransformerLayer,
    prelu,
    rrelu,
    standardize,
)

__all__ = [
    "BatchNormLayer", "BiasLayer", "ConcatLayer", "Conv1DLayer", "Conv2DLayer", "Conv3DLayer", "CustomRecurrentLayer",
    "Deconv2DLayer", "Deconv3DLayer", "DenseLayer", "DilatedConv2DLayer", "DimshuffleLayer", "DropoutLayer",
    "ElemwiseMergeLayer", "ElemwiseSumLayer", "EmbeddingLayer", "ExpressionLayer", "FeaturePoolLayer",
    "FeatureWTALayer", "FlattenLayer", "GRULayer", "Gate", "GaussianNoiseLayer", "GlobalPoolLayer", "InputLayer",
    "InverseLayer", "LSTMLayer", "Layer", "LocalResponseNormalization2DLayer", "LocallyConnected2DLayer",
    "MaxPool1DLayer", "MaxPool2DLayer", "MaxPool3DLayer", "MergeLayer", "NINLayer", "NonlinearityLayer", "PadLayer",
    "ParametricRectifierLayer", "Pool1DLayer", "Pool2DLayer", "Pool3DLayer", "RandomizedRectifierLayer",
    "RecurrentLayer", "ReshapeLayer", "ScaleLayer", "SliceLayer", "SpatialPyramidPoolingLayer", "StandardizationLayer",
    "TPSTransformerLayer", "TransformerLayer", "TransposedConv2DLayer", "TransposedConv3DLayer", "Upscale1DLayer",
    "Upscale2DLayer", "Upscale3DLayer", "autocrop", "autocrop_array_shapes", "batch_norm", "concat", "corrmm",
    "count_params", "dimshuffle", "dnn", "dropout", "dropout_channels", "dropout_locations", "flatten",
    "get_all_layers", "get_all_param_values", "get_all_params", "get_output", "get_output_shape", "instance_norm",
    "layer_norm", "pad", "prelu", "reshape", "rrelu", "set_all_param_values", "spatial_dropout", "standardize",
]
