"""theano.sandbox.cuda: there is no GPU, which scripts ask for by these names."""

from ...names import forwarding
from . import dnn

cuda_available = cuda_enabled = False

__all__ = ["cuda_available", "cuda_enabled", "dnn"]

__getattr__ = forwarding("theano.sandbox.cuda")
