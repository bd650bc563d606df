"""One pointwise operation as a C expression, and numbers and types as C."""

import math
import re

import numpy as np

from .ir import Rows, Unsupported
from .views import trace

TYPES = {"float32": "float", "float64": "double", "int64": "int64_t", "int32": "int32_t", "int16": "int16_t",
         "int8": "int8_t", "uint8": "uint8_t", "uint16": "uint16_t", "uint32": "uint32_t", "uint64": "uint64_t",
         "bool": "int8_t"}
BYTES = {dtype: np.dtype(dtype).itemsize for dtype in TYPES}

# of libm, where no function of our own is written
LIBM = {"tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh",
        "arctanh": "atanh", "gamma": "tgamma"}
OWN = {"gammaln": "lgamma", "psi": "digamma", "tri_gamma": "trigamma"}
INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==",
         "neq": "!=", "and": "&", "or": "|", "xor": "^"}
TRUTH = {"and": "{} ? {} : 0", "or": "{} ? 1 : {}", "xor": "{} != {}"}  # gcc does not vectorize & of comparisons
FLOORED = {
    "mod": """static inline {kind} floor_mod_f{bits}({kind} a, {kind} b)
{{
  const {kind} rest = fmod{f}(a, b);
  return rest == 0 ? __builtin_copysign{f}(0, b) : (rest < 0) != (b < 0) ? rest + b : rest;
}}""",
    "div": """static inline {kind} floor_div_f{bits}({kind} a, {kind} b)
{{
  const {kind} rest = fmod{f}(a, b), whole = (a - rest) / b - (rest != 0 && (rest < 0) != (b < 0));
  const {kind} low = __builtin_floor{f}(whole);
  return b == 0 ? a / b : whole == 0 ? __builtin_copysign{f}(0, a / b) : whole - low > ({kind})0.5 ? low + 1 : low;
}}"""}
ROUNDING = {"floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "rint"}


def c_type(dtype: str, local: bool = False) -> str:
    """Return the C type of a dtype; truth values in registers (`local`) are ints, which vectorize better."""
    if dtype not in TYPES:
        raise Unsupported(f"numbers of type {dtype}")
    return "int" if local and dtype == "bool" else TYPES[dtype]


def suffix(dtype: str) -> str:
    """Return what stands for a dtype in names of C functions.

    >>> suffix("float32"), suffix("uint8"), suffix("int64")
    ('f32', 'u8', 'i64')
    """
    return dtype.replace("float", "f").replace("uint", "u").replace("int", "i")


def plain(name: str) -> str:
    """Return a name as one of C."""
    found = re.sub(r"\W", "_", name, flags=re.ASCII).strip("_") or "value"
    return f"v_{found}" if found[0].isdigit() else found


def literal(value, dtype: str) -> str:
    """Return a number as C."""
    if dtype == "bool":
        return str(int(value))
    if not dtype.startswith("float"):
        text = str(int(value))
        return "INT64_MIN" if text == "-9223372036854775808" else f"{text}LL" if abs(int(value)) > 2**31 - 1 else text
    with np.errstate(over="ignore"):
        value = float(np.float32(value)) if dtype == "float32" else float(value)
    suffix = "f" if dtype == "float32" else ""
    if math.isnan(value):
        return f"__builtin_nan{suffix}(\"\")"
    if math.isinf(value):
        return f"{'-' * (value < 0)}__builtin_inf{suffix}()"
    text = str(np.float32(value)) if dtype == "float32" else repr(value)
    return f"{text}{suffix}" if any(c in text for c in ".e") else f"{text}.0{suffix}"


def length_text(value, rows: str = "n") -> str:
    """Return a length as C."""
    if not isinstance(value, Rows):
        return str(value)
    parts = []
    for power, factor in enumerate(value.factors):
        if factor:
            named = [rows] * power
            parts.append(" * ".join(([str(factor)] if factor != 1 or not power else []) + named))
    return " + ".join(reversed(parts)) if parts else "0"


def atom(text: str) -> str:
    """Return text in parentheses unless it binds tightly."""
    plain = text.replace("_", "").replace(".", "").replace("[", "").replace("]", "").isalnum()
    return text if plain else f"({text})"


def bare(value):
    """Return what a value is before it was stretched or given axes."""
    while value.op in ("reshape", "broadcast", "transpose"):
        value = value.inputs[0]
    return value


def is_at_most_0(value) -> bool:
    """Return whether a value is known to be at most 0 or NaN: -abs(x), -sqr(x), and x less the maximum of x.

    That is how far a caller needs it; False says nothing.
    """
    value = bare(value)
    if value.op == "neg":
        return bare(value.inputs[0]).op in ("abs", "sqr", "exp", "softplus")
    if value.op == "minimum":
        return any(v.op == "number" and v.attrs["value"] <= 0 for v in map(bare, value.inputs))
    return value.op == "sub" and _is_maximum_of(value.inputs[1], value.inputs[0])


def _is_maximum_of(one, other) -> bool:
    """Return whether elements of `one` are maxima over what those of `other` at the same place are among."""
    maximum, places = trace(one)
    if maximum.op != "max":
        return False
    (root, axes), (reduced, reduced_axes) = trace(other), trace(maximum.inputs[0])
    over = maximum.attrs["axes"]
    left = iter(places)  # for each axis that is left: the axis of `one`
    place = {axis: next(left) for axis in range(maximum.inputs[0].ndim) if axis not in over}
    return root is reduced and all(theirs is None or theirs in over or place[theirs] == mine
                                   for mine, theirs in zip(axes, reduced_axes, strict=True))


class Expressions:
    """Makes C expressions, and keeps in mind which functions they call.

    Parameters
    ----------
    library : module
        Of elementary functions: `names`, `c_name` and `source`, as in `vector`.
    """

    def __init__(self, library):
        self.library = library
        self.own: set[str] = set()
        self.libm: set[str] = set()
        self._known = library.names()

    def of(self, value, operands: list[str]) -> str:
        """Return the expression of a pointwise value; `operands` are names or literals of its inputs."""
        op, dtype = value.op, value.inputs[0].dtype
        method = getattr(self, f"_{op}", None)
        if method is not None:
            return method(value, *operands)
        if dtype == "bool" and op in TRUTH:
            return TRUTH[op].format(*map(atom, operands))
        if op in INFIX:
            return f"{atom(operands[0])} {INFIX[op]} {atom(operands[1])}"
        if op in ROUNDING:
            return self._builtin(ROUNDING[op], dtype, *operands)
        return self._function(value, operands)

    def _builtin(self, name, dtype, *operands) -> str:
        if not dtype.startswith("float"):
            return operands[0]
        return f"__builtin_{name}{'f' * (dtype == 'float32')}({', '.join(operands)})"

    def _function(self, value, operands):
        name, dtype = OWN.get(value.op, value.op), value.dtype
        name = "exp_up_to_0" if name == "exp" and is_at_most_0(value.inputs[0]) else name
        if not dtype.startswith("float"):
            raise Unsupported(f"{value.op} of {dtype}")
        operands = [o if i.dtype == dtype else f"({c_type(dtype)}){atom(o)}"
                    for o, i in zip(operands, value.inputs, strict=True)]
        if (name, dtype) in self._known:
            c_name = self.library.c_name(name, dtype)
            self.own.add(c_name)
            return f"{c_name}({', '.join(operands)})"
        if value.op in LIBM:
            c_name = LIBM[value.op] + "f" * (dtype == "float32")
            self.libm.add(f"{c_type(dtype)} {c_name}({c_type(dtype)});")
            return f"{c_name}({', '.join(operands)})"
        raise Unsupported(f"the function {value.op} of {dtype}")

    # ------------------------------------------------------------------------------ operations that are no function

    def _switch(self, value, condition, yes, no):
        return f"{atom(condition)} ? {atom(yes)} : {atom(no)}"

    def _cast(self, value, x):
        source = value.inputs[0].dtype
        if value.dtype == "bool":
            return f"{atom(x)} != 0"
        if source.startswith("float") and value.dtype.startswith("uint"):
            return f"({c_type(value.dtype)})(int64_t){atom(x)}"
        return f"({c_type(value.dtype)}){atom(x)}"

    def _copy(self, value, x):
        return x

    def _neg(self, value, x):
        return f"-{atom(x)}"

    def _sqr(self, value, x):
        return f"{atom(x)} * {atom(x)}"

    def _reciprocal(self, value, x):
        return f"{literal(1, value.dtype)} / {atom(x)}"

    def _sqrt(self, value, x):
        return self._builtin("sqrt", value.dtype, x)

    def _abs(self, value, x):
        if value.dtype.startswith("float"):
            return self._builtin("fabs", value.dtype, x)
        return f"{atom(x)} < 0 ? -{atom(x)} : {atom(x)}"

    def _sign(self, value, x):
        if value.dtype.startswith("float"):  # NaN stays NaN
            one = literal(1, value.dtype)
            zero = literal(0, value.dtype)
            return f"{atom(x)} > 0 ? {one} : {atom(x)} < 0 ? -{one} : {atom(x)} == 0 ? {zero} : {x}"
        return f"({atom(x)} > 0) - ({atom(x)} < 0)"

    def _invert(self, value, x):
        return f"!{atom(x)}" if value.dtype == "bool" else f"~{atom(x)}"

    def _isnan(self, value, x):
        return f"{atom(x)} != {atom(x)}"

    def _isinf(self, value, x):
        return f"{self._builtin('fabs', value.inputs[0].dtype, x)} == {literal(math.inf, value.inputs[0].dtype)}"

    def _maximum(self, value, a, b):
        return self._greater(value, a, b, ">")

    def _minimum(self, value, a, b):
        return self._greater(value, a, b, "<")

    def _greater(self, value, a, b, sign):
        if not value.dtype.startswith("float"):
            return f"{atom(a)} {sign} {atom(b)} ? {a} : {b}"
        one, other = map(bare, value.inputs)
        if other.op == "number":  # which is no NaN: what is compared last is given back, so that NaN stays
            return f"{atom(b)} {sign} {atom(a)} ? {b} : {a}"
        if one.op == "number":
            return f"{atom(a)} {sign} {atom(b)} ? {a} : {b}"
        return f"(({atom(a)} {sign} {atom(b)}) | ({atom(a)} != {atom(a)})) ? {a} : {b}"

    def _int_div(self, value, a, b):
        if value.dtype.startswith("float"):
            return f"{self._floored('div', value.dtype)}({a}, {b})"
        a, b = atom(a), atom(b)
        if value.dtype.startswith("uint"):
            return f"{b} == 0 ? 0 : {a} / {b}"
        return f"{b} == 0 ? 0 : {a} / {b} - (({a} % {b} != 0) & (({a} < 0) != ({b} < 0)))"

    def _mod(self, value, a, b):
        if value.dtype.startswith("float"):
            return f"{self._floored('mod', value.dtype)}({a}, {b})"
        a, b = atom(a), atom(b)
        if value.dtype.startswith("uint"):
            return f"{b} == 0 ? 0 : {a} % {b}"
        return f"{b} == 0 ? 0 : {a} % {b} + ((({a} % {b} != 0) & (({a} < 0) != ({b} < 0))) ? {b} : 0)"

    def _floored(self, what, dtype) -> str:
        """Return the name of a function that divides as Python does, or gives the rest of that."""
        kind, suffix = c_type(dtype), "f" if dtype == "float32" else ""
        self.libm |= {f"{kind} fmod{suffix}({kind}, {kind});",
                      FLOORED[what].format(kind=kind, f=suffix, bits=dtype.removeprefix("float"))}
        return f"floor_{what}_f{dtype.removeprefix('float')}"

    def _pow(self, value, a, b):
        if value.dtype.startswith("float"):
            return self._function(value, [a, b])
        self.libm.add("double pow(double, double);")
        return f"({c_type(value.dtype)})pow((double){atom(a)}, (double){atom(b)})"

    def _arctan2(self, value, a, b):
        name = f"atan2{'f' * (value.dtype == 'float32')}"
        self.libm.add(f"{c_type(value.dtype)} {name}({c_type(value.dtype)}, {c_type(value.dtype)});")
        return f"{name}({a}, {b})"
