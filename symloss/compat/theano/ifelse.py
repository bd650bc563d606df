"""theano.ifelse."""

import importlib

from .names import forwarding

try:  # as PyTensor moved it
    _module = importlib.import_module("pytensor.conditional.op")
except ImportError:
    _module = importlib.import_module("pytensor.ifelse")

IfElse, ifelse = _module.IfElse, _module.ifelse

__all__ = ["IfElse", "ifelse"]

__getattr__ = forwarding("theano.ifelse", _module.__name__)
