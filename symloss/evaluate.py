"""Losses and metrics on plain arrays: compiled once for each rank and dtype."""

import functools

import numpy as np
import pytensor
import pytensor.tensor as pt

from . import activations, losses, measures
from .compiling import Tally, function, resolve
from .data import Field, Silence, convert
from .errors import DataError, SpecError
from .losses.conventions import convention
from .losses.masking import harmless_predictions, harmless_target
from .objective import Term


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


def metric(name: str, prediction, target, weights=None, mode=None, **options):
    """Return a metric of arrays, or the mean of a loss: a number, or nested lists.

    Parameters
    ----------
    name : str
        Of a registered metric or loss.
    prediction, target : arrays
        As the metric takes them, see `symloss.metrics`.
    weights : array or None
        One an item, or in the target's shape.
    **options : the metric's

    >>> metric("acc", [[0.2, 0.8], [0.9, 0.1]], [1, 1])
    0.5
    >>> metric("auc", [0.1, 0.7, 0.4, 0.9], [0, 1, 1, 0])
    0.5
    """
    arrays = [_array(a, port, name) for a, port in ((prediction, "prediction"), (target, "target"))]
    arrays += [] if weights is None else [_array(weights, "weights", name)]
    kinds = _kinds(("prediction", "target", "weights")[: len(arrays)], arrays)
    compiled, tally, term = _measured(name, kinds, _frozen_options(options), mode)
    return term.value(tally.by_term(tally.over([compiled(*arrays)]))[0])


@functools.lru_cache(maxsize=128)
def _measured(name, kinds, options, mode):
    inputs = _inputs(kinds)
    term = Term(name, measures.figure(name, *inputs, **dict(options)))
    tally = Tally([term])
    return function(inputs, tally.expressions, resolve(mode)), tally, term


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
    if like is None and "target" in spec.ports:
        index = spec.ports.index("target")
        given[index] = _guarded(given, spec, options, weights is not None, activation)
    found = _function(what, spec, _kinds(ports, given), _frozen_options(options), how, activation, mode, wrt)
    return found, given, spec


def _guarded(given, spec, options, weighted, activation):
    """Return the target, checked where it counts: labels that index something, signs, probabilities."""
    target, first = given[spec.ports.index("target")], given[0]
    column = target.ndim == first.ndim > 1 and target.shape[-1] == 1 != first.shape[-1]
    labels = spec.target == "label" or ("label" in spec.target and (target.ndim < first.ndim or column)
                                        and first.shape[-1] != 1)
    silence = Silence([(Field("weights", "weights", (), "", partner="target"), given[-1])], []) if weighted else None
    if labels and target.dtype.kind in "biu":
        shapes = {port: a.shape for port, a in zip(spec.ports, given, strict=False)}
        count = None if spec.classes is None or first.ndim == 0 else spec.classes(shapes, options)
        ignored = options.get("ignore_index", spec.padding)
        field = Field("target", "label", (None,) * target.ndim, "int64", count, ignored=ignored)
        return convert(target, field, "evaluate", silence=silence)
    domain = spec.domain
    if domain == "distribution" and (activation == "sigmoid" or target.shape != first.shape):
        domain = "unit" if activation == "sigmoid" else None
    if domain is not None and not labels:
        field = Field("target", "target", (None,) * target.ndim, target.dtype, domain=domain)
        convert(target, field, "evaluate", silence=silence, allow_nan=True)
    return target


def _without_silence(fed, spec, weights):
    """Return the ports with something harmless where they have no weight."""
    predictions = [port for name, port in zip(spec.ports, fed, strict=True) if name != "target"]
    rest = iter(harmless_predictions(predictions, weights, spec))
    return [harmless_target(port, weights) if name == "target" else next(rest)
            for name, port in zip(spec.ports, fed, strict=True)]


def _kinds(ports, arrays) -> tuple:
    """Return what a compiled function depends on: name, rank, dtype and last length of each array."""
    return tuple((port, a.ndim, str(a.dtype), a.shape[-1] if a.ndim > 1 else None)
                 for port, a in zip(ports, arrays, strict=True))


def _inputs(kinds) -> list:
    return [pt.tensor(name=port, dtype=dtype, shape=(None,) * (ndim - 1) + (last,) if ndim > 1 else (None,) * ndim)
            for port, ndim, dtype, last in kinds]


def _frozen_options(options) -> tuple:
    return tuple(sorted((key, _frozen(option)) for key, option in options.items()))


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
def _function(what, spec, kinds, options, how, activation, mode, wrt):
    inputs = _inputs(kinds)
    weights = inputs[-1] if kinds[-1][0] == "weights" else None
    ports = inputs if weights is None else inputs[:-1]
    fed = ports
    if activation is not None:
        fed = [activations.registry.get(activation)(ports[0]), *ports[1:]]
    if weights is not None and spec.per != "batch":  # a value of the whole batch is made of all items
        fed = _without_silence(fed, spec, weights)
    values = spec.function(*fed, **dict(options), **({"weights": weights} if spec.pairs else {}))
    counts = None
    if spec.averaged is not None and how in ("mean", "count"):
        values, counts = spec.averaged(values, *fed, **dict(options))
    if not (spec.pairs and values.ndim == 0):
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
