"""Losses on plain arrays: compiled once for each rank and dtype."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt

from . import activations, losses
from .compiling import function, resolve
from .errors import DataError, SpecError
from .losses.conventions import convention


def value(name: str, *arrays, weights=None, how=None, like=None, activation=None, mode=None, **options) -> np.ndarray:
    """Return a loss of arrays, per element or per item, or reduced.

    Parameters
    ----------
    name : str
        Of a registered loss.
    *arrays : arrays, one for each port of the loss, in order
    weights : array or None
        Weights of the values, see `losses.reduce`.
    how : str or None
        The reduction, see `losses.reduce`; None: 'none', or that of `like`.
    like : str or None
        The system whose number is wanted: 'torch', 'keras', ..., see `losses.conventions`.
    activation : str or None
        What the first array goes through before the loss: 'softmax' or 'sigmoid', for an array of logits.
    **options : the loss' hyperparameters

    >>> value("huber", [[3.0]], [[0.0]], delta=2.0).tolist()
    [[4.0]]
    >>> value("mse", [1.0, 2.0], [0.0, 0.0], weights=[1.0, 3.0], how="mean").tolist()
    3.25
    """
    found, arrays, _ = _compiled("value", name, arrays, weights, how, like, activation, mode, options)
    return found(*arrays)[0]


def grad(name: str, *arrays, wrt: int = 0, weights=None, how=None, like=None, activation=None, mode=None,
         **options) -> np.ndarray:
    """Return the gradient of a loss by its port number `wrt`: of the sum of its values, where they are not reduced.

    >>> grad("mse", [[3.0]], [[1.0]]).tolist()
    [[4.0]]
    """
    found, arrays, _ = _compiled("grad", name, arrays, weights, how, like, activation, mode, options, wrt)
    return found(*arrays)[0]


def hessian_diagonal(name: str, *arrays, wrt: int = 0, weights=None, how=None, like=None, activation=None, mode=None,
                     **options) -> np.ndarray:
    """Return the diagonal of the Hessian by port number `wrt`: of the sum of the values, where they are not reduced.

    Exact, in the shape of that array: one product with the Hessian for each number that an item has (and for each
    number of all where the values are made of pairs of items). With `grad`, it is what boosting libraries ask for.

    >>> hessian_diagonal("log_cosh", [[0.0]], [[0.0]]).tolist()
    [[1.0]]
    """
    found, arrays, spec = _compiled("hessian", name, arrays, weights, how, like, activation, mode, options, wrt)
    at = arrays[wrt]
    apart = at.ndim and not spec.pairs and (spec.per == "element" or (spec.per == "item" and wrt == 0))
    diagonal = np.zeros(at.shape, at.dtype)
    for place in np.ndindex(at.shape[1:] if apart else at.shape):  # items that do not touch each other move together
        where = (slice(None), *place) if apart else place
        direction = np.zeros(at.shape, at.dtype)
        direction[where] = 1
        diagonal[where] = found(*arrays, direction)[0][where]
    return diagonal


def _compiled(what, name, arrays, weights, how, like, activation, mode, options, wrt=0):
    """Return the compiled function, the arrays it takes, and the spec of the loss."""
    spec = losses.get(name)
    if like is not None:
        followed = convention(name, like)
        spec, how = followed.spec, followed.how if how is None else how
    how = "none" if how is None else losses.rule(how)
    spec.check_options(options)
    if len(arrays) != len(spec.ports):
        raise SpecError(
            f"evaluate: loss {name!r} takes {len(spec.ports)} arrays ({', '.join(spec.ports)}), got {len(arrays)}"
        )
    if not 0 <= wrt < len(spec.ports):
        raise SpecError(f"evaluate: wrt={wrt}; a port of loss {name!r} is wanted, 0 to {len(spec.ports) - 1}")
    ports = [*spec.ports, "weights"] if weights is not None else spec.ports
    given = [*arrays, weights] if weights is not None else arrays
    given = [_array(a, port, name) for a, port in zip(given, ports, strict=True)]
    kinds = tuple((port, a.ndim, str(a.dtype), a.shape[-1] if a.ndim > 1 else None)
                  for port, a in zip(ports, given, strict=True))
    frozen = tuple(sorted((key, _frozen(option)) for key, option in options.items()))
    found = _function(what, spec.function, spec.pairs, spec.averaged, kinds, frozen, how, activation, mode, wrt)
    return found, given, spec


def _frozen(option):
    """Return an option as something that a cache can find again: arrays and lists become tuples."""
    if isinstance(option, np.ndarray):
        option = option.tolist()
    return tuple(_frozen(o) for o in option) if isinstance(option, list | tuple) else option


def _array(a, port, name):
    try:
        a = np.asarray(a)
    except ValueError as error:
        raise DataError(f"evaluate: {port} of {name!r} cannot be read as an array ({error})") from None
    if a.dtype.kind not in "biuf":
        raise DataError(f"evaluate: {port} of {name!r} has dtype {a.dtype}; numbers are wanted")
    return a.astype(pytensor.config.floatX) if a.dtype == np.float16 else a


@functools.lru_cache(maxsize=512)
def _function(what, loss, pairs, averaged, kinds, options, how, activation, mode, wrt):
    inputs = [
        pt.tensor(name=port, dtype=dtype, shape=(None,) * (ndim - 1) + (last,) if ndim > 1 else (None,) * ndim)
        for port, ndim, dtype, last in kinds
    ]
    weights = inputs[-1] if kinds[-1][0] == "weights" else None
    ports = inputs if weights is None else inputs[:-1]
    fed = ports
    if activation is not None:
        fed = [activations.registry.get(activation)(ports[0]), *ports[1:]]
    values = loss(*fed, **dict(options), **({"weights": weights} if pairs else {}))
    counts = None
    if averaged is not None and how == "mean":
        values, counts = averaged(values, *fed, **dict(options))
    if not (pairs and values.ndim == 0):
        values = losses.reduce(values, weights, how=how, counts=counts)
    if what == "value":
        return function(inputs, [values], resolve(mode))
    if not ports[wrt].dtype.startswith("float"):
        raise SpecError(f"evaluate: no gradient by {ports[wrt].name}, which is {ports[wrt].dtype}")
    slope = pytensor.grad(values.sum(), ports[wrt], disconnected_inputs="ignore")
    if what == "grad":
        return function(inputs, [slope], resolve(mode))
    along = ports[wrt].type("along")
    product = pytensor.grad((slope * along).sum(), ports[wrt], disconnected_inputs="ignore")
    return function([*inputs, along], [product], resolve(mode))
