"""Elementary functions of float32."""

from .vector_parts import f32, through_f64

FLOAT32 = {
    "exp": f32("exp", 1.1, """
  int32_t bits = bits_of(FMA(x, 1.44269504f, 12583166.0f)); /* the last bits are n + 254 */
  bits = bits > 0x4b40017f ? 0x4b40017f : bits; /* n is at most 129, which gives infinity */
  const float p = 1.0f + expm1_near_0_f32(remainder_f32(x, float_of(bits) - 12583166.0f));
  const uint32_t whole = (uint32_t)bits, half = whole >> 1; /* two powers of 2, so that denormals come out right */
  const float y = p * float_of((int32_t)(half << 23)) * float_of((int32_t)((whole - half) << 23));
  return x < -104.0f ? 0.0f : y; /* NaN stays */
""", ("reduced_f32",)),
    "exp_up_to_0": f32("exp_up_to_0", 1.1, """
  const float t = FMA(x, 1.44269504f, 12582976.0f); /* x <= 0; the last bits are n + 64 */
  const float p = 1.0f + expm1_near_0_f32(remainder_f32(x, t - 12582976.0f));
  const float scaled = float_of((int32_t)((uint32_t)bits_of(p) + ((uint32_t)bits_of(t) << 23))); /* 2^(n + 64) p */
  const float y = FMA(scaled, 5.42101086e-20f, x - x); /* by 2^-64; NaN stays */
  return x < -104.0f ? 0.0f : y;
""", ("reduced_f32",)),
    "exp2": f32("exp2", 1.5, """
  x = x > 129.0f ? 129.0f : x;
  x = x < -151.0f ? -151.0f : x;
  const float n = nearest(x);
  const float y = 1.0f + expm1_near_0_f32((x - n) * 0.693147181f);
  const int32_t whole = integer_f32(n), half = whole >> 1;
  return y * two_to(half) * two_to(whole - half);
""", ("reduced_f32",)),
    "expm1": f32("expm1", 1.7, """
  const float given = x;
  x = x > 89.0f ? 89.0f : x;
  x = x < -20.0f ? -20.0f : x;
  const float y = half_expm1_f32(x);
  return __builtin_fabsf(given) < 1e-30f ? given : y + y; /* y may be denormal */
""", ("half_expm1_f32",)),
    "log": f32("log", 1.0, """
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
    "log2": f32("log2", 2.5, "  return log_f32(x) * 1.44269504f;", ("log_f32",)),
    "log10": f32("log10", 2.5, "  return log_f32(x) * 0.434294482f;", ("log_f32",)),
    "log1p": f32("log1p", 1.5, """
  const float u = 1.0f + x, lost = x - (u - 1.0f); /* what rounding took from 1 + x */
  const uint32_t bits = (uint32_t)bits_of(u);
  const int32_t e = (int32_t)(bits - 0x3f3504f3u) >> 23; /* as in log, of a u that is never denormal */
  const float f = float_of((int32_t)(bits - (uint32_t)e * 8388608u)) - 1.0f;
  const float edge = u == 0.0f ? -__builtin_inff() : __builtin_nanf("");
  float y = log_of_parts_f32(f, (float)e) + lost / u;
  y = u > 0.0f ? y : edge;
  y = u > 3.40282347e38f ? u : y;
  return __builtin_fabsf(x) < 1e-8f ? x : y;
""", ("log_parts_f32",)),
    "tanh": f32("tanh", 2.6, """
  const float given = __builtin_fabsf(x), size = given > 10.0f ? 10.0f : given;
  const float y = half_expm1_f32(-2.0f * size);
  return __builtin_copysignf(y / (y + 1.0f), x);
""", ("half_expm1_f32",)),
    "sigmoid": f32("sigmoid", 2.9, """
  const float e = exp_up_to_0_f32(-__builtin_fabsf(x));
  const float y = 1.0f / (1.0f + e);
  return x < 0.0f ? e * y : y;
""", ("exp_up_to_0_f32",)),
    "softplus": f32("softplus", 2.3, """
  const float e = exp_up_to_0_f32(-__builtin_fabsf(x)), d = e - 0.5f;
  float p = FMA(0.002801641993f, d, -0.004576878015f); /* (log(1 + e) - e) / e^2 */
  p = FMA(p, d, 0.00578768344f);
  p = FMA(p, d, -0.009681858672f);
  p = FMA(p, d, 0.01680165151f);
  p = FMA(p, d, -0.02896400819f);
  p = FMA(p, d, 0.05108303853f);
  p = FMA(p, d, -0.09322970892f);
  p = FMA(p, d, 0.179224939f);
  p = FMA(p, d, -0.3781395709f);
  const float y = FMA(p * e, e, e);
  return x > 0.0f ? x + y : y;
""", ("exp_up_to_0_f32",)),
    "log1mexp": f32("log1mexp", 3.0, """
  const float near = log_f32(-expm1_f32(x)), far = log1p_f32(-exp_up_to_0_f32(x));
  return x > -0.693147181f ? near : far;
""", ("exp_up_to_0_f32", "expm1_f32", "log_f32", "log1p_f32")),
    "sinh": through_f64("sinh"),
    "cosh": through_f64("cosh"),
    "pow": f32("pow", 1.2, """
  const float size = __builtin_fabsf(x), power = __builtin_fabsf(y); /* as of float64 */
  const int tiny = size < 1.17549435e-38f;
  const uint32_t bits = (uint32_t)bits_of(tiny ? size * 8388608.0f : size) - 0x3f3504f3u;
  const float f = float_of((int32_t)((bits & 0x7fffffu) + 0x3f3504f3u)) - 1.0f;
  const float e = (float)((int32_t)bits >> 23) - (tiny ? 23.0f : 0.0f);
  const float t = 2.0f + f, inverse = 1.0f / t, s = f * inverse;
  const float s_low = (less_product_f32(f, s, t) - s * (f - (t - 2.0f))) * inverse;
  const float z = s * s, z_low = lost_f32(s, s, z) + 2.0f * s * s_low;
  const float cube = s * z, cube_low = lost_f32(s, z, cube) + (s * z_low + s_low * z);
  float q = FMA(1.912044836e-1f, z, 2.220476233e-1f);
  q = FMA(q, z, 2.857153182e-1f);
  q = FMA(q, z, 3.99999999e-1f);
  const float more = z * q, c = 0.666666687f + more, c_low = (0.666666687f - c) + more - 1.98682149e-8f;
  const float term = cube * c, term_low = lost_f32(cube, c, term) + (cube * c_low + cube_low * c);
  const float whole = e * 0.693145752f, sum = whole + 2.0f * s, log = sum + term;
  const float log_low = ((whole - sum) + 2.0f * s) + ((sum - log) + term)
                      + (term_low + FMA(e, 1.42860677e-6f, 2.0f * s_low));
  const float times = power > 2e10f ? (y < 0.0f ? -2e10f : 2e10f) : y, product = times * log;
  float r = exp_times_f32(product, lost_f32(times, log, product) + times * log_low, 1.0f);
  r = size == 0.0f || size > 3.40282347e38f ? ((size == 0.0f) == (y < 0.0f) ? __builtin_inff() : 0.0f) : r;
  const float half = power * 0.5f;
  const int is_whole = power >= 8388608.0f || (power + 8388608.0f) - 8388608.0f == power;
  const int is_odd = is_whole && power < 16777216.0f && (half + 8388608.0f) - 8388608.0f != half;
  r = x < 0.0f && size < __builtin_inff() && !is_whole ? __builtin_nanf("") : r;
  r = is_odd ? __builtin_copysignf(r, x) : r;
  r = x != x || y != y ? x + y : r;
  return x == 1.0f || y == 0.0f ? 1.0f : r;
""", ("exact_f32", "exp_times_f32"), "float x, float y"),
}
