"""Layers, by form. Each computes its outputs from those of earlier layers, and owns its parameters.

Inside: `spec.py` (the layer language), `graph.py` (Graph: layers in order, and their expressions), `base.py` (Layer,
the base class that registers its subclasses), and one module for each kind of layer.
May import activations, initializers and what lies below them; it knows no losses, no data and no training.
Start reading at `base.py`, then `feedforward.py`.
"""

from . import (
    bidirectional,
    convolution,
    elementwise,
    embedding,
    feedforward,
    gated,
    merge,
    noise,
    over_time,
    recurrent,
    shape,
)
from . import (
    clockwork as modules,
)
from .base import Layer, registry
from .context import Context
from .embedding import Embedding
from .feedforward import Feedforward, Input, Tied
from .sharing import Mapped, Shared, Subnetwork

__all__ = ["Context", "Embedding", "Feedforward", "Input", "Layer", "Mapped", "Shared", "Subnetwork", "Tied",
           "registry"]
del bidirectional, convolution, elementwise, embedding, feedforward, gated, merge, modules, noise, over_time
del recurrent, shape
