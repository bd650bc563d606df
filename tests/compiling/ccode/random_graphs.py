"""Random PyTensor graphs: every operation that the compiler knows, of any dtype, rank and length."""

import dataclasses
import math
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode
from pytensor.graph.traversal import ancestors
from pytensor.link.vm import VMLinker

from symloss.compiling.ccode.ir import Unsupported
from symloss.compiling.ccode.program import Program

FLOATS = ("float64", "float32")
INTS = ("int64", "int32", "int8", "uint8")
LENGTHS = (1, 2, 3, 5, 8, 17, 33)
SMOOTH = (
    "tanh",
    "sigmoid",
    "softplus",
    "sin",
    "cos",
    "arctan",
    "arcsinh",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "sqr",
    "neg",
    "abs",
)  # anywhere
ROUGH = ("sign", "floor", "ceil", "trunc", "round_half_to_even", "isnan", "isinf")
GUARDED = {  # where they are defined
    "sqrt": abs,
    "log": lambda x: abs(x) + 0.01,
    "log2": lambda x: abs(x) + 0.01,
    "log10": lambda x: abs(x) + 0.01,
    "log1p": abs,
    "log1mexp": lambda x: -abs(x) - 0.01,
    "reciprocal": lambda x: abs(x) + 0.1,
    "arcsin": lambda x: 0.9 * pt.tanh(x),
    "arccos": lambda x: 0.9 * pt.tanh(x),
    "arctanh": lambda x: 0.9 * pt.tanh(x),
    "arccosh": lambda x: 1.1 + abs(x),
    "erfinv": lambda x: 0.9 * pt.tanh(x),
    "erfcx": lambda x: pt.clip(x, -3, 30),
    "gammaln": lambda x: abs(x) + 0.1,
    "gamma": lambda x: pt.clip(abs(x), 0.1, 9),
    "psi": lambda x: abs(x) + 0.1,
    "tri_gamma": lambda x: abs(x) + 0.1,
    "sinh": lambda x: pt.clip(x, -9, 9),
    "cosh": lambda x: pt.clip(x, -9, 9),
    "tan": pt.tanh,
    "exp2": lambda x: pt.clip(x, -9, 9),
}
BINARY = ("add", "sub", "mul", "true_div", "maximum", "minimum", "arctan2", "pow", "int_div", "mod")
OFF = 0.0137  # what is rounded does not lie on a step
WHOLE = ("Floor", "Ceil", "Trunc", "RoundHalfToEven", "Sign", "IntDiv")
COMPARISONS = ("lt", "le", "gt", "ge", "eq", "neq")


@dataclasses.dataclass
class Known:
    """A variable and the shape that it has when there are `rows` rows."""

    variable: object
    shape: tuple

    @property
    def dtype(self) -> str:
        return self.variable.dtype

    @property
    def floats(self) -> bool:
        return self.dtype.startswith("float")


class Maker:
    """Makes one random graph.

    Parameters
    ----------
    choose : callable
        ``choose(n)`` gives a whole number from 0 to n - 1.
    """

    def __init__(self, choose):
        self.choose = choose
        self.rows = self.one((3, 1, 0, 2, 5, 8, 17, 70))
        self.dtype = self.one(FLOATS)
        self.inputs, self.arrays, self.pool = [], [], []
        self.rng = np.random.default_rng(choose(2**16))
        width = self.one(LENGTHS)
        for shape in (
            (None, width),
            (None, self.one((width, self.one(LENGTHS)))),
            (width,),
            (None,),
            (),
            (width, self.one(LENGTHS)),
            (2, None, self.one((3, width))),
        ):
            self._input(shape, self.dtype)
        self._input(self.one(((None,), (width,), (None, 2))), self.one(INTS))
        self._input(self.one(((None,), (None, width), (0, 3), (width, 0))), self.one((*FLOATS, "bool", "int64")))

    def one(self, of):
        """Return one of these."""
        return of[self.choose(len(of))]

    def often(self, of_ten: int) -> bool:
        """Return yes so many times of ten."""
        return self.choose(10) < of_ten

    def _input(self, shape, dtype):
        lengths = tuple(self.rows if n is None else n for n in shape)
        variable = pt.tensor(f"x{len(self.inputs)}", dtype=dtype, shape=shape)
        numbers = self.rng.normal(size=lengths) * (2 if dtype.startswith("float") else 5)
        if dtype == "uint8":
            numbers = abs(numbers)
        self.inputs.append(variable)
        self.arrays.append(np.asarray(numbers).astype(dtype) if dtype != "bool" else np.asarray(numbers > 0))
        self.pool.append(Known(variable, lengths))

    # ------------------------------------------------------------------------------------------------- what is there

    def any(self, wanted=lambda known: True):
        """Return something of the pool, often of its newest."""
        found = [k for k in self.pool if wanted(k)]
        if self.often(6):
            found = found[-4:]
        return self.one(found) if found else None

    def float(self, known=None):
        """Return a float of the pool, or what is given as one."""
        known = known or self.any()
        return known if known.floats else self.cast(known, self.dtype)

    def cast(self, known, dtype):
        """Return the value in another dtype; NaN and what is too great have no whole number."""
        variable = known.variable
        if known.floats and not dtype.startswith("float") and dtype != "bool":
            variable = variable + np.asarray(OFF, known.dtype)
            variable = pt.clip(pt.switch(pt.isnan(variable), 0.0, variable), 0 if dtype == "uint8" else -100, 100)
        return Known(pt.cast(variable, dtype), known.shape)

    def small_ints(self, known, below: int):
        """Return whole numbers from -below to below - 1."""
        made = self.cast(known, "int64").variable
        return Known(made % (2 * below) - below if self.often(5) else made % below, known.shape)

    def fitting(self, known):
        """Return another of the pool in a shape that fits, stretched or not."""
        if self.often(7):
            for _ in range(6):
                other = self.any()
                shape = other.shape[-len(known.shape) :] if known.shape else ()
                if other.shape == shape == known.shape:
                    return other
                if len(other.shape) <= len(known.shape) and all(
                    a == b for a, b in zip(other.shape[::-1], known.shape[::-1], strict=False)
                ):
                    return other
        other = self.float()
        axes = [axis for axis in range(len(known.shape)) if self.often(5)]
        if self.often(5) and axes and known.floats:  # its own mean, stretched
            return Known(
                known.variable.sum(axis=axes, keepdims=True),
                tuple(1 if a in axes else n for a, n in enumerate(known.shape)),
            )
        return Known(other.variable.sum(), ())

    def grow(self, count: int, ways=None):
        """Add so many operations to the pool, of all ways or of these."""
        for _ in range(count):
            way = self.one(ways or WAYS)
            made = way(self)
            if made is not None:
                assert made.variable.ndim == len(made.shape), way.__name__
                self.pool.append(made)

    def outputs(self):
        """Return what the graph gives: the newest values, and at times slopes of a sum of them."""
        made = self.pool[len(self.inputs) :][-1 - self.choose(4) :]
        found = [k.variable for k in made]
        smooth = [k for k in made if k.floats]
        if smooth and self.often(4):
            total = sum(pt.tanh(k.variable).sum() for k in smooth)
            wrt = [v for v in self.inputs if v.dtype.startswith("float")]
            found += pytensor.grad(total, wrt, disconnected_inputs="ignore")
        return found


def broadcast(*shapes) -> tuple:
    """Return the common shape."""
    return np.broadcast_shapes(*shapes)


# ---------------------------------------------------------------------------------------------------------- pointwise


def unary(m: Maker):
    known = m.any()
    if not known.floats and m.often(5):
        ops = ("invert",) if known.dtype == "bool" else ("neg", "abs", "sign", "sqr", "invert")
        if known.dtype == "uint8":
            ops = ("sqr", "invert")
        return Known(getattr(pt, m.one(ops))(known.variable), known.shape)
    known = m.float(known)
    group = m.choose(10)
    if group < 5:
        made = getattr(pt, m.one(SMOOTH))(known.variable)
    elif group < 7:
        made = getattr(pt, m.one(ROUGH))(known.variable + np.asarray(OFF, known.dtype))
    else:
        name = m.one(sorted(GUARDED))
        made = getattr(pt, name)(GUARDED[name](known.variable))
    return Known(made, known.shape)


def binary(m: Maker):
    one = m.any()
    other = m.fitting(one)
    first, second = (one, other) if m.often(6) else (other, one)
    a, b, shape = first.variable, second.variable, broadcast(one.shape, other.shape)
    name = m.one(BINARY)
    if "bool" in (a.dtype, b.dtype):
        a, b = (v.astype("int64") if v.dtype == "bool" else v for v in (a, b))
    if name in ("true_div", "int_div", "mod"):
        b = b + pt.eq(b, 0) if not b.dtype.startswith("float") else abs(b) + np.asarray(0.3, b.dtype)
    elif name == "pow":
        a, b = (
            (abs(a) + 0.1, pt.clip(b, -3, 3))
            if a.dtype.startswith("float") or b.dtype.startswith("float")
            else (a, pt.constant(m.choose(3)))
        )
        if m.often(5):
            b = pt.constant(m.one((2.0, 0.5, -1.0, 3.0, 1.5, 0.0, 1.0, -2.0, -0.5)))
            a = a.astype(m.dtype) + 0.0
        if b.ndim == 0:
            shape = first.shape
    elif name == "arctan2":
        a, b = (v if v.dtype.startswith("float") else v.astype(m.dtype) for v in (a, b))
        a = a + pt.eq(a, 0)  # the angle of 0 depends on its sign, which sums and products leave open
    return Known(getattr(pt, name)(a, b), shape)


def compare(m: Maker):
    one = m.any()
    other = m.fitting(one)
    made = Known(getattr(pt, m.one(COMPARISONS))(one.variable, other.variable), broadcast(one.shape, other.shape))
    if m.often(3):
        third = m.any(lambda k: k.dtype == "bool" and k.shape == made.shape)
        if third:
            op = m.one((pt.and_, pt.or_, pt.xor))
            return Known(op(made.variable, third.variable), made.shape)
    if m.often(5):
        zero = pt.constant(m.one((0.0, 1.0, -0.5)))
        yes = m.float(one).variable if m.often(5) else zero
        no = zero if m.often(5) else m.float(other).variable
        return Known(pt.switch(made.variable, yes, no), made.shape)
    return made


def clip(m: Maker):
    known = m.float()
    return Known(pt.clip(known.variable, -0.5 - m.choose(2), 0.5 + m.choose(3)), known.shape)


def cast(m: Maker):
    return m.cast(m.any(), m.one((*FLOATS, *INTS, "bool")))


# ---------------------------------------------------------------------------------------------------------- reductions


def reduction(m: Maker):
    known = m.any(lambda k: len(k.shape) > 0)
    axes = [axis for axis in range(len(known.shape)) if m.often(5)] or [m.choose(len(known.shape))]
    empty = any(known.shape[axis] == 0 for axis in axes)
    names = ["sum", "prod", "all", "any", "mean"] + ([] if empty else ["max", "min", "var"])
    name, keep = m.one(names), m.often(4)
    variable = known.variable
    if name in ("all", "any"):
        variable = variable if known.dtype == "bool" else pt.gt(variable, 0)
    elif known.dtype == "bool":
        variable = variable.astype("int64")
    if name == "prod" and known.floats:
        variable = pt.clip(variable, -1.5, 1.5)
    if name == "mean" and empty:
        name = "sum"
    shape = tuple(1 if a in axes else n for a, n in enumerate(known.shape) if keep or a not in axes)
    return Known(getattr(pt, name)(variable, axis=axes, keepdims=keep), shape)


def place(m: Maker):
    known = m.float(m.any(lambda k: len(k.shape) > 0 and 0 not in k.shape))
    axis = m.choose(len(known.shape))
    op = m.one((pt.argmax, pt.argmin))
    return Known(op(known.variable, axis=axis), known.shape[:axis] + known.shape[axis + 1 :])


def along(m: Maker):
    known = m.float(m.any(lambda k: len(k.shape) > 0))
    axis = m.choose(len(known.shape))
    op = m.one(
        (
            pt.cumsum,
            pt.sort,
            lambda x, axis: pt.argsort(x, axis=axis, kind="stable"),
            lambda x, axis: pt.cumprod(pt.tanh(x) + 0.5, axis=axis),
        )
    )
    return Known(op(known.variable, axis=axis), known.shape)


def softmax(m: Maker):
    known = m.float(m.any(lambda k: len(k.shape) > 0 and 0 not in k.shape))
    axis = m.choose(len(known.shape))
    if m.often(3):
        keep = m.often(5)
        shape = tuple(1 if a == axis else n for a, n in enumerate(known.shape) if keep or a != axis)
        return Known(pt.logsumexp(known.variable, axis=axis, keepdims=keep), shape)
    return Known(m.one((pt.special.softmax, pt.special.log_softmax))(known.variable, axis=axis), known.shape)


# ------------------------------------------------------------------------------------------------------------ products


def product(m: Maker):
    one = m.float(m.any(lambda k: len(k.shape) in (1, 2)))
    inner = one.shape[-1]
    other = m.any(lambda k: len(k.shape) in (1, 2) and k.shape[0] == inner and k.floats)
    if other is None:
        other, one = one, Known(one.variable.T, one.shape[::-1])
    a, b = (v.variable.astype(m.dtype) for v in (one, other))
    return Known(pt.dot(a, b), one.shape[:-1] + other.shape[1:])


def several_products(m: Maker):
    one = m.float(m.any(lambda k: len(k.shape) == 3))
    if m.often(5):
        return Known(
            pt.matmul(one.variable, one.variable.transpose(0, 2, 1)), (one.shape[0], one.shape[1], one.shape[1])
        )
    b, n, k = one.shape
    return (
        Known(pt.tensordot(one.variable, one.variable, [[0, 2], [0, 2]]), (n, n))
        if m.often(5)
        else Known(pt.matmul(one.variable, one.variable[0].T), (b, n, n))
        if b
        else None
    )


def pairs(m: Maker):
    """Every number of a vector with every one of it, or of another, in one of two orders."""
    one = m.any(lambda k: len(k.shape) == 1)
    other = m.any(lambda k: len(k.shape) == 1) if m.often(4) else one
    a, b = (k.variable.astype(m.dtype) if k.dtype == "bool" else k.variable for k in (one, other))
    a, b = (a[:, None], b[None, :])
    shape = one.shape + other.shape
    if m.often(4):
        a, b, shape = a.T, b.T, shape[::-1]
    return Known(getattr(pt, m.one(("add", "sub", "mul", "maximum", "lt", "eq")))(a, b), shape)


def outer(m: Maker):
    one, other = (m.float(m.any(lambda k: len(k.shape) == 1)) for _ in range(2))
    return Known(pt.outer(one.variable, other.variable), one.shape + other.shape)


# -------------------------------------------------------------------------------------------------------------- shapes


def turned(m: Maker):
    known = m.any(lambda k: len(k.shape) > 1)
    order = list(range(len(known.shape)))
    for i in range(len(order) - 1, 0, -1):
        j = m.choose(i + 1)
        order[i], order[j] = order[j], order[i]
    variable, shape = known.variable.transpose(order), [known.shape[a] for a in order]
    if m.often(3):
        at = m.choose(len(shape) + 1)
        variable = pt.expand_dims(variable, at)
        shape.insert(at, 1)
    return Known(variable, tuple(shape))


def reshaped(m: Maker):
    known = m.any(lambda k: len(k.shape) > 0 and 0 not in k.shape)
    shape = known.shape
    if len(shape) > 1 and m.often(6):
        return Known(known.variable.reshape((-1, shape[-1])), (math.prod(shape[:-1]), shape[-1]))
    return Known(known.variable.flatten() if m.often(5) else known.variable.ravel(), (math.prod(shape),))


def sliced(m: Maker):
    known = m.any(lambda k: len(k.shape) > 0)
    index, shape = [], []
    for n in known.shape:
        way = m.choose(8)
        if way < 2:
            index.append(slice(None))
            shape.append(n)
        elif way == 2:
            index.append(slice(None, None, -1))
            shape.append(n)
        elif way < 6 or n == 0:
            start, stop = (m.one((None, 0, 1, 2, -1, -2, 4)) for _ in range(2))
            step = m.one((None, 1, 1, 2, -1, -2, 3))
            cut = slice(start, stop, step)
            index.append(cut)
            shape.append(len(range(n)[cut]))
        else:
            index.append(m.choose(n) - (n if m.often(3) else 0))
    return Known(known.variable[tuple(index)], tuple(shape))


def taken(m: Maker):
    known = m.any(lambda k: len(k.shape) > 0 and k.shape[0] > 0)
    places = m.small_ints(m.any(lambda k: len(k.shape) < 3), known.shape[0])
    if len(known.shape) > 1 and known.shape[1] and m.often(4):
        if m.often(5):
            columns = m.small_ints(m.any(lambda k: k.shape == places.shape), known.shape[1])
            return Known(known.variable[places.variable, columns.variable], places.shape + known.shape[2:])
        columns = m.small_ints(m.any(lambda k: len(k.shape) == 1), known.shape[1])
        return Known(known.variable[:, columns.variable], (known.shape[0], *columns.shape, *known.shape[2:]))
    return Known(known.variable[places.variable], places.shape + known.shape[1:])


def put(m: Maker):
    known = m.float(m.any(lambda k: len(k.shape) > 0 and k.shape[0] > 0))
    op = m.one((pt.set_subtensor, pt.inc_subtensor))
    if m.often(5):
        places = m.small_ints(m.any(lambda k: len(k.shape) == 1), known.shape[0])
        if op is pt.set_subtensor:  # which of several wins is nobody's promise
            return Known(op(known.variable[places.variable], np.asarray(0.75, known.dtype)), known.shape)
        new = m.any(lambda k: k.shape == places.shape + known.shape[1:] and k.floats)
        value = pt.cast(new.variable, known.dtype) if new else np.asarray(1.5, known.dtype)
        return Known(op(known.variable[places.variable], value), known.shape)
    start, step = m.choose(3), m.one((1, 2, -1))
    cut = slice(start, None, step) if step > 0 else slice(None, None, -1)
    return Known(op(known.variable[cut], np.asarray(0.5, known.dtype)), known.shape)


def joined(m: Maker):
    known = m.any(lambda k: len(k.shape) > 0)
    axis = m.choose(len(known.shape))
    rest = known.shape[:axis] + known.shape[axis + 1 :]
    other = m.any(lambda k: len(k.shape) == len(known.shape) and k.shape[:axis] + k.shape[axis + 1 :] == rest)
    if m.often(3) and other.shape == known.shape:
        return Known(
            pt.stack([known.variable, other.variable], axis=axis), (*known.shape[:axis], 2, *known.shape[axis:])
        )
    shape = list(known.shape)
    shape[axis] += other.shape[axis]
    return Known(pt.concatenate([known.variable, other.variable], axis=axis), tuple(shape))


def made(m: Maker):
    known = m.any(lambda k: len(k.shape) > 0)
    variable, shape = known.variable, known.shape
    way = m.choose(8)
    if way == 1 and known.dtype == "uint64":  # which PyTensor does not repeat
        return None
    if way == 0:
        return Known(pt.tile(variable, (2,) * len(shape)), tuple(2 * n for n in shape))
    if way == 1:
        return Known(pt.repeat(variable, 3, axis=0), (3 * shape[0], *shape[1:]))
    if way == 2:
        return Known(pt.zeros_like(variable), shape)
    if way == 3:
        return Known(pt.arange(variable.shape[0]), shape[:1])
    if way == 4:
        return Known(pt.alloc(variable, 3, *variable.shape), (3, *shape))
    if way == 5:
        return Known(variable.size + variable.shape[0] * 2, ())
    if way == 6:
        return Known(pt.eye(shape[-1]) * 2.0, (shape[-1],) * 2)
    return Known(pt.roll(variable, 1, axis=0), shape) if shape[0] > 1 else None


def diagonals(m: Maker):
    known = m.float(m.any(lambda k: len(k.shape) == 1))
    if m.often(5):
        return Known(pt.diag(known.variable), known.shape * 2)
    square = pt.outer(known.variable, known.variable)
    if m.often(5):
        return Known(pt.diagonal(square), known.shape)
    return Known(m.one((pt.tril, pt.triu))(square), known.shape * 2)


def split(m: Maker):
    known = m.any(lambda k: len(k.shape) > 1 and k.shape[-1] > 1)
    if known is None:
        return None
    last, first = known.shape[-1], 1 + m.choose(known.shape[-1] - 1)
    parts = pt.split(known.variable, [first, last - first], n_splits=2, axis=known.variable.ndim - 1)
    which = m.choose(2)
    return Known(parts[which], (*known.shape[:-1], (first, last - first)[which]))


WAYS = (
    unary,
    unary,
    unary,
    unary,
    binary,
    binary,
    binary,
    binary,
    compare,
    compare,
    clip,
    cast,
    reduction,
    reduction,
    reduction,
    place,
    along,
    softmax,
    product,
    product,
    several_products,
    outer,
    pairs,
    turned,
    reshaped,
    sliced,
    sliced,
    taken,
    taken,
    put,
    joined,
    made,
    diagonals,
    split,
)


# -------------------------------------------------------------------------------------------------------------- judging

AS_WRITTEN = Mode(VMLinker(use_cloop=False, c_thunks=False), None)
REWRITTEN = Mode(VMLinker(use_cloop=False, c_thunks=False), "fast_run")


def judge(maker: Maker, outputs: list) -> str | None:
    """Compare a graph's results with PyTensor's own, in Python; returns what is wrong, if anything.

    A result may differ as much as it does when the inputs move by a few units in the last place, or when every number
    on the way that may have been rounded moves by one. Where PyTensor's rewrites change a number, both are right; one
    of them is that 0 times or over anything is 0, which the compiler finds in more places.

    Raises
    ------
    Unsupported
        If the compiler does not know an operation.
    """
    given = [np.array(a) for a in maker.arrays]
    exactly = _function(maker.inputs, outputs, AS_WRITTEN)
    wanted, raised = _run(exactly, given)
    found, mine = _run(lambda *arrays: Program(maker.inputs, outputs)(*arrays), given)
    if raised or mine:
        same = raised and mine and isinstance(mine, ValueError | IndexError | AssertionError)
        return None if same else f"raises {mine!r}, PyTensor {raised!r}"
    spread = _spread(wanted, (_run(exactly, _moved(given, seed))[0] for seed in range(3)))
    single = any(v.dtype == "float32" for v in ancestors(outputs) if isinstance(v.type, pt.TensorType))
    unit = 1e-4 if single else 1e-10
    wrong = _difference(found, wanted, spread, unit)
    if wrong:
        trembling = _function(maker.inputs, outputs, unsteady())
        spread = _spread(wanted, (_run(trembling, given)[0] for _ in range(16)), spread)
        spread = [room + _rounding(maker, outputs, given) for room in spread]
        others = [_run(_function(maker.inputs, outputs, mode), given)[0] for mode in (REWRITTEN, with_zeros())]
        wrong = _difference(found, wanted, spread, unit, [other for other in others if other is not None])
    return wrong


def _function(inputs, outputs, mode):
    return pytensor.function(inputs, outputs, mode=mode, on_unused_input="ignore")


def _run(function, given):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return function(*[a.copy() for a in given]), None
        except Unsupported:
            raise
        except Exception as error:
            return None, error


def _moved(arrays, seed) -> list:
    """Return the arrays with every float a few units in the last place away."""
    rng = np.random.default_rng(seed)
    return [
        a * (1 + 4 * np.finfo(a.dtype).eps * rng.uniform(-1, 1, a.shape)).astype(a.dtype) if a.dtype.kind == "f" else a
        for a in arrays
    ]


def unsteady() -> Mode:
    """Return a mode in which every number that may have been rounded moves by up to a unit in the last place.

    A number that is one of the operands, or its opposite, was not rounded: maxima, choices, cuts and the like. Neither
    was one that is whole by its operation.
    """
    rng = np.random.default_rng(0)

    def move(node, thunk, storage_map, compute_map):
        if _scalar(node) in WHOLE:
            return
        operands = [np.ravel(storage_map[v][0]) for v in node.inputs if isinstance(v.type, pt.TensorType)]
        for variable in node.outputs:
            value = storage_map[variable][0]
            if getattr(variable.type, "dtype", "").startswith("float"):
                value = np.asarray(value)
                exact = np.isin(abs(value), abs(np.concatenate(operands))) if operands else np.True_
                step = np.finfo(value.dtype).eps * rng.uniform(-1, 1, value.shape)
                storage_map[variable][0] = np.where(exact, value, value * (1 + step)).astype(value.dtype)

    return Mode(VMLinker(use_cloop=False, c_thunks=False, callback=move), None)


def _scalar(node) -> str:
    """Return the name of the operation on single numbers, of an elementwise node."""
    return type(getattr(node.op, "scalar_op", None)).__name__


def with_zeros() -> Mode:
    """Return a mode in which 0 times and 0 over anything is 0, where it would be NaN."""

    def set_zeros(node, thunk, storage_map, compute_map):
        name = _scalar(node)
        if name in ("Mul", "TrueDiv"):
            value, factors = storage_map[node.outputs[0]], [storage_map[v][0] for v in node.inputs]
            zero = sum(np.equal(f, 0) for f in (factors if name == "Mul" else factors[:1])) > 0
            value[0] = np.where(np.isnan(value[0]) & zero, 0, value[0]).astype(node.outputs[0].dtype)

    return Mode(VMLinker(use_cloop=False, c_thunks=False, callback=set_zeros), None)


def _spread(wanted, again, found=None) -> list:
    """Return how far each result is from these others at most, or as far as `found` says."""
    found = found or [0.0] * len(wanted)
    for others in (o for o in again if o is not None):  # an index may have left its range
        with np.errstate(all="ignore"):
            apart = [
                np.where((a == w) | (np.isnan(a) & np.isnan(w)), 0, abs(np.subtract(a, w, dtype="float64")))
                for a, w in zip(others, wanted, strict=True)
            ]
        found = [np.maximum(f, np.where(np.isnan(a), np.inf, a)) for f, a in zip(found, apart, strict=True)]
    return found


def _rounding(maker, outputs, given) -> float:
    """Return a share of the last place of the greatest number on the way: within a sum, numbers may cancel."""
    way = [v for v in ancestors(outputs) if v.owner and getattr(v.type, "dtype", "").startswith("float")]
    found, _ = _run(_function(maker.inputs, way, AS_WRITTEN), given)
    sizes = [abs(a[np.isfinite(a)]).max(initial=0) * np.finfo(a.dtype).eps for a in found]
    return float(max(sizes, default=0)) / 30


def _difference(found, wanted, spread, unit, also=()):
    for place, (mine, exact, room) in enumerate(zip(found, wanted, spread, strict=True)):
        if mine.shape != exact.shape or mine.dtype != exact.dtype:
            return f"output {place}: {mine.dtype}{mine.shape}, PyTensor {exact.dtype}{exact.shape}"
        near = _near(mine, exact, room, unit)
        for other in also:
            near |= _near(mine, other[place], room, unit)
        if not near.all():
            at = tuple(int(axis[0]) for axis in np.nonzero(~near)) if near.ndim else ()
            return f"output {place} at {at}: {mine[at]!r}, PyTensor {exact[at]!r}, moves by {np.asarray(room)[at]:.3g}"
    return None


def _near(mine, exact, room, unit):
    if mine.dtype.kind != "f":
        return (mine == exact) | (room > 0)
    with np.errstate(all="ignore"):
        a, b = mine.astype("float64"), exact.astype("float64")
        finite = abs(a - b) <= unit * (1 + abs(b)) + 1000 * room
    return finite | (a == b) | (np.isnan(a) & np.isnan(b)) | np.isinf(room)
