"""C functions that reduce a row: sums, products, maxima and minima.

Sums and extremes are kept in arrays of one vector each, which compilers hold in registers. All loops over these arrays
have fixed lengths, so the order of the additions does not depend on the compiler.
"""

import textwrap

from .expressions import BYTES, c_type, literal, suffix

SUM = """
static double row_sum_{kind}(const {type} *restrict x, int64_t count)
{{ /* many sums side by side, in an order that no compiler changes; sums of 4096 numbers are added up in double */
  enum {{ S = 32 / sizeof({type}) }};
  double total = 0;
  if (count < S)
    for (int64_t i = 0; i < count; i++) total += x[i];
  for (int64_t start = 0; count >= S && start < count; start += 4096) {{
    const int64_t end = count - start < 4096 ? count : start + 4096;
    int64_t i = start;
    {type} a[S] = {{0}};
    if (end - i >= 8 * S) {{
      {type} b[S] = {{0}}, c[S] = {{0}}, d[S] = {{0}}, e[S] = {{0}}, f[S] = {{0}}, g[S] = {{0}}, h[S] = {{0}};
      for (; i + 8 * S <= end; i += 8 * S)
        for (int t = 0; t < S; t++) {{
          a[t] += x[i + t];
          b[t] += x[i + S + t];
          c[t] += x[i + 2 * S + t];
          d[t] += x[i + 3 * S + t];
          e[t] += x[i + 4 * S + t];
          f[t] += x[i + 5 * S + t];
          g[t] += x[i + 6 * S + t];
          h[t] += x[i + 7 * S + t];
        }}
      for (int t = 0; t < S; t++) a[t] = ((a[t] + b[t]) + (c[t] + d[t])) + ((e[t] + f[t]) + (g[t] + h[t]));
    }}
    for (; i + S <= end; i += S)
      for (int t = 0; t < S; t++) a[t] += x[i + t];
    if (i < end) {{ /* a last vector, of which some numbers are in the sums already */
      const {type} *const last = x + end - S;
      const int first = S - (int)(end - i);
      for (int t = 0; t < S; t++) a[t] += t >= first ? last[t] : 0;
    }}
    for (int t = 0; t < S / 2; t++) a[t] += a[t + S / 2];
    for (int t = 0; t < S / 4; t++) a[t] += a[t + S / 4];
    for (int t = 1; t < S / 4; t++) a[0] += a[t];
    total += a[0];
  }}
  return total;
}}
"""
EXTREME = """
static {type} row_{op}_{kind}(const {type} *restrict x, int64_t count)
{{{comment}
  enum {{ S = 32 / sizeof({type}) }};
  {type} found = {start};
  if (count >= S) {{
    {type} a[S]{sums};
{steps}
    for (int t = 0; t < S / 2; t++) {half};
    for (int t = 0; t < S / 4; t++) {quarter};
    for (int t = 1; t < S / 4; t++) {last};
    {done}
  }}
  for (int64_t i = 0; i < count; i++) found = {careful};
  return found;
}}
"""
STEPS = """for (int t = 0; t < S; t++) a[t] = x[t];
for (int64_t i = 0; i < count; i += S) {{
  const {type} *const at = x + (i + S <= count ? i : count - S); /* some are looked at twice */
  for (int t = 0; t < S; t++) {one};
}}"""
EIGHT_EXTREMES = """    if (count >= 8 * S) {{
      {type} b[S], c[S], d[S], e[S], f[S], g[S], h[S]{more_sums};
      for (int t = 0; t < S; t++) {{
        a[t] = x[t], b[t] = x[S + t], c[t] = x[2 * S + t], d[t] = x[3 * S + t];
        e[t] = x[4 * S + t], f[t] = x[5 * S + t], g[t] = x[6 * S + t], h[t] = x[7 * S + t];
      }}
      for (int64_t i = 0; i < count; i += 8 * S) {{
        const {type} *const at = x + (i + 8 * S <= count ? i : count - 8 * S);
        for (int t = 0; t < S; t++) {{
{each}
        }}
      }}
      for (int t = 0; t < S; t++) {{
{folded}
      }}
    }} else {{
{steps}
    }}"""
PLAIN = """
static {result} row_{op}_{kind}(const {type} *restrict x, int64_t count)
{{
  {result} found = {start};
  for (int64_t i = 0; i < count; i++) found = found {sign} x[i];
  return found;
}}
"""


def is_short(count, dtype) -> bool:
    """Return whether a row is too short for eight vectors side by side, which would only take time to compile."""
    return isinstance(count, int) and count < 8 * 32 // BYTES[dtype]


def _extreme(op, dtype, start, short) -> str:
    """Return the C of a maximum or minimum; one of floats is NaN if there is a NaN, which sums tell."""
    sign, floating = ">" if op == "max" else "<", dtype.startswith("float")

    def kept(to, other):
        return f"{to} = {other} {sign} {to} ? {other} : {to}"

    def with_sum(to, other, added=None):
        return kept(to, other) + (f", sum{to[1:]} += {added or f'sum{other[1:]}'}" if floating else "")

    steps = STEPS.format(type=c_type(dtype), one=with_sum("a[t]", "at[t]", "at[t]"))
    if short:
        steps = textwrap.indent(steps, " " * 4)
    else:
        steps = _eight_extremes(dtype, kept, floating, textwrap.indent(steps, " " * 6))
    return EXTREME.format(
        op=f"short_{op}" if short else op, kind=suffix(dtype), type=c_type(dtype), start=start,
        comment=" /* NaN, if there is one: then the sum is NaN, and the numbers are looked at one by one */" * floating,
        sums=", sum[S] = {0}" * floating, steps=steps, half=with_sum("a[t]", "a[t + S / 2]"),
        quarter=with_sum("a[t]", "a[t + S / 4]"), last=with_sum("a[0]", "a[t]"),
        done="if (sum[0] == sum[0]) return a[0];" if floating else "return a[0];",
        careful=f"((x[i] {sign} found){' | (x[i] != x[i])' * floating}) ? x[i] : found")


def _eight_extremes(dtype, kept, floating, steps) -> str:
    places = ["at[t]", "at[S + t]", *(f"at[{v} * S + t]" for v in range(2, 8))]
    each = [f"{kept(f'{letter}[t]', place)};" for letter, place in zip("abcdefgh", places, strict=True)]
    folded = [" ".join(f"{kept(f'{one}[t]', f'{other}[t]')};" for one, other in pairs)
              for pairs in (("ae", "bf"), ("cg", "dh"), ("ac", "bd"), ("ab",))]
    if floating:
        sums = ["sum", "sum_2", "sum_3", "sum_4"]
        each += [f"{name}[t] += {places[2 * i]} + {places[2 * i + 1]};" for i, name in enumerate(sums)]
        folded.append("sum[t] = (sum[t] + sum_2[t]) + (sum_3[t] + sum_4[t]);")
    return EIGHT_EXTREMES.format(
        type=c_type(dtype), steps=steps, more_sums=", sum_2[S] = {0}, sum_3[S] = {0}, sum_4[S] = {0}" * floating,
        each="\n".join(" " * 10 + line for line in each), folded="\n".join(" " * 8 + line for line in folded))


def row_function(op: str, dtype: str, extreme) -> str:
    """Return the C of a reduction of a row; `extreme` gives the start of a maximum or minimum.

    The operation is `short_max` or `short_min` for rows that are short (see `is_short`).
    """
    floating, short, op = dtype.startswith("float"), op.startswith("short_"), op.removeprefix("short_")
    if op == "sum" and floating:
        return SUM.format(kind=suffix(dtype), type=c_type(dtype))
    if op in ("max", "min"):
        return _extreme(op, dtype, extreme(op, dtype), short)
    sign, start = {"sum": ("+", "0"), "prod": ("*", "1"), "all": ("&& 0 !=", "1"), "any": ("|| 0 !=", "0")}[op]
    result = "double" if floating else "int64_t" if op in ("sum", "prod") else "int"
    return PLAIN.format(op=op, kind=suffix(dtype), type=c_type(dtype), result=result, sign=sign,
                        start=literal(int(start), "int64"))
