"""The intermediate form: values, each made by one operation from others. Equal values are one value.

Nothing here knows PyTensor or C. `Graph.make` is the only way to a new value: it applies the rules of `simplify`, and
returns the value that is there already if an equal one was made before.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable


class Unsupported(Exception):  # noqa: N818 - a message to the caller, who takes another way
    """An operation that this compiler does not know; the text names it."""


# ---------------------------------------------------------------------------------------------------------- lengths


@dataclasses.dataclass(frozen=True)
class Rows:
    """A length that depends on the number of rows n: a polynomial, from the constant upwards.

    Lengths are plain ints wherever they are known; this class stands for the others, and never for a constant.

    >>> Rows((0, 1)) * 3 + 1
    3 n + 1
    """

    factors: tuple[int, ...]

    def __add__(self, other):
        return length(tuple(map(sum, _zip(self, other))))

    def __mul__(self, other):
        mine, others = self.factors, _factors(other)
        made = [0] * (len(mine) + len(others) - 1)
        for i, a in enumerate(mine):
            for j, b in enumerate(others):
                made[i + j] += a * b
        return length(tuple(made))

    def __sub__(self, other):
        return self + other * -1

    def __rsub__(self, other):
        return self * -1 + other

    __radd__, __rmul__ = __add__, __mul__

    def at(self, rows: int) -> int:
        """Return the length where there are so many rows."""
        return sum(factor * rows**power for power, factor in enumerate(self.factors))

    def __repr__(self):
        signs = {0: "", 1: " n"}
        parts = [f"{factor}{signs.get(power, f' n^{power}')}" for power, factor in enumerate(self.factors) if factor]
        return " + ".join(reversed(parts)).replace("1 n", "n") if parts else "0"


def _factors(value) -> tuple[int, ...]:
    return value.factors if isinstance(value, Rows) else (value,)


def _zip(one, other):
    a, b = _factors(one), _factors(other)
    size = max(len(a), len(b))
    return zip(a + (0,) * (size - len(a)), b + (0,) * (size - len(b)), strict=True)


def length(factors: tuple[int, ...]):
    """Return an int or Rows: the polynomial with these factors."""
    while len(factors) > 1 and factors[-1] == 0:
        factors = factors[:-1]
    return factors[0] if len(factors) == 1 else Rows(factors)


N = Rows((0, 1))


def size(shape) -> "int | Rows":
    """Return the number of elements of a shape."""
    return math.prod(shape, start=1)


def divided(whole, part) -> "int | Rows | None":
    """Return the length `whole` / `part` if it divides for every number of rows, else None."""
    if part == 0:
        return None
    if whole == part:
        return 1
    top, bottom = list(_factors(whole)), _factors(part)
    while bottom and bottom[0] == 0 and top and top[0] == 0:  # a factor of n on both sides
        top, bottom = top[1:], bottom[1:]
    if len(bottom) != 1 or not bottom[0] or any(factor % bottom[0] for factor in top):
        return None
    return length(tuple(factor // bottom[0] for factor in top))


# ----------------------------------------------------------------------------------------------------------- values

def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


UNARY = words("""neg abs sign sqr sqrt exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh arcsin arccos
    arctan arcsinh arccosh arctanh sigmoid softplus log1mexp erf erfc erfcx erfinv gamma gammaln psi tri_gamma floor
    ceil trunc round invert isnan isinf reciprocal""")
BINARY = words("""add sub mul div int_div mod pow maximum minimum lt le gt ge eq neq and or xor
    arctan2""")
POINTWISE = UNARY | BINARY | {"switch", "cast", "copy"}
REDUCTIONS = frozenset(("sum", "prod", "max", "min", "all", "any"))
VIEWS = frozenset(("reshape", "transpose", "slice", "broadcast"))
RANDOM = frozenset(("uniform", "normal", "coin"))
LEAVES = frozenset(("argument", "number", "array", "length", "iota"))

OPERATIONS = {
    "argument": "an array that the caller passes; `index` is its place among them",
    "number": "a constant; `value` is a float, an int or a bool",
    "array": "an array of constants; `index` is its place in `Graph.arrays`",
    "length": "the length `length` as an int64 scalar",
    "iota": "0, 1, 2, ... as an int64 vector",
    **dict.fromkeys(sorted(POINTWISE - {"copy"}), "by element; axes of length 1 are stretched; ranks are equal"),
    "copy": "the same, in a buffer of its own; `number` tells several copies apart",
    "broadcast": "axes of length 1 stretched to the value's shape; ranks are equal",
    "reshape": "the same elements in row-major order, in another shape",
    "transpose": "axes in the order `axes`",
    "slice": "along each axis from `starts` with `steps`, as many as the value's shape says",
    **dict.fromkeys(sorted(REDUCTIONS), "over `axes`, which go away"),
    "argmax": "the place of the first greatest (or the first NaN) along `axis`, as int64",
    "dot": "product of a matrix (n, k) and a matrix (k, m)",
    "batched_dot": "products of matrices: (b, n, k) and (b, k, m)",
    "gather": "x[i, j, ...]: int64 arrays of one shape index the first axes of x; negative ones count from the end",
    "scatter": "base with values at [i, j, ...]; `how` is 'set' or 'add', the latter also at places that repeat",
    "put": "base with a value at a slice (`starts`, `steps`); `how` is 'set' or 'add'",
    "concat": "values one after another along `axis`",
    "cumsum": "running sums along `axis`", "cumprod": "running products along `axis`",
    "sort": "in ascending order along `axis`, NaN last",
    "argsort": "the places that sort along `axis`, equal ones in their order, as int64",
    "uniform": "random numbers of [0, 1) for `stream`; inputs are the number of the step, and the seeds of all streams",
    "normal": "the same of a standard normal distribution",
    "coin": "the same of [0, 1), multiples of 2^-24, for comparisons alone; two of them are made of one word",
    "check": "the first input; the others are scalar conditions, of which none may be false: `message`",
}


class Value:
    """What one operation gives.

    Attributes
    ----------
    op : str
        One of `OPERATIONS`.
    inputs : tuple of Value
    attrs : dict
        What the operation wants to know besides.
    dtype : str
    shape : tuple of int or Rows
    number : int
        Values are numbered as they are made, so inputs have smaller ones.
    origin : str or None
        What the user calls it, if anything.
    by_column : bool
        Whether a matrix lies in memory column by column; see `layout`.
    """

    __slots__ = ("attrs", "by_column", "dtype", "inputs", "number", "op", "origin", "shape")

    def __init__(self, op, inputs, attrs, dtype, shape, number):
        self.op, self.inputs, self.attrs = op, inputs, attrs
        self.dtype, self.shape, self.number, self.origin = dtype, shape, number, None
        self.by_column = False

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self):
        """Number of elements."""
        return size(self.shape)

    def is_number(self, *values) -> bool:
        """Return whether it is a constant, and one of `values` if there are any; -0 is no 0."""
        if self.op != "number":
            return False
        mine = self.attrs["value"]
        return not values or any(mine == v and math.copysign(1, mine) == math.copysign(1, v) for v in values)

    def __repr__(self):
        attrs = "".join(f" {key}={value}" for key, value in self.attrs.items())
        inputs = " ".join(f"%{v.number}" for v in self.inputs)
        origin = f"  # {self.origin}" if self.origin else ""
        return f"%{self.number} = {self.op}{attrs} {inputs} : {self.dtype}{list(self.shape)}{origin}"


class Graph:
    """All values of a function, each once.

    Parameters
    ----------
    rules : dict of list of callable
        By operation: each is given the graph and the arguments of `make` as a value not yet in the graph, and returns
        a value to take in its place, or None.
    """

    def __init__(self, rules: dict[str, list[Callable]] | None = None):
        self.rules = rules or {}
        self.arrays: list = []
        self.conditions: list = []  # (scalar condition, message): what has to hold in a run
        self.copies: list = []
        self.streams = 0  # of random numbers
        self._known: dict[tuple, Value] = {}
        self._count = 0
        self.fired: dict[str, int] = {}  # how often each rule gave another value

    def make(self, op: str, inputs: Iterable[Value], dtype: str, shape, **attrs) -> Value:
        """Return the value of an operation, simplified."""
        shape, inputs = tuple(shape), tuple(inputs)
        key = (op, tuple(v.number for v in inputs), repr(attrs) if attrs else "", dtype, shape)
        found = self._known.get(key)
        if found is not None:
            return found
        value = Value(op, inputs, attrs, dtype, shape, -1)
        for rule in self.rules.get(op, ()):
            better = rule(self, value)
            if better is not None and better is not value:
                self.fired[rule.__name__] = self.fired.get(rule.__name__, 0) + 1
                self._known[key] = better
                return better
        self._count += 1
        value.number = self._count
        self._known[key] = value
        return value

    # ------------------------------------------------------------------------------ short ways to common values

    def number(self, value, dtype: str) -> Value:
        """Return a scalar constant."""
        kind = bool if dtype == "bool" else float if dtype.startswith("float") else int
        return self.make("number", (), dtype, (), value=kind(value))

    def full(self, value, dtype: str, shape) -> Value:
        """Return a constant of this shape."""
        return self.broadcast(self.number(value, dtype), shape)

    def length(self, value) -> Value:
        """Return a length as an int64 scalar."""
        return self.make("length", (), "int64", (), length=value) if isinstance(value, Rows) else (
            self.number(value, "int64"))

    def pointwise(self, op: str, *inputs: Value, dtype: str | None = None) -> Value:
        """Return an operation on values of any ranks, which are aligned at their last axes.

        Raises
        ------
        ValueError
            If their shapes do not fit.
        """
        inputs = self.aligned(*inputs)
        dtype = dtype or (inputs[-1] if op == "switch" else inputs[0]).dtype
        return self.make(op, inputs, dtype, common_shape(*(v.shape for v in inputs)))

    def aligned(self, *values: Value) -> tuple[Value, ...]:
        """Return values of one rank: axes of length 1 come in front."""
        rank = max(v.ndim for v in values)
        return tuple(self.reshape(v, (1,) * (rank - v.ndim) + v.shape) for v in values)

    def cast(self, value: Value, dtype: str) -> Value:
        """Return the value in another dtype."""
        return value if value.dtype == dtype else self.make("cast", (value,), dtype, value.shape)

    def reshape(self, value: Value, shape) -> Value:
        """Return the same elements in another shape of the same size."""
        shape = tuple(shape)
        return value if value.shape == shape else self.make("reshape", (value,), value.dtype, shape)

    def transpose(self, value: Value, axes) -> Value:
        """Return the axes in another order."""
        axes = tuple(axes)
        if axes == tuple(range(value.ndim)):
            return value
        return self.make("transpose", (value,), value.dtype, [value.shape[a] for a in axes], axes=axes)

    def broadcast(self, value: Value, shape) -> Value:
        """Return a value stretched to `shape`; axes that it lacks come in front."""
        value = self.reshape(value, (1,) * (len(shape) - value.ndim) + value.shape)
        if any(n not in (1, m) for n, m in zip(value.shape, shape, strict=True)):
            raise ValueError(f"an array of shape {value.shape} cannot be stretched to {tuple(shape)}")
        return value if value.shape == tuple(shape) else self.make("broadcast", (value,), value.dtype, shape)

    def reduce(self, op: str, value: Value, axes, dtype: str | None = None) -> Value:
        """Return a reduction over `axes`."""
        axes = tuple(sorted(axes))
        kept = [n for axis, n in enumerate(value.shape) if axis not in axes]
        return self.make(op, (value,), dtype or value.dtype, kept, axes=axes)


def common_shape(*shapes) -> tuple:
    """Return the shape to which shapes of one rank are stretched; ValueError if they do not fit."""
    found = []
    for lengths in zip(*shapes, strict=True):
        several = {n for n in lengths if n != 1}
        if len(several) > 1:
            raise ValueError(f"shapes {', '.join(map(str, shapes))} do not fit")
        found.append(several.pop() if several else 1)
    return tuple(found)


def reachable(outputs: Iterable[Value]) -> list[Value]:
    """Return the values that outputs are made of, inputs before what uses them."""
    seen: dict[int, Value] = {}
    waiting = list(outputs)
    while waiting:
        value = waiting.pop()
        if value.number not in seen:
            seen[value.number] = value
            waiting += value.inputs
    return [seen[number] for number in sorted(seen)]
