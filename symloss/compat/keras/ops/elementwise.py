"""Operations of each element: arithmetic, comparisons, functions."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad
from scipy import special

from ....errors import SpecError, unknown
from ..backend import standardize_dtype
from ..tensors import as_tensor, is_expression
from .dispatch import binary, finished, named, one, several, unary


def _true_power(x1, x2):
    return pt.power(x1, x2)


add = binary("add")
subtract = binary("subtract", np.subtract, pt.sub)
multiply = binary("multiply", np.multiply, pt.mul)
divide = binary("divide", np.divide, pt.true_div, floats=True)
true_divide = binary("true_divide", np.true_divide, pt.true_div, floats=True)
floor_divide = binary("floor_divide", np.floor_divide, pt.int_div)
mod = binary("mod", np.mod, pt.mod)
fmod = binary("fmod", np.fmod, lambda a, b: a - b * pt.trunc(a / b))
power = binary("power", np.power, _true_power)
maximum = binary("maximum")
minimum = binary("minimum")
fmax = binary("fmax", np.fmax, lambda a, b: pt.switch(pt.isnan(a), b, pt.switch(pt.isnan(b), a, pt.maximum(a, b))))
fmin = binary("fmin", np.fmin, lambda a, b: pt.switch(pt.isnan(a), b, pt.switch(pt.isnan(b), a, pt.minimum(a, b))))
arctan2 = binary("arctan2", floats=True)
logaddexp = binary("logaddexp", floats=True)
logaddexp2 = binary("logaddexp2", np.logaddexp2, lambda a, b: pt.logaddexp(a * np.log(2), b * np.log(2)) / np.log(2),
                    floats=True)
hypot = binary("hypot", np.hypot, lambda a, b: pt.sqrt(a * a + b * b), floats=True)
heaviside = binary("heaviside", np.heaviside, lambda a, b: pt.switch(pt.eq(a, 0), b, pt.gt(a, 0).astype(a.dtype)))

equal = binary("equal", np.equal, pt.eq)
not_equal = binary("not_equal", np.not_equal, pt.neq)
greater = binary("greater", np.greater, pt.gt)
greater_equal = binary("greater_equal", np.greater_equal, pt.ge)
less = binary("less", np.less, pt.lt)
less_equal = binary("less_equal", np.less_equal, pt.le)

_truth = "bool"
logical_and = binary("logical_and", np.logical_and, lambda a, b: a.astype(_truth) & b.astype(_truth))
logical_or = binary("logical_or", np.logical_or, lambda a, b: a.astype(_truth) | b.astype(_truth))
logical_xor = binary("logical_xor", np.logical_xor, lambda a, b: a.astype(_truth) ^ b.astype(_truth))
logical_not = unary("logical_not", np.logical_not, lambda a: ~a.astype(_truth))
bitwise_and = binary("bitwise_and", np.bitwise_and, lambda a, b: a & b)
bitwise_or = binary("bitwise_or", np.bitwise_or, lambda a, b: a | b)
bitwise_xor = binary("bitwise_xor", np.bitwise_xor, lambda a, b: a ^ b)
bitwise_not = unary("bitwise_not", np.invert, pt.invert)
bitwise_invert = bitwise_not

absolute = unary("absolute", np.abs, pt.abs)
abs = absolute
fabs = unary("fabs", np.fabs, pt.abs, floats=True)
negative = unary("negative", np.negative, pt.neg)
square = unary("square", np.square, pt.sqr)
sign = unary("sign", np.sign, pt.sign)
ceil, floor, trunc = unary("ceil", floats=True), unary("floor", floats=True), unary("trunc")
exp, exp2, expm1 = (unary(name, floats=True) for name in ("exp", "exp2", "expm1"))
log, log10, log1p, log2 = (unary(name, floats=True) for name in ("log", "log10", "log1p", "log2"))
sqrt = unary("sqrt", floats=True)
cbrt = unary("cbrt", np.cbrt, lambda a: pt.sgn(a) * pt.abs(a) ** (1 / 3), floats=True)
rsqrt = unary("rsqrt", lambda a: 1 / np.sqrt(a), lambda a: 1 / pt.sqrt(a), floats=True)
reciprocal = unary("reciprocal", lambda a: 1 / a, lambda a: 1 / a, floats=True)
sin, cos, tan = (unary(name, floats=True) for name in ("sin", "cos", "tan"))
sinh, cosh, tanh = (unary(name, floats=True) for name in ("sinh", "cosh", "tanh"))
arcsin, arccos, arctan = (unary(name, floats=True) for name in ("arcsin", "arccos", "arctan"))
arcsinh, arccosh, arctanh = (unary(name, floats=True) for name in ("arcsinh", "arccosh", "arctanh"))
deg2rad, rad2deg = unary("deg2rad", floats=True), unary("rad2deg", floats=True)
erf = unary("erf", special.erf, pt.erf, floats=True)
erfc = unary("erfc", special.erfc, pt.erfc, floats=True)
erfinv = unary("erfinv", special.erfinv, pt.erfinv, floats=True)
sinc = unary("sinc", np.sinc, lambda a: pt.switch(pt.eq(a, 0), 1, pt.sin(np.pi * a) / pt.switch(
    pt.eq(a, 0), 1, np.pi * a)), floats=True)
isnan, isinf, isfinite = unary("isnan"), unary("isinf"), unary("isfinite", np.isfinite, lambda a: ~(
    pt.isnan(a) | pt.isinf(a)))
isposinf = unary("isposinf", np.isposinf, lambda a: pt.eq(a, np.inf))
isneginf = unary("isneginf", np.isneginf, lambda a: pt.eq(a, -np.inf))
signbit = unary("signbit", np.signbit, lambda a: pt.lt(a, 0))
copy = unary("copy", np.copy, lambda a: a)
stop_gradient = named(lambda variable: disconnected_grad(variable) if is_expression(variable) else as_tensor(variable),
                      "stop_gradient", "Return the tensor as a constant: no gradient goes through it.")


def divide_no_nan(x1, x2):
    """Return x1 / x2, and 0 where x2 is 0."""
    (x1, x2), library = several(x1, x2, floats=True)
    if library is np:
        zeros = np.zeros(np.broadcast_shapes(x1.shape, x2.shape), x1.dtype)
        return finished(np.divide(x1, x2, out=zeros, where=x2 != 0))
    none = pt.eq(x2, 0)
    zero, whole = np.zeros((), x1.dtype), np.ones((), x1.dtype)
    return pt.switch(none, zero, x1) / pt.switch(none, whole, x2)


def clip(x, x_min, x_max):
    """Return each element moved into the range from `x_min` to `x_max`."""
    if x_min is None and x_max is None:
        raise SpecError("clip: x_min and x_max are both None; pass at least one of them")
    x = x if x_min is None else maximum(x, x_min)
    return x if x_max is None else minimum(x, x_max)


def round(x, decimals=0):
    """Return each element rounded to so many decimals, halves to even numbers."""
    x, library = one(x)
    if library is np:
        return finished(np.round(x, decimals))
    scale = np.asarray(10.0**decimals, x.dtype)
    return pt.round(x * scale, mode="half_to_even") / scale if decimals else pt.round(x, mode="half_to_even")


def where(condition, x1=None, x2=None):
    """Return x1 where the condition holds, else x2; without these, the places where it holds."""
    if (x1 is None) != (x2 is None):
        raise SpecError("where: `x1` and `x2` either both should be `None`, or neither")
    if x1 is None:
        condition, library = one(condition)
        return tuple(finished(found) for found in library.nonzero(condition))
    given = [condition, x1, x2]
    if any(is_expression(x) for x in given):
        condition = condition if is_expression(condition) else pt.as_tensor_variable(np.asarray(condition))
        (x1, x2), _ = several(x1, x2)
        return pt.switch(condition, x1, x2)
    (x1, x2), _ = several(x1, x2)
    return finished(np.where(np.asarray(condition), x1, x2))


def cast(x, dtype):
    """Return the tensor in another dtype."""
    x, _ = one(x)
    return finished(x.astype(standardize_dtype(dtype)))


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """Return the tensor with numbers in the place of NaN and infinity."""
    x, library = one(x)
    if library is np:
        return finished(np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf))
    return pt.nan_to_num(x, nan, posinf, neginf)


def isclose(x1, x2, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Return where two tensors agree: ``|x1 - x2| <= atol + rtol |x2|``."""
    (x1, x2), library = several(x1, x2)
    return finished(library.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan))


def view(x, dtype=None):
    """Return the bytes of an array as another dtype."""
    if is_expression(x):
        raise SpecError("view: a PyTensor variable has no bytes yet. To convert numbers, write keras.ops.cast(x, "
                        "dtype)")
    return finished(np.asarray(as_tensor(x)).view(standardize_dtype(dtype)))


def saturate_cast(x, dtype):
    """Return the tensor in another dtype; numbers that it does not hold become its nearest ones."""
    name = standardize_dtype(dtype)
    if name.startswith(("int", "uint")):
        limits = np.iinfo(name)
        x = clip(x, limits.min, limits.max)
    elif name not in ("float16", "float32", "float64"):
        raise unknown("dtype of saturate_cast:", name, ("float32", "int32", "uint8"))
    return cast(x, name)
