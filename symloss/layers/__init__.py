"""Layers, by form: each turns outputs of earlier layers into its own, and owns its parameters."""

from . import (
    bidirectional,
    convolution,
    feedforward,
    gated,
    merge,
    over_time,
    recurrent,
    shape,
)
from . import (
    clockwork as modules,
)
from .base import Layer, registry
from .feedforward import Feedforward, Input, Tied

__all__ = ["Feedforward", "Input", "Layer", "Tied", "registry"]
del bidirectional, convolution, feedforward, gated, merge, modules, over_time, recurrent, shape
