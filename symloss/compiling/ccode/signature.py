"""A name for a graph before anything is done with it: equal graphs have equal names, in every process."""

import functools
import hashlib
import importlib.metadata
import pathlib
from collections.abc import Iterable, Mapping, Set

import numpy as np
import pytensor
from pytensor.graph.basic import Constant, Variable
from pytensor.graph.fg import FunctionGraph
from pytensor.graph.op import Op
from pytensor.graph.traversal import toposort
from pytensor.graph.type import Type
from pytensor.scalar.basic import ScalarOp

from ..names import called

PLAIN = (str, int, float, complex, bool, bytes, type(None), np.dtype, np.generic, slice, range)


class NoSignature(Exception):  # noqa: N818 - a message to the caller, who does without
    """Something in a graph has no name that another process would find again."""


def signature(outputs: list[Variable], order: list[Variable], *about) -> str:
    """Return the name of a graph.

    Parameters
    ----------
    outputs : list of variables
    order : list of variables
        The roots that are no constants, in the order of their arguments.
    *about
        What the result depends on besides: shapes, titles; compared by their repr.

    Raises
    ------
    NoSignature
        If an operation does not tell what it depends on.
    """
    text = [versions(), repr(about), *_lines(outputs, order)]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


def _lines(outputs: Iterable[Variable], order: Iterable[Variable]) -> list[str]:
    outputs, order = list(outputs), list(order)
    numbers = {variable: str(i) for i, variable in enumerate(order)}
    lines = [f"{called(v)} {v.type!r}" for v in order]
    for node in toposort(outputs):
        inputs = [_number(v, numbers) for v in node.inputs]
        for output in node.outputs:
            numbers[output] = str(len(numbers))
        types = " ".join(f"{called(v)} {v.type!r}" for v in node.outputs)
        lines.append(f"{_op(node.op)} {' '.join(inputs)} : {types}")
    lines.append(" ".join(_number(v, numbers) for v in outputs))
    return lines


def _number(variable, numbers) -> str:
    found = numbers.get(variable)
    if found is not None:
        return found
    if not isinstance(variable, Constant):
        raise NoSignature(f"the variable {variable} comes from nowhere")
    found = numbers[variable] = _value(variable.data) + repr(variable.type)
    return found


@functools.lru_cache(4096)
def _op(op: Op) -> str:
    """Return the name of an operation with all that it depends on."""
    kind = type(op)
    inner = getattr(op, "fgraph", None)
    if inner is not None:
        props = ["graph", *_lines(inner.outputs, inner.inputs)]
    elif isinstance(getattr(op, "__props__", None), tuple | list):
        props = [_value(getattr(op, name)) for name in op.__props__]
    elif isinstance(op, ScalarOp):
        props = [str(op.name)]  # the types that it gives stand beside it
    else:
        raise NoSignature(f"{op} does not say what it depends on")
    return f"{kind.__module__}.{kind.__qualname__}({', '.join(props)})"


def _value(value) -> str:
    """Return plain text for a value, the same in every process."""
    if isinstance(value, PLAIN):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, tuple | list):
        return f"{type(value).__name__}({', '.join(map(_value, value))})"
    if isinstance(value, Mapping | Set):
        entries = value.items() if isinstance(value, Mapping) else value
        return f"{type(value).__name__}({', '.join(sorted(map(_value, entries)))})"
    if isinstance(value, Op):
        return _op(value)
    if isinstance(value, Type):
        return repr(value)
    if isinstance(value, FunctionGraph):
        return "\n".join(_lines(value.outputs, value.inputs))
    if isinstance(value, type) or callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    raise NoSignature(f"{type(value).__name__} {value!r} in an operation")


@functools.cache
def versions() -> str:
    """Return what a compiled text depends on besides its graph: the versions of PyTensor and of this compiler."""
    own = [f"{p.name} {p.stat().st_size} {p.stat().st_mtime_ns}"
           for p in sorted(pathlib.Path(__file__).parent.glob("*.py"))]
    return "\n".join([importlib.metadata.version("pytensor"), pytensor.config.floatX, *own])
