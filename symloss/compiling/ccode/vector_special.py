"""Special functions: of the normal distribution, and the logarithm of the gamma function with its derivatives."""

from .vector_parts import f32, f64, through_f64

OF_1 = "ULP of the larger of 1 and the value; below 0, also of the value at 1 - x, which is taken off"

SPECIAL64 = {
    "erf": f64("erf", 3.0, """
  const double given = __builtin_fabs(x), size = given > 6.0 ? 6.0 : given, z = size * size;
  double p = FMA(-1.391640440914041239e-7, z, 1.628002129733571966e-6);
  p = FMA(p, z, -1.49180462208454405e-5);
  p = FMA(p, z, 1.205513995465701126e-4);
  p = FMA(p, z, -8.548323981793934384e-4);
  p = FMA(p, z, 5.223977596212891404e-3);
  p = FMA(p, z, -2.686617064351609912e-2);
  p = FMA(p, z, 1.128379167095058968e-1);
  p = FMA(p, z, -3.761263890318370302e-1);
  p = FMA(p, z, 1.128379167095512573);
  const double far = 1.0 - exp_times_f64(-z, 0.0, erfcx_f64(size));
  return __builtin_copysign(size < 0.6 ? size * p : far, x);
""", ("erfcx_f64", "exp_times_f64")),
    "erfc": f64("erfc", 6.5, """
  const double given = __builtin_fabs(x), size = given > 28.0 ? 28.0 : given, square = size * size;
  const double y = exp_times_f64(-square, -lost_f64(size, size, square), erfcx_f64(size));
  return x < 0.0 ? 2.0 - y : y;
""", ("erfcx_f64", "exact_f64", "exp_times_f64")),
    "lgamma": f64("lgamma", 4.0, """
  const double size = __builtin_fabs(x), inverse = 1.0 / size, z = inverse * inverse;
  const double l = log_f64(size > 3.5 ? size : size > 2.5 ? size - 1.0 : size > 1.5 ? 1.0 : size > 0.5 ? size
                           : size * (size + 1.0));
  /* near 2: log(gamma(2 + u)) / u, from where the recurrence leads to all of 0 to 3.5 */
  const double u = size - (size > 2.5 ? 3.0 : size > 1.5 ? 2.0 : size > 0.5 ? 1.0 : 0.0);
  double p = FMA(-1.321994566611787448e-7, u, 2.787408052113589978e-7);
  p = FMA(p, u, -4.325239344560481638e-7);
  p = FMA(p, u, 9.200527894968100491e-7);
  p = FMA(p, u, -2.043904810702990674e-6);
  p = FMA(p, u, 4.384704404598360326e-6);
  p = FMA(p, u, -9.438715099211532661e-6);
  p = FMA(p, u, 2.050559075583345311e-5);
  p = FMA(p, u, -4.492631337915569745e-5);
  p = FMA(p, u, 9.945767355819498207e-5);
  p = FMA(p, u, -2.231547540052050773e-4);
  p = FMA(p, u, 5.096695154115458348e-4);
  p = FMA(p, u, -1.192753911842815686e-3);
  p = FMA(p, u, 2.890510331034266859e-3);
  p = FMA(p, u, -7.385551028671998395e-3);
  p = FMA(p, u, 2.058080842778038006e-2);
  p = FMA(p, u, -6.735230105319810342e-2);
  p = FMA(p, u, 3.224670334241132356e-1);
  p = FMA(p, u, 4.227843350984671394e-1);
  const double near = FMA(p, u, size > 2.5 ? l : -l);
  /* beyond: Stirling's series, fitted */
  double q = FMA(-1.110469530873781282e-1, z, 6.688177820923303913e-2);
  q = FMA(q, z, -2.188646223118803367e-2);
  q = FMA(q, z, 6.043560536192253406e-3);
  q = FMA(q, z, -1.905804179736265467e-3);
  q = FMA(q, z, 8.415127599549598168e-4);
  q = FMA(q, z, -5.952352439092052339e-4);
  q = FMA(q, z, 7.936507759935256596e-4);
  q = FMA(q, z, -2.777777777734769093e-3);
  q = FMA(q, z, 8.333333333333331583e-2);
  const double far = FMA(size - 0.5, l - 1.0, FMA(q, inverse, 0.41893853320467274178));
  double y = size > 3.5 ? far : near;
  const double sine = __builtin_fabs(sine_of_turns_f64(off_integer_f64(size)));
  const uint64_t bits = above_sqrt_half(0.31830988618379067154 * size * sine);
  const double reflected = sine == 0.0 ? __builtin_inf() : -log_of_parts_f64(mantissa(bits) - 1.0, exponent(bits)) - y;
  y = x < 0.0 ? reflected : y;
  return size < 1e-20 ? -l : y;
""", ("log_f64", "sine_f64"), unit=OF_1),
    "digamma": f64("digamma", 12.0, """
  const double size = x < 0.0 ? 1.0 - x : x;
  const int near = size < 6.0;
  double t = size, d = t, n = 1.0; /* n / d = 1 / x + 1 / (x + 1) + ... + 1 / (x + 5) */
  t += 1.0; n = FMA(n, t, d); d *= t;
  t += 1.0; n = FMA(n, t, d); d *= t;
  t += 1.0; n = FMA(n, t, d); d *= t;
  t += 1.0; n = FMA(n, t, d); d *= t;
  t += 1.0; n = FMA(n, t, d); d *= t;
  const double w = near ? size + 6.0 : size, inverse = 1.0 / w, z = inverse * inverse;
  double p = FMA(-2.297854245497420066e-1, z, 7.518358766963556485e-2);
  p = FMA(p, z, -2.091608521739335165e-2);
  p = FMA(p, z, 7.573557756851729632e-3);
  p = FMA(p, z, -4.166651522951170361e-3);
  p = FMA(p, z, 3.96825391649681816e-3);
  p = FMA(p, z, -8.333333333265424377e-3);
  p = FMA(p, z, 8.333333333333331862e-2);
  double y = FMA(-z, p, FMA(-0.5, inverse, log_f64(w))) - (near ? n / d : 0.0);
  const double r = -off_integer_f64(-x), rr = r * r; /* pi / tan(pi r), without its poles next to 0 */
  double c = FMA(-2.627559756404007571e-6, rr, -7.229113560603136446e-6);
  c = FMA(c, rr, -3.068725416843319737e-5);
  c = FMA(c, rr, -1.224740867661193097e-4);
  c = FMA(c, rr, -4.9217557302458834e-4);
  c = FMA(c, rr, -1.989150089297263911e-3);
  c = FMA(c, rr, -8.154712402316653989e-3);
  c = FMA(c, rr, -3.468612396877235707e-2);
  c = FMA(c, rr, -1.646464674222773385e-1);
  c = FMA(c, rr, -1.289868133696452872);
  const double reflected = y - FMA(c, r, FMA(-3.0, rr, 1.0) / FMA(-rr, r, r));
  y = x < 0.0 ? reflected : y;
  return x == 0.0 || (x < 0.0 && r == 0.0) ? __builtin_nan("") : y;
""", ("log_f64", "sine_f64"), unit=OF_1),
    "trigamma": f64("trigamma", 8.0, """
  const double size = x < 0.0 ? 1.0 - x : x;
  const int near = size < 6.0;
  double t = size, s = t * t, d = s, n = 1.0; /* n / d = 1 / x^2 + 1 / (x + 1)^2 + ... + 1 / (x + 5)^2 */
  t += 1.0; s = t * t; n = FMA(n, s, d); d *= s;
  t += 1.0; s = t * t; n = FMA(n, s, d); d *= s;
  t += 1.0; s = t * t; n = FMA(n, s, d); d *= s;
  t += 1.0; s = t * t; n = FMA(n, s, d); d *= s;
  t += 1.0; s = t * t; n = FMA(n, s, d); d *= s;
  const double w = near ? size + 6.0 : size, inverse = 1.0 / w, z = inverse * inverse;
  double p = FMA(-3.412961215224280134, z, 1.028690799635051023);
  p = FMA(p, z, -2.501477294451472679e-1);
  p = FMA(p, z, 7.572083203711404494e-2);
  p = FMA(p, z, -3.33330811014745424e-2);
  p = FMA(p, z, 2.38095229488937137e-2);
  p = FMA(p, z, -3.333333333220508622e-2);
  p = FMA(p, z, 1.666666666666664223e-1);
  const double y = FMA(z, FMA(p, inverse, 0.5), inverse) + (near ? n / d : 0.0);
  const double c = 3.14159265358979323846 / sine_of_turns_f64(off_integer_f64(-x));
  return x < 0.0 ? FMA(c, c, -y) : y;
""", ("sine_f64",)),
}
SPECIAL32 = {
    "erfc": f32("erfc", 5.0, """
  const float given = __builtin_fabsf(x), size = given > 10.5f ? 10.5f : given, square = size * size;
  const float y = exp_times_f32(-square, -lost_f32(size, size, square), erfcx_f32(size));
  return x < 0.0f ? 2.0f - y : y;
""", ("erfcx_f32", "exact_f32", "exp_times_f32")),
    **{name: through_f64(name) for name in ("lgamma", "digamma", "trigamma")},
}
