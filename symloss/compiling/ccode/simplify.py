"""Rules that make a value simpler when it is made. The docstring of a rule is its identity."""

import math

import numpy as np

from . import ir
from .ir import Graph, Rows, Value
from .lowering import is_pick
from .views import without_ones

RULES: dict[str, list] = {}


def rule(*operations: str):
    """Let a function simplify these operations; it returns a value, or None."""

    def decorate(function):
        for operation in operations:
            RULES.setdefault(operation, []).append(function)
        return function

    return decorate


def number_in(value: Value):
    """Return the number that a value consists of, stretched or not; None if it is another one."""
    while value.op in ("broadcast", "reshape", "transpose"):
        value = value.inputs[0]
    return value.attrs["value"] if value.op == "number" else None


def is_number(value: Value, *wanted) -> bool:
    """Return whether a value consists of one of these numbers; signs of zeros count."""
    found = number_in(value)
    return found is not None and any(found == w and math.copysign(1, found) == math.copysign(1, w) for w in wanted)


def shaped(graph: Graph, operand: Value, like: Value) -> Value:
    """Return an operand in dtype and shape of a value."""
    return graph.broadcast(graph.cast(operand, like.dtype), like.shape)


def fill(graph: Graph, number, like: Value) -> Value:
    """Return a number in dtype and shape of a value."""
    return graph.full(number, like.dtype, like.shape)


# --------------------------------------------------------------------------------------------------------- constants

NUMPY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide, "neg": np.negative,
         "abs": np.abs, "sqr": np.square, "sqrt": np.sqrt, "exp": np.exp, "log": np.log, "log1p": np.log1p,
         "expm1": np.expm1, "tanh": np.tanh, "pow": np.power, "maximum": np.maximum, "minimum": np.minimum,
         "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal,
         "neq": np.not_equal, "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor, "sign": np.sign,
         "int_div": np.floor_divide, "mod": np.mod, "reciprocal": np.reciprocal, "invert": np.invert}
LENGTHS = {"add": lambda a, b: a + b, "sub": lambda a, b: a - b, "mul": lambda a, b: a * b, "int_div": ir.divided,
           "neg": lambda a: a * -1}


@rule(*NUMPY)
def fold_numbers(graph, value):
    """2 + 3 -> 5"""
    numbers = [number_in(v) for v in value.inputs]
    if any(n is None for n in numbers) or value.op in ("int_div", "mod") and not numbers[1]:
        return None
    with np.errstate(all="ignore"):
        arrays = [np.asarray(n).astype(v.dtype) for n, v in zip(numbers, value.inputs, strict=True)]
        if value.op == "pow" and not value.dtype.startswith("float"):
            arrays = [a.astype("float64") for a in arrays]
        found = np.asarray(NUMPY[value.op](*arrays)).astype(value.dtype)
    return graph.full(found.item(), value.dtype, value.shape)


@rule("cast")
def fold_cast(graph, value):
    """float(2) -> 2.0"""
    number = number_in(value.inputs[0])
    if number is None:
        return None
    with np.errstate(all="ignore"):
        found = np.asarray(number).astype(value.inputs[0].dtype).astype(value.dtype)
    return graph.full(found.item(), value.dtype, value.shape)


def length_of(value: Value):
    """Return a scalar int as a length, or None."""
    while value.op in ("cast", "reshape") and value.dtype.startswith("int"):
        value = value.inputs[0]
    if value.op == "length":
        return value.attrs["length"]
    return value.attrs["value"] if value.op == "number" and value.dtype.startswith("int") else None


@rule(*LENGTHS)
def fold_lengths(graph, value):
    """n + 1 -> the length n + 1"""
    if value.size != 1 or not value.dtype.startswith("int"):
        return None
    lengths = [length_of(v) for v in value.inputs]
    if any(n is None for n in lengths):
        return None
    found = LENGTHS[value.op](*lengths)
    return None if found is None else shaped(graph, graph.length(found), value)


# ---------------------------------------------------------------------------------------------------------- algebra


@rule("add")
def add_nothing(graph, value):
    """x + 0 -> x"""
    a, b = value.inputs
    if is_number(b, 0.0, -0.0):
        return shaped(graph, a, value)
    return shaped(graph, b, value) if is_number(a, 0.0, -0.0) else None


@rule("add")
def add_negative(graph, value):
    """x + -y -> x - y"""
    a, b = value.inputs
    if b.op == "neg":
        return graph.pointwise("sub", a, b.inputs[0])
    return graph.pointwise("sub", b, a.inputs[0]) if a.op == "neg" else None


@rule("sub")
def subtract_nothing(graph, value):
    """x - 0 -> x; 0 - x -> -x; x - -y -> x + y"""
    a, b = value.inputs
    if is_number(b, 0.0, -0.0):
        return shaped(graph, a, value)
    if is_number(a, 0.0):
        return graph.broadcast(graph.pointwise("neg", b), value.shape)
    return graph.pointwise("add", a, b.inputs[0]) if b.op == "neg" else None


@rule("mul")
def multiply_by_one(graph, value):
    """x * 1 -> x; x * -1 -> -x"""
    for a, b in (value.inputs, value.inputs[::-1]):
        if is_number(b, 1.0):
            return shaped(graph, a, value)
        if is_number(b, -1.0):
            return graph.broadcast(graph.pointwise("neg", a), value.shape)
    return None


@rule("mul")
def multiply_by_zero(graph, value):
    """x * 0 -> 0, as PyTensor does: also where x is not finite"""
    return fill(graph, 0, value) if any(is_number(v, 0.0, -0.0) for v in value.inputs) else None


@rule("mul", "div")
def draw_out_sign(graph, value):
    """-x * y -> -(x * y); -x * -y -> x * y; the same for quotients"""
    a, b = value.inputs
    signs = [v.op == "neg" for v in (a, b)]
    if not any(signs) or not value.dtype.startswith("float"):
        return None
    made = graph.pointwise(value.op, *(v.inputs[0] if v.op == "neg" else v for v in (a, b)))
    return made if all(signs) else graph.pointwise("neg", made)


@rule("div")
def divide_by_one(graph, value):
    """x / 1 -> x; x / -1 -> -x; 0 / x -> 0, as PyTensor does"""
    a, b = value.inputs
    if is_number(b, 1.0):
        return shaped(graph, a, value)
    if is_number(b, -1.0):
        return graph.broadcast(graph.pointwise("neg", a), value.shape)
    return fill(graph, 0, value) if is_number(a, 0.0, -0.0) else None


@rule("neg", "invert", "reciprocal")
def twice(graph, value):
    """-(-x) -> x, not not x -> x"""
    (a,) = value.inputs
    return a.inputs[0] if a.op == value.op and value.op != "reciprocal" else None


@rule("pow")
def small_powers(graph, value):
    """x ** 2 -> x * x; x ** 0.5 -> sqrt(x); x ** -1 -> 1 / x and the like"""
    base, exponent = value.inputs
    number = number_in(exponent)
    if number is None or not value.dtype.startswith("float"):
        return None
    base = graph.broadcast(base, value.shape)
    if number == 0:
        return fill(graph, 1, value)
    if number == 1:
        return base
    made = {2: lambda: graph.pointwise("sqr", base), 0.5: lambda: graph.pointwise("sqrt", base),
            -1: lambda: graph.pointwise("reciprocal", base),
            -2: lambda: graph.pointwise("reciprocal", graph.pointwise("sqr", base)),
            -0.5: lambda: graph.pointwise("reciprocal", graph.pointwise("sqrt", base)),
            3: lambda: graph.pointwise("mul", graph.pointwise("sqr", base), base),
            4: lambda: graph.pointwise("sqr", graph.pointwise("sqr", base))}.get(number)
    return None if made is None else made()


# --------------------------------------------------------------------------------------------------------- conditions


@rule("switch")
def known_condition(graph, value):
    """switch(true, x, y) -> x; switch(c, x, x) -> x"""
    condition, yes, no = value.inputs
    known = number_in(condition)
    if known is not None:
        return shaped(graph, yes if known else no, value)
    return shaped(graph, yes, value) if yes is no else None


@rule("switch")
def same_condition(graph, value):
    """switch(c, switch(c, x, y), z) -> switch(c, x, z)"""
    condition, yes, no = value.inputs
    inner_yes = yes.inputs[1] if yes.op == "switch" and yes.inputs[0] is condition else yes
    inner_no = no.inputs[2] if no.op == "switch" and no.inputs[0] is condition else no
    if inner_yes is yes and inner_no is no:
        return None
    return graph.broadcast(graph.pointwise("switch", condition, inner_yes, inner_no), value.shape)


def branches_of(graph, value):
    """Return condition and branches of a switch that may be seen through axes of length 1 or in another order."""
    if value.op == "switch":
        return value.inputs
    if value.op not in ("reshape", "transpose") or value.inputs[0].op != "switch":
        return None
    inner = value.inputs[0]
    if not any(is_number(v, 0.0, -0.0) for v in inner.inputs[1:]):
        return None
    whole = [graph.broadcast(v, inner.shape) for v in inner.inputs]
    if value.op == "transpose":
        return [graph.transpose(v, value.attrs["axes"]) for v in whole]
    return [graph.reshape(v, value.shape) for v in whole]


@rule("mul", "div")
def sink_into_switch(graph, value):
    """x * switch(c, 0, y) -> switch(c, 0, x * y), as PyTensor does: 0 times infinity is 0 there; so for quotients"""
    for which in (0, 1) if value.op == "mul" else (0,):
        chosen, other = value.inputs[which], value.inputs[1 - which]
        opened = branches_of(graph, chosen)
        if opened is None:
            continue
        condition, yes, no = opened
        for zero, rest, swap in ((yes, no, False), (no, yes, True)):
            if is_number(zero, 0.0, -0.0):
                operands = (rest, other) if which == 0 else (other, rest)
                made = graph.pointwise(value.op, *operands)
                branches = (made, zero) if swap else (zero, made)
                return graph.broadcast(graph.pointwise("switch", condition, *branches), value.shape)
    return None


@rule("eq", "neq")
def compare_truth(graph, value):
    """x == true -> x; x != false -> x"""
    a, b = value.inputs
    if a.dtype != "bool" or number_in(b) is None:
        return None
    keeps = bool(number_in(b)) == (value.op == "eq")
    return shaped(graph, a if keeps else graph.pointwise("invert", a), value)


# ------------------------------------------------------------------------------------------------------------- shapes

EMPTY_SUMS = {"sum": 0, "prod": 1, "all": True, "any": False}


@rule(*sorted(ir.OPERATIONS.keys() - ir.LEAVES - {"broadcast", "check", "copy"}))
def of_nothing(graph, value):
    """an array without elements -> any other of its shape; sum of nothing -> 0"""
    if value.size == 0:
        return fill(graph, 0, value)
    if value.op in EMPTY_SUMS and value.inputs[0].size == 0:
        return fill(graph, EMPTY_SUMS[value.op], value)
    if value.op == "dot" and value.inputs[0].size == 0:
        return fill(graph, 0, value)
    return value.inputs[0] if value.op in ("put", "scatter") and value.inputs[1].size == 0 else None


@rule(*sorted(ir.POINTWISE - {"copy"}))
def compute_small(graph, value):
    """f(broadcast(x)) -> broadcast(f(x))"""
    if not any(v.op == "broadcast" for v in value.inputs):
        return None
    inputs = [v.inputs[0] if v.op == "broadcast" else v for v in value.inputs]
    shape = ir.common_shape(*(v.shape for v in inputs))
    return graph.broadcast(graph.make(value.op, inputs, value.dtype, shape, **value.attrs), value.shape)


@rule("cast")
def cast_twice(graph, value):
    """int64(int32(bool)) -> int64(bool)"""
    (a,) = value.inputs
    if a.dtype == value.dtype:
        return a
    return graph.cast(a.inputs[0], value.dtype) if a.op == "cast" and a.inputs[0].dtype == "bool" else None


@rule("broadcast")
def stretch_once(graph, value):
    """broadcast(broadcast(x)) -> broadcast(x)"""
    (a,) = value.inputs
    if a.shape == value.shape:
        return a
    return graph.broadcast(a.inputs[0], value.shape) if a.op == "broadcast" else None


@rule("reshape")
def reshape_once(graph, value):
    """reshape(reshape(x)) -> reshape(x); of a stretched number -> the number stretched"""
    (a,) = value.inputs
    if a.shape == value.shape:
        return a
    if a.op == "reshape":
        return graph.reshape(a.inputs[0], value.shape)
    if a.op == "broadcast" and a.inputs[0].size == 1:
        return graph.broadcast(graph.reshape(a.inputs[0], ()), value.shape)
    return None


@rule("transpose")
def turn_once(graph, value):
    """transpose(transpose(x)) -> transpose(x); without axes that change places -> reshape(x)"""
    (a,), axes = value.inputs, value.attrs["axes"]
    if a.op == "transpose":
        return graph.transpose(a.inputs[0], [a.attrs["axes"][axis] for axis in axes])
    moving = [axis for axis in axes if a.shape[axis] != 1]
    if moving == sorted(moving):
        return graph.reshape(a, value.shape)
    if a.op == "broadcast":
        return graph.broadcast(graph.transpose(a.inputs[0], axes), value.shape)
    return None


@rule("slice")
def slice_of_all(graph, value):
    """x[:] -> x; parts of stretched values and of parts"""
    (a,), starts, steps = value.inputs, value.attrs["starts"], value.attrs["steps"]
    if value.shape == a.shape and not any(s != 0 for s in starts) and all(s == 1 for s in steps):
        return a
    if a.op == "broadcast" and a.inputs[0].size == 1:
        return graph.broadcast(a.inputs[0], value.shape)
    if a.op == "slice":
        inner = a.attrs
        starts = tuple(s + t * step for s, t, step in zip(inner["starts"], starts, inner["steps"], strict=True))
        steps = tuple(s * t for s, t in zip(inner["steps"], steps, strict=True))
        return graph.make("slice", a.inputs, value.dtype, value.shape, starts=starts, steps=steps)
    return None


# --------------------------------------------------------------------------------------------------------- reductions


@rule(*sorted(ir.REDUCTIONS))
def over_nothing(graph, value):
    """sum over axes of length 1 -> reshape"""
    (a,), axes = value.inputs, value.attrs["axes"]
    if any(a.shape[axis] != 1 for axis in axes):
        return None
    return graph.reshape(graph.cast(a, value.dtype), value.shape)


@rule("sum", "max", "min", "all", "any")
def of_stretched(graph, value):
    """sum(broadcast(x)) -> sum(x) * n; max(broadcast(x)) -> max(x)"""
    (a,), axes = value.inputs, value.attrs["axes"]
    if a.op != "broadcast":
        return None
    inner = a.inputs[0]
    stretched = [axis for axis in axes if inner.shape[axis] == 1 and a.shape[axis] != 1]
    if not stretched or (value.op != "sum" and any(isinstance(a.shape[axis], Rows) or a.shape[axis] == 0
                                                   for axis in stretched)):
        return None
    shape = [1 if axis in stretched else n for axis, n in enumerate(a.shape)]
    found = graph.reduce(value.op, graph.broadcast(inner, shape), axes, value.dtype)
    if value.op != "sum":
        return found
    count = graph.cast(graph.length(ir.size(a.shape[axis] for axis in stretched)), value.dtype)
    return graph.pointwise("mul", found, count)


@rule("sum", "max", "min", "prod", "all", "any")
def one_reduction(graph, value):
    """sum(sum(x)) -> sum(x)"""
    (a,), axes = value.inputs, value.attrs["axes"]
    if a.op != value.op or a.dtype != value.dtype or a.inputs[0].dtype != a.dtype:
        return None
    gone = a.attrs["axes"]
    kept = [axis for axis in range(a.inputs[0].ndim) if axis not in gone]
    return graph.reduce(value.op, a.inputs[0], [*gone, *(kept[axis] for axis in axes)], value.dtype)


@rule("gather")
def pick_before(graph, value):
    """(x + y)[arange(n), i] -> x[arange(n), i] + y[arange(n), i], which has fewer elements"""
    source, *index = value.inputs
    if not is_pick(value) or source.op not in ir.POINTWISE or source.op == "copy":
        return None
    picked = []
    for operand in source.inputs:
        rows, columns = operand.shape
        if operand.shape == source.shape:
            one = graph.make("gather", (operand, *index), operand.dtype, value.shape)
        elif columns == 1:
            one = graph.reshape(operand, value.shape if rows == value.shape[0] else (1,))
        else:
            one = graph.make("gather", (graph.reshape(operand, (columns,)), index[1]), operand.dtype, value.shape)
        picked.append(one)
    return graph.pointwise(source.op, *picked, dtype=source.dtype)


@rule("sum", "max", "min", "prod", "all", "any")
def of_reshaped(graph, value):
    """sum(reshape(x)) -> reshape(sum(x)), where the reshape only adds or drops axes of length 1"""
    (a,), axes = value.inputs, value.attrs["axes"]
    if a.op != "reshape" or without_ones(a.shape) != without_ones(a.inputs[0].shape):
        return None
    inner = a.inputs[0]
    long = [axis for axis, n in enumerate(inner.shape) if n != 1]
    mine = [axis for axis, n in enumerate(a.shape) if n != 1]
    gone = [long[mine.index(axis)] for axis in axes if axis in mine]
    return graph.reshape(graph.reduce(value.op, inner, gone, value.dtype), value.shape)
