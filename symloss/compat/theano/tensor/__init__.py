"""theano.tensor: expressions, with Theano's names and arguments where PyTensor changed them."""

import pytensor.tensor as pt
from pytensor.gradient import Lop, Rop, hessian, jacobian
from pytensor.tensor import TensorType

from ..gradient import grad
from ..names import forwarding
from . import (
    basic,
    elemwise,
    extra_ops,
    nlinalg,
    nnet,
    shared_randomstreams,
    sharedvar,
    signal,
    slinalg,
    subtensor,
    type,
)
from .old_forms import (
    addbroadcast,
    argtopk,
    batched_dot,
    batched_tensordot,
    dot,
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
    "Lop", "Rop", "TensorType", "abs_", "addbroadcast", "argtopk", "basic", "batched_dot", "batched_tensordot", "dot",
    "elemwise", "extra_ops", "flatten", "grad", "hessian", "inv", "jacobian", "nlinalg", "nnet", "patternbroadcast",
    "shared_randomstreams", "sharedvar", "signal", "slinalg", "split", "sqr", "stack", "subtensor", "tensor", "tile",
    "topk", "type", "unbroadcast",
]

inv = pt.reciprocal
abs_ = pt.abs
sqr = pt.sqr

__getattr__ = forwarding("theano.tensor", "pytensor.tensor", "pytensor.tensor.special", "pytensor.tensor.variable")
