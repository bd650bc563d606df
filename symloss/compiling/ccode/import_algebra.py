"""Importing of what is computed: element by element, over axes, and products of matrices."""

from pytensor.scalar import basic as scalars

from . import ir
from .importer import Importer, imports
from .ir import Graph, Unsupported, Value

NAMES = {"Add": "add", "Sub": "sub", "Mul": "mul", "TrueDiv": "div", "IntDiv": "int_div", "Mod": "mod", "Pow": "pow",
         "Maximum": "maximum", "Minimum": "minimum", "ScalarMaximum": "maximum", "ScalarMinimum": "minimum",
         "LT": "lt", "LE": "le", "GT": "gt", "GE": "ge", "EQ": "eq", "NEQ": "neq", "AND": "and", "OR": "or",
         "XOR": "xor", "Invert": "invert", "Neg": "neg", "Abs": "abs", "Sign": "sign", "Sqr": "sqr", "Sqrt": "sqrt",
         "Exp": "exp", "Exp2": "exp2", "Expm1": "expm1", "Log": "log", "Log2": "log2", "Log10": "log10",
         "Log1p": "log1p", "Sin": "sin", "Cos": "cos", "Tan": "tan", "Sinh": "sinh", "Cosh": "cosh", "Tanh": "tanh",
         "ArcSin": "arcsin", "ArcCos": "arccos", "ArcTan": "arctan", "ArcSinh": "arcsinh", "ArcCosh": "arccosh",
         "ArcTanh": "arctanh", "ArcTan2": "arctan2", "Sigmoid": "sigmoid", "Softplus": "softplus",
         "Log1mexp": "log1mexp", "Erf": "erf", "Erfc": "erfc", "Erfinv": "erfinv", "Erfcx": "erfcx", "Gamma": "gamma",
         "GammaLn": "gammaln", "Psi": "psi", "TriGamma": "tri_gamma", "Floor": "floor", "Ceil": "ceil",
         "Trunc": "trunc", "RoundHalfToEven": "round", "IsNan": "isnan", "IsInf": "isinf", "Reciprocal": "reciprocal",
         "Switch": "switch"}
COMPARISONS = frozenset(("lt", "le", "gt", "ge", "eq", "neq"))


# --------------------------------------------------------------------------------------------------------- pointwise


@imports("Elemwise")
def _elemwise(at: Importer, node):
    values = at.values(node)
    found = scalar(at.graph, node.op.scalar_op, values, node.outputs[0].type.dtype)
    for variable, value in zip(node.inputs, values, strict=True):
        for known, mine, length in zip(variable.type.shape, value.shape, found.shape, strict=True):
            if mine == 1 and known != 1 and length != 1:
                raise ValueError(f"shapes {value.shape} and {found.shape} do not fit: a length of 1 is stretched only "
                                 f"if the type of the variable says that it is 1")
    return found


def scalar(graph: Graph, op, inputs: list[Value], dtype: str) -> Value:
    """Return a scalar operation of PyTensor's, applied element by element."""
    name = type(op).__name__
    if name in ("Cast", "Identity", "TensorFromScalar") or isinstance(op, scalars.Cast):
        return graph.cast(inputs[0], dtype)
    if name == "Second":
        shape = ir.common_shape(*(v.shape for v in graph.aligned(*inputs)))
        return graph.broadcast(graph.cast(inputs[1], dtype), shape)
    if name == "Clip":
        low = graph.pointwise("lt", *common(graph, inputs[:2]), dtype="bool")
        high = graph.pointwise("gt", *common(graph, [inputs[0], inputs[2]]), dtype="bool")
        x, least, most = (graph.cast(v, dtype) for v in inputs)
        return graph.pointwise("switch", low, least, graph.pointwise("switch", high, most, x))
    if name == "Composite":
        return _composite(graph, op, inputs)
    if name not in NAMES:
        raise Unsupported(f"the scalar operation {name}")
    return _named(graph, NAMES[name], inputs, dtype)


def _named(graph, name, inputs, dtype):
    if name in COMPARISONS:
        return graph.pointwise(name, *common(graph, inputs), dtype="bool")
    if name in ("isnan", "isinf"):
        return graph.pointwise(name, *inputs, dtype="bool") if inputs[0].dtype.startswith("float") else (
            graph.full(False, "bool", inputs[0].shape))
    if name == "switch":
        condition = inputs[0] if inputs[0].dtype == "bool" else graph.pointwise(
            "neq", inputs[0], graph.number(0, inputs[0].dtype), dtype="bool")
        return graph.pointwise("switch", condition, *(graph.cast(v, dtype) for v in inputs[1:]), dtype=dtype)
    inputs = [graph.cast(v, dtype) for v in inputs]
    found = inputs[0]
    if len(inputs) == 1:
        return graph.pointwise(name, found, dtype=dtype)
    for other in inputs[1:]:
        found = graph.pointwise(name, found, other, dtype=dtype)
    return found


def common(graph: Graph, values: list[Value]) -> list[Value]:
    """Return values in the dtype that holds all of theirs."""
    dtype = scalars.upcast(*(v.dtype for v in values))
    return [graph.cast(v, dtype) for v in values]


def _composite(graph, op, inputs):
    inside = op.fgraph
    known = dict(zip(inside.inputs, inputs, strict=True))
    for node in inside.toposort():
        values = [known[v] if v in known else graph.number(v.data.item(), v.type.dtype) for v in node.inputs]
        known[node.outputs[0]] = scalar(graph, node.op, values, node.outputs[0].type.dtype)
    return known[inside.outputs[0]]


@imports("DimShuffle")
def _dimshuffle(at, node):
    (value,), order = at.values(node), node.op.new_order
    kept = [axis for axis in order if axis != "x"]
    dropped = [axis for axis in range(value.ndim) if axis not in kept]
    if any(value.shape[axis] != 1 for axis in dropped):
        raise ValueError(f"an axis of length other than 1 of {value.shape} cannot be dropped")
    value = at.graph.transpose(value, [*dropped, *kept])
    rest = iter(value.shape[len(dropped):])
    return at.graph.reshape(value, [1 if axis == "x" else next(rest) for axis in order])


@imports("Alloc")
def _alloc(at, node):
    return at.graph.broadcast(at.value(node.inputs[0]), [at.length(v) for v in node.inputs[1:]])


@imports("TensorFromScalar", "ScalarFromTensor", "DeepCopyOp", "ViewOp", "DisconnectedGrad", "ZeroGrad", "GradClip",
         "GradScale", "CpuContiguous", "UndefinedGrad")
def _same(at, node):
    return at.value(node.inputs[0])


@imports("CheckAndRaise", "Assert")
def _check(at, node):
    value, *conditions = at.values(node)
    conditions = [at.graph.reduce("all", v, range(v.ndim), "bool") if v.ndim else v for v in conditions]
    conditions = [v if v.dtype == "bool" else at.graph.cast(v, "bool") for v in conditions]
    conditions = [v for v in conditions if not v.is_number()  or not v.attrs["value"]]
    if not conditions:
        return value
    return at.graph.make("check", (value, *conditions), value.dtype, value.shape, message=str(node.op.msg))


# -------------------------------------------------------------------------------------------------------- reductions


@imports("CAReduce", "Sum", "Prod", "Max", "Min", "All", "Any", "ProdWithoutZeros")
def _reduction(at, node):
    (value,), op = at.values(node), node.op
    by = type(op.scalar_op).__name__
    kind = {"Add": "sum", "Mul": "prod", "Maximum": "max", "Minimum": "min", "ScalarMaximum": "max",
            "ScalarMinimum": "min", "AND": "all", "OR": "any", "MulWithoutZeros": "prod"}.get(by)
    if kind is None:
        raise Unsupported(f"a reduction by {op.scalar_op}")
    dtype = node.outputs[0].type.dtype
    if kind in ("all", "any"):
        value = at.graph.cast(value, "bool")
    elif kind in ("sum", "prod"):
        value = at.graph.cast(value, dtype)
    if by == "MulWithoutZeros":
        is_zero = at.graph.pointwise("eq", value, at.graph.number(0, dtype), dtype="bool")
        value = at.graph.pointwise("switch", is_zero, at.graph.number(1, dtype), value)
    axes = _axes(op.axis, value.ndim)
    if kind in ("max", "min") and any(value.shape[axis] == 0 for axis in axes):
        raise ValueError(f"a {kind}imum of nothing: the shape is {value.shape}")
    return at.graph.reduce(kind, value, axes, value.dtype)


@imports("Argmax")
def _argmax(at, node):
    (value,) = at.values(node)
    axes = _axes(node.op.axis, value.ndim)
    if any(value.shape[axis] == 0 for axis in axes):
        raise ValueError(f"the place of a maximum of nothing: the shape is {value.shape}")
    kept = [axis for axis in range(value.ndim) if axis not in axes]
    shape = [value.shape[axis] for axis in kept]
    value = at.graph.transpose(value, [*kept, *axes])
    value = at.graph.reshape(value, [*shape, ir.size(value.shape[len(kept):])])
    return at.graph.make("argmax", (value,), "int64", shape, axis=len(kept))


def _axes(axis, rank) -> list[int]:
    """Return axes as ints; None is all of them."""
    axes = range(rank) if axis is None else axis if isinstance(axis, tuple | list) else [axis]
    return [a % rank for a in axes]


@imports("Softmax", "LogSoftmax")
def _softmax(at, node):
    graph, (x,), axis = at.graph, at.values(node), node.op.axis
    axes = _axes(axis, x.ndim)
    shape = [1 if a in axes else n for a, n in enumerate(x.shape)]
    shifted = graph.pointwise("sub", x, graph.reshape(graph.reduce("max", x, axes), shape))
    exponentials = graph.pointwise("exp", shifted)
    total = graph.reshape(graph.reduce("sum", exponentials, axes), shape)
    if type(node.op).__name__ == "Softmax":
        return graph.pointwise("div", exponentials, total)
    return graph.pointwise("sub", shifted, graph.pointwise("log", total))


@imports("LogSumExp")
def _log_sum_exp(at, node):
    graph, (x,) = at.graph, at.values(node)
    axes = _axes(node.op.axis, x.ndim)
    greatest, zero = graph.reduce("max", x, axes), graph.number(0, x.dtype)
    shift = graph.pointwise("switch", graph.pointwise("isinf", greatest, dtype="bool"), zero, greatest)
    shape = [1 if axis in axes else n for axis, n in enumerate(x.shape)]
    total = graph.reduce("sum", graph.pointwise("exp", graph.pointwise("sub", x, graph.reshape(shift, shape))), axes)
    return graph.reshape(graph.pointwise("add", shift, graph.pointwise("log", total)), _shape_of(node, shape, axes))


def _shape_of(node, shape, axes) -> list:
    """Return the shape of a reduction that may keep its axes."""
    return shape if node.outputs[0].type.ndim == len(shape) else [n for a, n in enumerate(shape) if a not in axes]


@imports("SoftmaxGrad")
def _softmax_grad(at, node):
    graph, (slope, softmax), axis = at.graph, at.values(node), node.op.axis
    product = graph.pointwise("mul", slope, softmax)
    axes = _axes(axis, product.ndim)
    shape = [1 if a in axes else n for a, n in enumerate(product.shape)]
    total = graph.reshape(graph.reduce("sum", product, axes), shape)
    return graph.pointwise("sub", product, graph.pointwise("mul", softmax, total))


@imports("CumOp")
def _cumulative(at, node):
    (value,), axis = at.values(node), node.op.axis
    if axis is None:
        value, axis = at.graph.reshape(value, (value.size,)), 0
    op = "cumsum" if node.op.mode == "add" else "cumprod"
    return at.graph.make(op, (value,), value.dtype, value.shape, axis=axis % value.ndim)


@imports("SortOp", "ArgSortOp")
def _sort(at, node):
    value = at.value(node.inputs[0])
    axis = at.length(node.inputs[1]) if len(node.inputs) > 1 else node.op.axis
    if axis is None:
        value, axis = at.graph.reshape(value, (value.size,)), 0
    op = "sort" if type(node.op).__name__ == "SortOp" else "argsort"
    dtype = value.dtype if op == "sort" else "int64"
    return at.graph.make(op, (value,), dtype, value.shape, axis=axis % value.ndim)


# ---------------------------------------------------------------------------------------------------------- products


@imports("Dot", "Dot22", "Matmul")
def _dot(at, node):
    return dot(at.graph, *(at.graph.cast(v, node.outputs[0].type.dtype) for v in at.values(node)))


def dot(graph: Graph, a: Value, b: Value) -> Value:
    """Return the product of two vectors or matrices."""
    shape = (*a.shape[: a.ndim - 1], *b.shape[1:])
    left = a if a.ndim == 2 else graph.reshape(a, (1, a.shape[0]))
    right = b if b.ndim == 2 else graph.reshape(b, (b.shape[0], 1))
    if left.shape[1] != right.shape[0]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit in a product")
    if not a.dtype.startswith("float") or left.shape[1] == 1:
        product = graph.pointwise("mul", graph.reshape(left, (*left.shape, 1)), graph.reshape(right, (1, *right.shape)))
        return graph.reshape(graph.reduce("sum", product, [1]), shape)
    made = graph.make("dot", (left, right), a.dtype, (left.shape[0], right.shape[1]))
    return graph.reshape(made, shape)


@imports("BatchedDot")
def _batched_dot(at, node):
    a, b = at.values(node)
    a, b = (v if v.ndim == 3 else at.graph.reshape(v, (v.shape[0], 1, v.shape[1]) if v is a else (*v.shape, 1))
            for v in (a, b))
    return _batched(at.graph, a, b)


def _batched(graph, a, b):
    if a.shape[0] != b.shape[0] or a.shape[2] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit in products")
    return graph.make("batched_dot", (a, b), a.dtype, (a.shape[0], a.shape[1], b.shape[2]))


@imports("Blockwise")
def _blockwise(at, node):
    name = type(node.op.core_op).__name__
    if name not in ("Dot", "Matmul"):
        raise Unsupported(f"{name} for several values at a time")
    graph, dtype = at.graph, node.outputs[0].type.dtype
    a, b = (graph.cast(v, dtype) for v in at.values(node))
    if node.op.signature != "(m,k),(k,n)->(m,n)" and min(a.ndim, b.ndim) < 2:
        raise Unsupported(f"products of the form {node.op.signature}")
    rows, columns = a.shape[-2], b.shape[-1]
    batch = ir.common_shape(*(v.shape[:-2] for v in graph.aligned(a, b)))
    if ir.size(batch) == 1:
        return graph.reshape(dot(graph, graph.reshape(a, a.shape[-2:]), graph.reshape(b, b.shape[-2:])),
                             (*batch, rows, columns))
    a, b = (graph.reshape(graph.broadcast(v, (*batch, *v.shape[-2:])), (ir.size(batch), *v.shape[-2:])) for v in (a, b))
    return graph.reshape(_batched(graph, a, b), (*batch, rows, columns))
