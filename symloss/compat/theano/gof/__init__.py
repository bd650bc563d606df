"""theano.gof: graphs, their variables and their operations."""

from pytensor.graph.basic import Apply, Constant
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.type import Type

from ..names import forwarding
from . import graph, op, type
from .graph import Variable

__all__ = ["Apply", "Constant", "FunctionGraph", "Op", "Type", "Variable", "graph", "op", "type"]

__getattr__ = forwarding("theano.gof", "pytensor.graph", "pytensor.graph.basic", "pytensor.graph.op",
                         "pytensor.link.basic")
