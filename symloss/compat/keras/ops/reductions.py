"""Operations over axes: sums, means, extremes, norms."""

import numpy as np
import pytensor.tensor as pt
from scipy import special

from ....errors import SpecError
from ..backend import standardize_dtype
from ..errors import no_such
from .dispatch import axes_of, finished, named, one, several
from .elementwise import absolute, cast, power, sqrt, square


def _axis(axis):
    return tuple(axis) if isinstance(axis, list) else axis


def reduction(name: str, of_arrays=None, of_expressions=None, floats: bool = False):
    """Return the operation `name` over one axis, several, or all."""
    pair = {np: of_arrays or getattr(np, name, None), pt: of_expressions or getattr(pt, name, None)}

    def operation(x, axis=None, keepdims=False):
        x, library = one(x, floats)
        if library is np and name in ("sum", "prod") and x.dtype.kind in "iub":
            dtype = "int32" if x.dtype == bool else x.dtype
            return finished(pair[np](x, axis=_axis(axis), keepdims=keepdims, dtype=dtype))
        if library is pt and name in ("sum", "prod"):
            dtype = "int32" if x.dtype == "bool" else x.dtype
            return pair[pt](x, axis=_axis(axis), keepdims=keepdims, dtype=dtype)
        return finished(pair[library](x, axis=_axis(axis), keepdims=keepdims))

    return named(operation, name, f"Return the `{name}` over `axis`: a number, several, or None for all of them.")


def extreme(name: str):
    """Return the operation 'max' or 'min', with `initial`."""
    reduce, pick = reduction(name), {"max": np.maximum, "min": np.minimum}[name]

    def operation(x, axis=None, keepdims=False, initial=None):
        x, library = one(x)
        if library is np and initial is not None:
            return finished(getattr(np, name)(x, axis=_axis(axis), keepdims=keepdims, initial=initial))
        found = reduce(x, axis, keepdims)
        if initial is None:
            return found
        return getattr(pt, pick.__name__)(found, np.asarray(initial, found.dtype))

    return named(operation, name, f"Return the `{name}` over `axis`; `initial` is one more element.")


sum = reduction("sum")
prod = reduction("prod")
mean = reduction("mean", floats=True)
var = reduction("var", floats=True)
std = reduction("std", floats=True)
any = reduction("any", lambda x, **k: np.any(x != 0, **k), lambda x, **k: pt.any(pt.neq(x, 0), **k))
all = reduction("all", lambda x, **k: np.all(x != 0, **k), lambda x, **k: pt.all(pt.neq(x, 0), **k))
max, min = extreme("max"), extreme("min")
amax, amin = reduction("amax", np.max, pt.max), reduction("amin", np.min, pt.min)
median = reduction("median", floats=True, of_expressions=lambda x, axis=None, keepdims=False: pt.expand_dims(
    pt.median(x, axis=axis), axes_of(axis, x.ndim)) if keepdims else pt.median(x, axis=axis))
ptp = reduction("ptp", lambda x, **k: np.max(x, **k) - np.min(x, **k), lambda x, **k: pt.max(x, **k) - pt.min(x, **k))
logsumexp = reduction("logsumexp", lambda x, **k: special.logsumexp(x, **k).astype(x.dtype), pt.logsumexp, floats=True)


def _without_nan(name, fill):
    def filled(x, axis=None, keepdims=False):
        gone = pt.isnan(x)
        kept = pt.switch(gone, np.asarray(fill, x.dtype), x)
        return getattr(pt, name)(kept, axis=axis, keepdims=keepdims)

    return filled


def _nanmean(x, axis=None, keepdims=False):
    gone = pt.isnan(x)
    total = pt.switch(gone, np.zeros((), x.dtype), x).sum(axis=axis, keepdims=keepdims)
    return total / (~gone).astype(x.dtype).sum(axis=axis, keepdims=keepdims)


nansum = reduction("nansum", np.nansum, _without_nan("sum", 0))
nanprod = reduction("nanprod", np.nanprod, _without_nan("prod", 1))
nanmax = reduction("nanmax", np.nanmax, _without_nan("max", -np.inf))
nanmin = reduction("nanmin", np.nanmin, _without_nan("min", np.inf))
nanmean = reduction("nanmean", np.nanmean, _nanmean, floats=True)


def _place(name: str):
    def operation(x, axis=None, keepdims=False):
        x, library = one(x)
        found = getattr(library, name)(x, axis=axis)
        if keepdims:
            found = library.expand_dims(found, axis) if axis is not None else found.reshape((1,) * x.ndim)
        return cast(found, "int32")

    return named(operation, name, f"Return the first place of the {name[3:]}imum along `axis`, or of the flat tensor.")


argmax, argmin = _place("argmax"), _place("argmin")


def count_nonzero(x, axis=None):
    """Return how many elements are not 0."""
    x, library = one(x)
    return sum(cast(x != 0 if library is np else pt.neq(x, 0), "int32"), axis)


def average(x, axis=None, weights=None):
    """Return the mean over `axis`, weighted if there are weights."""
    if weights is None:
        return mean(x, axis)
    (x, weights), _ = several(x, weights, floats=True)
    if weights.ndim == 1 and x.ndim > 1:
        if not isinstance(axis, int):
            raise SpecError(f"average: weights has one axis, so axis={axis!r} is not valid; name the axis, such as "
                            f"axis=0")
        weights = weights.reshape([-1 if a == axis % x.ndim else 1 for a in range(x.ndim)]) + 0 * x
    return sum(x * weights, axis) / sum(weights, axis)


def moments(x, axes, keepdims=False, synchronized=False):
    """Return (mean, variance) over axes."""
    if synchronized:
        raise SpecError("moments: synchronized=True needs several devices, which symloss does not support; leave it "
                        "out")
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def _running(name: str):
    def operation(x, axis=None, dtype=None):
        x, library = one(x)
        x = x if dtype is None else x.astype(standardize_dtype(dtype))
        x = x.astype("int32") if str(x.dtype) == "bool" else x
        return finished(getattr(library, name)(x, axis=axis).astype(x.dtype))

    return named(operation, name, f"Return the `{name}` along `axis`, or of the flat tensor.")


cumsum, cumprod = _running("cumsum"), _running("cumprod")


def quantile(x, q, axis=None, method="linear", keepdims=False):
    """Return quantiles of an array. Expressions are not supported, because there is no gradient."""
    x, library = one(x, floats=True)
    if library is pt:
        raise SpecError("quantile: it only takes arrays. For a PyTensor variable, use keras.ops.sort(x) and pick "
                        "elements")
    return finished(np.quantile(x, np.asarray(q), axis=_axis(axis), method=method, keepdims=keepdims).astype(x.dtype))


def percentile(x, q, axis=None, method="linear", keepdims=False):
    """Return percentiles, see `quantile`."""
    return quantile(x, np.asarray(q) / 100, axis, method, keepdims)


def norm(x, ord=None, axis=None, keepdims=False):
    """Return a norm over `axis`: of vectors any order, over two axes 'fro', 'nuc', 1, 2, -1, -2 or infinity."""
    x, library = one(x, floats=True)
    axes = axes_of(axis, x.ndim)
    if ord in (None, "euclidean") or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        return sqrt(sum(square(x), axes, keepdims))
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if library is np:
        return finished(np.linalg.norm(x, ord, axis=axes, keepdims=keepdims))
    rows, columns = axes
    if ord in (1, -1, np.inf, -np.inf):
        first, second = (rows, columns) if ord in (1, -1) else (columns, rows)
        sums = sum(absolute(x), first, keepdims=True)
        found = (max if ord > 0 else min)(sums, second, keepdims=True)
        return found if keepdims else found.squeeze(axis=axes)
    raise no_such("norm of matrices, ord:", ord, ("fro", "1", "-1", "inf", "-inf"))


def _vector_norm(x, order, axis, keepdims):
    if order in (np.inf, -np.inf):
        return (max if order > 0 else min)(absolute(x), axis, keepdims)
    if not isinstance(order, int | float):
        raise no_such("norm of vectors, ord:", order, ("euclidean", "1", "2", "inf", "-inf"))
    if order == 0:
        return sum(cast(x != 0 if not hasattr(x, "owner") else pt.neq(x, 0), str(x.dtype)), axis, keepdims)
    if order == 1:
        return sum(absolute(x), axis, keepdims)
    return power(sum(power(absolute(x), float(order)), axis, keepdims), 1.0 / order)


def allclose(x1, x2, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Return whether two tensors agree everywhere; see `isclose`."""
    (x1, x2), library = several(x1, x2)
    return finished(library.allclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan))


