"""Losses on plain arrays: compiled once for each rank and dtype."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt

from . import losses
from .compiling import function, resolve
from .errors import DataError, SpecError


def value(name: str, *arrays, mode=None, **options) -> np.ndarray:
    """Return a loss of arrays, per element or per item.

    Parameters
    ----------
    name : str
        Of a registered loss.
    *arrays : arrays, one for each port of the loss, in order
    **options : the loss' hyperparameters

    >>> value("huber", [[3.0]], [[0.0]], delta=2.0).tolist()
    [[4.0]]
    """
    compiled, arrays = _compiled(name, arrays, options, mode, gradient=None)
    return compiled(*arrays)[0]


def grad(name: str, *arrays, wrt: int = 0, mode=None, **options) -> np.ndarray:
    """Return the gradient of the sum of a loss by its port number `wrt`.

    >>> grad("mse", [[3.0]], [[1.0]]).tolist()
    [[4.0]]
    """
    compiled, arrays = _compiled(name, arrays, options, mode, gradient=wrt)
    return compiled(*arrays)[0]


def _compiled(name, arrays, options, mode, gradient):
    spec = losses.get(name)
    spec.check_options(options)
    if len(arrays) != len(spec.ports):
        raise SpecError(
            f"evaluate: loss {name!r} takes {len(spec.ports)} arrays ({', '.join(spec.ports)}), got {len(arrays)}"
        )
    arrays = [_array(a, port, name) for a, port in zip(arrays, spec.ports, strict=True)]
    shapes = tuple((a.ndim, str(a.dtype), a.shape[-1] if a.ndim > 1 else None) for a in arrays)
    return _function(spec, shapes, tuple(sorted(options.items())), mode, gradient), arrays


def _array(a, port, name):
    try:
        a = np.asarray(a)
    except ValueError as error:
        raise DataError(f"evaluate: {port} of {name!r} cannot be read as an array ({error})") from None
    if a.dtype.kind not in "biuf":
        raise DataError(f"evaluate: {port} of {name!r} has dtype {a.dtype}; numbers are wanted")
    return a.astype(pytensor.config.floatX) if a.dtype == np.float16 else a


@functools.lru_cache(maxsize=512)
def _function(spec, shapes, options, mode, gradient):
    ports = [
        pt.tensor(name=port, dtype=dtype, shape=(None,) * (ndim - 1) + (last,) if ndim > 1 else (None,) * ndim)
        for port, (ndim, dtype, last) in zip(spec.ports, shapes, strict=True)
    ]
    result = spec.function(*ports, **dict(options))
    if gradient is not None:
        if not ports[gradient].dtype.startswith("float"):
            raise SpecError(f"evaluate: no gradient by {spec.ports[gradient]}, which is {ports[gradient].dtype}")
        result = pytensor.grad(result.sum(), ports[gradient], disconnected_inputs="ignore")
    return function(ports, [result], resolve(mode))
