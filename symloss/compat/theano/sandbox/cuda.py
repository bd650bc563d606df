"""theano.sandbox.cuda: there is no GPU, which scripts ask for by these names."""

from ..names import forwarding

cuda_available = cuda_enabled = False

__all__ = ["cuda_available", "cuda_enabled"]

__getattr__ = forwarding("theano.sandbox.cuda")
