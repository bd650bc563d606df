"""C functions that kernels call: products, sums of rows, sorting, and indexes that are looked at."""

from .expressions import BYTES, c_type, literal

KEY = """
static inline uint{bits}_t key_of_{kind}({type} x)
{{ /* a number that has the order of x: NaN comes last, and -0 is 0 */
{body}
}}
"""
FLOAT_KEY = """  uint{bits}_t key;
  x = x == 0 ? 0 : x;
  __builtin_memcpy(&key, &x, sizeof key);
  key = key >> {last} ? ~key : key | ((uint{bits}_t)1 << {last});
  return x != x ? ~(uint{bits}_t)0 : key;"""
SORT_PACKED = """
static void sort_{kind}(const {type} *restrict x, int64_t stride, int64_t count, int64_t *restrict order,
                        int64_t *restrict spare)
{{ /* order: the places that sort x, equal ones as they come; a number is its key, and behind that its place */
  uint64_t *from = (uint64_t *)order, *to = (uint64_t *)spare;
  for (int64_t i = 0; i < count; i++) from[i] = (uint64_t)key_of_{kind}(x[i * stride]) << 32 | (uint64_t)i;
  if (count <= 32) {{
    for (int64_t i = 1; i < count; i++) {{
      const uint64_t one = from[i];
      int64_t at = i;
      for (; at > 0 && from[at - 1] > one; at--) from[at] = from[at - 1];
      from[at] = one;
    }}
  }} else {{
    for (int shift = 32; shift < 64; shift += 8) {{ /* by one digit after the other, the last one first */
      int64_t start[256] = {{0}}, total = 0;
      for (int64_t i = 0; i < count; i++) start[from[i] >> shift & 255]++;
      for (int digit = 0; digit < 256; digit++) {{
        const int64_t here = start[digit];
        start[digit] = total;
        total += here;
      }}
      for (int64_t i = 0; i < count; i++) to[start[from[i] >> shift & 255]++] = from[i];
      uint64_t *const other = from;
      from = to;
      to = other;
    }}
  }}
  for (int64_t i = 0; i < count; i++) order[i] = (int64_t)(from[i] & 0xffffffffu);
}}
"""
SORT = """
static void sort_{kind}(const {type} *restrict x, int64_t stride, int64_t count, int64_t *restrict order,
                        int64_t *restrict spare)
{{ /* order: the places that sort x, equal ones as they come */
  int64_t *from = order, *to = spare;
  for (int64_t i = 0; i < count; i++) {{
    int64_t at = i;
    if (count <= 32)
      for (; at > 0 && key_of_{kind}(x[from[at - 1] * stride]) > key_of_{kind}(x[i * stride]); at--)
        from[at] = from[at - 1];
    from[at] = i;
  }}
  for (int shift = 0; shift < 64 && count > 32; shift += 8) {{ /* by one digit after the other, the last one first */
    int64_t start[256] = {{0}}, total = 0;
    for (int64_t i = 0; i < count; i++) start[key_of_{kind}(x[i * stride]) >> shift & 255]++;
    for (int digit = 0; digit < 256; digit++) {{
      const int64_t here = start[digit];
      start[digit] = total;
      total += here;
    }}
    for (int64_t i = 0; i < count; i++) to[start[key_of_{kind}(x[from[i] * stride]) >> shift & 255]++] = from[i];
    int64_t *const other = from;
    from = to;
    to = other;
  }}
}}
"""

PRODUCT = """
typedef void (*gemm_{kind})(const char *, const char *, const int *, const int *, const int *, const {type} *,
                            const {type} *, const int *, const {type} *, const int *, const {type} *, {type} *,
                            const int *);
static gemm_{kind} blas_{kind};
void symloss_blas_{kind}(gemm_{kind} function) {{ blas_{kind} = function; }}

static void product_{kind}(int64_t n, int64_t k, int64_t m, const {type} *a, int64_t a_step, int a_turned,
                           const {type} *b, int64_t b_step, int b_turned, {type} *c)
{{ /* c (n, m) = a (n, k) b (k, m); BLAS has columns first, and so it is told of c' = b' a' */
  const int rows = (int)n, inner = (int)k, columns = (int)m, lda = (int)a_step, ldb = (int)b_step;
  const {type} one = 1, zero = 0;
  if (rows && columns)
    blas_{kind}(b_turned ? "T" : "N", a_turned ? "T" : "N", &columns, &rows, &inner, &one, b, &ldb, a, &lda, &zero, c,
               &columns);
}}
"""

TILE = """
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

#if defined(__GNUC__)
#define ONE_BY_ONE __asm__ volatile("") /* in what is rare and short: a loop of vectors takes long to compile */
#else
#define ONE_BY_ONE (void)0
#endif
"""
BY_COLUMN = """
static void product_by_column_{kind}(int64_t n, int64_t k, int64_t m, const {type} *restrict x, int64_t x_step,
                                     const {type} *restrict w, int64_t down, int64_t across, {type} *restrict y)
{{ /* y (n, m) = x (n, k) w (k, m), where n is the dense axis of x and y: some rows and 4 units at a time */
  enum {{ L = TILE / sizeof({type}), S = L / 2 }};
  for (int64_t j = 0; n < L && j < m; j++) {{
    {type} *restrict to = y + j * n;
    for (int64_t l = 0; l < n; l++) {{
      {type} total = 0;
      for (int64_t i = 0; i < k; i++) {{
        ONE_BY_ONE;
        total = FMA(w[i * down + j * across], x[i * x_step + l], total);
      }}
      to[l] = total;
    }}
  }}
  for (int64_t first = 0; n >= L && first < n; first += L) {{
    const int64_t start = first + L <= n ? first : n - L; /* some rows may be done again */
    for (int64_t j = 0; j < m; j += 4) {{
      const int64_t last = m - j < 4 ? m - j - 1 : 3; /* where there are less than 4, one is done again */
      const int64_t second = last < 1 ? 0 : across, third = last < 2 ? 0 : 2 * across;
      const {type} *restrict v = w + j * across, *restrict row = x + start;
      {type} a[S] = {{0}}, b[S] = {{0}}, c[S] = {{0}}, d[S] = {{0}}; /* one vector each, so that they are registers */
      {type} e[S] = {{0}}, f[S] = {{0}}, g[S] = {{0}}, h[S] = {{0}};
      for (int64_t i = 0; i < k; i++, v += down, row += x_step) {{
        const {type} p = v[0], q = v[second], r = v[third], s = v[last * across];
        for (int t = 0; t < S; t++) {{
          a[t] = FMA(p, row[t], a[t]);
          b[t] = FMA(q, row[t], b[t]);
          c[t] = FMA(r, row[t], c[t]);
          d[t] = FMA(s, row[t], d[t]);
          e[t] = FMA(p, row[S + t], e[t]);
          f[t] = FMA(q, row[S + t], f[t]);
          g[t] = FMA(r, row[S + t], g[t]);
          h[t] = FMA(s, row[S + t], h[t]);
        }}
      }}
      {type} *restrict to = y + j * n + start;
      for (int t = 0; t < S; t++) to[t] = a[t], to[S + t] = e[t];
      for (int t = 0; t < S && last > 0; t++) to[n + t] = b[t], to[n + S + t] = f[t];
      for (int t = 0; t < S && last > 1; t++) to[2 * n + t] = c[t], to[2 * n + S + t] = g[t];
      for (int t = 0; t < S && last > 2; t++) to[3 * n + t] = d[t], to[3 * n + S + t] = h[t];
    }}
  }}
}}
"""
OVER_ROWS = """
#if defined(SHUFFLES)
typedef {type} vector_of_{kind} __attribute__((vector_size(TILE / 2)));
#endif

INLINE void sums_of_{kind}({vectors}, {type} *sum)
{{ /* the sums of 8 vectors at once, in one order: that of the second text */
#if defined(SHUFFLES)
  vector_of_{kind} {names};
{loads}
{folds}
#else
  enum {{ S = TILE / 2 / sizeof({type}), Q = S < 4 ? S : 4 }};
  const {type} *const vectors[8] = {{{passed}}};
  for (int z = 0; z < 8; z++) {{
    const {type} *const at = vectors[z];
    {type} part[Q];
    for (int i = 0; i < Q; i++) part[i] = S > 4 ? at[i] + at[i + 4 % S] : at[i];
    sum[z] = Q > 2 ? (part[0] + part[2 % Q]) + (part[1] + part[3 % Q]) : part[0] + part[1];
  }}
#endif
}}

static void product_over_few_rows_{kind}(int64_t k, int64_t n, int64_t m, const {type} *restrict x, int64_t x_step,
                                         const {type} *restrict y, int64_t y_step, {type} *restrict w)
{{ /* the same where the rows fill no vector */
  for (int64_t i = 0; i < k; i++)
    for (int64_t j = 0; j < m; j++) {{
      {type} total = 0;
      for (int64_t l = 0; l < n; l++) {{
        ONE_BY_ONE;
        total = FMA(x[i * x_step + l], y[j * y_step + l], total);
      }}
      w[i * m + j] = total;
    }}
}}

static void product_over_rows_{kind}(int64_t k, int64_t n, int64_t m, const {type} *restrict x, int64_t x_step,
                                     const {type} *restrict y, int64_t y_step, {type} *restrict w)
{{ /* w (k, m) = x' (k, n) y (n, m), where n is the dense axis of both: a vector of sums for 2 inputs and 4 units */
  enum {{ S = TILE / 2 / sizeof({type}) }};
  if (n < S) {{
    product_over_few_rows_{kind}(k, n, m, x, x_step, y, y_step, w);
    return;
  }}
  for (int64_t i = 0; i < k; i += 2) {{
    const int64_t two = k - i > 1;
    const {type} *restrict v = x + i * x_step, *restrict u = v + two * x_step;
    for (int64_t j = 0; j < m; j += 4) {{
      const int64_t last = m - j < 4 ? m - j - 1 : 3;
      const {type} *restrict p = y + j * y_step, *restrict q = p + (last < 1 ? 0 : y_step);
      const {type} *restrict r = p + (last < 2 ? 0 : 2 * y_step), *restrict s = p + last * y_step;
      {type} a[S], b[S], c[S], d[S], e[S], f[S], g[S], h[S], sum[8]; /* one vector each, so that they are registers */
      for (int t = 0; t < S; t++) {{
        a[t] = v[t] * p[t], b[t] = v[t] * q[t], c[t] = v[t] * r[t], d[t] = v[t] * s[t];
        e[t] = u[t] * p[t], f[t] = u[t] * q[t], g[t] = u[t] * r[t], h[t] = u[t] * s[t];
      }}
      int64_t l = S;
      for (; l + S <= n; l += S)
        for (int t = 0; t < S; t++) {{
          a[t] = FMA(v[l + t], p[l + t], a[t]);
          b[t] = FMA(v[l + t], q[l + t], b[t]);
          c[t] = FMA(v[l + t], r[l + t], c[t]);
          d[t] = FMA(v[l + t], s[l + t], d[t]);
          e[t] = FMA(u[l + t], p[l + t], e[t]);
          f[t] = FMA(u[l + t], q[l + t], f[t]);
          g[t] = FMA(u[l + t], r[l + t], g[t]);
          h[t] = FMA(u[l + t], s[l + t], h[t]);
        }}
      sums_of_{kind}(a, b, c, d, e, f, g, h, sum);
      for (; l < n; l++) {{
        ONE_BY_ONE;
        sum[0] = FMA(v[l], p[l], sum[0]), sum[1] = FMA(v[l], q[l], sum[1]);
        sum[2] = FMA(v[l], r[l], sum[2]), sum[3] = FMA(v[l], s[l], sum[3]);
        sum[4] = FMA(u[l], p[l], sum[4]), sum[5] = FMA(u[l], q[l], sum[5]);
        sum[6] = FMA(u[l], r[l], sum[6]), sum[7] = FMA(u[l], s[l], sum[7]);
      }}
      for (int64_t z = 0; z <= last; z++) w[i * m + j + z] = sum[z];
      for (int64_t z = 0; z <= last && two; z++) w[(i + 1) * m + j + z] = sum[4 + z];
    }}
  }}
}}
"""

def _fold(x: str, y: str, some: str, others: str) -> str:
    return f"{x} = MIXED({x}, {y}, {some}) + MIXED({x}, {y}, {others});"


FOLDS = {
    "float32": [
        *(_fold(*pair, "0, 1, 2, 3, 8, 9, 10, 11", "4, 5, 6, 7, 12, 13, 14, 15") for pair in ("ae", "bf", "cg", "dh")),
        *(_fold(*pair, "0, 1, 8, 9, 4, 5, 12, 13", "2, 3, 10, 11, 6, 7, 14, 15") for pair in ("ab", "cd")),
        _fold("a", "c", "0, 2, 8, 10, 4, 6, 12, 14", "1, 3, 9, 11, 5, 7, 13, 15"),
        "__builtin_memcpy(sum, &a, 32);",
    ],
    "float64": [
        *(_fold(*pair, "0, 1, 4, 5", "2, 3, 6, 7") for pair in ("ac", "bd", "eg", "fh")),
        *(_fold(*pair, "0, 4, 2, 6", "1, 5, 3, 7") for pair in ("ab", "ef")),
        "__builtin_memcpy(sum, &a, 32);", "__builtin_memcpy(sum + 4, &e, 32);",
    ],
}
SUM = """
static double row_sum_{kind}(const {type} *restrict x, int64_t count)
{{ /* many sums side by side, in an order that no compiler changes; sums of 4096 numbers are added up in double */
  double total = 0;
  for (int64_t start = 0; start < count; start += 4096) {{
    const int64_t end = count - start < 4096 ? count : start + 4096;
    {type} lane[16] = {{0}}, rest = 0;
    int64_t i = start;
    if (end - start >= 64) {{
      {type} many[64];
      for (int k = 0; k < 64; k++) many[k] = x[i + k];
      for (i += 64; i + 64 <= end; i += 64)
        for (int k = 0; k < 64; k++) many[k] += x[i + k];
      for (int k = 0; k < 32; k++) many[k] += many[k + 32];
      for (int k = 0; k < 16; k++) lane[k] = many[k] + many[k + 16];
    }}
    for (; i + 16 <= end; i += 16)
      for (int k = 0; k < 16; k++) lane[k] += x[i + k];
    for (int k = 0; k < 8; k++) lane[k] += lane[k + 8];
    if (end - i >= 8) {{
      for (int k = 0; k < 8; k++) lane[k] += x[i + k];
      i += 8;
    }}
    for (; i < end; i++) rest += x[i]; /* apart, so that the others stay a vector */
    for (int k = 0; k < 4; k++) lane[k] += lane[k + 4];
    total += rest;
    total += (lane[0] + lane[2]) + (lane[1] + lane[3]);
  }}
  return total;
}}
"""

EXTREME = """
static {type} row_{op}_{kind}(const {type} *restrict x, int64_t count)
{{ /* NaN, if there is one */
  {type} lane[64], found = {start};
  int64_t i = 0;
  if (count >= 64) {{
    for (int j = 0; j < 64; j++) lane[j] = x[j];
    for (i = 64; i + 64 <= count; i += 64)
      for (int j = 0; j < 64; j++) lane[j] = ((x[i + j] {sign} lane[j]){nan}) ? x[i + j] : lane[j];
    for (int width = 32; width >= 8; width /= 2)
      for (int j = 0; j < width; j++)
        lane[j] = ((lane[j + width] {sign} lane[j]){nan_lanes}) ? lane[j + width] : lane[j];
  }} else if (count >= 8)
    for (int j = 0; j < 8; j++) lane[j] = x[j], i = 8;
  if (i) {{
    for (; i < count; i += 8) {{
      const {type} *const at = x + (i + 8 <= count ? i : count - 8); /* some are looked at twice */
      for (int j = 0; j < 8; j++) lane[j] = ((at[j] {sign} lane[j]){nan_at}) ? at[j] : lane[j];
    }}
    for (int j = 0; j < 4; j++) lane[j] = ((lane[j + 4] {sign} lane[j]){nan_4}) ? lane[j + 4] : lane[j];
    for (int j = 0; j < 4; j++) found = ((lane[j] {sign} found){nan_lane}) ? lane[j] : found;
  }}
  for (; i < count; i++) found = ((x[i] {sign} found){nan_one}) ? x[i] : found;
  return found;
}}
"""

NAN_TESTS = {"nan": "x[i + j]", "nan_lanes": "lane[j + width]", "nan_at": "at[j]", "nan_4": "lane[j + 4]",
             "nan_lane": "lane[j]", "nan_one": "x[i]"}

PLAIN = """
static {result} row_{op}_{kind}(const {type} *restrict x, int64_t count)
{{
  {result} found = {start};
  for (int64_t i = 0; i < count; i++) found = found {sign} x[i];
  return found;
}}
"""

PLACE = """
static inline int64_t place(int64_t index, int64_t length, int *failed)
{ /* negative ones count from the end; what is out of range is told */
  const int64_t at = index < 0 ? index + length : index;
  const int good = (at >= 0) & (at < length);
  *failed |= !good;
  return good ? at : 0;
}
"""


def _sort(dtype, type_) -> str:
    """Return the C of a sort by digits: of keys of 32 bits packed with their places, or of 64 bits."""
    bits = 64 if BYTES[dtype] == 8 else 32
    last = bits - 1
    if dtype.startswith("float"):
        body = FLOAT_KEY.format(bits=bits, last=last)
    else:
        flip = "" if dtype.startswith("uint") else f" ^ ((uint{bits}_t)1 << {last})"
        body = f"  return (uint{bits}_t)x{flip};"
    key = KEY.format(kind=dtype, type=type_, bits=bits, body=body)
    return key + (SORT if bits == 64 else SORT_PACKED).format(kind=dtype, type=type_)



def _over_rows(dtype, kind, type_) -> str:
    """Return the C of products over rows; the vectors that it adds up are no array, which would lie in memory."""
    vectors = [f"const {type_} *of_{v}" for v in "abcdefgh"]
    loads = [f"  __builtin_memcpy(&{v}, of_{v}, sizeof {v});" for v in "abcdefgh"]
    return OVER_ROWS.format(kind=kind, type=type_, names=", ".join("abcdefgh"), vectors=", ".join(vectors),
                            passed=", ".join(f"of_{v}" for v in "abcdefgh"), loads="\n".join(loads),
                            folds="\n".join(f"  {line}" for line in FOLDS[dtype]))


def helper(op: str, dtype: str, extreme) -> str:
    """Return the C of a function that kernels call; `extreme` gives the start of a maximum or minimum."""
    kind = dtype.replace("float", "f").replace("uint", "u").replace("int", "i")
    type_ = c_type(dtype)
    floating = dtype.startswith("float")
    if op == "product":
        return PRODUCT.format(kind=kind, type=type_)
    if op in ("by_column", "over_rows"):
        return BY_COLUMN.format(kind=kind, type=type_) if op == "by_column" else _over_rows(dtype, kind, type_)
    if op == "sort":
        return _sort(dtype, type_)
    if op == "sum" and floating:
        return SUM.format(kind=kind, type=type_)
    if op in ("max", "min"):
        nans = {name: f" | ({x} != {x})" if floating else "" for name, x in NAN_TESTS.items()}
        return EXTREME.format(op=op, kind=kind, type=type_, sign=">" if op == "max" else "<",
                              start=extreme(op, dtype), **nans)
    sign, start = {"sum": ("+", "0"), "prod": ("*", "1"), "all": ("&& 0 !=", "1"), "any": ("|| 0 !=", "0")}[op]
    result = "double" if floating else "int64_t" if op in ("sum", "prod") else "int"
    return PLAIN.format(op=op, kind=kind, type=type_, result=result, sign=sign, start=literal(int(start), "int64"))
