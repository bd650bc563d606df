"""theano.ifelse."""

from pytensor.ifelse import IfElse, ifelse

from .names import forwarding

__all__ = ["IfElse", "ifelse"]

__getattr__ = forwarding("theano.ifelse", "pytensor.ifelse")
