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
EXACT = {"exp": mpmath.exp, "exp_up_to_0": mpmath.exp, "exp2": lambda x: mpmath.power(2, x),
         "expm1": mpmath.expm1, "log": mpmath.log, "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10,
         "log1p": mpmath.log1p, "tanh": mpmath.tanh,
         "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
         "log1mexp": lambda x: mpmath.log(-mpmath.expm1(x)) if x > -1 else mpmath.log1p(-mpmath.exp(x)),
         "erf": mpmath.erf, "erfc": mpmath.erfc, "sin": mpmath.sin,
         "cos": mpmath.cos, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "lgamma": lambda x: mpmath.re(mpmath.loggamma(x)),
         "digamma": mpmath.digamma, "trigamma": lambda x: mpmath.psi(1, x), "pow": mpmath.power}
IN_DOUBLE = {"exp": np.exp, "exp_up_to_0": np.exp, "exp2": np.exp2,
             "expm1": np.expm1, "log": np.log, "log2": np.log2, "log10": np.log10,
             "log1p": np.log1p, "tanh": np.tanh, "sigmoid": scipy.special.expit,
             "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
             "log1mexp": lambda x: np.where(x > -0.6931, np.log(-np.expm1(x)), np.log1p(-np.exp(x))),
             "erf": scipy.special.erf, "erfc": scipy.special.erfc, "sin": np.sin, "cos": np.cos, "sinh": np.sinh,
             "cosh": np.cosh, "lgamma": scipy.special.gammaln, "digamma": scipy.special.digamma,
             "trigamma": lambda x: np.where(x > 0, scipy.special.zeta(2, np.abs(x)),
                                            (np.pi / np.sin(np.pi * (x - np.round(x))))**2
                                            - scipy.special.zeta(2, 1 + np.abs(x)))}
DOMAIN = {"log": (0, np.inf), "log2": (0, np.inf), "log10": (0, np.inf), "log1p": (-1, np.inf),
          "log1mexp": (-np.inf, 0), "exp_up_to_0": (-np.inf, 0),
          "erfc": (-1e3, 1e3), "lgamma": (-1e9, np.inf), "digamma": (-1e9, np.inf),
          "trigamma": (-1e9, np.inf)}
ROOTS = {"digamma": scipy.special.digamma, "lgamma": scipy.special.gammaln}  # near which a bound in ULP says nothing
# ranges that are looked at with more points
NEAR = {"erfc": [(-6, 28), (-1, 1)], "lgamma": [(-20, 20), (0, 4), (0.999, 1.001)], "digamma": [(-20, 20), (0, 7)],
        "trigamma": [(-20, 20), (0, 7)], "sinh": [(-1, 1), (-712, 712)], "cosh": [(-1, 1), (-712, 712)],
        "sin": [(-100, 100), (-1e9, 1e9)], "cos": [(-100, 100), (-1e9, 1e9)]}


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
    return x[(x > low) & (x < high) & np.isfinite(x) & (x != 0)]


def least(name, x):
    """Return how large a value is taken to be at least, by which an error is divided."""
    if name not in ROOTS:
        return np.zeros(len(x))
    with np.errstate(all="ignore"):
        return np.where(x < 0, np.fmax(np.abs(ROOTS[name](1 - x)), 1), 1)  # below 0, it is taken off what reflects it


SINGLE = sorted(name for name, dtype in vector.names() if dtype == "float32" and name not in TWO)
DOUBLE = sorted(name for name, dtype in vector.names() if dtype == "float64" and name not in TWO)


@pytest.mark.parametrize("name", SINGLE)
def test_float32_keeps_its_bound_over_all_exponents(library, name):
    x = within(name, np.arange(0, 2**32, 4001, dtype="uint64").astype("uint32").view("float32"))
    found = computed(library, name, "float32", x).astype("float64")
    with np.errstate(all="ignore"):
        exact = IN_DOUBLE[name](x.astype("float64"))
        kept = np.isfinite(exact.astype("float32"))
        assert np.array_equal(found[~kept], exact[~kept].astype("float32"), equal_nan=True)
        size = np.maximum(np.abs(exact[kept]), least(name, x[kept].astype("float64")))
        unit = np.spacing(size.astype("float32")).astype("float64")
    worst = np.abs(found[kept] - exact[kept]) / unit
    assert worst.max() <= vector.bound(name, "float32"), f"{worst.max()} ULP at {x[kept][worst.argmax()]!r}"


@pytest.mark.parametrize("name", SINGLE)
def test_nan_stays_nan_whatever_its_bits(library, name):
    payloads = np.arange(0x7F800001, 0x80000000, 1001, dtype="uint64")
    x = np.concatenate([payloads, payloads + 2**31]).astype("uint32").view("float32")
    assert np.isnan(computed(library, name, "float32", x)).all()


@pytest.mark.parametrize("name", DOUBLE)
def test_float64_keeps_its_bound(library, name):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.integers(0, 2**64, 400, dtype="uint64").view("float64"), rng.normal(size=300),
                        rng.uniform(-40, 40, 300), rng.uniform(-750, 750, 100), np.ldexp(rng.normal(size=200), -30),
                        *(rng.uniform(low, high, 400) for low, high in NEAR.get(name, []))])
    x = within(name, x)
    found = computed(library, name, "float64", x)
    with mpmath.workdps(40):
        for value, given, low in zip(found.tolist(), x.tolist(), least(name, x).tolist(), strict=True):
            exact = EXACT[name](mpmath.mpf(given))
            if abs(exact) > 1.7976e308:
                assert np.isinf(value)
                continue
            unit = np.spacing(max(abs(float(exact)), low))
            error = abs(mpmath.mpf(value) - exact) / mpmath.mpf(float(unit))
            assert error <= vector.bound(name, "float64"), f"{name}({given!r}) is {float(error)} ULP off"


SPECIAL = {"exp": [(np.inf, np.inf), (-np.inf, 0), (0, 1), (1e30, np.inf), (-1e30, 0)],
           "exp_up_to_0": [(-np.inf, 0), (0, 1), (-0.0, 1), (-1e30, 0)],
           "expm1": [(np.inf, np.inf), (-np.inf, -1), (-0.0, -0.0)],
           "exp2": [(np.inf, np.inf), (-np.inf, 0), (3, 8)],
           "log": [(0, -np.inf), (-1, np.nan), (np.inf, np.inf), (1, 0)],
           "log1p": [(-1, -np.inf), (-2, np.nan), (np.inf, np.inf), (-0.0, -0.0)],
           "tanh": [(np.inf, 1), (-np.inf, -1), (-0.0, -0.0)], "sigmoid": [(np.inf, 1), (-np.inf, 0), (0, 0.5)],
           "softplus": [(np.inf, np.inf), (-np.inf, 0)], "erf": [(np.inf, 1), (-np.inf, -1), (-0.0, -0.0)],
           "log1mexp": [(0, -np.inf), (-np.inf, -0.0)],
           "erfc": [(np.inf, 0), (-np.inf, 2), (0, 1), (-0.0, 1), (30, 0), (-30, 2)],
           "sinh": [(np.inf, np.inf), (-np.inf, -np.inf), (0, 0), (-0.0, -0.0), (1e30, np.inf), (-1e30, -np.inf)],
           "cosh": [(np.inf, np.inf), (-np.inf, np.inf), (0, 1), (1e30, np.inf), (-1e30, np.inf)],
           "sin": [(0, 0), (-0.0, -0.0), (np.inf, np.nan), (-np.inf, np.nan)],
           "cos": [(0, 1), (-0.0, 1), (np.inf, np.nan), (-np.inf, np.nan)],
           "lgamma": [(1, 0), (2, 0), (0, np.inf), (-0.0, np.inf), (-1, np.inf), (-1e30, np.inf), (np.inf, np.inf),
                      (-np.inf, np.inf)],
           "digamma": [(0, np.nan), (-1, np.nan), (-1e30, np.nan), (np.inf, np.inf), (-np.inf, np.nan)],
           "trigamma": [(0, np.inf), (-1, np.inf), (-1e30, np.inf), (np.inf, 0), (-np.inf, np.inf)]}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(SPECIAL))
def test_special_values_are_exact(library, name, dtype):
    given, wanted = map(list, zip(*SPECIAL[name], (np.nan, np.nan), strict=True))
    found = computed(library, name, dtype, given)
    np.testing.assert_array_equal(found, np.array(wanted, dtype))
    signed = ~np.isnan(wanted)
    np.testing.assert_array_equal(np.signbit(found)[signed], np.signbit(wanted)[signed])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_powers_are_those_of_c(library, dtype):
    info = np.finfo(dtype)
    whole = float(2 ** (info.nmant + 1))  # beyond which every number is even
    special = [0.0, 1.0, 2.0, 3.0, 0.5, 1.5, np.inf, info.max, info.tiny, info.smallest_subnormal, 1 + info.eps,
               1 - info.epsneg, whole - 1, whole, whole / 2 + 1, whole / 2, whole / 4 + 0.5, 1e10, np.nan]
    special = np.array(special + [-number for number in special], dtype)
    x, y = map(np.ravel, np.meshgrid(special, special))
    with np.errstate(all="ignore"):
        found, exact = computed(library, "pow", dtype, x, y), np.power(x, y)
    np.testing.assert_allclose(found, exact, rtol=2 * info.eps, atol=info.smallest_subnormal)
    np.testing.assert_array_equal(np.signbit(found[exact == exact]), np.signbit(exact[exact == exact]))


def test_float32_powers_keep_their_bound(library):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2**31, 200_000, dtype="uint64").astype("uint32").view("float32")
    x = np.concatenate([x[np.isfinite(x)], rng.uniform(0.5, 2, 200_000).astype("float32")])
    with np.errstate(all="ignore"):
        y = (rng.uniform(-105, 90, x.size) / np.log(x.astype("float64"))).astype("float32")
        exact = np.power(x.astype("float64"), y.astype("float64"))
        found = computed(library, "pow", "float32", x, y).astype("float64")
        kept = np.isfinite(exact.astype("float32"))
        np.testing.assert_array_equal(found[~kept], exact[~kept].astype("float32"))
        unit = np.spacing(exact[kept].astype("float32")).astype("float64")
    worst = np.abs(found[kept] - exact[kept]) / unit
    assert worst.max() <= vector.bound("pow", "float32"), f"{worst.max()} ULP"


def test_float64_powers_keep_their_bound(library):
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2**63, 2000, dtype="uint64").view("float64")
    x = np.concatenate([x[np.isfinite(x)], rng.uniform(0.5, 2, 2000), 1 + np.ldexp(rng.normal(size=500), -30)])
    y = rng.uniform(-746, 711, x.size) / np.log(x)
    found = computed(library, "pow", "float64", x, y)
    with mpmath.workdps(60):
        for value, base, power in zip(found.tolist(), x.tolist(), y.tolist(), strict=True):
            exact = mpmath.power(mpmath.mpf(base), mpmath.mpf(power))
            if exact > 1.7976e308:
                assert np.isinf(value)
                continue
            error = abs(mpmath.mpf(value) - exact) / mpmath.mpf(float(np.spacing(float(exact))))
            assert error <= vector.bound("pow", "float64"), f"{base!r} ** {power!r} is {float(error)} ULP off"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_angles_next_to_a_quarter_of_a_turn_keep_their_digits(library, dtype):
    rng = np.random.default_rng(0)
    with mpmath.workdps(60):
        near = [float(mpmath.pi / 2 * int(k)) for k in [1, 2, 3, 4, *rng.integers(1, 2**40, 300)]]
        # the double that is nearest to a multiple of pi / 2 of all, and the float
        near += [float(np.ldexp(6381956970095103.0, 797)), float(np.ldexp(16367173.0, 72))]
        with np.errstate(over="ignore"):
            x = np.array(near, dtype)
        x = x[np.isfinite(x)]
        for name in ("sin", "cos"):
            exact = [float(EXACT[name](mpmath.mpf(float(number)))) for number in x]
            np.testing.assert_allclose(computed(library, name, dtype, x), exact, rtol=np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_erf_is_at_most_1(library, dtype):
    found = computed(library, "erf", dtype, np.linspace(0, 8, 200_000))
    assert found.max() == 1
    assert np.diff(found).min() >= -2 * np.finfo(dtype).epsneg


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lgamma_keeps_its_digits_beside_its_roots(library, dtype):
    x = np.concatenate([root + sign * np.exp2(-np.arange(2, 22.0)) for root in (1, 2) for sign in (1, -1)])
    with mpmath.workdps(60):
        exact = [float(mpmath.loggamma(mpmath.mpf(number))) for number in x]
    np.testing.assert_allclose(computed(library, "lgamma", dtype, x), exact, rtol=8 * np.finfo(dtype).eps)


def test_only_what_is_used_is_written():
    text = vector.source(["sigmoid_f32"])
    assert "exp_up_to_0_f32" in text and "log_f32" not in text and "f64" not in text
    assert vector.source([]) == ""
