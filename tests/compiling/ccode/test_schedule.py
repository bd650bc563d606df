"""A value of a kernel is one number at each place of its loops: what reads it goes along its axes in the same way."""

import contextlib
import random

import numpy as np
import pytensor.tensor as pt
import pytest

from symloss.compiling.ccode import text
from symloss.compiling.ccode.ir import Unsupported
from symloss.compiling.ccode.kernels import Kernel, reads
from symloss.compiling.ccode.program import Program
from symloss.compiling.ccode.schedule import Schedule

from .random_graphs import Maker, binary, cast, diagonals, made, pairs, turned, unary

WAYS = (pairs, pairs, cast, made, unary, binary, turned, diagonals)
ROWS = np.array([1.0, -2.0, 3.0, 5.0])
x = pt.tensor("x", dtype="float64", shape=(None,))
labels = pt.tensor("labels", dtype="uint8", shape=(None,))
place = pt.cast(pt.arange(x.shape[0]), "float64")
y = labels.astype("float64")


class Planned(Exception):  # noqa: N818
    """The schedule is there, and no C is wanted."""


@pytest.fixture
def schedules(monkeypatch):
    """Return a list that takes the schedules of programs, which are not compiled."""
    found = []

    class Recorded(Schedule):
        def __init__(self, *args):
            super().__init__(*args)
            found.append(self)
            raise Planned

    monkeypatch.setattr(text, "Schedule", Recorded)
    return found


def crossed(kernel):
    """Return the values that a kernel computes along other dimensions than one that reads them."""
    return [(reader, root) for reader in kernel.values for root, dims in reads(reader, kernel.along[reader.number])
            if kernel.axes.get(root.number, dims) != dims]


def test_no_kernel_reads_a_value_across_the_loop_that_computed_it(schedules):
    for seed in range(300):
        maker = Maker(random.Random(seed).randrange)
        maker.grow(8, WAYS)
        with contextlib.suppress(Planned, Unsupported):
            Program(maker.inputs, maker.outputs())(*maker.arrays)
    assert len(schedules) > 200
    wrong = [crossed(step) for schedule in schedules for step in schedule.steps if isinstance(step, Kernel)]
    assert not any(wrong), next(filter(None, wrong))


@pytest.mark.c
@pytest.mark.parametrize(("formula", "wanted"), [
    (pt.dot(pt.outer(place, place), x), lambda x, p, y: np.outer(p, p) @ x),
    (pt.dot(y[:, None] * y[None, :], x), lambda x, p, y: np.outer(y, y) @ x),
    ((y - pt.diag(y)) * x[:, None], lambda x, p, y: (y - np.diag(y)) * x[:, None]),
    (pt.dot(2 * y[:, None] - (y + 1)[None, :], x), lambda x, p, y: (2 * y[:, None] - (y + 1)) @ x),
], ids=["places", "labels", "diagonal", "deeper"])
def test_numbers_of_one_row_and_of_another_are_told_apart(formula, wanted):
    given = np.array([3, 1, 4, 2], "uint8")
    found = Program([x, labels], [formula])(ROWS, given)[0]
    np.testing.assert_allclose(found, wanted(ROWS, np.arange(4.0), given.astype("float64")))
