"""theano.tensor: expressions, with Theano's names and arguments where PyTensor changed them."""

import pytensor.tensor as pt
from pytensor.gradient import Lop, Rop, hessian, jacobian
from pytensor.tensor import TensorType

from ..gradient import grad
from ..names import forwarding
from . import extra_ops, nlinalg, nnet, shared_randomstreams, signal, slinalg
from .old_forms import (
    addbroadcast,
    argtopk,
    batched_dot,
    batched_tensordot,
    flatten,
    patternbroadcast,
    split,
    stack,
    tensor,
    tile,
    topk,
    unbroadcast,
)

__all__ = [
    "Lop", "Rop", "TensorType", "abs_", "addbroadcast", "argtopk", "batched_dot", "batched_tensordot", "extra_ops",
    "flatten", "grad", "hessian", "inv", "jacobian", "nlinalg", "nnet", "patternbroadcast", "shared_randomstreams",
    "signal", "slinalg", "split", "stack", "tensor", "tile", "topk", "unbroadcast",
]

inv = pt.reciprocal
abs_ = pt.abs
sqr = pt.sqr

__getattr__ = forwarding("theano.tensor", "pytensor.tensor", "pytensor.tensor.special", "pytensor.tensor.variable")
