"""Each rule of simplification on its own: it fires, and what it gives is what the operation gave."""

import numpy as np
import pytest

from symloss.compiling.ccode import ir
from symloss.compiling.ccode.ir import Graph, N
from symloss.compiling.ccode.simplify import RULES

from . import interpreter

BY_NAME = {rule.__name__: rule for rules in RULES.values() for rule in rules}
ROWS = 4
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 0.5, -2.5, 1e-310, 1e300, 3.0]


class Operands:
    """A graph with the arguments of all cases."""

    def __init__(self, rules):
        self.graph = g = Graph(rules)
        self.arrays, self.arguments = [], {}
        rng = np.random.default_rng(0)
        self._add("x", np.reshape(SPECIAL, (ROWS, 3)), (N, 3))
        self._add("y", rng.permutation(SPECIAL).reshape(ROWS, 3), (N, 3))
        self._add("cube", rng.normal(size=(2, 3, 5)), (2, 3, 5))
        self._add("whole", rng.integers(-9, 9, (ROWS, 3)), (N, 3))
        self._add("truth", rng.random((ROWS, 3)) > 0.5, (N, 3))
        self._add("row", np.array([2.5, -np.inf, -0.0]), (3,))
        self._add("column", np.array(SPECIAL[:ROWS])[:, None], (N, 1))
        self._add("one", np.array([[7.0]]), (1, 1))
        self._add("places", np.array([2, 0, 1, -1]), (N,))
        self._add("empty", np.zeros((0, 3)), (0, 3))
        self._add("ends", rng.normal(size=(3, 0)), (3, 0))
        self.zero, self.minus = g.number(0.0, "float64"), g.number(-0.0, "float64")

    def _add(self, name, array, shape):
        value = self.graph.make("argument", (), str(array.dtype), shape, index=len(self.arrays))
        self.arrays.append(array)
        setattr(self, name, value)

    def number(self, value, dtype="float64"):
        return self.graph.number(value, dtype)

    def __getattr__(self, op):  # m.add(x, y)
        if op not in ir.POINTWISE:
            raise AttributeError(op)
        dtype = "bool" if op in ("lt", "le", "gt", "ge", "eq", "neq") else None
        return lambda *inputs: self.graph.pointwise(op, *inputs, dtype=dtype)

    def made(self, op, *inputs, shape, **attrs):
        return self.graph.make(op, inputs, inputs[0].dtype, shape, **attrs)

    def plain(self, op, *inputs, dtype=None, **attrs):
        """An operation of operands that are stretched, whose own stretching is not simplified away."""
        return self.graph.make(
            op, inputs, dtype or inputs[-1].dtype, ir.common_shape(*(v.shape for v in inputs)), **attrs
        )


def picked(m, source):
    """An element of each row of a value."""
    rows = m.graph.make("iota", (), "int64", (N,))
    return m.graph.make("gather", (source, rows, m.places), source.dtype, (N,))


def stretched(m, value, *shape):
    return m.graph.broadcast(value, shape)


def sliced(m, value, starts, steps, shape):
    return m.made("slice", value, shape=shape, starts=starts, steps=steps)


CASES = {
    "fold_numbers": [
        lambda m: m.add(m.number(2), m.number(0.1)),
        lambda m: m.div(m.number(1), m.number(0)),
        lambda m: m.int_div(m.number(-7, "int64"), m.number(2, "int64")),
        lambda m: m.log(m.number(-1)),
        lambda m: m.pow(m.number(2, "int64"), m.number(3, "int64")),
        lambda m: m.lt(m.zero, m.minus),
    ],
    "fold_cast": [
        lambda m: m.graph.cast(m.number(2.7), "int32"),
        lambda m: m.graph.cast(m.number(1, "int8"), "float32"),
        lambda m: m.graph.cast(m.number(0.1), "float32"),
    ],
    "fold_lengths": [
        lambda m: m.add(m.graph.length(N), m.number(1, "int64")),
        lambda m: m.mul(m.graph.length(N), m.graph.length(N)),
        lambda m: m.neg(m.graph.length(N)),
        lambda m: m.int_div(m.graph.length(N * 6), m.number(3, "int64")),
    ],
    "add_nothing": [lambda m: m.add(m.x, m.zero), lambda m: m.add(m.minus, m.x), lambda m: m.add(m.row, m.zero)],
    "add_negative": [lambda m: m.add(m.x, m.neg(m.y)), lambda m: m.add(m.neg(m.x), m.y)],
    "subtract_nothing": [lambda m: m.sub(m.x, m.zero), lambda m: m.sub(m.zero, m.x), lambda m: m.sub(m.x, m.neg(m.y))],
    "multiply_by_one": [lambda m: m.mul(m.x, m.number(1)), lambda m: m.mul(m.number(-1), m.x)],
    "multiply_by_zero": [lambda m: m.mul(m.x, m.zero), lambda m: m.mul(m.minus, m.x)],
    "draw_out_sign": [
        lambda m: m.mul(m.neg(m.x), m.y),
        lambda m: m.div(m.neg(m.x), m.neg(m.y)),
        lambda m: m.div(m.x, m.neg(m.y)),
        lambda m: m.mul(m.neg(m.x), m.neg(m.y)),
    ],
    "divide_by_one": [
        lambda m: m.div(m.x, m.number(1)),
        lambda m: m.div(m.x, m.number(-1)),
        lambda m: m.div(m.zero, m.x),
    ],
    "twice": [
        lambda m: m.neg(m.neg(m.x)),
        lambda m: m.invert(m.invert(m.whole)),
        lambda m: m.invert(m.invert(m.truth)),
    ],
    "small_powers": [lambda m, p=p: m.pow(m.x, m.number(p)) for p in (0, 1, 2, 3, 4, 0.5, -1, -2, -0.5)],
    "known_condition": [
        lambda m: m.switch(m.number(True, "bool"), m.x, m.y),
        lambda m: m.switch(m.truth, m.x, m.x),
        lambda m: m.switch(m.number(False, "bool"), m.x, m.row),
    ],
    "same_condition": [
        lambda m: m.switch(m.truth, m.switch(m.truth, m.x, m.y), m.row),
        lambda m: m.switch(m.truth, m.x, m.switch(m.truth, m.row, m.y)),
    ],
    "sink_into_switch": [
        lambda m: m.mul(m.y, m.switch(m.truth, m.zero, m.x)),
        lambda m: m.div(m.switch(m.truth, m.x, m.zero), m.y),
        lambda m: m.mul(m.graph.transpose(m.switch(m.truth, m.zero, m.x), (1, 0)), m.graph.transpose(m.y, (1, 0))),
    ],
    "compare_truth": [
        lambda m: m.eq(m.truth, m.number(True, "bool")),
        lambda m: m.neq(m.truth, m.number(True, "bool")),
        lambda m: m.eq(m.truth, m.number(False, "bool")),
    ],
    "of_nothing": [
        lambda m: m.exp(m.empty),
        lambda m: m.graph.reduce("sum", m.empty, (0,)),
        lambda m: m.graph.reduce("prod", m.empty, (0, 1)),
        lambda m: m.graph.transpose(m.empty, (1, 0)),
        lambda m: m.made("dot", m.ends, m.empty, shape=(3, 3)),
        lambda m: m.made(
            "put",
            m.cube,
            m.graph.reshape(m.empty, (0, 3, 1)),
            shape=(2, 3, 5),
            how="add",
            starts=(0, 0, 0),
            steps=(1, 1, 1),
        ),
    ],
    "compute_small": [
        lambda m: m.plain("exp", stretched(m, m.column, N, 3)),
        lambda m: m.plain("mul", stretched(m, m.graph.reshape(m.row, (1, 3)), N, 3), m.x),
    ],
    "cast_twice": [lambda m: m.graph.cast(m.graph.cast(m.truth, "int32"), "float64")],
    "stretch_once": [lambda m: stretched(m, stretched(m, m.one, 1, 3), 2, 3)],
    "reshape_once": [
        lambda m: m.graph.reshape(m.graph.reshape(m.cube, (6, 5)), (30,)),
        lambda m: m.graph.reshape(stretched(m, m.one, 2, 3), (3, 2)),
    ],
    "turn_once": [
        lambda m: m.graph.transpose(m.graph.transpose(m.cube, (1, 2, 0)), (2, 0, 1)),
        lambda m: m.graph.transpose(m.column, (1, 0)),
        lambda m: m.graph.transpose(stretched(m, m.graph.reshape(m.row, (1, 3)), N, 3), (1, 0)),
    ],
    "slice_of_all": [
        lambda m: sliced(m, m.cube, (0, 0, 0), (1, 1, 1), (2, 3, 5)),
        lambda m: sliced(m, stretched(m, m.one, 2, 3), (1, 2), (1, -1), (1, 2)),
        lambda m: sliced(m, sliced(m, m.cube, (1, 2, 4), (1, -1, -2), (1, 3, 3)), (0, 2, 1), (1, -1, 1), (1, 2, 2)),
    ],
    "pick_before": [
        lambda m: picked(m, m.plain("add", m.x, m.y)),
        lambda m: picked(m, m.plain("sub", m.x, m.column)),
        lambda m: picked(m, m.plain("mul", m.x, m.graph.reshape(m.row, (1, 3)))),
        lambda m: picked(m, m.plain("div", m.x, m.one)),
        lambda m: picked(m, m.plain("mul", m.column, m.graph.reshape(m.row, (1, 3)))),
        lambda m: picked(m, m.plain("switch", m.truth, m.x, m.one)),
        lambda m: picked(m, m.plain("lt", m.x, m.column, dtype="bool")),
    ],
    "over_nothing": [lambda m, op=op: m.graph.reduce(op, m.column, (1,)) for op in ("sum", "max", "prod")],
    "of_stretched": [
        lambda m, op=op, axes=axes: m.graph.reduce(op, stretched(m, m.graph.reshape(m.row, (1, 3)), 4, 3), axes)
        for op in ("sum", "max", "min")
        for axes in ((0,), (0, 1))
    ],
    "of_reshaped": [
        lambda m, op=op: m.graph.reduce(op, m.graph.reshape(m.cube, (2, 1, 3, 5)), (0, 1, 3))
        for op in ("sum", "max", "prod")
    ],
    "one_reduction": [
        lambda m, op=op: m.graph.reduce(op, m.graph.reduce(op, m.cube, (1,)), (0,))
        for op in ("sum", "max", "min", "prod")
    ],
}
SIGN_OF_ZERO = {"add_nothing", "subtract_nothing", "over_nothing"}  # -0 + 0 is 0; PyTensor and we give -0


def allowed(name, m, number) -> np.ndarray:
    """Return where a rule gives another number, as PyTensor's rewrites do, and what it gives there."""
    x, y = m.arrays[:2]
    truth = m.arrays[4]
    if name == "multiply_by_zero":
        return np.full(x.shape, 0.0)
    if name == "divide_by_one" and number == 2:
        return np.full(x.shape, 0.0)
    if name == "sink_into_switch":
        return [np.where(truth, 0, y * x), np.where(truth, x / y, 0), np.where(truth, 0, y * x).T][number]
    if name == "small_powers" and number == 5:
        return np.sqrt(x)  # (-infinity) ** 0.5 is infinity
    if name == "small_powers" and number == 8:
        return 1 / np.sqrt(x)
    return None


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_rule_gives_what_the_operation_gave(name):
    rules = {op: [r for r in found if r.__name__ == name] for op, found in RULES.items()}
    for number, case in enumerate(CASES[name]):
        simple, plain = Operands(rules), Operands({})
        value = case(simple)
        assert simple.graph.fired.get(name), f"case {number}: the rule did not fire"
        (found,) = interpreter.run([value], simple.arrays, rows=ROWS)
        (wanted,) = interpreter.run([case(plain)], plain.arrays, rows=ROWS)
        with np.errstate(all="ignore"):
            other = allowed(name, simple, number)
        wanted = wanted if other is None else other
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-15, atol=0, err_msg=f"{name}, case {number}")
        if found.dtype.kind == "f" and name not in SIGN_OF_ZERO and other is None:
            np.testing.assert_array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(wanted[~np.isnan(wanted)]))


def test_rules_leave_what_is_none_of_theirs():
    for case in (
        lambda m: m.add(m.x, m.y),
        lambda m: m.mul(m.x, m.number(2)),
        lambda m: m.pow(m.x, m.number(2.5)),
        lambda m: m.switch(m.truth, m.x, m.y),
        lambda m: m.graph.reduce("sum", m.x, (0,)),
        lambda m: picked(m, m.graph.make("copy", (m.x,), "float64", (N, 3), number=0)),  # it is made to lie in memory
    ):
        m = Operands(RULES)
        case(m)
        assert not m.graph.fired
