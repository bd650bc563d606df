"""theano.scan_module.scan_utils."""

from pytensor.graph.basic import equal_computations

from ..names import forwarding

__all__ = ["equal_computations"]

__getattr__ = forwarding("theano.scan_module.scan_utils", "pytensor.scan.utils")
