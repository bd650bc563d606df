"""Elementary functions in C against exact ones, over all exponents."""

import ctypes

import mpmath
import numpy as np
import pytest
import scipy.special

from symloss.compiling.ccode import building, vector
from symloss.compiling.ccode.text import HEADER

pytestmark = pytest.mark.c

TWO = ("pow",)
EXACT = {"exp": mpmath.exp, "exp2": lambda x: mpmath.power(2, x), "expm1": mpmath.expm1, "log": mpmath.log,
         "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10, "log1p": mpmath.log1p, "tanh": mpmath.tanh,
         "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
         "log1mexp": lambda x: mpmath.log(-mpmath.expm1(x)) if x > -1 else mpmath.log1p(-mpmath.exp(x)),
         "erf": mpmath.erf, "erfc": mpmath.erfc, "sin": mpmath.sin,
         "cos": mpmath.cos, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "lgamma": mpmath.loggamma,
         "digamma": mpmath.digamma, "trigamma": lambda x: mpmath.psi(1, x), "pow": mpmath.power}
IN_DOUBLE = {"exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
             "log1p": np.log1p, "tanh": np.tanh, "sigmoid": scipy.special.expit,
             "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
             "log1mexp": lambda x: np.where(x > -0.6931, np.log(-np.expm1(x)), np.log1p(-np.exp(x))),
             "erf": scipy.special.erf, "erfc": scipy.special.erfc, "sin": np.sin, "cos": np.cos, "sinh": np.sinh,
             "cosh": np.cosh, "lgamma": scipy.special.gammaln, "digamma": scipy.special.digamma,
             "trigamma": lambda x: scipy.special.zeta(2, x)}
DOMAIN = {"log": (0, np.inf), "log2": (0, np.inf), "log10": (0, np.inf), "log1p": (-1, np.inf),
          "log1mexp": (-np.inf, 0), "lgamma": (0, 1e30), "digamma": (0, np.inf), "trigamma": (1e-15, 1e15)}
ROOTS = {"digamma": 1.4616321449683623, "lgamma": None}  # near which a bound in ULP says nothing


@pytest.fixture(scope="module")
def library():
    used = [vector.c_name(*pair) for pair in sorted(vector.names())]
    text = HEADER + vector.source(used)
    for name, dtype in sorted(vector.names()):
        kind, c_name = "float" if dtype == "float32" else "double", vector.c_name(name, dtype)
        more, passed = (f", const {kind} *y", ", y[i]") if name in TWO else ("", "")
        text += (f"\nvoid all_{c_name}(long n, const {kind} *x{more}, {kind} *to)\n"
                 f"{{ for (long i = 0; i < n; i++) to[i] = {c_name}(x[i]{passed}); }}\n")
    return building.load(text, "elementary")


def computed(library, name, dtype, *arrays):
    arrays = [np.ascontiguousarray(a, dtype) for a in arrays]
    found = np.empty(arrays[0].shape, dtype)
    passed = [ctypes.c_void_p(a.ctypes.data) for a in [*arrays, found]]
    getattr(library, f"all_{vector.c_name(name, dtype)}")(ctypes.c_long(found.size), *passed)
    return found


def within(name, x):
    low, high = DOMAIN.get(name, (-np.inf, np.inf))
    return x[(x > low) & (x < high) & np.isfinite(x)]


SINGLE = sorted(name for name, dtype in vector.names() if dtype == "float32" and name not in TWO)
DOUBLE = sorted(name for name, dtype in vector.names() if dtype == "float64" and name not in TWO)


@pytest.mark.parametrize("name", SINGLE)
def test_float32_keeps_its_bound_over_all_exponents(library, name):
    x = within(name, np.arange(0, 2**32, 4001, dtype="uint64").astype("uint32").view("float32"))
    if name in ("sin", "cos"):
        x = x[np.abs(x) < 1e6]
    found = computed(library, name, "float32", x).astype("float64")
    with np.errstate(all="ignore"):
        exact = IN_DOUBLE[name](x.astype("float64"))
        kept = np.isfinite(exact.astype("float32"))
        assert np.array_equal(found[~kept], exact[~kept].astype("float32"), equal_nan=True)
        unit = np.spacing(np.abs(exact[kept]).astype("float32")).astype("float64")
    if name in ROOTS:
        unit = np.maximum(unit, np.spacing(np.float32(1)))
    worst = np.abs(found[kept] - exact[kept]) / unit
    assert worst.max() <= vector.bound(name, "float32"), f"{worst.max()} ULP at {x[kept][worst.argmax()]!r}"


@pytest.mark.parametrize("name", DOUBLE)
def test_float64_keeps_its_bound(library, name):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.integers(0, 2**64, 400, dtype="uint64").view("float64"), rng.normal(size=300),
                        rng.uniform(-40, 40, 300), rng.uniform(-750, 750, 100), np.ldexp(rng.normal(size=200), -30)])
    x = within(name, x)
    if name in ("sin", "cos", "digamma", "trigamma", "lgamma"):
        x = x[np.abs(x) < 1e6]
    if name in ("erf", "erfc"):
        x = x[np.abs(x) < 27]
    found = computed(library, name, "float64", x)
    with mpmath.workdps(60):
        for value, given in zip(found.tolist(), x.tolist(), strict=True):
            exact = EXACT[name](mpmath.mpf(given))
            if abs(exact) > 1.7976e308:
                assert np.isinf(value)
                continue
            unit = np.spacing(max(abs(float(exact)), 2.3e-308, 1.0 if name in ROOTS else 0))
            error = abs(mpmath.mpf(value) - exact) / mpmath.mpf(float(unit))
            assert error <= vector.bound(name, "float64"), f"{name}({given!r}) is {float(error)} ULP off"


SPECIAL = {"exp": [(np.inf, np.inf), (-np.inf, 0), (0, 1)], "expm1": [(np.inf, np.inf), (-np.inf, -1), (-0.0, -0.0)],
           "exp2": [(np.inf, np.inf), (-np.inf, 0), (3, 8)],
           "log": [(0, -np.inf), (-1, np.nan), (np.inf, np.inf), (1, 0)],
           "log1p": [(-1, -np.inf), (-2, np.nan), (np.inf, np.inf), (-0.0, -0.0)],
           "tanh": [(np.inf, 1), (-np.inf, -1), (-0.0, -0.0)], "sigmoid": [(np.inf, 1), (-np.inf, 0), (0, 0.5)],
           "softplus": [(np.inf, np.inf), (-np.inf, 0)], "erf": [(np.inf, 1), (-np.inf, -1), (-0.0, -0.0)],
           "log1mexp": [(0, -np.inf), (-np.inf, -0.0)], "digamma": [(0, np.nan), (-1, np.nan), (np.inf, np.inf)]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_special_values_are_exact(library, name, dtype):
    given, wanted = map(list, zip(*SPECIAL[name], (np.nan, np.nan), strict=True))
    found = computed(library, name, dtype, given)
    np.testing.assert_array_equal(found, np.array(wanted, dtype))
    np.testing.assert_array_equal(np.signbit(found)[:-1], np.signbit(wanted)[:-1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers_are_those_of_c(library, dtype):
    special = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, 0.5, -0.5, -3.0, np.inf, -np.inf, np.nan, 1e10, 1.5, -1.5]
    x, y = map(np.ravel, np.meshgrid(np.array(special, dtype), np.array(special, dtype)))
    with np.errstate(all="ignore"):
        found, exact = computed(library, "pow", dtype, x, y), np.power(x, y)
    np.testing.assert_allclose(found, exact, rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(np.signbit(found[exact == exact]), np.signbit(exact[exact == exact]))
    rng = np.random.default_rng(0)
    x, y = np.exp(rng.normal(0, 8, 2000)).astype(dtype), rng.normal(0, 5, 2000).astype(dtype)
    with np.errstate(all="ignore"):
        exact = np.power(x.astype("float64"), y.astype("float64"))
        np.testing.assert_allclose(computed(library, "pow", dtype, x, y), exact.astype(dtype),
                                   rtol=2 * np.finfo(dtype).eps)


def test_only_what_is_used_is_written():
    text = vector.source(["tanh_f32"])
    assert "expm1_f32" in text and "log_f32" not in text and "f64" not in text
    assert vector.source([]) == ""
