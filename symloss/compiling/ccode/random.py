"""Random numbers by place: each depends on a seed, a layer, the number of the step, a row and an element.

So there is no state, and rows can be drawn in any order and in any parts.

The generator is Threefry-2x32 with 13 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", SC), a
cipher: seed and layer are its key, and what it makes of the number of the step is the key of that step; with that it
ciphers row and element. Normal numbers come from uniform ones by the inverse of the distribution function (Wichura
1988, algorithm AS 241, Applied Statistics 37).

Numbers that are only compared, as those of dropout are, need not be fine one by one: a word gives two of 16 bits, and
8 bits that all elements of a row share fill the gaps between them. Each lies below a number p with probability p, up
to 2^-24, and two elements of a row depend on each other by less than 2^-16.
"""

import numpy as np
import scipy.special

ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA
ROUNDS = 13

CIPHER = """
static inline uint32_t turned(uint32_t x, int by) { return x << by | x >> (32 - by); }

static inline void threefry(uint32_t key0, uint32_t key1, uint32_t *restrict a, uint32_t *restrict b)
{ /* 13 rounds */
  static const int turns[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t keys[3] = {key0, key1, 0x1BD11BDAu ^ key0 ^ key1};
  uint32_t x = *a + key0, y = *b + key1;
#pragma GCC unroll 13
  for (int i = 0; i < 13; i++) {
    x += y;
    y = turned(y, turns[i % 8]) ^ x;
    if (i % 4 == 3) {
      x += keys[(i / 4 + 1) % 3];
      y += keys[(i / 4 + 2) % 3] + (uint32_t)(i / 4 + 1);
    }
  }
  *a = x;
  *b = y;
}

static inline void threefry_32(uint32_t key0, uint32_t key1, uint32_t row, uint32_t pair, uint32_t *restrict words)
{ /* the words of 16 pairs of elements: first all first ones, then all second ones */
  for (int i = 0; i < 16; i++) {
    uint32_t a = row, b = pair + (uint32_t)i;
    threefry(key0, key1, &a, &b);
    words[i] = a;
    words[16 + i] = b;
  }
}
"""

ROW = """
static void {name}_row_{kind}({type} *restrict to, int64_t count, uint32_t seed, uint32_t layer, uint32_t step,
                        uint32_t row)
{{ /* {what}; there is room for a multiple of 32 */
  uint32_t key0 = step, key1 = 0;
  threefry(seed, layer, &key0, &key1);
  for (int64_t i = 0; i < count; i += {each}) {{
    uint32_t words[32];
    threefry_32(key0, key1, row, (uint32_t)(i / {each} * 16), words);
    for (int j = 0; j < {each}; j++) to[i + j] = {value};
  }}
}}
"""

COIN = """
static void coin_row_{kind}({type} *restrict to, int64_t count, uint32_t seed, uint32_t layer, uint32_t step,
                     uint32_t row)
{{ /* numbers of [0, 1) to be compared; there is room for a multiple of 64 */
  uint32_t key0 = step, key1 = 0, shared = row, last = 0xFFFFFFFFu;
  threefry(seed, layer, &key0, &key1);
  threefry(key0, key1, &shared, &last);
  const uint32_t between = shared >> 24;
  for (int64_t i = 0; i < count; i += 64) {{
    uint32_t words[32];
    threefry_32(key0, key1, row, (uint32_t)(i / 64 * 16), words);
    for (int j = 0; j < 32; j++) {{
      to[i + j] = ({type})(int32_t)((words[j] & 0xFFFFu) << 8 | between) * {unit};
      to[i + 32 + j] = ({type})(int32_t)(words[j] >> 16 << 8 | between) * {unit};
    }}
  }}
}}
"""

NORMAL = """
static inline double normal_of(double p)
{ /* the number below which a standard normal one lies with probability p, 0 < p < 1 */
  const double q = p - 0.5, s = 0.180625 - q * q, tail = q < 0 ? p : 1 - p;
  const double r = __builtin_sqrt(-log_f64(tail)), near = r - 1.6, far = r - 5;
  const double middle = q * (((((((2.5090809287301226727e3 * s + 3.3430575583588128105e4) * s +
    6.7265770927008700853e4) * s + 4.5921953931549871457e4) * s + 1.3731693765509461125e4) * s +
    1.9715909503065514427e3) * s + 1.3314166789178437745e2) * s + 3.3871328727963666080e0) /
    (((((((5.2264952788528545610e3 * s + 2.8729085735721942674e4) * s + 3.9307895800092710610e4) * s +
    2.1213794301586595867e4) * s + 5.3941960214247511077e3) * s + 6.8718700749205790830e2) * s +
    4.2313330701600911252e1) * s + 1.0);
  const double outer = (((((((7.74545014278341407640e-4 * near + 2.27238449892691845833e-2) * near +
    2.41780725177450611770e-1) * near + 1.27045825245236838258e0) * near + 3.64784832476320460504e0) * near +
    5.76949722146069140550e0) * near + 4.63033784615654529590e0) * near + 1.42343711074968357734e0) /
    (((((((1.05075007164441684324e-9 * near + 5.47593808499534494600e-4) * near + 1.51986665636164571966e-2) * near +
    1.48103976427480074590e-1) * near + 6.89767334985100004550e-1) * near + 1.67638483018380384940e0) * near +
    2.05319162663775882187e0) * near + 1.0);
  const double outmost = (((((((2.01033439929228813265e-7 * far + 2.71155556874348757815e-5) * far +
    1.24266094738807843860e-3) * far + 2.65321895265761230930e-2) * far + 2.96560571828504891230e-1) * far +
    1.78482653991729133580e0) * far + 5.46378491116411436990e0) * far + 6.65790464350110377720e0) /
    (((((((2.04426310338993978564e-15 * far + 1.42151175831644588870e-7) * far + 1.84631831751005468180e-5) * far +
    7.86869131145613259100e-4) * far + 1.48753612908506148525e-2) * far + 1.36929880922735805310e-1) * far +
    5.99832206555887937690e-1) * far + 1.0);
  const double size = r <= 5 ? outer : outmost;
  return q * q <= 0.180625 ? middle : q < 0 ? -size : size;
}
"""

WORD = "words[(j & 1) * 16 + (j >> 1)]"
DOUBLE = "((double)(words[j] >> 5) * 67108864.0 + (double)(words[16 + j] >> 6)"
VALUES = {  # by name and type: numbers that 16 pairs of words make, and the expression of one
    ("uniform", "f32"): (32, f"(float)({WORD} >> 8) * 0x1p-24f"),
    ("uniform", "f64"): (16, f"{DOUBLE}) * 0x1p-53"),
    ("normal", "f32"): (32, f"(float)normal_of(((double){WORD} + 0.5) * 0x1p-32)"),
    ("normal", "f64"): (16, f"normal_of({DOUBLE} + 0.5) * 0x1p-53)"),
}
UNITS = {"f32": "0x1p-24f", "f64": "0x1p-24"}
WHAT = {"uniform": "uniform numbers of [0, 1)", "normal": "numbers of a standard normal distribution"}


def functions() -> frozenset[str]:
    """Return the C names of all functions."""
    return frozenset(f"{name}_row_{kind}" for name, kind in [*VALUES, *(("coin", kind) for kind in UNITS)])


def source(used) -> str:
    """Return the C of the functions with these names; `normal_row_...` calls `log_f64` of `vector`."""
    if not used:
        return ""
    parts = [CIPHER]
    if any(name.startswith("normal") for name in used):
        parts.append(NORMAL)
    for function in sorted(used):
        name, kind = function.split("_row_")
        if name == "coin":
            parts.append(COIN.format(kind=kind, type="float" if kind == "f32" else "double", unit=UNITS[kind]))
            continue
        each, value = VALUES[name, kind]
        parts.append(ROW.format(name=name, kind=kind, type="float" if kind == "f32" else "double", what=WHAT[name],
                                each=each, value=value))
    return "\n".join(part.strip("\n") + "\n" for part in parts)


# ------------------------------------------------------------------------------------------------- the same in numpy


def threefry(key: tuple, counter: tuple, rounds: int = ROUNDS) -> tuple:
    """Return what the cipher makes of two words, ints or arrays of uint32."""
    keys = [np.asarray(k, "uint32") for k in key]
    keys.append(np.uint32(PARITY) ^ keys[0] ^ keys[1])
    with np.errstate(over="ignore"):
        x, y = np.asarray(counter[0], "uint32") + keys[0], np.asarray(counter[1], "uint32") + keys[1]
        for i in range(rounds):
            x = x + y
            by = ROTATIONS[i % 8]
            y = (y << np.uint32(by) | y >> np.uint32(32 - by)) ^ x
            if i % 4 == 3:
                x, y = x + keys[(i // 4 + 1) % 3], y + keys[(i // 4 + 2) % 3] + np.uint32(i // 4 + 1)
    return x, y


def uniform(seed: int, layer: int, step: int, rows, elements: int, dtype: str) -> np.ndarray:
    """Return the uniform numbers of several rows, as `uniform_row` draws them."""
    if dtype == "float32":
        first, second = _words(seed, layer, step, rows, -(-elements // 2))
        words = np.stack([first, second], axis=-1).reshape(len(first), -1)[:, :elements]
        return (words >> np.uint32(8)).astype("float32") * np.float32(2.0**-24)
    return _double(*_words(seed, layer, step, rows, elements)) * 2.0**-53


def coin(seed: int, layer: int, step: int, rows, elements: int, dtype: str) -> np.ndarray:
    """Return the numbers of several rows that `coin_row` draws for comparisons."""
    pairs = -(-elements // 64) * 16
    words = np.concatenate([w.reshape(len(w), -1, 1, 16) for w in _words(seed, layer, step, rows, pairs)], axis=2)
    halves = np.stack([words & np.uint32(0xFFFF), words >> np.uint32(16)], axis=2)
    shared, _ = threefry(threefry((seed, layer), (step, 0)), (np.asarray(rows, "uint32")[:, None], 0xFFFFFFFF))
    numbers = halves.reshape(len(words), -1)[:, :elements] << np.uint32(8) | shared >> np.uint32(24)
    return (numbers * 2.0**-24).astype(dtype)


def normal(seed: int, layer: int, step: int, rows, elements: int, dtype: str) -> np.ndarray:
    """Return the normal numbers of several rows, as `normal_row` draws them."""
    if dtype == "float32":
        first, second = _words(seed, layer, step, rows, -(-elements // 2))
        words = np.stack([first, second], axis=-1).reshape(len(first), -1)[:, :elements]
        return scipy.special.ndtri((words + 0.5) * 2.0**-32).astype("float32")
    return scipy.special.ndtri((_double(*_words(seed, layer, step, rows, elements)) + 0.5) * 2.0**-53)


def _words(seed, layer, step, rows, pairs):
    key = threefry((seed, layer), (step, 0))
    return threefry(key, (np.asarray(rows, "uint32")[:, None], np.arange(pairs, dtype="uint32")))


def _double(first, second):
    return (first >> np.uint32(5)).astype("float64") * 2.0**26 + (second >> np.uint32(6)).astype("float64")
