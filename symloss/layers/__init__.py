"""Layers, by form: each turns outputs of earlier layers into its own, and owns its parameters."""

from . import feedforward
from .base import Layer, registry
from .feedforward import Feedforward, Input, Tied

__all__ = ["Feedforward", "Input", "Layer", "Tied", "registry"]
del feedforward
