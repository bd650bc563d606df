"""theano.compile.builders."""

from pytensor.compile.builders import OpFromGraph

from ..names import forwarding

__all__ = ["OpFromGraph"]

__getattr__ = forwarding("theano.compile.builders", "pytensor.compile.builders")
