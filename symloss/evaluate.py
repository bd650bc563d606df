"""Losses and metrics of plain arrays. They are compiled once for each rank and dtype."""


import functools

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import explicit_graph_inputs

from . import activations, losses
from .compiling import Tally, cached, function, resolve
from .data import (
    Field,
    Silence,
    as_array,
    check_lengths,
    convert,
    rows_of,
)
from .errors import DataError, ShapeError, SpecError, SymlossError
from .losses import LossSpec
from .losses.conventions import convention, systems
from .losses.finding import found_spec
from .losses.masking import harmless_predictions, harmless_target
from .metrics import MetricSpec
from .objective import Term, measures
from .stability.rewriting import stabilise

PORTS = ("prediction", "target", "weights")  # of a metric


def value(name, *arrays, weights=None, how=None, like=None, activation=None, mode=None, **options) -> np.ndarray:
    """Return a loss of arrays, per element or per item, or reduced.

    Parameters
    ----------
    name : str or function
        Name of a registered loss, a formula, or a function of (prediction, target).
    *arrays : arrays, one for each port of the loss, in order
    weights : array or None
        Weights of the values, see `losses.reduce`.
    how : str or None
        The reduction, see `losses.reduce`. None means 'none', or the reduction of `like`.
    like : str or None
        The library whose values you want: 'torch', 'keras', ... See ``like`` of `Loss`.
    activation : str or None
        Function to apply to the first array before the loss: 'softmax' or 'sigmoid', for an array of logits.
    **options : the loss' hyperparameters

    >>> value("huber", [[3.0]], [[0.0]], delta=2.0).tolist()
    [[4.0]]
    >>> value("mse", [1.0, 2.0], [0.0, 0.0], weights=[1.0, 3.0], how="mean").tolist()
    3.25
    """
    found, arrays, _ = _compiled("value", name, arrays, weights, how, like, activation, mode, options)
    return _called(found, name, arrays)[0]


def grad(name, *arrays, wrt: int = 0, weights=None, how=None, like=None, activation=None, mode=None,
         **options) -> np.ndarray:
    """Return the gradient of a loss by port number `wrt`. If the values are not reduced, it is that of their sum.

    >>> grad("mse", [[3.0]], [[1.0]]).tolist()
    [[4.0]]
    """
    found, arrays, _ = _compiled("grad", name, arrays, weights, how, like, activation, mode, options, wrt)
    return _called(found, name, arrays)[0]


def value_and_grad(name, *arrays, wrt: int = 0, weights=None, how=None, like=None, activation=None, mode=None,
                   **options) -> tuple[np.ndarray, np.ndarray]:
    """Return the results of `value` and `grad`, from one compiled function.

    >>> value, slope = value_and_grad("mse", [[3.0]], [[1.0]])
    >>> value.tolist(), slope.tolist()
    ([[4.0]], [[4.0]])
    """
    found, arrays, _ = _compiled("both", name, arrays, weights, how, like, activation, mode, options, wrt)
    return tuple(_called(found, name, arrays))


def hessian_diagonal(name, *arrays, wrt: int = 0, weights=None, how=None, like=None, activation=None, mode=None,
                     **options) -> np.ndarray:
    """Return the diagonal of the Hessian by port number `wrt`. If the values are not reduced, it is that of their sum.

    It is exact, in the shape of that array. It needs one product with the Hessian for each number of an item (or for
    every number, if the values come from pairs of items). Boosting libraries ask for this and `grad`.

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
        diagonal[where] = _called(found, name, [*arrays, direction])[0][where]
    return diagonal


def metric(name: str, prediction, target, weights=None, mode=None, **options):
    """Return a metric of arrays, or the mean of a loss, as a number or as nested lists.

    Parameters
    ----------
    name : str
        Name of a registered metric or loss.
    prediction, target : arrays
        As the metric takes them, see `symloss.metrics`.
    weights : array or None
        One for each item, or in the shape of the target.
    **options : the metric's

    >>> metric("acc", [[0.2, 0.8], [0.9, 0.1]], [1, 1])
    0.5
    >>> metric("auc", [0.1, 0.7, 0.4, 0.9], [0, 1, 1, 0])
    0.5
    """
    arrays = [_array(a, port, name) for a, port in ((prediction, "prediction"), (target, "target"))]
    arrays += [] if weights is None else [_array(weights, "weights", name)]
    check_lengths({port: rows_of(a) for port, a in zip(PORTS, arrays, strict=False)}, "evaluate")
    arrays[1] = _guarded(arrays[1], _field(measures.find(name), arrays[:2], options), arrays[2:])
    options = _frozen_options(name, options)
    if not _fit(arrays):
        _built_as(name, arrays, measures.figure, name, *_inputs(_kinds(PORTS[: len(arrays)], arrays, whole=True)),
                  **dict(options))
    compiled, tally, term = _measured(name, _kinds(PORTS[: len(arrays)], arrays), options, _hashable(mode))
    return term.value(tally.by_term(tally.over([_called(compiled, name, arrays)]))[0])


@cached(128)
def _measured(name, kinds, options, mode):
    inputs = _inputs(kinds)
    term = Term(name, measures.figure(name, *inputs, **dict(options)))
    tally = Tally([term])
    return function(inputs, tally.expressions, resolve(mode)), tally, term


def _compiled(what, name, arrays, weights, how, like, activation, mode, options, wrt=0):
    """Return the compiled function, the arrays it takes, and the spec of the loss."""
    spec = _function_spec(name) if callable(name) else losses.get(name)
    name = spec.name if callable(name) else name
    if like is not None:
        followed = convention(name, like)
        spec, how = followed.spec, followed.how if how is None else how
    how = "none" if how is None else losses.rule(how)
    spec.check_options(options)
    if len(arrays) != len(spec.ports):
        raise SpecError(
            f"evaluate: got {len(arrays)} array{'s' * (len(arrays) != 1)}, but the loss {name!r} takes "
            f"{len(spec.ports)} ({', '.join(spec.ports)})"
        )
    if isinstance(wrt, bool) or not isinstance(wrt, int | np.integer) or not 0 <= wrt < len(spec.ports):
        raise SpecError(f"evaluate: wrt={wrt} is not valid; it must be the position of a port of the loss {name!r}, 0 "
                        f"to {len(spec.ports) - 1}")
    ports = [*spec.ports, "weights"] if weights is not None else spec.ports
    given = [*arrays, weights] if weights is not None else arrays
    given = [_array(a, port, name) for a, port in zip(given, ports, strict=True)]
    if like is None or systems.get(like).first_label:
        given = guarded(spec, given, options, activation, labels_alone=like is not None)
    options, activation, mode = _frozen_options(name, options), _hashable(activation), _hashable(mode)
    if not _fit(given):
        _built_as(name, given, reduced_values, spec, _inputs(_kinds(ports, given, whole=True)), options, how,
                  activation)
    found = _function(what, spec, _kinds(ports, given), options, how, activation, mode, wrt,
                      like is None)  # other systems' clips stay
    return found, given, spec


@functools.lru_cache(64)
def _function_spec(form) -> LossSpec:
    """Return the spec of a function that has no name in the registry, the same one each time."""
    return found_spec(form, None, "evaluate")[0]


def _fit(arrays) -> bool:
    """Return whether arrays plainly go together: each has the shape of the first, or that without its last axis."""
    shape = arrays[0].shape
    return all(a.shape in (shape, shape[:-1]) for a in arrays)


def _built_as(name, arrays, build, *parts, **options) -> None:
    """Build a graph for arrays of these very shapes, so that lengths that contradict each other raise ShapeError."""
    try:
        build(*parts, **options)
    except (ValueError, TypeError, IndexError, AssertionError) as error:
        if isinstance(error, SymlossError):
            raise
        raise _mismatch(name, arrays, error) from None


def _called(compiled, name, arrays):
    """Return what a compiled function makes of arrays, or raise ShapeError where it finds that they do not fit."""
    try:
        return compiled(*arrays)
    except (ValueError, IndexError, AssertionError) as error:
        raise _mismatch(name, arrays, error) from None


def _mismatch(name, arrays, error) -> ShapeError:
    shapes = ", ".join(str(a.shape) for a in arrays)
    reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
    return ShapeError(f"evaluate: {name!r} got arrays of shapes {shapes}, which do not fit together ({reason}). Pass "
                      "one row per item")


def guarded(spec, given, options, activation=None, who: str = "evaluate", labels_alone: bool = False) -> list:
    """Return arrays for the ports of a loss, and weights if there are any, with the target checked where it counts.

    With `labels_alone` targets that are not labels are not checked.

    Raises
    ------
    DataError
        If labels are out of range, signs are not -1 or 1, or probabilities are invalid.
    """
    if "target" not in spec.ports:
        return given
    index, ports = spec.ports.index("target"), given[: len(spec.ports)]
    field = _field_of_loss(spec, ports, options, activation)
    if labels_alone and (field is None or field.kind != "label"):
        return given
    return given[:index] + [_guarded(given[index], field, given[len(ports) :], who)] + given[index + 1 :]


def _guarded(target, field, weights, who="evaluate"):
    """Return the target, checked by its field (None: nothing to check) where it counts, and as labels are indexed."""
    if field is None:
        return target
    silence = None
    if weights:
        counts = weights[0] != 0
        if counts.ndim > target.ndim:
            counts = counts.any(axis=tuple(range(target.ndim, counts.ndim)))
        silence = Silence([(Field("weights", "weights", (), "", partner=field.name), counts)], [])
    checked = convert(target, field, who, silence=silence, allow_nan=True)
    return checked if field.kind == "label" else target


def _field_of_loss(spec, given, options, activation=None) -> Field | None:
    """Return what the target of a loss may hold: labels, signs or probabilities; None: anything."""
    target, first = given[spec.ports.index("target")], given[0]
    below = _is_below(target, first)
    if spec.target == "label" or (below and ("label" in spec.target or spec.target == "any")):
        shapes = {port: a.shape for port, a in zip(spec.ports, given, strict=True)}
        count = None if spec.classes is None or first.ndim == 0 else spec.classes(shapes, options)
        return _labels(target, count, options.get("ignore_index", spec.padding))
    domain = spec.domain_of(options)
    if domain == "distribution" and (activation == "sigmoid" or target.shape != first.shape):
        domain = "unit" if activation == "sigmoid" else None
    return _numbers(target, domain)


def _field(entry, given, options) -> Field | None:
    """Return what the target of a metric may hold, or of a loss that is measured; None: anything."""
    prediction, target = given
    if isinstance(entry, LossSpec) and not (entry.target == "same" and _is_below(target, prediction)):
        entry.check_options({name: value for name, value in options.items() if name in entry.options})
        alone = entry.ports[1:] == ("target",) and options.get("like") is None
        return _field_of_loss(entry, given, options) if alone else None
    if _is_below(target, prediction):
        return _labels(target, prediction.shape[-1])
    if not isinstance(entry, MetricSpec) or entry.target == "values":
        return None
    if prediction.ndim < 2 or prediction.shape[-1] == 1:
        return _numbers(target, "unit") if target.size == prediction.size else None
    several = entry.target == "columns" or options.get("multilabel")
    return _numbers(target, "unit" if several else "distribution") if target.shape == prediction.shape else None


def _is_below(target, prediction) -> bool:
    """Return whether a target may be labels: it lacks the prediction's last axis, which has an entry for each class."""
    column = target.ndim == prediction.ndim > 1 and target.shape[-1] == 1
    return (target.ndim < prediction.ndim or column) and prediction.shape[-1] != 1


def _labels(target, classes, ignored=None) -> Field | None:
    """Return a field of labels; None for floats, which index nothing."""
    if target.dtype.kind == "f":
        return None
    return Field("target", "label", (None,) * target.ndim, "int64", classes, ignored=ignored)


def _numbers(target, domain) -> Field | None:
    return None if domain is None else Field("target", "target", (None,) * target.ndim, target.dtype, domain=domain)


def _without_silence(fed, spec, counting, weights):
    """Return the ports with something harmless where they do not count; an ignored label stays what it is."""
    predictions = [port for name, port in zip(spec.ports, fed, strict=True) if name != "target"]
    rest = iter(harmless_predictions(predictions, counting, spec))
    clean = (lambda target: target) if weights is None else lambda target: harmless_target(target, weights, spec)
    return [clean(port) if name == "target" else next(rest) for name, port in zip(spec.ports, fed, strict=True)]


def _kinds(ports, arrays, whole=False) -> tuple:
    """Return what a compiled function depends on: name, dtype and known lengths of each array, the last if not all."""
    shapes = [a.shape if whole else (None,) * (a.ndim - 1) + a.shape[-1:] if a.ndim > 1 else (None,) * a.ndim
              for a in arrays]
    return tuple((port, str(a.dtype), shape) for port, a, shape in zip(ports, arrays, shapes, strict=True))


def _inputs(kinds) -> list:
    return [pt.tensor(name=port, dtype=dtype, shape=shape) for port, dtype, shape in kinds]


def _frozen_options(name, options) -> tuple:
    for key, option in options.items():
        if isinstance(option, Variable) and list(explicit_graph_inputs([option])):
            raise SpecError(f"evaluate: {name!r}: {key}={option} has no value. Pass a number or a shared variable")
    return tuple(sorted((key, _hashable(_frozen(option))) for key, option in options.items()))


def _hashable(setting):
    try:
        hash(setting)
    except TypeError:
        raise SpecError(f"evaluate: the option {setting!r} is not valid; it must be a name or a number") from None
    return setting


def _frozen(option):
    """Return an option as something that a cache can find again: arrays and lists become tuples."""
    if isinstance(option, np.ndarray):
        option = option.tolist()
    return tuple(_frozen(o) for o in option) if isinstance(option, list | tuple) else option


def _array(a, port, name):
    a = as_array(a, f"evaluate: {port} of {name!r}")
    if a.dtype.kind not in "biuf":
        raise DataError(f"evaluate: {port} of {name!r} has dtype {a.dtype}. Pass numbers")
    if 0 in a.shape[1:]:
        raise ShapeError(f"evaluate: {port} of {name!r} has shape {a.shape}. Pass at least one value per item")
    if a.dtype.itemsize > 8:  # which PyTensor does not know
        return a.astype("float64")
    return a.astype(pytensor.config.floatX if a.dtype == np.float16 else a.dtype.newbyteorder("="), copy=False)


@cached(512)
def _function(what, spec, kinds, options, how, activation, mode, wrt, stable):
    inputs = _inputs(kinds)
    ports, values = inputs[: len(spec.ports)], reduced_values(spec, inputs, options, how, activation)
    if stable:
        (values,), _ = stabilise([values])
    if what == "value":
        return function(inputs, [values], resolve(mode))
    if not ports[wrt].dtype.startswith("float"):
        raise SpecError(f"evaluate: there is no gradient with respect to {ports[wrt].name}, because its dtype is "
                        f"{ports[wrt].dtype}")
    slope = pytensor.grad(values.sum(), ports[wrt], disconnected_inputs="ignore")
    if what in ("grad", "both"):
        return function(inputs, [slope] if what == "grad" else [values, slope], resolve(mode))
    along = ports[wrt].type("along")
    product = pytensor.grad((slope * along).sum(), ports[wrt], disconnected_inputs="ignore")
    return function([*inputs, along], [product], resolve(mode))


def reduced_values(spec, inputs, options, how, activation):
    """Return the reduced loss of variables for its ports, and for weights if there is one more variable."""
    ports = fed = inputs[: len(spec.ports)]
    weights = inputs[-1] if len(inputs) > len(ports) else None
    if activation is not None:
        fed = [activations.registry.get(activation)(ports[0]), *ports[1:]]
    mask = _mask(spec, ports, dict(options))
    counting = weights if mask is None else mask if weights is None else losses.reduce(weights, mask=mask, how="none")
    if counting is not None and spec.per != "batch":  # a value of the whole batch is made of all items
        fed = _without_silence(fed, spec, counting, weights)
    values = spec.function(*fed, **dict(options), **({"weights": weights} if spec.pairs else {}))
    counts = None
    if spec.averaged is not None and how in ("mean", "count"):
        as_given = {"target"} & set(spec.absent)  # what a weight of 0 takes away is there to be counted
        counted = [given if port in as_given else clean
                   for port, given, clean in zip(spec.ports, ports, fed, strict=True)]
        values, counts = spec.averaged(values, *counted, **dict(options))
    if not (spec.pairs and values.ndim == 0):
        values = losses.reduce(values, weights, mask, how, counts)
    return values


def _mask(spec, ports, options):
    """Return where labels are not the ignored one, or None."""
    ignored = options.get("ignore_index", spec.options.get("ignore_index"))
    return losses.kept(ports[spec.ports.index("target")], ignored) if "target" in spec.ports else None
