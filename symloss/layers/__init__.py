"""Layers, by form: each turns outputs of earlier layers into its own, and owns its parameters.

Inside: `spec.py` (the layer language), `graph.py` (Graph: layers in order, and the expressions they make), `base.py`
(Layer, which a subclass registers itself with), and one module for each kind of layer.
May import activations, initializers and what lies below them; it knows no losses, no data and no training.
Start reading at `base.py`, then `feedforward.py`.
"""

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
