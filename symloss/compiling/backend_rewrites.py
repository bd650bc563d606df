"""Rewrites for a backend: the same numbers, faster in C, in the types of the graph in JAX, and few in Python."""

import numpy as np
import pytensor.tensor as pt
from pytensor.graph.rewriting.basic import MergeOptimizer, in2out, node_rewriter
from pytensor.tensor.basic import AllocEmpty
from pytensor.tensor.blas import gemv_no_inplace
from pytensor.tensor.math import Prod, Sum
from pytensor.tensor.rewriting.basic import local_second_to_alloc
from pytensor.tensor.rewriting.shape import local_shape_to_shape_i


@node_rewriter([Sum])
def column_sums_by_blas(fgraph, node):
    """Sum a float matrix over its rows by one product with a vector of ones (a bias' gradient).

    PyTensor's C code walks down the columns one number at a time; BLAS reads rows. The call of BLAS is made here, of
    lengths that are known: PyTensor would look for them through all of the graph, for every bias.
    """
    (x,) = node.inputs
    if x.ndim != 2 or node.op.axis not in ((0,), 0) or x.dtype not in ("float32", "float64"):
        return None
    if 1 in x.type.shape:
        return None
    if x.dtype != node.outputs[0].dtype:
        return None
    rows, columns = (fgraph.shape_feature.get_shape(x, axis) for axis in (0, 1))
    one, zero = (np.asarray(value, x.dtype) for value in (1, 0))
    return [gemv_no_inplace(AllocEmpty(x.dtype)(columns), one, x.T, pt.alloc(one, rows), zero)]


@node_rewriter([Sum, Prod])
def sums_in_their_own_type(fgraph, node):
    """Add up in the type of the result: JAX would go on in the wider one."""
    dtype = node.outputs[0].dtype
    if node.op.acc_dtype == dtype:
        return None
    return [type(node.op)(axis=node.op.axis, dtype=dtype, acc_dtype=dtype)(node.inputs[0])]


# the first draws a factor into a product, and computes the product twice where it is used with the factor and without
# (Adam); the second merges nodes that write into their operands, which mostly fails, and is taken back at the price of
# the whole graph each time: 70 seconds for 30 layers. What is merged before nodes write into operands is merged below.
NOT_FOR_C = ("local_dot22_to_dot22scalar", "merge3")

# after canonicalisation (1), before products become calls of BLAS (1.7 in PyTensor's sequence)
FOR_C = ((in2out(column_sums_by_blas, name="column_sums_by_blas"), 1.65), (MergeOptimizer(), 49.9))
NOT_FOR_PYTHON = ("canonicalize", "stabilize", "specialize")
# nothing is computed for its shape alone, and what repeats a number is no loop in Python
FOR_PYTHON = ((in2out(local_shape_to_shape_i, local_second_to_alloc, name="shapes_and_fills"), 1.0),)
FOR_JAX = ((in2out(sums_in_their_own_type, name="sums_in_their_own_type"), 1.64),)
