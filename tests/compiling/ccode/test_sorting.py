"""Sorting as C, against numpy's stable sort: every dtype, lengths around those where the method changes."""

import numpy as np
import pytensor.tensor as pt
import pytest

from symloss.compiling.ccode.program import Program

pytestmark = pytest.mark.c


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "int8", "uint8", "bool"])
def test_sorts_are_those_of_numpy(dtype):
    x = pt.tensor("x", dtype=dtype, shape=(None, None))
    program = Program([x], [pt.sort(x, axis=1), pt.argsort(x, axis=1), pt.sort(x, axis=0)])
    for shape in ((3, 1), (5, 7), (4, 32), (4, 33), (2, 1000), (300, 2), (3, 0)):
        numbers = np.random.default_rng(1).normal(size=shape) * 100
        given = (np.abs(numbers) if dtype == "uint8" else numbers).astype(dtype)
        if dtype.startswith("float") and given.size > 5:
            given.flat[::3] = np.round(given.flat[::3] / 50)  # many are equal
            given.flat[1:6] = -0.0, 0.0, np.inf, np.nan, -np.nan
        ascending, places, down = program(given)
        np.testing.assert_array_equal(ascending, np.sort(given, axis=1))
        np.testing.assert_array_equal(places, np.argsort(given, axis=1, kind="stable"))
        np.testing.assert_array_equal(down, np.sort(given, axis=0))
