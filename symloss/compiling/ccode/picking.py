"""C functions that pick the rows of a batch from whole arrays: as rows or column by column, from numbers or bytes."""

from .expressions import BYTES, c_type, suffix

ROWS = """
static inline void pick_rows(void *restrict target, const void *restrict source, const int64_t *chosen, int64_t n,
                             int64_t width)
{
  for (int64_t i = 0; i < n; i++)
    __builtin_memcpy((char *)target + i * width, (const char *)source + chosen[i] * width, (unsigned long)width);
}
"""
AHEAD = """
INLINE void fetch_ahead(const void *source, const int64_t *chosen, int64_t count, int64_t width)
{ /* short rows lie anywhere: waiting for them takes longer than what is done with them */
  for (int64_t i = 0; i < count; i++)
    for (int64_t j = 0; j < width; j += 64) __builtin_prefetch((const char *)source + chosen[i] * width + j);
}
"""
ROWS_OF_BYTES = """
static inline void pick_rows_of_bytes_{short}(void *restrict target, const void *restrict source,
                                          const int64_t *chosen, int64_t n, int64_t width)
{{ /* the same from bytes, which become numbers here */
  for (int64_t i = 0; i < n; i++) {{
    if (i + 4 < n) fetch_ahead(source, chosen + i + 4, 1, width);
    const uint8_t *restrict from = (const uint8_t *)source + chosen[i] * width;
    {kind} *restrict to = ({kind} *)target + i * width;
    for (int64_t j = 0; j < width; j++) to[j] = from[j];
  }}
}}
"""
COLUMNS_OF_BYTES = """
static void pick_columns_of_bytes_{short}(void *restrict target, const void *restrict source,
                                      const int64_t *chosen, int64_t n, int64_t width, int64_t to_step)
{{ /* the same from bytes, column by column */
  {kind} *restrict to = target;
  for (int64_t i = 0; i < n; i++) {{
    if (i + 4 < n) fetch_ahead(source, chosen + i + 4, 1, width);
    const uint8_t *restrict from = (const uint8_t *)source + chosen[i] * width;
    for (int64_t j = 0; j < width; j++) to[j * to_step + i] = from[j];
  }}
}}
"""
COLUMNS = """
static void pick_columns_{bytes}(void *restrict target, const void *restrict source, const int64_t *chosen, int64_t n,
                           int64_t width, int64_t to_step)
{{ /* the same, column by column: squares of 4 rows and 4 columns, which are turned in registers */
  typedef uint{bits}_t four __attribute__((vector_size(4 * {bytes})));
  const uint{bits}_t *restrict from = source;
  uint{bits}_t *restrict to = target;
  int64_t i = 0;
  for (; i + 4 <= n; i += 4, to += 4) {{
    if (i + 8 <= n) fetch_ahead(source, chosen + i + 4, 4, width * {bytes});
    const uint{bits}_t *a = from + chosen[i] * width, *b = from + chosen[i + 1] * width;
    const uint{bits}_t *c = from + chosen[i + 2] * width, *d = from + chosen[i + 3] * width;
    int64_t j = 0;
#if defined(MIXED)
    for (; width >= 4 && j < width; j += 4) {{
      const int64_t at = j + 4 <= width ? j : width - 4; /* some may be copied again */
      four x, y, z, v;
      __builtin_memcpy(&x, a + at, sizeof x), __builtin_memcpy(&y, b + at, sizeof y);
      __builtin_memcpy(&z, c + at, sizeof z), __builtin_memcpy(&v, d + at, sizeof v);
      const four p = MIXED(x, z, 0, 4, 1, 5), q = MIXED(y, v, 0, 4, 1, 5);
      const four r = MIXED(x, z, 2, 6, 3, 7), s = MIXED(y, v, 2, 6, 3, 7);
      x = MIXED(p, q, 0, 4, 1, 5), y = MIXED(p, q, 2, 6, 3, 7);
      z = MIXED(r, s, 0, 4, 1, 5), v = MIXED(r, s, 2, 6, 3, 7);
      uint{bits}_t *restrict column = to + at * to_step;
      __builtin_memcpy(column, &x, sizeof x), __builtin_memcpy(column + to_step, &y, sizeof y);
      __builtin_memcpy(column + 2 * to_step, &z, sizeof z), __builtin_memcpy(column + 3 * to_step, &v, sizeof v);
    }}
#endif
    for (; j < width; j++) {{
      const four some = {{a[j], b[j], c[j], d[j]}};
      __builtin_memcpy(to + j * to_step, &some, sizeof some);
    }}
  }}
  for (; i < n; i++, to++)
    for (int64_t j = 0; j < width; j++) to[j * to_step] = from[chosen[i] * width + j];
}}
"""


def picking(batched, of_bytes) -> list[str]:
    """Return the C of the functions that pick the rows of these arguments, some of them from bytes."""
    numbers = [v for v in batched if v not in of_bytes]
    columns = [COLUMNS.format(bits=8 * width, bytes=width)
               for width in sorted({BYTES[v.dtype] for v in numbers if v.by_column})]
    rows = [] if all(v.by_column for v in numbers) else [ROWS]
    kinds = sorted({(v.dtype, v.by_column) for v in of_bytes})
    converting = [(COLUMNS_OF_BYTES if by_column else ROWS_OF_BYTES)
                  .format(kind=c_type(dtype), short=suffix(dtype)) for dtype, by_column in kinds]
    return [*([AHEAD] if columns or kinds else []), *columns, *rows, *converting]
