"""What the texts of elementary functions are made of: C that several of them call, and how one is written."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Function:
    """A function of C, or several small ones that others call.

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
    ulp: float = 0.0
    needs: tuple = ()


def f32(name: str, ulp: float, body: str, needs=(), arguments="float x", unit="ULP") -> Function:
    """Return a function of float32."""
    return _function("float", f"{name}_f32", ulp, body, ("bits_f32", *needs), arguments, unit)


def f64(name: str, ulp: float, body: str, needs=(), arguments="double x", unit="ULP") -> Function:
    """Return a function of float64."""
    return _function("double", f"{name}_f64", ulp, body, ("bits_f64", *needs), arguments, unit)


def through_f64(name: str, ulp=1.0, needs=None, arguments="float x", passed="x") -> Function:
    """Return a function of float32 that is the one of float64, rounded."""
    return Function(f"INLINE float {name}_f32({arguments})\n{{ /* {ulp} ULP */\n"
                    f"  return (float){name}_f64({passed});\n}}\n", ulp, needs or (f"{name}_f64",))


def _function(kind, name, ulp, body, needs, arguments, unit):
    text = f"INLINE {kind} {name}({arguments})\n{{ /* {ulp} {unit} */\n{body.strip(chr(10))}\n}}\n"
    return Function(text, ulp, needs)


HELPERS = {
    "bits_f32": Function("""
INLINE float float_of(int32_t bits) { float x; __builtin_memcpy(&x, &bits, 4); return x; }
INLINE int32_t bits_of(float x) { int32_t bits; __builtin_memcpy(&bits, &x, 4); return bits; }
INLINE float two_to(int32_t n) { return float_of((int32_t)((uint32_t)(n + 127) << 23)); } /* -126 <= n <= 127 */
"""),
    "bits_f64": Function("""
INLINE double double_of(int64_t bits) { double x; __builtin_memcpy(&x, &bits, 8); return x; }
INLINE int64_t long_of(double x) { int64_t bits; __builtin_memcpy(&bits, &x, 8); return bits; }
INLINE double power_of_2(int64_t n) { return double_of((int64_t)((uint64_t)(n + 1023) << 52)); } /* -1022 to 1023 */
"""),
    "parts_f64": Function("""
/* x = m 2^e with sqrt(1/2) <= m < sqrt(2), from the bits of a normal x > 0 less those of sqrt(1/2) */
INLINE uint64_t above_sqrt_half_f64(double x) { return (uint64_t)long_of(x) - 0x3fe6a09e667f3bcdULL; }
INLINE double mantissa_f64(uint64_t bits)
{
  return double_of((int64_t)((bits & 0xfffffffffffffULL) + 0x3fe6a09e667f3bcdULL));
}
INLINE double exponent_f64(uint64_t bits)
{ /* without a conversion, which many processors cannot do for vectors */
  return double_of((int64_t)((bits + (1024ULL << 52)) >> 52 | 0x4330000000000000ULL)) - (4503599627370496.0 + 1024.0);
}
""", needs=("bits_f64",)),
    "log_parts_f64": Function("""INLINE double log_of_parts_f64(double f, double n)
{ /* log(1 + f) + n log 2, for sqrt(1/2) <= 1 + f < sqrt(2) */
  const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f; /* log(1 + f) = 2 atanh(s), the series of Sun's libm */
  double p = FMA(1.479819860511658591e-1, z, 1.531383769920937332e-1);
  p = FMA(p, z, 1.818357216161805012e-1);
  p = FMA(p, z, 2.222219843214978396e-1);
  p = FMA(p, z, 2.857142874366239149e-1);
  p = FMA(p, z, 3.999999999940941908e-1);
  p = FMA(p, z, 6.666666666666735130e-1);
  const double rest = FMA(n, 1.90821492927058770002e-10, s * FMA(p, z, half));
  return FMA(n, 6.93147180369123816490e-1, f - (half - rest));
}
""", needs=("parts_f64",)),
    "exact_f64": Function("""
/* what rounding took from the product p = a * b; and c - a * b, exact where both are nearly the same */
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
INLINE double lost_f64(double a, double b, double p) { return FMA(a, b, -p); }
INLINE double less_product_f64(double c, double a, double b) { return FMA(-a, b, c); }
#else
INLINE double lost_f64(double a, double b, double p)
{ /* Dekker's: products of halves of a and b are exact */
  const double a_wide = 134217729.0 * a, b_wide = 134217729.0 * b;
  const double a_high = a_wide - (a_wide - a), b_high = b_wide - (b_wide - b);
  const double a_low = a - a_high, b_low = b - b_high;
  return ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low;
}
INLINE double less_product_f64(double c, double a, double b)
{
  const double p = a * b;
  return (c - p) - lost_f64(a, b, p);
}
#endif
"""),
    "exact_f32": Function("""
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
INLINE float lost_f32(float a, float b, float p) { return FMA(a, b, -p); }
INLINE float less_product_f32(float c, float a, float b) { return FMA(-a, b, c); }
#else
INLINE float lost_f32(float a, float b, float p) { return (float)((double)a * b - p); }
INLINE float less_product_f32(float c, float a, float b) { return (float)(c - (double)a * b); }
#endif
"""),
    "reduced_f32": Function("""
/* exp(x) = 2^n exp(r), where n is the integer nearest to x / log(2), and |r| <= log(2) / 2. Floats from 2^23 to 2^24
   are integers, so that n + k are the last bits of x / log(2) + 1.5 2^23 + k. The polynomial is (exp(r) - 1 - r) / r^2.
*/
INLINE float nearest(float x) { return (x + 12582912.0f) - 12582912.0f; }
INLINE int32_t integer_f32(float n) { return bits_of(n + 12582912.0f) - 0x4b400000; } /* of NaN, any number */
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
""", needs=("bits_f32",)),
    "reduced_f64": Function("""
INLINE double nearest_f64(double x) { return (x + 6755399441055744.0) - 6755399441055744.0; }
INLINE int64_t integer_f64(double n) { return long_of(n + 6755399441055744.0) - 0x4338000000000000LL; }
INLINE double remainder_f64(double x, double n)
{
  return FMA(-n, 1.90821492927058770002e-10, FMA(-n, 6.93147180369123816490e-1, x));
}
INLINE double expm1_near_0_f64(double r)
{
  double p = FMA(2.091467938417505754e-9, r, 2.510520638458724174e-8);
  p = FMA(p, r, 2.755727366133040061e-7);
  p = FMA(p, r, 2.75572554257208981e-6);
  p = FMA(p, r, 2.480158732553337819e-5);
  p = FMA(p, r, 1.984126987480051211e-4);
  p = FMA(p, r, 1.388888888888375241e-3);
  p = FMA(p, r, 8.333333333326140878e-3);
  p = FMA(p, r, 4.166666666666666975e-2);
  p = FMA(p, r, 1.666666666666667099e-1);
  p = FMA(p, r, 0.5);
  return FMA(p, r * r, r);
}
""", needs=("bits_f64",)),
    "log_parts_f32": Function("""
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
"""),
    "exp_times_f64": Function("""
INLINE double exp_times_f64(double high, double low, double factor)
{ /* exp(high + low) * factor, with |low| far below |high|, and factor near 1; rounded once where it is denormal */
  const double x = high > 710.0 ? 710.0 : high < -746.0 ? -746.0 : high;
  const double n = nearest_f64(x * 1.4426950408889634074);
  const double rest = FMA(-n, 1.90821492927058770002e-10, x == high ? low : 0.0);
  const double p = expm1_near_0_f64(FMA(-n, 6.93147180369123816490e-1, x) + rest);
  const double y = FMA(p, factor, factor);
  const int64_t whole = integer_f64(n), half = whole >> 1;
  return y * power_of_2(half) * power_of_2(whole - half);
}
""", needs=('reduced_f64',)),
    "half_expm1_f32": Function("""
INLINE float half_expm1_f32(float x)
{ /* (exp(x) - 1) / 2, which does not overflow where exp(x) - 1 does not; -20 <= x <= 89 */
  const float t = FMA(x, 1.44269504f, 12583038.0f); /* the last bits are n + 126 */
  const float p = expm1_near_0_f32(remainder_f32(x, t - 12583038.0f));
  const float a = float_of((int32_t)((uint32_t)bits_of(t) << 23)); /* 2^(n - 1) */
  return FMA(p, a, a - 0.5f);
}
""", needs=("reduced_f32",)),
    "half_expm1_f64": Function("""
INLINE double half_expm1_f64(double x)
{ /* the same for -40 <= x <= 710 */
  const double t = FMA(x, 1.4426950408889634074, 6755399441056766.0); /* the last bits are n + 1022 */
  const double p = expm1_near_0_f64(remainder_f64(x, t - 6755399441056766.0));
  const double a = double_of((int64_t)((uint64_t)long_of(t) << 52)); /* 2^(n - 1) */
  return FMA(p, a, a - 0.5);
}
""", needs=("reduced_f64",)),
    "exp_times_f32": Function("""
INLINE float exp_times_f32(float high, float low, float factor)
{
  const float x = high > 89.0f ? 89.0f : high < -104.0f ? -104.0f : high;
  const float n = nearest(x * 1.44269504f), rest = FMA(-n, 1.42860677e-6f, x == high ? low : 0.0f);
  const float p = expm1_near_0_f32(FMA(-n, 0.693145752f, x) + rest);
  const float y = FMA(p, factor, factor);
  const int32_t whole = integer_f32(n), half = whole >> 1;
  return y * two_to(half) * two_to(whole - half);
}
""", needs=("reduced_f32",)),
    "erfcx_f64": Function("""INLINE double erfcx_f64(double x)
{ /* exp(x^2) erfc(x), for 0 <= x < 28; the polynomial is (x + 4) times as much */
  const double sum = x + 4.0, inverse = 1.0 / sum, rough = (x - 4.0) * inverse;
  const double t = FMA(less_product_f64(x - 4.0, rough, sum) - rough * (x - (sum - 4.0)), inverse, rough);
  const double tt = t * t;
  double p = FMA(8.892365082453873434e-10, tt, -1.522484788368763481e-8);
  p = FMA(p, tt, 1.240801098592353722e-7);
  p = FMA(p, tt, -8.464456189715969199e-7);
  p = FMA(p, tt, 4.694725890285188454e-6);
  p = FMA(p, tt, -3.635338935865469231e-6);
  p = FMA(p, tt, -4.550526352749478539e-4);
  p = FMA(p, tt, 6.112055647760742106e-3);
  p = FMA(p, tt, 7.638151491000641608e-2);
  p = FMA(p, tt, 3.308515878779825326e-1);
  p = FMA(p, tt, 7.73208702265237554e-1);
  p = FMA(p, tt, 1.095995661000491118);
  double odd = FMA(-6.973176548183896305e-10, tt, 3.526515773317700305e-9);
  odd = FMA(odd, tt, -7.912789673646786457e-8);
  odd = FMA(odd, tt, 1.426906279643808552e-6);
  odd = FMA(odd, tt, -1.88621417887503668e-5);
  odd = FMA(odd, tt, 1.768131875167484885e-4);
  odd = FMA(odd, tt, -2.809589342023493423e-4);
  odd = FMA(odd, tt, -2.637005333254123464e-2);
  odd = FMA(odd, tt, -1.740109372404252466e-1);
  odd = FMA(odd, tt, -5.408538313132207327e-1);
  odd = FMA(odd, tt, -9.765487290808821194e-1);
  p = FMA(odd, t, p);
  return p * inverse;
}
""", needs=("exact_f64",)),
    "erfcx_f32": Function("""INLINE float erfcx_f32(float x)
{ /* the same, for 0 <= x < 11; the polynomial is (x + 3) times as much */
  const float sum = x + 3.0f, inverse = 1.0f / sum, rough = (x - 3.0f) * inverse;
  const float t = FMA(less_product_f32(x - 3.0f, rough, sum) - rough * (x - (sum - 3.0f)), inverse, rough);
  float p = FMA(4.050201721e-5f, t, 9.814454638e-5f);
  p = FMA(p, t, -2.864106397e-4f);
  p = FMA(p, t, -5.470899485e-4f);
  p = FMA(p, t, 3.036939492e-3f);
  p = FMA(p, t, -1.212320273e-3f);
  p = FMA(p, t, -2.682759238e-2f);
  p = FMA(p, t, 1.195277409e-1f);
  p = FMA(p, t, -3.104672453e-1f);
  p = FMA(p, t, 5.902283575e-1f);
  p = FMA(p, t, -8.833944533e-1f);
  p = FMA(p, t, 1.074006907f);
  return p * inverse;
}
""", needs=("exact_f32",)),
    "sine_f64": Function("""INLINE double off_integer_f64(double size)
{ /* size less the nearest integer, of size >= 0 */
  return size < 4503599627370496.0 ? size - ((size + 4503599627370496.0) - 4503599627370496.0) : 0.0;
}
INLINE double sine_of_turns_f64(double r)
{ /* sin(pi r), for |r| <= 1/2 */
  const double z = r * r;
  double p = FMA(7.697826768224190645e-7, z, -2.190349707462601719e-5);
  p = FMA(p, z, 4.662998161898393801e-4);
  p = FMA(p, z, -7.370430505916943405e-3);
  p = FMA(p, z, 8.214588657310289502e-2);
  p = FMA(p, z, -5.992645293189446813e-1);
  p = FMA(p, z, 2.550164039877300474);
  p = FMA(p, z, -5.167712780049969608);
  p = FMA(p, z, 3.141592653589793238);
  return p * r;
}
"""),
    "sine_f32": Function("""
INLINE float off_integer_f32(float size)
{
  return size < 8388608.0f ? size - ((size + 8388608.0f) - 8388608.0f) : 0.0f;
}
INLINE float sine_of_turns_f32(float r)
{
  const float z = r * r;
  float p = FMA(7.765591228e-2f, z, -5.982904113e-1f);
  p = FMA(p, z, 2.550077387f);
  p = FMA(p, z, -5.167710077f);
  p = FMA(p, z, 3.14159264f);
  return p * r;
}
"""),
}
