"""Elementary functions of float64."""

from .vector_parts import f64

FLOAT64 = {
    "exp": f64("exp", 1.1, """
  int64_t bits = long_of(FMA(x, 1.4426950408889634074, 6755399441057790.0)); /* the last bits are n + 2046 */
  bits = bits > 0x4338000000000bffLL ? 0x4338000000000bffLL : bits; /* n <= 1025 */
  const double p = 1.0 + expm1_near_0_f64(remainder_f64(x, double_of(bits) - 6755399441057790.0));
  const uint64_t whole = (uint64_t)bits, half = whole >> 1;
  const double y = p * double_of((int64_t)(half << 52)) * double_of((int64_t)((whole - half) << 52));
  return x < -746.0 ? 0.0 : y; /* NaN stays */
""", ("reduced_f64",)),
    "exp_up_to_0": f64("exp_up_to_0", 1.1, """
  const double t = FMA(x, 1.4426950408889634074, 6755399441055872.0); /* x <= 0; the last bits are n + 128 */
  const double p = 1.0 + expm1_near_0_f64(remainder_f64(x, t - 6755399441055872.0));
  const double scaled = double_of((int64_t)((uint64_t)long_of(p) + ((uint64_t)long_of(t) << 52)));
  const double y = FMA(scaled, 2.938735877055719e-39, x - x); /* by 2^-128; NaN stays */
  return x < -746.0 ? 0.0 : y;
""", ("reduced_f64",)),
    "exp2": f64("exp2", 1.6, """
  x = x > 1025.0 ? 1025.0 : x;
  x = x < -1080.0 ? -1080.0 : x;
  const double n = nearest_f64(x);
  const double y = 1.0 + expm1_near_0_f64((x - n) * 0.69314718055994530942);
  const int64_t whole = integer_f64(n), half = whole >> 1;
  return y * power_of_2(half) * power_of_2(whole - half);
""", ("reduced_f64",)),
    "expm1": f64("expm1", 1.7, """
  const double given = x;
  x = x > 710.0 ? 710.0 : x;
  x = x < -40.0 ? -40.0 : x;
  const double y = half_expm1_f64(x);
  return __builtin_fabs(given) < 1e-300 ? given : y + y;
""", ("half_expm1_f64",)),
    "log": f64("log", 1.0, """
  const int tiny = x < 2.2250738585072014e-308;
  const uint64_t bits = above_sqrt_half_f64(tiny ? x * 4503599627370496.0 : x);
  const double f = mantissa_f64(bits) - 1.0, n = exponent_f64(bits) - (tiny ? 52.0 : 0.0);
  const double edge = x == 0.0 ? -__builtin_inf() : __builtin_nan("");
  double y = log_of_parts_f64(f, n);
  y = x > 0.0 ? y : edge;
  return x > 1.7976931348623157e308 ? x : y;
""", ("log_parts_f64",)),
    "log2": f64("log2", 2.5, "  return log_f64(x) * 1.4426950408889634074;", ("log_f64",)),
    "log10": f64("log10", 2.5, "  return log_f64(x) * 0.43429448190325182765;", ("log_f64",)),
    "log1p": f64("log1p", 1.5, """
  const double u = 1.0 + x, lost = x - (u - 1.0);
  const uint64_t bits = above_sqrt_half_f64(u);
  const double edge = u == 0.0 ? -__builtin_inf() : __builtin_nan("");
  double y = log_of_parts_f64(mantissa_f64(bits) - 1.0, exponent_f64(bits)) + lost / u;
  y = u > 0.0 ? y : edge;
  y = u > 1.7976931348623157e308 ? u : y;
  return __builtin_fabs(x) < 1e-17 ? x : y;
""", ("log_parts_f64",)),
    "tanh": f64("tanh", 2.6, """
  const double given = __builtin_fabs(x), size = given > 22.0 ? 22.0 : given;
  const double y = half_expm1_f64(-2.0 * size);
  return __builtin_copysign(y / (y + 1.0), x);
""", ("half_expm1_f64",)),
    "sigmoid": f64("sigmoid", 2.9, """
  const double e = exp_up_to_0_f64(-__builtin_fabs(x));
  const double y = 1.0 / (1.0 + e);
  return x < 0.0 ? e * y : y;
""", ("exp_up_to_0_f64",)),
    "softplus": f64("softplus", 2.0, """
  const double e = exp_up_to_0_f64(-__builtin_fabs(x)), u = 1.0 + e, lost = e - (u - 1.0);
  const double n = u > 1.4142135623730951 ? 1.0 : 0.0, l = log_of_parts_f64(FMA(-0.5 * n, u, u) - 1.0, n);
  const double y = FMA(lost, FMA(e, FMA(0.5, e, -1.0), 1.0), l); /* lost / u, roughly */
  return x > 0.0 ? x + y : y;
""", ("exp_up_to_0_f64", "log_parts_f64")),
    "log1mexp": f64("log1mexp", 3.0, """
  const double near = log_f64(-expm1_f64(x)), far = log1p_f64(-exp_up_to_0_f64(x));
  return x > -0.69314718055994530942 ? near : far;
""", ("exp_up_to_0_f64", "expm1_f64", "log_f64", "log1p_f64")),
    "pow": f64("pow", 1.2, """
  const double size = __builtin_fabs(x), power = __builtin_fabs(y);
  const int tiny = size < 2.2250738585072014e-308;
  const uint64_t bits = above_sqrt_half_f64(tiny ? size * 4503599627370496.0 : size);
  const double f = mantissa_f64(bits) - 1.0, e = exponent_f64(bits) - (tiny ? 52.0 : 0.0);
  /* log(1 + f) = 2 atanh(s) = 2 s + s^3 (2 / 3 + z q(z)), each term with what rounding took from it */
  const double t = 2.0 + f, inverse = 1.0 / t, s = f * inverse;
  const double s_low = (less_product_f64(f, s, t) - s * (f - (t - 2.0))) * inverse;
  const double z = s * s, z_low = lost_f64(s, s, z) + 2.0 * s * s_low;
  const double cube = s * z, cube_low = lost_f64(s, z, cube) + (s * z_low + s_low * z);
  double q = FMA(1.172317016079907432e-1, z, 1.170623714881637228e-1);
  q = FMA(q, z, 1.333480466362433727e-1);
  q = FMA(q, z, 1.538459496307413442e-1);
  q = FMA(q, z, 1.81818183353876007e-1);
  q = FMA(q, z, 2.222222222165590865e-1);
  q = FMA(q, z, 2.85714285714293662e-1);
  q = FMA(q, z, 3.999999999999999982e-1);
  const double more = z * q, c = 2.0 / 3.0 + more, c_low = (2.0 / 3.0 - c) + more + 3.700743415417188468e-17;
  const double term = cube * c, term_low = lost_f64(cube, c, term) + (cube * c_low + cube_low * c);
  const double whole = e * 6.93147180369123816490e-1, sum = whole + 2.0 * s, log = sum + term;
  const double log_low = ((whole - sum) + 2.0 * s) + ((sum - log) + term)
                       + (term_low + FMA(e, 1.90821492927058770002e-10, 2.0 * s_low));
  const double times = power > 7.4e19 ? (y < 0.0 ? -7.4e19 : 7.4e19) : y, product = times * log;
  double r = exp_times_f64(product, lost_f64(times, log, product) + times * log_low, 1.0);
  r = size == 0.0 || size > 1.7976931348623157e308 ? ((size == 0.0) == (y < 0.0) ? __builtin_inf() : 0.0) : r;
  const double half = power * 0.5; /* y is odd where it is whole and half of it is not */
  const int is_whole = power >= 4503599627370496.0 || (power + 4503599627370496.0) - 4503599627370496.0 == power;
  const int is_odd = is_whole && power < 9007199254740992.0 && (half + 4503599627370496.0) - 4503599627370496.0 != half;
  r = x < 0.0 && size < __builtin_inf() && !is_whole ? __builtin_nan("") : r;
  r = is_odd ? __builtin_copysign(r, x) : r;
  r = x != x || y != y ? x + y : r;
  return x == 1.0 || y == 0.0 ? 1.0 : r;
""", ("parts_f64", "exact_f64", "exp_times_f64"), "double x, double y"),
    "sinh": f64("sinh", 3.0, """
  const double given = __builtin_fabs(x), size = given > 712.0 ? 712.0 : given;
  const double n = nearest_f64(size * 1.4426950408889634074), p = expm1_near_0_f64(remainder_f64(size, n));
  const double a = power_of_2(integer_f64(n) - 4), b = power_of_2(-4 - integer_f64(n > 64.0 ? 64.0 : n));
  const double y = 8.0 * FMA(a, p, (a - b) + b * (p / (1.0 + p))); /* exp(size) = 2^n (1 + p) */
  return __builtin_copysign(given < 1e-9 ? given : y, x);
""", ("reduced_f64",)),
    "cosh": f64("cosh", 2.0, """
  const double given = __builtin_fabs(x), size = given > 712.0 ? 712.0 : given;
  const double n = nearest_f64(size * 1.4426950408889634074), p = 1.0 + expm1_near_0_f64(remainder_f64(size, n));
  const double a = power_of_2(integer_f64(n) - 4), b = power_of_2(-4 - integer_f64(n > 64.0 ? 64.0 : n));
  return 8.0 * FMA(a, p, b / p);
""", ("reduced_f64",)),
}
