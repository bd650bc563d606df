"""The intermediate form, computed by numpy: what each operation means, without a compiler."""

import numpy as np
import scipy.special

from symloss.compiling.ccode import ir


def _number(x):
    return x.at(ROWS[0]) if isinstance(x, ir.Rows) else x


ROWS = [0]

POINTWISE = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "sqr": np.square, "sqrt": np.sqrt, "exp": np.exp,
    "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10, "log1p": np.log1p,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "arcsin": np.arcsin, "arccos": np.arccos, "arctan": np.arctan, "arcsinh": np.arcsinh, "arccosh": np.arccosh,
    "arctanh": np.arctanh, "sigmoid": scipy.special.expit, "softplus": lambda x: np.logaddexp(0, x).astype(x.dtype),
    "log1mexp": lambda x: np.where(x > -0.6931471805599453, np.log(-np.expm1(x)), np.log1p(-np.exp(x))),
    "erf": scipy.special.erf, "erfc": scipy.special.erfc, "erfcx": scipy.special.erfcx, "erfinv": scipy.special.erfinv,
    "gamma": scipy.special.gamma, "gammaln": scipy.special.gammaln, "psi": scipy.special.digamma,
    "tri_gamma": lambda x: scipy.special.polygamma(1, x), "floor": np.floor, "ceil": np.ceil, "trunc": np.trunc,
    "round": np.rint, "invert": np.invert, "isnan": np.isnan, "isinf": np.isinf, "reciprocal": np.reciprocal,
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.true_divide, "int_div": np.floor_divide,
    "mod": np.mod, "pow": np.power, "maximum": np.maximum, "minimum": np.minimum, "lt": np.less, "le": np.less_equal,
    "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "neq": np.not_equal, "and": np.bitwise_and,
    "or": np.bitwise_or, "xor": np.bitwise_xor, "arctan2": np.arctan2, "switch": np.where,
}
REDUCE = {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "all": np.all, "any": np.any}


def _slices(v, length):
    for start, step, n in zip(v.attrs["starts"], v.attrs["steps"], length, strict=True):
        start = _number(start)
        yield start + step * np.arange(_number(n))


def _scattered(v, base, value, *index):
    base = base.copy()
    if v.attrs["how"] == "set":
        base[tuple(index)] = value
    else:
        np.add.at(base, tuple(index), value)
    return base


def _put(v, base, value):
    base, where = base.copy(), np.ix_(*_slices(v, value.shape))
    base[where] = value if v.attrs["how"] == "set" else base[where] + value
    return base


def _sum(x, axis, dtype):
    return x.sum(axis, dtype="float64" if dtype.startswith("float") else dtype)


def _checked(v, x, *conditions):
    assert all(map(np.all, conditions)), v.attrs["message"]
    return x


OTHERS = {
    "number": lambda v: v.attrs["value"], "length": lambda v: _number(v.attrs["length"]),
    "iota": lambda v: np.arange(_number(v.shape[0])), "cast": lambda v, x: x, "copy": lambda v, x: x,
    "broadcast": lambda v, x: np.broadcast_to(x, tuple(map(_number, v.shape))),
    "reshape": lambda v, x: x.reshape(tuple(map(_number, v.shape))),
    "transpose": lambda v, x: x.transpose(v.attrs["axes"]),
    "slice": lambda v, x: x[np.ix_(*_slices(v, v.shape))],
    "sum": lambda v, x: _sum(x, v.attrs["axes"], v.dtype),
    "argmax": lambda v, x: np.argmax(x, v.attrs["axis"]),
    "dot": lambda v, x, y: x @ y, "batched_dot": lambda v, x, y: x @ y,
    "gather": lambda v, x, *index: x[index], "scatter": _scattered, "put": _put,
    "concat": lambda v, *parts: np.concatenate(parts, v.attrs["axis"]),
    "cumsum": lambda v, x: np.cumsum(x, v.attrs["axis"]), "cumprod": lambda v, x: np.cumprod(x, v.attrs["axis"]),
    "sort": lambda v, x: np.sort(x, v.attrs["axis"]),
    "argsort": lambda v, x: np.argsort(x, v.attrs["axis"], kind="stable"), "check": _checked,
}


def one(v: ir.Value, arguments, arrays, *inputs):
    """Return what one operation gives."""
    if v.op in ("argument", "array"):
        return (arguments if v.op == "argument" else arrays)[v.attrs["index"]]
    if v.op in OTHERS:
        return OTHERS[v.op](v, *inputs)
    if v.op in REDUCE:
        return REDUCE[v.op](inputs[0], axis=v.attrs["axes"])
    return POINTWISE[v.op](*inputs)


def run(outputs, arguments=(), arrays=(), rows: int = 0) -> list:
    """Return the outputs of a graph; `rows` is n."""
    ROWS[0] = rows
    found = {}
    with np.errstate(all="ignore"):
        for v in ir.reachable(outputs):
            made = one(v, arguments, arrays, *(found[i.number] for i in v.inputs))
            found[v.number] = np.asarray(made).astype(v.dtype)
            shape = tuple(map(_number, v.shape))
            assert found[v.number].shape == shape, (v, found[v.number].shape, shape)
    return [found[v.number] for v in outputs]
