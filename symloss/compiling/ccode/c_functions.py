"""C functions that kernels call: products, sums of rows, sorting, and indexes that are looked at."""

from .column_functions import OPERATIONS, column_function
from .expressions import BYTES, c_type, suffix
from .row_functions import row_function

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


def helper(op: str, dtype: str, extreme) -> str:
    """Return the C of a function that kernels call; `extreme` gives the start of a maximum or minimum."""
    kind = suffix(dtype)
    type_ = c_type(dtype)
    if op == "product":
        return PRODUCT.format(kind=kind, type=type_)
    if op in OPERATIONS:
        return column_function(op, dtype)
    if op == "sort":
        return _sort(dtype, type_)
    return row_function(op, dtype, extreme)
