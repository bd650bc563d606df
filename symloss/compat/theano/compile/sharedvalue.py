"""theano.compile.sharedvalue."""

from pytensor.compile.sharedvalue import SharedVariable

from ..names import forwarding

__all__ = ["SharedVariable"]

__getattr__ = forwarding("theano.compile.sharedvalue", "pytensor.compile.sharedvalue")
