"""Random programs of the intermediate form, with arrays to run them on."""

import numpy as np

from symloss.compiling.ccode import ir
from symloss.compiling.ccode.ir import N

FLOAT_UNARY = ["neg", "abs", "sign", "sqr", "sqrt", "exp", "log", "log1p", "expm1", "tanh", "sigmoid", "softplus",
               "floor", "ceil", "reciprocal", "isnan"]
FLOAT_BINARY = ["add", "sub", "mul", "div", "maximum", "minimum", "lt", "ge", "eq", "neq"]


class Maker:
    """Makes one random program.

    Parameters
    ----------
    rng : numpy Generator
    rows : int
        The number of rows that its arrays have.
    dtype : str
    """

    def __init__(self, rng, rows: int, dtype: str):
        self.rng, self.rows, self.dtype = rng, rows, dtype
        self.graph = ir.Graph()
        self.arguments, self.arrays, self.values = [], [], []
        widths = [int(rng.choice([1, 2, 3, 5, 17, 40])) for _ in range(2)]
        for shape in [(N, widths[0]), (N, widths[1]), (N,), (widths[0],), (widths[0], widths[1]), (), (2, N, 3),
                      (N, widths[0])]:
            self._argument(shape)
        self.labels = self._argument((N,), integers=widths[0])

    def _argument(self, shape, integers=0):
        lengths = [n.at(self.rows) if isinstance(n, ir.Rows) else n for n in shape]
        dtype = "int64" if integers else self.dtype
        array = self.rng.integers(-integers, integers, lengths) if integers else self.rng.normal(size=lengths)
        value = self.graph.make("argument", (), dtype, shape, index=len(self.arguments))
        value.origin = f"input.{len(self.arguments)}"
        self.arguments.append(value)
        self.arrays.append(np.asarray(array, dtype))
        self.values.append(value)
        return value

    def reorder(self, arguments) -> None:
        """Take these arguments in this order, and no others."""
        places = [self.arguments.index(a) for a in arguments]
        self.arguments, self.arrays = list(arguments), [self.arrays[i] for i in places]
        self.values = list(arguments)
        for index, argument in enumerate(arguments):
            argument.attrs = {"index": index}

    def grow(self, count: int) -> list[ir.Value]:
        """Return outputs of a program of about so many operations."""
        ways = [self._unary, self._binary, self._binary, self._reduce, self._reduce, self._centred, self._transposed,
                self._sliced, self._dot, self._joined, self._taken, self._picked, self._reshaped, self._others]
        for _ in range(count):
            made = ways[self.rng.integers(len(ways))]()
            if made is not None:
                self.values.append(made)
        last = [v for v in self.values[-count:] if v.op != "argument"]
        chosen = self.rng.permutation(len(last))[: 1 + self.rng.integers(4)]
        return [last[i] for i in chosen] or [self.values[-1]]

    def _any(self, wanted=lambda v: True):
        found = [v for v in self.values[-12:] + self.values[:9] if wanted(v)]
        return found[self.rng.integers(len(found))] if found else None

    def _float(self, value):
        return self.graph.cast(value, self.dtype)

    def _unary(self):
        op = str(self.rng.choice(FLOAT_UNARY))
        return self.graph.pointwise(op, self._float(self._any()), dtype="bool" if op == "isnan" else None)

    def _binary(self):
        one = self._float(self._any())
        for _ in range(8):
            other = self._float(self._any())
            op = str(self.rng.choice(FLOAT_BINARY))
            try:
                made = self.graph.pointwise(op, one, other, dtype="bool" if op in ("lt", "ge", "eq", "neq") else None)
                if made.dtype == "bool" and self.rng.random() < 0.7:
                    return self.graph.pointwise("switch", made, one, self.graph.number(0.5, self.dtype))
                return made
            except ValueError:
                continue
        return self.graph.pointwise("add", one, self.graph.number(1.5, self.dtype))

    def _reduce(self):
        value = self._float(self._any(lambda v: v.ndim > 0))
        count = 1 + int(self.rng.integers(value.ndim))
        axes = sorted(self.rng.permutation(value.ndim)[:count].tolist())
        ops = ["sum", "sum", "prod"] if any(n in (0, N) for n in value.shape) else ["sum", "max", "min"]
        return self.graph.reduce(str(self.rng.choice(ops)), value, axes)

    def _centred(self):
        """A value less or over a sum of it along the last axis: what makes kernels go over rows more than once."""
        value = self._float(self._any(lambda v: v.ndim > 1))
        last = value.ndim - 1
        op = "sum" if value.shape[last] == N or self.rng.random() < 0.5 else "max"
        made = self.graph.reduce(op, value, [last])
        row = self.graph.reshape(made, (*value.shape[:-1], 1))
        inside = self.graph.pointwise("tanh", self.graph.pointwise("sub", value, row))
        return self.graph.pointwise(str(self.rng.choice(["mul", "add"])), inside, value)

    def _transposed(self):
        value = self._any(lambda v: v.ndim > 1)
        return self.graph.transpose(value, self.rng.permutation(value.ndim).tolist())

    def _sliced(self):
        value = self._any(lambda v: v.ndim > 0)
        starts, steps, shape = [], [], []
        for n in value.shape:
            if isinstance(n, ir.Rows) or n < 2 or self.rng.random() < 0.4:
                starts.append(0), steps.append(1), shape.append(n)
            else:
                start = int(self.rng.integers(n))
                step = -1 if self.rng.random() < 0.3 else 1
                most = start + 1 if step < 0 else n - start
                starts.append(start), steps.append(step), shape.append(1 + int(self.rng.integers(most)))
        return self.graph.make("slice", (value,), value.dtype, shape, starts=tuple(starts), steps=tuple(steps))

    def _dot(self):
        one = self._float(self._any(lambda v: v.ndim == 2))
        for _ in range(8):
            other = self._float(self._any(lambda v: v.ndim == 2))
            if one.shape[1] == other.shape[0]:
                return self.graph.make("dot", (one, other), self.dtype, (one.shape[0], other.shape[1]))
        turned = self.graph.transpose(one, (1, 0))
        return self.graph.make("dot", (turned, one), self.dtype, (one.shape[1], one.shape[1]))

    def _joined(self):
        value = self._any(lambda v: v.ndim > 0)
        axis = int(self.rng.integers(value.ndim))
        shape = list(value.shape)
        shape[axis] = shape[axis] * 2
        return self.graph.make("concat", (value, value), value.dtype, shape, axis=axis)

    def _taken(self):
        value = self._any(lambda v: v.ndim > 0 and not isinstance(v.shape[0], ir.Rows) and v.shape[0] > 0)
        index = self.graph.pointwise("mod", self.labels, self.graph.number(value.shape[0], "int64"))
        return self.graph.make("gather", (value, index), value.dtype, (N, *value.shape[1:]))

    def _picked(self):
        value = self._any(lambda v: v.ndim == 2 and v.shape[0] == N and isinstance(v.shape[1], int))
        index = self.graph.pointwise("mod", self.labels, self.graph.number(value.shape[1], "int64"))
        rows = self.graph.make("iota", (), "int64", (N,))
        return self.graph.make("gather", (value, rows, index), value.dtype, (N,))

    def _reshaped(self):
        value = self._any()
        shape = [value.size] if self.rng.random() < 0.5 else [*value.shape, 1]
        return self.graph.reshape(value, shape)

    def _others(self):
        value = self._float(self._any(lambda v: v.ndim > 0 and v.shape[-1] != 0))
        axis = int(self.rng.integers(value.ndim))
        op = str(self.rng.choice(["cumsum", "sort", "argsort", "argmax", "put"]))
        if op == "argmax" and value.shape[axis] == N:
            return None
        if op == "argmax":
            shape = [n for a, n in enumerate(value.shape) if a != axis]
            return self.graph.make(op, (value,), "int64", shape, axis=axis)
        if op == "put":
            zeros = self.graph.full(0.0, self.dtype, [n + 2 if not isinstance(n, ir.Rows) else n for n in value.shape])
            starts = tuple(0 if isinstance(n, ir.Rows) else 1 for n in value.shape)
            return self.graph.make(op, (zeros, value), self.dtype, zeros.shape, starts=starts, how="add",
                                   steps=(1,) * value.ndim)
        return self.graph.make(op, (value,), "int64" if op == "argsort" else value.dtype, value.shape, axis=axis)
