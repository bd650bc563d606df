"""Operations that only take arrays, computed by numpy: they have no gradients, or shapes that depend on values."""

import numpy as np
from scipy import linalg

from ....errors import SpecError
from ..backend import floatx
from ..tensors import as_tensor, is_expression
from .dispatch import finished, named

FLOATS = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"}


def of_arrays(name: str, function, floats: bool = False):
    """Return the operation `name` of arrays; its arguments are those of a function of numpy."""

    def operation(*arguments, **keywords):
        if any(is_expression(x) for x in (*arguments, *keywords.values())):
            raise SpecError(f"keras.ops.{name} only takes arrays; for a PyTensor variable, write it with "
                            f"pytensor.tensor")
        given = [as_tensor(x) if isinstance(x, np.ndarray | list) else x for x in arguments]
        if floats:
            given = [x.astype(floatx()) if getattr(x, "dtype", None) is not None and x.dtype.name in FLOATS else x
                     for x in given]
        found = function(*given, **keywords)
        return type(found)(finished(x) for x in found) if type(found) in (list, tuple) else finished(found)

    return named(operation, name, f"Return `{name}` of arrays, see the function of numpy or scipy of this name.")


angle, conj, conjugate, imag, real, isreal = (of_arrays(name, getattr(np, name)) for name in (
    "angle", "conj", "conjugate", "imag", "real", "isreal"))
isin, digitize, unravel_index, argpartition = (of_arrays(name, getattr(np, name)) for name in (
    "isin", "digitize", "unravel_index", "argpartition"))
array_split, dsplit, hsplit, vsplit = (of_arrays(name, getattr(np, name)) for name in (
    "array_split", "dsplit", "hsplit", "vsplit"))
dstack = of_arrays("dstack", lambda xs: np.dstack([as_tensor(x) for x in xs]))
rot90, fliplr, flipud, diagflat, vander = (of_arrays(name, getattr(np, name)) for name in (
    "rot90", "fliplr", "flipud", "diagflat", "vander"))
corrcoef, histogram, i0 = (of_arrays(name, getattr(np, name), True) for name in ("corrcoef", "histogram", "i0"))
correlate, gcd, lcm, ldexp, nextafter = (of_arrays(name, getattr(np, name)) for name in (
    "correlate", "gcd", "lcm", "ldexp", "nextafter"))
left_shift, right_shift = of_arrays("left_shift", np.left_shift), of_arrays("right_shift", np.right_shift)
bitwise_left_shift, bitwise_right_shift = left_shift, right_shift
trapezoid = of_arrays("trapezoid", np.trapezoid, True)
geomspace = of_arrays("geomspace", lambda *a, dtype=None, **k: np.geomspace(*a, **k).astype(dtype or floatx()))
nanargmax, nanargmin, nancumsum, nancumprod = (of_arrays(name, getattr(np, name)) for name in (
    "nanargmax", "nanargmin", "nancumsum", "nancumprod"))
nanmedian, nanvar, nanstd = (of_arrays(name, getattr(np, name), True) for name in ("nanmedian", "nanvar", "nanstd"))
nanquantile, nanpercentile = (of_arrays(name, getattr(np, name), True) for name in ("nanquantile", "nanpercentile"))
bartlett, blackman, hamming, hanning = (of_arrays(name, getattr(np, name)) for name in (
    "bartlett", "blackman", "hamming", "hanning"))
kaiser = of_arrays("kaiser", np.kaiser)
eig = of_arrays("eig", lambda x: tuple(np.linalg.eig(x)), True)
matrix_rank = of_arrays("matrix_rank", np.linalg.matrix_rank, True)
lstsq = of_arrays("lstsq", lambda a, b, rcond=None: np.linalg.lstsq(a, b, rcond)[0], True)
lu_factor = of_arrays("lu_factor", lambda x: tuple(linalg.lu_factor(x)), True)


def nonzero(x) -> tuple:
    """Return the places of the elements that are not 0, an array for each axis."""
    return tuple(finished(found.astype("int32")) for found in np.nonzero(as_tensor(x)))
