"""theano.sandbox.cuda.dnn: there is no cuDNN; ``T.nnet`` and ``lasagne.layers`` compute the same on the CPU."""

from ...names import forwarding

__all__ = ["dnn_available"]


def dnn_available() -> bool:
    """Return False: there is no cuDNN."""
    return False


__getattr__ = forwarding("theano.sandbox.cuda.dnn")
