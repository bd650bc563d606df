"""theano.tensor.nlinalg."""

import pytensor.tensor as pt

from ..names import forwarding

__all__ = ["alloc_diag", "diag", "extract_diag", "matrix_inverse", "trace"]

matrix_inverse = pt.linalg.inv
diag = alloc_diag = pt.diag
extract_diag = pt.extract_diag
trace = pt.trace

__getattr__ = forwarding("theano.tensor.nlinalg", "pytensor.tensor.linalg")
