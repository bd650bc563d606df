"""C functions on matrices that lie column by column: products, and sums over a block of rows, in vectors.

They are written with the vector types that gcc and clang have on every processor. The order of every sum is fixed.
"""

from .expressions import c_type, suffix

OPERATIONS = ("by_column", "over_rows", "block_sum")

MACROS = """
/* Bytes of two vectors: products keep tiles of so many numbers side by side in registers. Vectors of 64 bytes are no
   faster: where there are any, they leave more to be added up at the end. */
#if defined(__AVX__)
#define TILE 64
#else
#define TILE 32
#endif

#if defined(__AVX__) && defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLES
#define MIXED(x, y, ...) __builtin_shufflevector(x, y, __VA_ARGS__)
#endif
#endif

#if defined(__SSE__)
#define IN_REGISTER(x) __asm__("" : "+x"(x)) /* gcc would read it from memory for each of its uses */
#else
#define IN_REGISTER(x) (void)0
#endif

#if defined(__GNUC__)
#define ONE_BY_ONE __asm__ volatile("") /* in what is rare and short: a loop of vectors takes long to compile */
#else
#define ONE_BY_ONE (void)0
#endif
"""

VECTOR = """
typedef {type} vector_{kind} __attribute__((vector_size(TILE / 2)));
enum {{ width_{kind} = TILE / 2 / sizeof({type}) }};

INLINE vector_{kind} load_{kind}(const {type} *from)
{{
  vector_{kind} x;
  __builtin_memcpy(&x, from, sizeof x);
  IN_REGISTER(x);
  return x;
}}

INLINE void store_{kind}({type} *to, vector_{kind} x) {{ __builtin_memcpy(to, &x, sizeof x); }}

INLINE vector_{kind} plus_multiple_{kind}(vector_{kind} sum, {type} p, vector_{kind} x)
{{
  for (int t = 0; t < width_{kind}; t++) sum[t] = FMA(p, x[t], sum[t]);
  return sum;
}}

INLINE vector_{kind} plus_product_{kind}(vector_{kind} sum, vector_{kind} x, vector_{kind} y)
{{
  for (int t = 0; t < width_{kind}; t++) sum[t] = FMA(x[t], y[t], sum[t]);
  return sum;
}}
"""

BY_COLUMN = """
static void product_by_column_{kind}(int64_t n, int64_t k, int64_t m, const {type} *restrict x, int64_t x_step,
                                     const {type} *restrict w, int64_t down, int64_t across, {type} *restrict y,
                                     int64_t y_step)
{{ /* y (n, m) = x (n, k) w (k, m), where n is the dense axis of x and y: some rows and 4 units at a time. The last ones
     may lie behind the n rows, in the gap between two columns, where anything may be read and written */
  enum {{ S = width_{kind} }};
  for (int64_t start = 0; start < n; start += 2 * S) {{
    for (int64_t j = 0; j < m; j += 4) {{
      const int64_t last = m - j < 4 ? m - j - 1 : 3; /* where there are less than 4, one is done again */
      const int64_t second = last < 1 ? 0 : across, third = last < 2 ? 0 : 2 * across;
      const {type} *restrict v = w + j * across, *restrict row = x + start;
      vector_{kind} a = {{0}}, b = a, c = a, d = a, e = a, f = a, g = a, h = a;
      for (int64_t i = 0; i < k; i++, v += down, row += x_step) {{
        const vector_{kind} some = load_{kind}(row), others = load_{kind}(row + S);
        const {type} p = v[0], q = v[second], r = v[third], s = v[last * across];
        a = plus_multiple_{kind}(a, p, some), e = plus_multiple_{kind}(e, p, others);
        b = plus_multiple_{kind}(b, q, some), f = plus_multiple_{kind}(f, q, others);
        c = plus_multiple_{kind}(c, r, some), g = plus_multiple_{kind}(g, r, others);
        d = plus_multiple_{kind}(d, s, some), h = plus_multiple_{kind}(h, s, others);
      }}
      {type} *restrict to = y + j * y_step + start;
      store_{kind}(to, a), store_{kind}(to + S, e);
      if (last > 0) to += y_step, store_{kind}(to, b), store_{kind}(to + S, f);
      if (last > 1) to += y_step, store_{kind}(to, c), store_{kind}(to + S, g);
      if (last > 2) to += y_step, store_{kind}(to, d), store_{kind}(to + S, h);
    }}
  }}
}}
"""

OVER_ROWS = """
INLINE void sums_of_{kind}({vectors}, {type} *sum)
{{ /* the sums of 8 vectors at once, in one order: that of the second text */
#if defined(SHUFFLES)
{folds}
#else
  enum {{ S = width_{kind}, Q = S < 4 ? S : 4 }};
  const vector_{kind} vectors[8] = {{{names}}};
  for (int z = 0; z < 8; z++) {{
    const vector_{kind} at = vectors[z];
    {type} part[Q];
    for (int i = 0; i < Q; i++) part[i] = S > 4 ? at[i] + at[i + 4 % S] : at[i];
    sum[z] = Q > 2 ? (part[0] + part[2 % Q]) + (part[1] + part[3 % Q]) : part[0] + part[1];
  }}
#endif
}}

INLINE vector_{kind} load_first_{kind}(const {type} *from, int64_t count)
{{ /* so many numbers, and 0 for the others */
  typedef {integer} places __attribute__((vector_size(TILE / 2)));
  static const {integer} order[8] = {{0, 1, 2, 3, 4, 5, 6, 7}};
  places at;
  __builtin_memcpy(&at, order, sizeof at);
  return (vector_{kind})((places)load_{kind}(from) & (at < ({integer})count));
}}

static void product_over_rows_{kind}(int64_t k, int64_t n, int64_t m, const {type} *restrict x, int64_t x_step,
                                     const {type} *restrict y, int64_t y_step, {type} *restrict w)
{{ /* w (k, m) = x' (k, n) y (n, m), where n is the dense axis of both: a vector of sums for 2 inputs and 4 units */
  enum {{ S = width_{kind} }};
  for (int64_t i = 0; i < k; i += 2) {{
    const int64_t two = k - i > 1;
    const {type} *restrict v = x + i * x_step, *restrict u = v + two * x_step;
    for (int64_t j = 0; j < m; j += 4) {{
      const int64_t last = m - j < 4 ? m - j - 1 : 3;
      const {type} *restrict p = y + j * y_step, *restrict q = p + (last < 1 ? 0 : y_step);
      const {type} *restrict r = p + (last < 2 ? 0 : 2 * y_step), *restrict s = p + last * y_step;
      vector_{kind} a = {{0}}, b = a, c = a, d = a, e = a, f = a, g = a, h = a;
      int64_t l = 0;
      for (; l + S <= n; l += S) {{
{whole}
      }}
      if (l < n) {{
{rest}
      }}
      {type} sum[8];
      sums_of_{kind}(a, b, c, d, e, f, g, h, sum);
      for (int64_t z = 0; z <= last; z++) w[i * m + j + z] = sum[z];
      for (int64_t z = 0; z <= last && two; z++) w[(i + 1) * m + j + z] = sum[4 + z];
    }}
  }}
}}
"""
SOME_ROWS = """        const vector_{kind} one = {load}(v + l{more}), other = {load}(u + l{more});
        vector_{kind} unit = {load}(p + l{more});
        a = plus_product_{kind}(a, one, unit), e = plus_product_{kind}(e, other, unit);
        unit = {load}(q + l{more});
        b = plus_product_{kind}(b, one, unit), f = plus_product_{kind}(f, other, unit);
        unit = {load}(r + l{more});
        c = plus_product_{kind}(c, one, unit), g = plus_product_{kind}(g, other, unit);
        unit = {load}(s + l{more});
        d = plus_product_{kind}(d, one, unit), h = plus_product_{kind}(h, other, unit);"""

BLOCK_SUM = """
static {type} block_sum_{kind}(const {type} *restrict x, int64_t count)
{{ /* of a few numbers, in an order that no compiler changes */
  enum {{ S = width_{kind} }};
  vector_{kind} a = {{0}}, b = a, c = a, d = a;
  int64_t i = 0;
  for (; i + 4 * S <= count; i += 4 * S) {{
    a += load_{kind}(x + i), b += load_{kind}(x + i + S);
    c += load_{kind}(x + i + 2 * S), d += load_{kind}(x + i + 3 * S);
  }}
  for (; i + S <= count; i += S) a += load_{kind}(x + i);
  a = (a + b) + (c + d);
#if defined(SHUFFLES)
{halves}
#else
  for (int half = S / 2; half > 1; half /= 2)
    for (int t = 0; t < half; t++) a[t] += a[t + half];
#endif
  {type} total = a[0] + a[1];
  for (; i < count; i++) {{
    ONE_BY_ONE;
    total += x[i];
  }}
  return total;
}}
"""


def _fold(x: str, y: str, some: str, others: str) -> str:
    return f"{x} = MIXED({x}, {y}, {some}) + MIXED({x}, {y}, {others});"


FOLDS = {
    "float32": [
        *(_fold(*pair, "0, 1, 2, 3, 8, 9, 10, 11", "4, 5, 6, 7, 12, 13, 14, 15") for pair in ("ae", "bf", "cg", "dh")),
        *(_fold(*pair, "0, 1, 8, 9, 4, 5, 12, 13", "2, 3, 10, 11, 6, 7, 14, 15") for pair in ("ab", "cd")),
        _fold("a", "c", "0, 2, 8, 10, 4, 6, 12, 14", "1, 3, 9, 11, 5, 7, 13, 15"),
        "store_f32(sum, a);",
    ],
    "float64": [
        *(_fold(*pair, "0, 1, 4, 5", "2, 3, 6, 7") for pair in ("ac", "bd", "eg", "fh")),
        *(_fold(*pair, "0, 4, 2, 6", "1, 5, 3, 7") for pair in ("ab", "ef")),
        "store_f64(sum, a), store_f64(sum + 4, e);",
    ],
}
HALVES = {
    "float32": ["a += MIXED(a, a, 4, 5, 6, 7, 0, 1, 2, 3);", "a += MIXED(a, a, 2, 3, 0, 1, 6, 7, 4, 5);"],
    "float64": ["a += MIXED(a, a, 2, 3, 0, 1);"],
}


def vectors(helpers) -> list[str]:
    """Return the C of what the functions among `helpers`, pairs of an operation and a dtype, have in common."""
    dtypes = sorted({dtype for op, dtype in helpers if op in OPERATIONS})
    return [MACROS, *(VECTOR.format(kind=suffix(dtype), type=c_type(dtype)) for dtype in dtypes)] if dtypes else []


def column_function(op: str, dtype: str) -> str:
    """Return the C of one of the `OPERATIONS`."""
    kind, type_ = suffix(dtype), c_type(dtype)
    if op == "by_column":
        return BY_COLUMN.format(kind=kind, type=type_)
    if op == "block_sum":
        return BLOCK_SUM.format(kind=kind, type=type_, halves=_lines(HALVES[dtype]))
    return OVER_ROWS.format(kind=kind, type=type_, names=", ".join("abcdefgh"), folds=_lines(FOLDS[dtype]),
                            vectors=", ".join(f"vector_{kind} {v}" for v in "abcdefgh"),
                            integer=dtype.replace("float", "int") + "_t",
                            whole=SOME_ROWS.format(kind=kind, load=f"load_{kind}", more=""),
                            rest=SOME_ROWS.format(kind=kind, load=f"load_first_{kind}", more=", n - l"))


def _lines(statements) -> str:
    return "\n".join(f"  {one}" for one in statements)
