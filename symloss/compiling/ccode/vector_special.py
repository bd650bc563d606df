"""Special functions: of the normal distribution, and the logarithm of the gamma function with its derivatives."""

from .vector_parts import f32, f64

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
  const uint64_t bits = above_sqrt_half_f64(0.31830988618379067154 * size * sine);
  const double reflected = -log_of_parts_f64(mantissa_f64(bits) - 1.0, exponent_f64(bits)) - y;
  y = x < 0.0 ? (sine == 0.0 ? __builtin_inf() : reflected) : y;
  return size < 1e-20 ? -l : y;
""", ("log_f64", "sine_f64"), unit=OF_1),
    "digamma": f64("digamma", 8.0, """
  const double size = x < 0.0 ? 1.0 - x : x;
  const int near = size < 6.0;
  double t = size + 1.0, d = t, n = 1.0; /* n / d = 1 / (x + 1) + ... + 1 / (x + 5) */
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
  double y = FMA(-z, p, FMA(-0.5, inverse, log_f64(w))) - (near ? n / d + 1.0 / size : 0.0);
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
    "trigamma": f64("trigamma", 6.0, """
  const double size = x < 0.0 ? 1.0 - x : x;
  const int near = size < 6.0;
  double t = size + 1.0, s = t * t, d = s, n = 1.0; /* n / d = 1 / (x + 1)^2 + ... + 1 / (x + 5)^2 */
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
  const double first = 1.0 / size, y = FMA(z, FMA(p, inverse, 0.5), inverse) + (near ? FMA(first, first, n / d) : 0.0);
  const double c = 3.14159265358979323846 / sine_of_turns_f64(off_integer_f64(-x));
  return x < 0.0 ? FMA(c, c, -y) : y;
""", ("sine_f64",)),
}
SPECIAL32 = {
    "erf": f32("erf", 1.4, """
  const float given = __builtin_fabsf(x), size = given > 4.0f ? 4.0f : given, z = size * size;
  float p = FMA(8.529401323e-5f, z, -8.179632181e-4f);
  p = FMA(p, z, 5.204226694e-3f);
  p = FMA(p, z, -2.686066479e-2f);
  p = FMA(p, z, 1.128371805e-1f);
  p = FMA(p, z, -3.761263519e-1f);
  p = FMA(p, z, 1.283791668e-1f);
  float q = FMA(-1.643063656e-6f, size, 4.616385863e-5f);
  q = FMA(q, size, -5.975857702e-4f);
  q = FMA(q, size, 4.762625833e-3f);
  q = FMA(q, size, -2.642763715e-2f);
  q = FMA(q, size, 1.100871665e-1f);
  q = FMA(q, size, 6.318239181e-1f);
  q = FMA(q, size, 1.130231055f);
  q = FMA(q, size, -3.185396624e-4f); /* -log(erfc(size)) */
  const float n = nearest(q * -1.44269504f), e = 1.0f + expm1_near_0_f32(remainder_f32(-q, n));
  const float y = size < 0.9f ? FMA(p, size, size) : 1.0f - e * two_to(integer_f32(n));
  return __builtin_copysignf(y, x);
""", ("reduced_f32",)),
    "erfc": f32("erfc", 6.0, """
  const float given = __builtin_fabsf(x), size = given > 10.5f ? 10.5f : given, square = size * size;
  const float y = exp_times_f32(-square, -lost_f32(size, size, square), erfcx_f32(size));
  return x < 0.0f ? 2.0f - y : y;
""", ("erfcx_f32", "exact_f32", "exp_times_f32")),
    "lgamma": f32("lgamma", 4.0, """
  const float size = __builtin_fabsf(x), inverse = 1.0f / size, z = inverse * inverse;
  const float l = log_f32(size > 3.5f ? size : size > 2.5f ? size - 1.0f : size > 1.5f ? 1.0f : size > 0.5f ? size
                          : size * (size + 1.0f));
  const float u = size - (size > 2.5f ? 3.0f : size > 1.5f ? 2.0f : size > 0.5f ? 1.0f : 0.0f);
  float p = FMA(1.134728199e-4f, u, -2.538170957e-4f);
  p = FMA(p, u, 5.06517143e-4f);
  p = FMA(p, u, -1.185860034e-3f);
  p = FMA(p, u, 2.890795322e-3f);
  p = FMA(p, u, -7.386174156e-3f);
  p = FMA(p, u, 2.058079947e-2f);
  p = FMA(p, u, -6.735228147e-2f);
  p = FMA(p, u, 3.224670335e-1f);
  p = FMA(p, u, 4.22784335e-1f);
  const float near = FMA(p, u, size > 2.5f ? l : -l);
  float q = FMA(-4.847634003e-4f, z, 7.883901767e-4f);
  q = FMA(q, z, -2.777694195e-3f);
  q = FMA(q, z, 8.333333312e-2f);
  const float far = FMA(size - 0.5f, l - 1.0f, FMA(q, inverse, 0.418938533f));
  float y = size > 3.5f ? far : near;
  const float sine = __builtin_fabsf(sine_of_turns_f32(off_integer_f32(size)));
  const float reflected = -log_f32(0.318309886f * size * sine) - y;
  y = x < 0.0f ? (sine == 0.0f ? __builtin_inff() : reflected) : y;
  return size < 1e-10f ? -l : y;
""", ("log_f32", "sine_f32"), unit=OF_1),
    "digamma": f32("digamma", 6.0, """
  const float size = x < 0.0f ? 1.0f - x : x;
  const int near = size < 3.5f;
  float t = size + 1.0f, d = t, n = 1.0f; /* n / d = 1 / (x + 1) + 1 / (x + 2) + 1 / (x + 3) */
  t += 1.0f; n = FMA(n, t, d); d *= t;
  t += 1.0f; n = FMA(n, t, d); d *= t;
  const float w = near ? size + 4.0f : size, inverse = 1.0f / w, z = inverse * inverse;
  float p = FMA(-3.214271299e-3f, z, 3.923549302e-3f);
  p = FMA(p, z, -8.332627074e-3f);
  p = FMA(p, z, 8.333333154e-2f);
  float y = FMA(-z, p, FMA(-0.5f, inverse, log_f32(w))) - (near ? n / d + 1.0f / size : 0.0f);
  const float r = -off_integer_f32(-x), rr = r * r;
  float c = FMA(-2.330685908e-3f, rr, -8.077539066e-3f);
  c = FMA(c, rr, -3.469311511e-2f);
  c = FMA(c, rr, -1.646462475e-1f);
  c = FMA(c, rr, -1.289868135f);
  const float reflected = y - FMA(c, r, FMA(-3.0f, rr, 1.0f) / FMA(-rr, r, r));
  y = x < 0.0f ? reflected : y;
  return x == 0.0f || (x < 0.0f && r == 0.0f) ? __builtin_nanf("") : y;
""", ("log_f32", "sine_f32"), unit=OF_1),
    "trigamma": f32("trigamma", 7.0, """
  const float size = x < 0.0f ? 1.0f - x : x;
  const int near = size < 4.0f;
  float t = size + 1.0f, s = t * t, d = s, n = 1.0f; /* n / d = 1 / (x + 1)^2 + 1 / (x + 2)^2 + 1 / (x + 3)^2 */
  t += 1.0f; s = t * t; n = FMA(n, s, d); d *= s;
  t += 1.0f; s = t * t; n = FMA(n, s, d); d *= s;
  const float w = near ? size + 4.0f : size, inverse = 1.0f / w, z = inverse * inverse;
  float p = FMA(-2.59176297e-2f, z, 2.354159917e-2f);
  p = FMA(p, z, -3.3330086e-2f);
  p = FMA(p, z, 1.666666604e-1f);
  const float first = 1.0f / size, sum = near ? FMA(first, first, n / d) : 0.0f;
  const float y = FMA(z, FMA(p, inverse, 0.5f), inverse) + sum;
  const float c = 3.14159265f / sine_of_turns_f32(off_integer_f32(-x));
  return x < 0.0f ? FMA(c, c, -y) : y;
""", ("sine_f32",)),
}
