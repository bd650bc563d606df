"""Elementary functions in plain C, without a branch or a table, so that any compiler computes several at a time.

Each is accurate to the bound in its comment, in ULP over all arguments, and has exact special values.
`tests/compiling/ccode/test_vector.py` goes over all exponents. Polynomials were fitted at Chebyshev nodes with 60
digits. Products are added with a fused operation where the processor has one, so bits
differ between processors that have it and those that do not; compilers do not make a difference.

A few functions of float64 are those of the C library, which are computed one at a time.
"""

import dataclasses
import functools

HELPERS = {
    "bits_f32": """
INLINE float float_of(int32_t bits) { float x; __builtin_memcpy(&x, &bits, 4); return x; }
INLINE int32_t bits_of(float x) { int32_t bits; __builtin_memcpy(&bits, &x, 4); return bits; }
INLINE float two_to(int32_t n) { return float_of((n + 127) << 23); } /* -126 <= n <= 127 */
""",
    "bits_f64": """
INLINE double double_of(int64_t bits) { double x; __builtin_memcpy(&x, &bits, 8); return x; }
INLINE int64_t long_of(double x) { int64_t bits; __builtin_memcpy(&bits, &x, 8); return bits; }
INLINE double power_of_2(int64_t n) { return double_of((n + 1023) << 52); } /* -1022 <= n <= 1023 */
""",
    "reduced_f32": """
/* r and n with x = r + n log 2, |r| <= log(2) / 2; the polynomial is (exp(r) - 1 - r) / r^2 */
INLINE float nearest(float x) { return (x + 12582912.0f) - 12582912.0f; }
INLINE float remainder_f32(float x, float n)
{
  return FMA(-n, 1.42860677e-6f, FMA(-n, 0.693145752f, x));
}
INLINE float expm1_near_0_f32(float r)
{
  float p = FMA(0.001394141601f, r, 0.008363348017f);
  p = FMA(p, r, 0.04166637187f);
  p = FMA(p, r, 0.1666657597f);
  p = FMA(p, r, 0.5000000027f);
  return FMA(p, r * r, r);
}
""",
    "reduced_f64": """
INLINE double nearest_f64(double x) { return (x + 6755399441055744.0) - 6755399441055744.0; }
INLINE int64_t integer_f64(double n) { return long_of(n + 6755399441055744.0) - 0x4338000000000000LL; }
INLINE double remainder_f64(double x, double n)
{
  return FMA(-n, 1.90821492927058770002e-10, FMA(-n, 6.93147180369123816490e-1, x));
}
INLINE double expm1_near_0_f64(double r)
{ /* Taylor's series */
  double p = FMA(1.0 / 6227020800.0, r, 1.0 / 479001600.0);
  p = FMA(p, r, 1.0 / 39916800.0);
  p = FMA(p, r, 1.0 / 3628800.0);
  p = FMA(p, r, 1.0 / 362880.0);
  p = FMA(p, r, 1.0 / 40320.0);
  p = FMA(p, r, 1.0 / 5040.0);
  p = FMA(p, r, 1.0 / 720.0);
  p = FMA(p, r, 1.0 / 120.0);
  p = FMA(p, r, 1.0 / 24.0);
  p = FMA(p, r, 1.0 / 6.0);
  p = FMA(p, r, 0.5);
  return FMA(p, r * r, r);
}
""",
    "log_parts_f32": """
/* log(1 + f) + e log 2, for sqrt(1/2) <= 1 + f < sqrt(2); the polynomial is (log(1 + f) - f + f^2 / 2) / f^3 */
INLINE float log_of_parts_f32(float f, float e)
{
  const float z = f * f;
  float p = FMA(0.0733843219f, f, -0.1166802115f);
  p = FMA(p, f, 0.1163604573f);
  p = FMA(p, f, -0.1239567086f);
  p = FMA(p, f, 0.1425093506f);
  p = FMA(p, f, -0.1666918917f);
  p = FMA(p, f, 0.2000069476f);
  p = FMA(p, f, -0.2499998081f);
  p = FMA(p, f, 0.3333333123f);
  float r = p * z * f;
  r = FMA(e, -2.12194440e-4f, r);
  r = FMA(-0.5f, z, r);
  return FMA(e, 0.693359375f, f + r);
}
""",
}


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of C.

    Attributes
    ----------
    text : str
        Its C, with its bound.
    ulp : float
        The bound.
    needs : tuple of str
        C names of functions and names of helpers that it calls.
    """

    text: str
    ulp: float
    needs: tuple = ()


def _f32(name, ulp, body, needs=(), arguments="float x") -> Function:
    text = f"INLINE float {name}_f32({arguments})\n{{ /* {ulp} ULP */\n{body.strip(chr(10))}\n}}\n"
    return Function(text, ulp, ("bits_f32", *needs))


def _f64(name, ulp, body, needs=(), arguments="double x") -> Function:
    text = f"INLINE double {name}_f64({arguments})\n{{ /* {ulp} ULP */\n{body.strip(chr(10))}\n}}\n"
    return Function(text, ulp, ("bits_f64", *needs))


def _library(name, ulp, arguments="double x", passed="x") -> Function:
    declared = ", ".join(["double"] * len(passed.split(",")))
    return Function(f"double {name}({declared});\nINLINE double {name}_f64({arguments})\n"
                    f"{{ /* of the C library, {ulp} ULP */\n  return {name}({passed});\n}}\n", ulp)


def _through_f64(name, ulp=1.0, needs=None, arguments="float x", passed="x") -> Function:
    return Function(f"INLINE float {name}_f32({arguments})\n{{ /* {ulp} ULP */\n"
                    f"  return (float){name}_f64({passed});\n}}\n", ulp, needs or (f"{name}_f64",))


FLOAT32 = {
    "exp": _f32("exp", 1.1, """
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x; /* NaN stays */
  const float n = nearest(x * 1.44269504f);
  const float y = 1.0f + expm1_near_0_f32(remainder_f32(x, n));
  const int32_t whole = (int32_t)n, half = whole >> 1; /* twice a power of 2, so that denormals come out right */
  return y * two_to(half) * two_to(whole - half);
""", ("reduced_f32",)),
    "exp2": _f32("exp2", 1.5, """
  x = x > 129.0f ? 129.0f : x;
  x = x < -151.0f ? -151.0f : x;
  const float n = nearest(x);
  const float y = 1.0f + expm1_near_0_f32((x - n) * 0.693147181f);
  const int32_t whole = (int32_t)n, half = whole >> 1;
  return y * two_to(half) * two_to(whole - half);
""", ("reduced_f32",)),
    "expm1": _f32("expm1", 1.6, """
  const float given = x;
  x = x > 89.0f ? 89.0f : x;
  x = x < -104.0f ? -104.0f : x;
  const float n = nearest(x * 1.44269504f);
  const float p = expm1_near_0_f32(remainder_f32(x, n));
  const int32_t whole = (int32_t)n, half = whole >> 1;
  const float a = two_to(half), b = two_to(whole - half);
  const float y = FMA(p, a, a - 1.0f / b) * b; /* 2^n p + 2^n - 1 */
  return given == 0.0f ? given : y;
""", ("reduced_f32",)),
    "log": _f32("log", 1.0, """
  const int tiny = x < 1.17549435e-38f;
  const uint32_t bits = (uint32_t)bits_of(tiny ? x * 8388608.0f : x);
  /* the exponent, where the rest lies between sqrt(1/2) and sqrt(2) */
  const int32_t e = (int32_t)(bits - 0x3f3504f3u) >> 23;
  const float f = float_of((int32_t)(bits - (uint32_t)e * 8388608u)) - 1.0f;
  float y = log_of_parts_f32(f, (float)(tiny ? e - 23 : e));
  y = x > 3.40282347e38f ? x : y;
  y = x < 0.0f ? float_of(0x7fc00000) : y;
  y = x == 0.0f ? -float_of(0x7f800000) : y;
  return x != x ? x : y;
""", ("log_parts_f32",)),
    "log2": _f32("log2", 2.5, "  return log_f32(x) * 1.44269504f;", ("log_f32",)),
    "log10": _f32("log10", 2.5, "  return log_f32(x) * 0.434294482f;", ("log_f32",)),
    "log1p": _f32("log1p", 1.5, """
  const float u = 1.0f + x, lost = x - (u - 1.0f); /* what rounding took from 1 + x */
  const float l = log_f32(u);
  float y = l + lost / u;
  y = x > 1e30f ? l : y;
  y = u == 0.0f ? l : y;
  return x < 1e-8f && x > -1e-8f ? x : y;
""", ("log_f32",)),
    "tanh": _f32("tanh", 2.6, """
  const float size = x < 0.0f ? -x : x;
  const float e = expm1_f32(-2.0f * (size > 10.0f ? 10.0f : size));
  const float y = -e / (e + 2.0f);
  return x < 0.0f ? -y : x == 0.0f ? x : y;
""", ("expm1_f32",)),
    "sigmoid": _f32("sigmoid", 2.9, """
  const float e = exp_f32(x < 0.0f ? x : -x);
  const float y = 1.0f / (1.0f + e);
  return x < 0.0f ? e * y : y;
""", ("exp_f32",)),
    "softplus": _f32("softplus", 2.0, """
  const float y = log1p_f32(exp_f32(x < 0.0f ? x : -x));
  return x > 0.0f ? x + y : x == x ? y : x;
""", ("exp_f32", "log1p_f32")),
    "log1mexp": _f32("log1mexp", 3.0, """
  const float near = log_f32(-expm1_f32(x)), far = log1p_f32(-exp_f32(x));
  return x > -0.693147181f ? near : far;
""", ("exp_f32", "expm1_f32", "log_f32", "log1p_f32")),
    "erf": _f32("erf", 6.0, """
  const float within = x > 4.0f ? 4.0f : x < -4.0f ? -4.0f : x; /* a rational approximation, known from XLA */
  const float z = within * within;
  float p = FMA(-2.72614225801306e-10f, z, 2.77068142495902e-08f);
  p = FMA(p, z, -2.10102402082508e-06f);
  p = FMA(p, z, -5.69250639462346e-05f);
  p = FMA(p, z, -7.34990630326855e-04f);
  p = FMA(p, z, -2.95459980854025e-03f);
  p = FMA(p, z, -1.60960333262415e-02f);
  float q = FMA(-1.45660718464996e-05f, z, -2.13374055278905e-04f);
  q = FMA(q, z, -1.68282697438203e-03f);
  q = FMA(q, z, -7.37332916720468e-03f);
  q = FMA(q, z, -1.42647390514189e-02f);
  const float y = within * (p / q);
  return x > 4.0f ? 1.0f : x < -4.0f ? -1.0f : y;
"""),
    "sinh": _through_f64("sinh"),
    "cosh": _through_f64("cosh"),
    "pow": Function("""INLINE float pow_f32(float x, float y)
{ /* 1 ULP */
  const double size = x < 0.0f ? -(double)x : (double)x;
  const float whole = __builtin_truncf(y);
  const float odd = whole == y ? y - 2.0f * __builtin_truncf(y * 0.5f) : 0.0f;
  double z = exp_f64((double)y * log_f64(size));
  const int turns = odd == 1.0f || odd == -1.0f;
  z = x < 0.0f ? (whole != y ? (y == y ? 0.0 / 0.0 : z) : turns ? -z : z) : z;
  z = size == __builtin_inf() && y != 0.0f && y == y ? (y > 0.0f ? size : 0.0) * (x < 0.0f && turns ? -1 : 1) : z;
  z = size == 0.0 && y == y ? (y > 0.0f ? 0.0 : __builtin_inf()) * (__builtin_signbit(x) && turns ? -1 : 1) : z;
  z = size == 1.0 && y == y && y - y != 0.0f ? 1.0 : z;
  return x == 1.0f || y == 0.0f ? 1.0f : (float)z;
}
""", 1.0, ("exp_f64", "log_f64")),
    **{name: _through_f64(name) for name in ("erfc", "sin", "cos", "lgamma", "digamma", "trigamma")},
}

FLOAT64 = {
    "exp": _f64("exp", 1.1, """
  x = x > 710.0 ? 710.0 : x;
  x = x < -746.0 ? -746.0 : x;
  const double n = nearest_f64(x * 1.4426950408889634074);
  const double y = 1.0 + expm1_near_0_f64(remainder_f64(x, n));
  const int64_t whole = integer_f64(n), half = whole >> 1;
  return y * power_of_2(half) * power_of_2(whole - half);
""", ("reduced_f64",)),
    "exp2": _f64("exp2", 1.6, """
  x = x > 1025.0 ? 1025.0 : x;
  x = x < -1080.0 ? -1080.0 : x;
  const double n = nearest_f64(x);
  const double y = 1.0 + expm1_near_0_f64((x - n) * 0.69314718055994530942);
  const int64_t whole = integer_f64(n), half = whole >> 1;
  return y * power_of_2(half) * power_of_2(whole - half);
""", ("reduced_f64",)),
    "expm1": _f64("expm1", 1.7, """
  const double given = x;
  x = x > 710.0 ? 710.0 : x;
  x = x < -746.0 ? -746.0 : x;
  const double n = nearest_f64(x * 1.4426950408889634074);
  const double p = expm1_near_0_f64(remainder_f64(x, n));
  const int64_t whole = integer_f64(n), half = whole >> 1;
  const double a = power_of_2(half), b = power_of_2(whole - half);
  const double y = FMA(p, a, a - 1.0 / b) * b;
  return given == 0.0 ? given : y;
""", ("reduced_f64",)),
    "log": _f64("log", 1.0, """
  const int tiny = x < 2.2250738585072014e-308;
  const uint64_t bits = (uint64_t)long_of(tiny ? x * 4503599627370496.0 : x);
  const int64_t e = (int64_t)(bits - 0x3fe6a09e667f3bcdULL) >> 52;
  const double f = double_of((int64_t)(bits - (uint64_t)e * 4503599627370496ULL)) - 1.0;
  const double n = (double)(tiny ? e - 52 : e);
  const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f; /* log(1 + f) = 2 atanh(s), the series of Sun's libm */
  double p = FMA(1.479819860511658591e-1, z, 1.531383769920937332e-1);
  p = FMA(p, z, 1.818357216161805012e-1);
  p = FMA(p, z, 2.222219843214978396e-1);
  p = FMA(p, z, 2.857142874366239149e-1);
  p = FMA(p, z, 3.999999999940941908e-1);
  p = FMA(p, z, 6.666666666666735130e-1);
  const double rest = FMA(n, 1.90821492927058770002e-10, s * FMA(p, z, half));
  double y = FMA(n, 6.93147180369123816490e-1, f - (half - rest));
  y = x > 1.7976931348623157e308 ? x : y;
  y = x < 0.0 ? double_of(0x7ff8000000000000LL) : y;
  y = x == 0.0 ? -double_of(0x7ff0000000000000LL) : y;
  return x != x ? x : y;
"""),
    "log2": _f64("log2", 2.5, "  return log_f64(x) * 1.4426950408889634074;", ("log_f64",)),
    "log10": _f64("log10", 2.5, "  return log_f64(x) * 0.43429448190325182765;", ("log_f64",)),
    "log1p": _f64("log1p", 1.5, """
  const double u = 1.0 + x, lost = x - (u - 1.0);
  const double l = log_f64(u);
  double y = l + lost / u;
  y = x > 1e300 ? l : y;
  y = u == 0.0 ? l : y;
  return x < 1e-17 && x > -1e-17 ? x : y;
""", ("log_f64",)),
    "tanh": _f64("tanh", 2.6, """
  const double size = x < 0.0 ? -x : x;
  const double e = expm1_f64(-2.0 * (size > 22.0 ? 22.0 : size));
  const double y = -e / (e + 2.0);
  return x < 0.0 ? -y : x == 0.0 ? x : y;
""", ("expm1_f64",)),
    "sigmoid": _f64("sigmoid", 2.9, """
  const double e = exp_f64(x < 0.0 ? x : -x);
  const double y = 1.0 / (1.0 + e);
  return x < 0.0 ? e * y : y;
""", ("exp_f64",)),
    "softplus": _f64("softplus", 2.0, """
  const double y = log1p_f64(exp_f64(x < 0.0 ? x : -x));
  return x > 0.0 ? x + y : x == x ? y : x;
""", ("exp_f64", "log1p_f64")),
    "log1mexp": _f64("log1mexp", 3.0, """
  const double near = log_f64(-expm1_f64(x)), far = log1p_f64(-exp_f64(x));
  return x > -0.69314718055994530942 ? near : far;
""", ("exp_f64", "expm1_f64", "log_f64", "log1p_f64")),
    **{name: _library(name, 2.0) for name in ("sinh", "cosh", "erf", "sin", "cos")},
    "erfc": _library("erfc", 6.0),
    "lgamma": _library("lgamma", 4.0),
    "pow": _library("pow", 1.0, "double x, double y", "x, y"),
    "digamma": Function("""double log(double);
double tan(double);
static double digamma_f64(double x)
{ /* 1e-14 of the larger of 1 and the value: recurrence up to 10, then the asymptotic series; reflection below 0 */
  if (x != x || x == __builtin_inf()) return x;
  if (x <= 0.0 && x == __builtin_floor(x)) return 0.0 / 0.0;
  const double pi = 3.14159265358979323846;
  double y = 0.0;
  if (x < 0.0) {
    y = -pi / tan(pi * (x - __builtin_floor(x)));
    x = 1.0 - x;
  }
  while (x < 10.0) {
    y -= 1.0 / x;
    x += 1.0;
  }
  const double z = 1.0 / (x * x);
  const double series = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z *
                        (691.0 / 32760 - z / 12))))));
  return y + log(x) - 0.5 / x - series;
}
""", 64.0),
    "trigamma": Function("""double sin(double);
static double trigamma_f64(double x)
{ /* 1e-14 of the value: as digamma */
  if (x != x) return x;
  if (x == __builtin_inf()) return 0.0;
  if (x <= 0.0 && x == __builtin_floor(x)) return __builtin_inf();
  const double pi = 3.14159265358979323846;
  double y = 0.0, sign = 1.0;
  if (x < 0.0) {
    const double s = pi / sin(pi * (x - __builtin_floor(x)));
    y = s * s;
    sign = -1.0;
    x = 1.0 - x;
  }
  double sum = 0.0;
  while (x < 15.0) {
    sum += 1.0 / (x * x);
    x += 1.0;
  }
  const double z = 1.0 / (x * x);
  sum += 1.0 / x + 0.5 * z + z / x * (1.0 / 6 - z * (1.0 / 30 - z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z *
         691.0 / 2730)))));
  return y + sign * sum;
}
""", 64.0),
}
FUNCTIONS = {("float32", name): f for name, f in FLOAT32.items()} | {("float64", n): f for n, f in FLOAT64.items()}


@functools.cache
def names() -> frozenset:
    """Return all pairs of function and dtype."""
    return frozenset((name, dtype) for dtype, name in FUNCTIONS)


def c_name(function: str, dtype: str) -> str:
    """Return the name of a function in C.

    >>> c_name("exp", "float32")
    'exp_f32'
    """
    return f"{function}_f{dtype.removeprefix('float')}"


def bound(function: str, dtype: str) -> float:
    """Return the greatest error in ULP."""
    return FUNCTIONS[dtype, function].ulp


def source(used) -> str:
    """Return the C of the functions with these C names, and of all that they call, each once and in order."""
    texts: dict[str, str] = {}
    for name in sorted(used):
        _add(name, texts)
    return "\n".join(text.strip("\n") + "\n" for text in texts.values())


def _add(name, texts):
    if name in texts:
        return
    if name in HELPERS:
        if name.startswith("reduced_f64"):
            _add("bits_f64", texts)
        texts[name] = HELPERS[name]
        return
    function, _, bits = name.rpartition("_f")
    found = FUNCTIONS[f"float{bits}", function]
    for needed in found.needs:
        _add(needed, texts)
    texts[name] = found.text
