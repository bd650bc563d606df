"""Sine and cosine, of angles of any size: pi / 2 and 2 / pi are there with all the digits that this takes."""

from .vector_parts import Function, f32, f64

# 2 / pi = the sum of WORDS[i] / 2^(53 i), and of SHORT_WORDS[i] / 2^(28 i); each has that many bits
WORDS = [
    "0.6366197723675813", "0.6455004762340146", "0.8260347502167291", "0.6177029686506639", "0.22946046207480975",
    "0.28461387860774945", "0.006138546976630632", "0.5660391411155584", "0.16270821739654884", "0.6478181222020806",
    "0.752362340216695", "0.7848375294503177", "0.2882121784458589", "0.3143043483578357", "0.505462883924126",
    "0.35474129975356194", "0.495348441190541", "0.9093006150323975", "0.7102755855591438", "0.9716433593102769",
    "0.645159640989469", "0.38377539675336436",
]
SHORT_WORDS = [
    "0.6366197690367699", "0.8941078968346119", "0.16400380805134773", "0.48875923454761505", "0.8662240132689476",
    "0.16152308881282806", "0.2639199458062649",
]


def _four_words() -> str:
    """Return C for w0 to w3, the words from number k on, by halving; a table would be read one by one."""
    lines, found = [], WORDS
    for step, letter in zip((16, 8, 4, 2, 1), "tuvyw", strict=True):
        count = min(len(found), step + 3)  # as many as may still be wanted
        for i in range(count):
            other = f"k & {step} ? {found[i + step]} : {found[i]}" if i + step < len(found) else found[i]
            lines.append(f"{letter}{i} = {other}")
        found = [f"{letter}{i}" for i in range(count)]
    return "  const double " + ",\n    ".join(", ".join(lines[i:i + 4]) for i in range(0, len(lines), 4)) + ";\n"


def _word(i) -> str:
    """Return C for the short word that is number i from the first that counts."""
    w = SHORT_WORDS
    return f"x < 0x1p53 ? {w[i]} : x < 0x1p81 ? {w[i + 1]} : x < 0x1p109 ? {w[i + 2]} : {w[i + 3]}"


TURNS = {
    "fold_f64": Function("""
/* x less a multiple of 4, for -2^53 <= x < 2^54: x counts quarters of a turn, and whole turns do not matter */
INLINE double fold_f64(double x) { return x - ((x + 27021597764222976.0) - 27021597764222976.0); }
INLINE double lost_from_sum_f64(double a, double b, double sum)
{
  const double back = sum - a;
  return (a - (sum - back)) + (b - back);
}
typedef struct { double n, r, low; } turned_angle; /* an angle is n pi / 2 + r + low, with |r| up to about pi / 4 */
"""),
    "turn_f64": Function("""INLINE turned_angle turn_f64(double x)
{ /* x times 2 / pi, of which words that make whole turns are left out (Payne and Hanek); 104 bits are right */
  const double biased = double_of((int64_t)((uint64_t)long_of(x) >> 52 | 0x4330000000000000ULL)) - 4503599627370496.0;
  const double whole = nearest_f64((biased - 1103.0) * (1.0 / 53.0)), left = whole < 0.0 ? 0.0 : whole;
  const int64_t k = integer_f64(left);
""" + _four_words() + """
  const double s0 = x * power_of_2(integer_f64(-53.0 * left)), s1 = s0 * 0x1p-53, s2 = s1 * 0x1p-53, s3 = s2 * 0x1p-53;
  const double p0 = s0 * w0, p1 = s1 * w1, p2 = s2 * w2, p3 = s3 * w3;
  const double q0 = lost_f64(s0, w0, p0), q1 = lost_f64(s1, w1, p1), q2 = lost_f64(s2, w2, p2);
  const double a0 = fold_f64(p0 < 0x1p53 ? p0 : p0 < 0x1p55 ? p0 - 0x1p54 : 0.0), a1 = fold_f64(q0), a2 = fold_f64(p1);
  const double b1 = a0 + a1, b2 = b1 + a2, b3 = b2 + q1, b4 = b3 + p2, n = nearest_f64(b4), g = b4 - n;
  const double lost = (lost_from_sum_f64(a0, a1, b1) + lost_from_sum_f64(b1, a2, b2))
                    + (lost_from_sum_f64(b2, q1, b3) + lost_from_sum_f64(b3, p2, b4)) + (q2 + p3);
  const double high = g + lost, low = lost_from_sum_f64(g, lost, high), r = high * 1.570796326794896558;
  const double r_low = FMA(high, 6.1232339957367660359e-17, lost_f64(high, 1.570796326794896558, r));
  return (turned_angle){n, r, FMA(low, 1.570796326794896558, r_low)};
}
""", needs=("reduced_f64", "exact_f64", "fold_f64")),
    "turned_f64": Function("""INLINE double turned_f64(double x, int64_t quarters)
{ /* sin(x + quarters * pi / 2), for x >= 0 */
  const turned_angle turn = turn_f64(x);
  const double r = turn.r, low = turn.low;
  const double z = r * r, half = 0.5 * z, w = 1.0 - half;
  double p = FMA(1.591246149983946769e-10, z, -2.505105158684690952e-8);
  p = FMA(p, z, 2.755731570963529185e-6);
  p = FMA(p, z, -1.984126983598558411e-4);
  p = FMA(p, z, 8.333333333330427012e-3);
  p = FMA(p, z, -1.666666666666666408e-1);
  double q = FMA(-1.137908663472947887e-11, z, 2.087609605899536945e-9);
  q = FMA(q, z, -2.755731702592345909e-7);
  q = FMA(q, z, 2.480158729828211593e-5);
  q = FMA(q, z, -1.388888888888707102e-3);
  q = FMA(q, z, 4.166666666666666505e-2);
  const double sine = r + FMA(z, FMA(r, p, -0.5 * low), low);
  const double cosine = w + (((1.0 - w) - half) + FMA(z * z, q, -r * low));
  const uint64_t turns = (uint64_t)(integer_f64(turn.n) + quarters);
  return double_of((int64_t)((uint64_t)long_of(turns & 1 ? cosine : sine) ^ (turns & 2) << 62));
}
""", needs=("turn_f64",)),
    "turned_f32": Function(f"""INLINE double turned_f32(double x, int64_t quarters)
{{ /* the same, of the size of a float: its 24 bits times 28 of 2 / pi are exact */
  const double s = x < 0x1p53 ? x : x < 0x1p81 ? x * 0x1p-28 : x < 0x1p109 ? x * 0x1p-56 : x * 0x1p-84;
  const double p0 = s * ({_word(0)});
  const double p1 = s * 0x1p-28 * ({_word(1)});
  const double p2 = s * 0x1p-56 * ({_word(2)});
  const double p3 = s * 0x1p-84 * ({_word(3)});
  const double a0 = fold_f64(p0), a1 = fold_f64(p1), n = nearest_f64(a0 + a1 + p2);
  const double r = 1.5707963267948966 * (a0 - n + a1 + (p2 + p3));
  const double z = r * r;
  double p = FMA(2.7243781409461229e-6, z, -1.9840038872556748e-4);
  p = FMA(p, z, 8.3333317852176954e-3);
  p = FMA(p, z, -1.6666666663622832e-1);
  double q = FMA(2.4457042963646785e-5, z, -1.3887536609763352e-3);
  q = FMA(q, z, 4.1666649661976662e-2);
  q = FMA(q, z, -4.999999996656692e-1);
  const double sine = FMA(r * z, p, r), cosine = FMA(z, q, 1.0);
  const uint64_t turns = (uint64_t)(integer_f64(n) + quarters);
  return double_of((int64_t)((uint64_t)long_of(turns & 1 ? cosine : sine) ^ (turns & 2) << 62));
}}
""", needs=("reduced_f64", "fold_f64")),
}

CIRCULAR64 = {
    "sin": f64("sin", 1.0, """
  const double y = turned_f64(__builtin_fabs(x), 0);
  return x > 1e-9 ? y : x < -1e-9 ? -y : x; /* NaN is x */
""", ("turned_f64",)),
    "cos": f64("cos", 1.0, "  return turned_f64(__builtin_fabs(x), 1);", ("turned_f64",)),
}
CIRCULAR32 = {
    "sin": f32("sin", 0.6, """
  const double y = turned_f32(__builtin_fabsf(x), 0);
  return (float)(x < 0.0f ? -y : x == 0.0f ? x : y);
""", ("turned_f32",)),
    "cos": f32("cos", 0.6, "  return (float)turned_f32(__builtin_fabsf(x), 1);", ("turned_f32",)),
}
