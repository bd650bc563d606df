"""Kernels that go along rows: sums and extremes of a row, softmax of long rows, and one-hot rows."""

import ctypes

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss.compiling.ccode import building, ir
from symloss.compiling.ccode.expressions import c_type, is_at_most_0
from symloss.compiling.ccode.importing import imported
from symloss.compiling.ccode.kernel_text import extreme
from symloss.compiling.ccode.program import Program
from symloss.compiling.ccode.row_functions import is_short, row_function
from symloss.compiling.ccode.text import HEADER

from .test_same_bits import with_each_compiler

LENGTHS = (0, 1, 3, 7, 8, 9, 15, 31, 32, 33, 63, 64, 65, 127, 128, 200, 1000, 4096, 4097, 4103, 9000)
DTYPES = ("float32", "float64", "int32", "int8")


@pytest.fixture(scope="module")
def library():
    text = HEADER
    for dtype in DTYPES:
        for op in ("max", "min", "sum", "short_max", "short_min"):
            kind = kind_of(dtype)
            result = c_type(dtype) if "sum" not in op else "double" if "float" in dtype else "int64_t"
            text += row_function(op, dtype, extreme)
            text += (f"{result} {op}_of_{kind}(const {c_type(dtype)} *x, int64_t n)\n"
                     f"{{ return row_{op}_{kind}(x, n); }}\n")
    return building.load(text, "rows")


def reduced(library, op, x):
    """Return a reduction of a row; by both functions, where the row is short."""
    found = called(library, op, x)
    if is_short(x.size, x.dtype.name) and hasattr(library, f"short_{op}_of_{kind_of(x.dtype.name)}"):
        np.testing.assert_array_equal(called(library, f"short_{op}", x), found)
    return found


def kind_of(dtype):
    return dtype.replace("float", "f").replace("int", "i")


def called(library, op, x):
    kind = kind_of(x.dtype.name)
    function = getattr(library, f"{op}_of_{kind}")
    results = {"f32": ctypes.c_float, "f64": ctypes.c_double, "i32": ctypes.c_int32, "i8": ctypes.c_int8}
    function.restype = results[kind] if "sum" not in op else ctypes.c_double if "f" in kind else ctypes.c_int64
    return function(ctypes.c_void_p(x.ctypes.data), ctypes.c_int64(x.size))


@pytest.mark.c
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_any_length_are_reduced(library, dtype):
    rng = np.random.default_rng(0)
    for length in LENGTHS:
        x = rng.uniform(-99, 99, length).astype(dtype)
        np.testing.assert_allclose(reduced(library, "sum", x), x.sum(dtype="float64"), rtol=1e-5, atol=1e-3)
        for op in ("max", "min") if length else ():
            assert reduced(library, op, x) == getattr(x, op)()
            for place in {0, length // 2, length - 1}:
                one = x.copy()
                one[place] = 100 if op == "max" else -100
                assert reduced(library, op, one) == one[place]


@pytest.mark.c
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_nan_anywhere_is_the_extreme_of_its_row_and_infinities_are_none(library, dtype):
    for length in LENGTHS[1:-2]:
        for place in sorted({0, length // 3, length // 2, length - 1}):
            x = np.linspace(-3, 3, length, dtype=dtype)
            x[place] = np.nan
            assert np.isnan([reduced(library, op, x) for op in ("max", "min", "sum")]).all()
            x[place] = -np.inf
            x[0] = np.inf
            assert reduced(library, "max", x) == np.inf
            assert reduced(library, "min", x) == x.min()
    x = np.full(300, np.finfo(dtype).max, dtype)
    x[::2] *= -1
    assert reduced(library, "max", x) == x[1] and reduced(library, "min", x) == x[0]
    assert reduced(library, "max", np.full(70, -np.inf, dtype)) == -np.inf


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cross_entropy(classes):
    """Return a program: values and their gradient by logits."""
    logits, target = pt.matrix("z", shape=(None, classes)), pt.ivector("t")
    values = symloss.losses.get("cross_entropy").function(pt.special.softmax(logits, axis=-1), target)
    return Program([logits, target], [values, pytensor.grad(values.sum(), logits)])


@pytest.mark.c
@pytest.mark.parametrize("classes", [40, 300, 9000])  # rows on the stack, and in the result
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_cross_entropy_of_long_rows_has_its_value_and_gradient(dtype, classes):
    rng = np.random.default_rng(0)
    z, t = (10 * rng.normal(size=(6, classes))).astype(dtype), rng.integers(0, classes, 6).astype("int32")
    z[1, 3:] = -np.inf
    t[:4] = [0, 2, classes - 1, -1]  # a wrong label gives NaN, and no gradient
    with pytensor.config.change_flags(floatX=dtype):
        program = cross_entropy(classes)
    found, slope = program(z, t)
    assert ("+= " in program.c_source().split("double total")[-1]) and "exp_up_to_0" in program.c_source()
    p = softmax(z.astype("float64"))
    wanted = np.where(t < 0, np.nan, -np.log(p[range(6), t]))
    np.testing.assert_allclose(found, wanted, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-6)
    p[range(6), t] -= 1
    np.testing.assert_allclose(slope, p * (t >= 0)[:, None], atol=1e-6 if dtype == "float32" else 1e-12)
    z[4, 7] = np.nan
    slope = program(z, t)[1]
    assert np.isnan(slope[4]).all() and np.isfinite(slope[5]).all()


@pytest.mark.c
def test_only_the_element_of_a_label_within_the_row_is_changed():
    x, place, amount = pt.matrix("x", shape=(5, 300)), pt.ivector("place"), pt.vector("amount")
    hot = pt.where(pt.eq(pt.arange(300, dtype="int32"), place[:, None]), amount[:, None], 0)
    outputs = [pt.sqr(x) + hot, hot + x, (pt.exp(x) + hot).sum(axis=1), x - hot, hot - x, hot.sum(axis=1)]
    program = Program([x, place, amount], outputs)
    given = np.random.default_rng(0).normal(size=(5, 300)).astype(x.dtype)
    places, amounts = np.array([0, 299, -1, 300, 17], "int32"), np.arange(1, 6).astype(x.dtype)
    squared, plain, sums, less, negative, alone = program(given, places, amounts)
    hots = (np.arange(300) == places[:, None]) * amounts[:, None]
    np.testing.assert_allclose(squared, given**2 + hots, rtol=1e-6)
    np.testing.assert_allclose(alone, hots.sum(axis=1))
    for found, wanted in ((plain, given + hots), (less, given - hots), (negative, hots - given)):
        np.testing.assert_allclose(found, wanted, rtol=1e-6)
    np.testing.assert_allclose(sums, (np.exp(given) + hots).sum(axis=1), rtol=1e-5)


@pytest.mark.c
def test_beside_the_label_zeros_keep_the_sign_that_the_sum_with_0_has():
    x, t = pt.tensor("x", dtype="float32", shape=(None, 40)), pt.vector("t", dtype="int32")
    here = pt.eq(pt.arange(40, dtype="int32")[None], t[:, None])
    row = pt.switch(here, np.float32(2), np.float32(0))
    outputs = [x + row, row + x, x - row, row - x]
    given = np.tile(np.array([0.0, -0.0], "float32"), (4, 20)), np.array([0, 1, 2, -1], "int32")
    program = Program([x, t], outputs)
    exact = pytensor.function([x, t], outputs, mode=pytensor.compile.Mode("py", None))
    for mine, right in zip(program(*given), exact(*given), strict=True):
        np.testing.assert_array_equal(mine, right)
        np.testing.assert_array_equal(np.signbit(mine), np.signbit(right))


@pytest.mark.c
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_rows_give_the_same_bits_with_each_compiler(dtype, monkeypatch):
    rng = np.random.default_rng(0)
    z, t = (10 * rng.normal(size=(3, 4999))).astype(dtype), np.array([0, 7, 4998], "int32")
    with pytensor.config.change_flags(floatX=dtype):
        one, other = with_each_compiler(monkeypatch, lambda: cross_entropy(4999)(z, t))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("expression, known", [
    (lambda x: x - x.max(axis=1, keepdims=True), True),
    (lambda x: x - x.max(axis=0, keepdims=True), True),
    (lambda x: x - x.max(), True),
    (lambda x: x - x.max(axis=1), False),  # along the wrong axis of a square
    (lambda x: x.T - x.max(axis=1), True),
    (lambda x: x.T - x.max(axis=1, keepdims=True), False),
    (lambda x: x - x.min(axis=1, keepdims=True), False),
    (lambda x: x - pt.exp(x).max(axis=1, keepdims=True), False),
    (lambda x: -abs(x), True),
    (lambda x: -x, False),
])
def test_what_is_at_most_0_is_known(expression, known):
    x = pt.matrix("x", shape=(4, 4))
    (value,) = imported(ir.Graph(), [expression(x)], {x: (4, 4)}, [x])
    assert is_at_most_0(value) == known
