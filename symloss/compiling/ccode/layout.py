"""Whether the rows of a program's matrices lie side by side, so that the innermost loops go along the rows.

For layers of a few units this is several times as fast: rows of 10 or 20 numbers leave most of a vector register
unused, and a call of BLAS costs more than its products.
"""

from . import ir
from .ir import N, Rows, Value
from .views import base_of, is_free

LARGEST = 1024  # weights of a layer whose products are faster this way than by BLAS: see benchmarks/training_step.py
ALLOWED = ir.POINTWISE | ir.REDUCTIONS | ir.LEAVES | {"gather", "dot", "argmax"}


def lay_out(outputs: list[Value], batched: list[Value]) -> bool:
    """Mark the matrices of a program that lie column by column, and return whether there are any.

    Parameters
    ----------
    outputs : list of Value
        Lowered.
    batched : list of Value
        Arguments whose rows are picked from whole arrays, and so can be laid out in any way.
    """
    values = ir.reachable(outputs)
    if not batched or not _fits(values, outputs, batched):
        return False
    for value in values:
        value.by_column = _is_wide(value) and value.op not in ir.VIEWS and (
            value.op not in ir.LEAVES or value in batched)
    return True


def _is_wide(value) -> bool:
    return value.ndim == 2 and value.shape[0] == N


def _fits(values, outputs, batched) -> bool:
    products = 0
    for value in values:
        if value in outputs and any(isinstance(n, Rows) for n in value.shape) or not _is_simple(value, batched):
            return False
        products += value.op == "dot"
    return products > 0


def _is_simple(value, batched) -> bool:
    """Return whether a value can be read and made column by column."""
    if value.op in ir.VIEWS:
        return is_free(value) or (value.op == "slice" and not any(isinstance(n, Rows) for n in value.shape[1:]))
    if value.op in ir.RANDOM:  # a row of them is drawn at a time
        return False
    if value.op not in ALLOWED:
        return not any(isinstance(n, Rows) for v in (value, *value.inputs) for n in v.shape)
    if any(isinstance(n, Rows) for n in value.shape[1:]) or (value.shape and value.shape[0] not in (N,) and
                                                             isinstance(value.shape[0], Rows)):
        return False
    if value.ndim > 2 and value.shape[0] == N:
        return False
    if value.op == "argument" and any(isinstance(n, Rows) for n in value.shape) and value not in batched:
        return False
    if value.op == "gather" and any(isinstance(n, Rows) for n in base_of(value.inputs[0]).shape):
        return value.ndim == 1
    return value.op != "dot" or _is_small_product(value)


def _is_small_product(value) -> bool:
    a, b = value.inputs
    if isinstance(a.shape[1], Rows):  # summed up over rows
        return a.shape[1] == N and a.shape[0] * b.shape[1] <= LARGEST
    if isinstance(a.shape[0], Rows):
        return b.shape[0] * b.shape[1] <= LARGEST and not any(isinstance(n, Rows) for n in b.shape)
    return not any(isinstance(n, Rows) for n in b.shape)
