"""Theano, implemented with PyTensor: ``from symloss.compat import theano`` replaces ``import theano``.

Inside are Theano's own submodules under their names (``tensor as T``, ``tensor.nnet``, ``sandbox.rng_mrg``, ...). What
they do not define themselves comes from PyTensor; for a name that PyTensor has under another one, the error says which.
The differences are listed in ``docs/coming-from/lasagne.md``.
"""

import pytensor as _pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op

from . import compile, gof, gradient, ifelse, misc, printing, sandbox, scalar, scan_module, sparse, tensor, updates
from .compile import Function, function, shared
from .configuration import config
from .gof.graph import Variable, clone
from .gradient import grad, subgraph_grad
from .names import forwarding
from .printing import pp
from .scan_module import foldl, foldr, map, reduce, scan
from .tensor.old_forms import dot
from .updates import OrderedUpdates

Mode, In, Out, OpFromGraph = _pytensor.Mode, _pytensor.In, _pytensor.Out, _pytensor.OpFromGraph
Lop, Rop, dprint = _pytensor.Lop, _pytensor.Rop, _pytensor.dprint
Param = In  # its older name
__version__ = "1.0.5"

__all__ = [
    "Apply", "Constant", "Function", "In", "Lop", "Mode", "Op", "OpFromGraph", "OrderedUpdates", "Out", "Param", "Rop",
    "SharedVariable", "Variable", "clone", "compile", "config", "dot", "dprint", "foldl", "foldr", "function", "gof",
    "grad", "gradient", "ifelse", "map", "misc", "pp", "printing", "reduce", "sandbox", "scalar", "scan",
    "scan_module", "shared", "sparse", "subgraph_grad", "tensor", "updates",
]

__getattr__ = forwarding("theano", "pytensor")
