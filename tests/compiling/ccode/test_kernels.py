"""Random programs as C, against what numpy makes of them."""

import ctypes

import numpy as np
import pytest

from symloss.compiling.ccode import ir, lowering, vector
from symloss.compiling.ccode.ir import N, Rows
from symloss.compiling.ccode.running import Runnable
from symloss.compiling.ccode.text import Writer

from . import interpreter
from .random_programs import Maker

pytestmark = pytest.mark.c
TOLERANCE = {"float64": {"rtol": 1e-9, "atol": 1e-11}, "float32": {"rtol": 2e-4, "atol": 2e-4}}


def room(values, rows):
    """Return arrays for values."""
    return [np.empty([n.at(rows) if isinstance(n, Rows) else n for n in v.shape], v.dtype) for v in values]


def agree(found, wanted, outputs, dtype):
    for a, b, value in zip(found, wanted, outputs, strict=True):
        np.testing.assert_allclose(a, b, err_msg=repr(value), **TOLERANCE[dtype])


@pytest.mark.parametrize("seed", range(40))
def test_a_random_program_gives_what_numpy_gives(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.choice([0, 1, 3, 8, 33]))
    maker = Maker(rng, rows, "float64")
    outputs = maker.grow(int(rng.integers(3, 14)))
    lowered = lowering.lowered(maker.graph, outputs)
    source = Writer(maker.graph, maker.arguments, lowered, {}, vector, "a random program").source()
    found = room(lowered, rows)
    Runnable(source, maker.graph.arrays)(rows, maker.arrays, list(zip(source.results, found, strict=True)))
    agree(found, interpreter.run(outputs, maker.arrays, maker.graph.arrays, rows), outputs, "float64")


def dot_of_rows(maker):
    """Make a product of rows with weights, or of units over rows."""
    rows = maker._any(lambda v: v.ndim == 2 and v.shape[0] == N and v.dtype == maker.dtype)
    for weights in [a for a in maker.arguments if a.ndim == 2 and a.shape[0] != N]:
        for turned in (weights, maker.graph.transpose(weights, (1, 0))):
            if rows.shape[1] == turned.shape[0]:
                return maker.graph.make("dot", (rows, turned), maker.dtype, (N, turned.shape[1]))
    other = maker._any(lambda v: v.ndim == 2 and v.shape[0] == N and v.dtype == maker.dtype)
    return maker.graph.make("dot", (maker.graph.transpose(rows, (1, 0)), other), maker.dtype,
                            (rows.shape[1], other.shape[1]))


def sums(maker, rng):
    """Return outputs that do not grow with the rows, as training steps have them."""
    found = []
    for value in map(maker._float, maker.values[-4:]):
        axes = range(value.ndim) if rng.random() < 0.3 else [a for a, n in enumerate(value.shape) if n == N]
        found.append(maker.graph.reduce("sum", value, axes) if axes else value)
    return found


@pytest.mark.parametrize("seed", range(30))
def test_many_steps_of_a_random_program_lie_column_by_column(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.choice([1, 3, 64, 65, 130]))
    maker = Maker(rng, rows, "float64")
    batched = [a for a in maker.arguments if a.shape and a.shape[0] == N]
    maker.reorder([*batched, *(a for a in maker.arguments if N not in a.shape)])
    ways = [maker._unary, maker._binary, maker._binary, maker._reduce, maker._centred, maker._picked,
            lambda: dot_of_rows(maker)]
    for _ in range(int(rng.integers(3, 14))):
        maker.values.append(ways[rng.integers(len(ways))]())
    maker.values.append(maker.graph.pointwise("tanh", dot_of_rows(maker)))
    product = maker.values[-1].inputs[0]
    greatest = maker.graph.make("argmax", (product,), "int64", (N,), axis=1)
    outputs = [*sums(maker, rng), maker.graph.reduce("sum", greatest, [0])]
    lowered = lowering.lowered(maker.graph, outputs)
    source = Writer(maker.graph, maker.arguments, lowered, {}, vector, "a random program", batched).source()
    run, found = Runnable(source, maker.graph.arrays), room(lowered, rows)
    order, count = rng.permutation(rows)[None], len(batched)
    run.steps(maker.arrays[:count], maker.arrays[count:], order, ctypes.c_int(0),
              list(zip(source.results, found, strict=True)))
    arrays = [a[order[0]] for a in maker.arrays[:count]] + maker.arrays[count:]
    agree(found, interpreter.run(outputs, arrays, maker.graph.arrays, rows), outputs, "float64")


def test_arrays_of_many_axes_have_as_many_loops():
    graph = ir.Graph()
    x = graph.make("argument", (), "float64", (2,) * 11, index=0)
    x.origin = "loop"  # no name of a layer is that of a loop
    turned = graph.pointwise("exp", graph.transpose(x, tuple(reversed(range(11)))))
    lowered = lowering.lowered(graph, [graph.pointwise("add", x, turned)])
    source = Writer(graph, [x], lowered, {}, vector, "eleven axes").source()
    given, found = np.random.default_rng(0).normal(size=(2,) * 11), room(lowered, 2)
    Runnable(source, [])(2, [given], list(zip(source.results, found, strict=True)))
    np.testing.assert_allclose(found[0], given + np.exp(given.T), rtol=1e-12, atol=1e-14)


def test_a_stop_flag_ends_the_steps():
    graph = ir.Graph()
    x = graph.make("argument", (), "float64", (N,), index=0)
    w = graph.make("argument", (), "float64", (), index=1)
    new = graph.pointwise("add", w, graph.reduce("sum", x, [0]))
    source = Writer(graph, [x, w], lowering.lowered(graph, [new]), {0: 1}, vector, "sums", [x]).source()
    held, order = np.zeros(()), np.arange(6).reshape(3, 2)
    run = Runnable(source, [])
    assert run.steps([np.arange(6.0)], [held], order, ctypes.c_int(0)) == 3
    assert held == 15
    assert run.steps([np.arange(6.0)], [held], order, ctypes.c_int(1)) == 0
    assert held == 15
