"""Metrics of Keras as metrics of `train`: sums over batches, or a function of all data at once."""

import copy

import numpy as np
import pytensor.tensor as pt

from ....errors import SpecError
from ....losses.reduction import of_items
from ....metrics import Figure, MetricSpec
from ..errors import no_such
from ..losses import functions as losses
from ..losses.comparisons import refuse_comparisons
from ..losses.shapes import lengths
from ..tensors import as_tensor
from . import functions, means, registry
from .base import Metric
from .reduction import MeanMetricWrapper

CROSSENTROPY = ("crossentropy", "ce")
ACCURACY = ("accuracy", "acc")


def core_metrics(identifier, loss=None, *, output: str | None = None, weighted: bool = False,
                 name: str | None = None) -> list[dict]:
    """Return metrics of Keras as a list for ``net.train(metrics=...)`` and ``net.measure(metrics=...)``.

    Parameters
    ----------
    identifier : str, dict, Metric, function of (y_true, y_pred), or list of these
        Anything that `keras.metrics.get` takes, and what `Model.compile` takes besides: 'accuracy' or 'acc' and
        'crossentropy' or 'ce', which are binary, categorical or of labels by the shapes of target and output; a loss.
    loss : symloss.Loss or None
        The loss on the same output; its output is meant where `output` is None.
    output : str or None
        Name of the layer or output that is y_pred.
    weighted : bool
        Whether to use the weights of the data, as in ``weighted_metrics``. Otherwise, every item counts once.
    name : str or None
        Name in records. None means the name that you passed ('acc' is 'acc'), or the name of the object.

    Returns
    -------
    list of dict
        Each with 'form', 'name' and 'output_name'.

    Notes
    -----
    The metrics of this package are sums over batches, added up while training as in Keras. A metric of a user's class
    sees all data at once, as arrays, when an epoch is over: then its `update_state` and `result` are called, on
    predictions without dropout. A function of the user's must be written in `keras.ops`, and returns a value per item.

    Raises
    ------
    BadNameError
        If the name is unknown. The message suggests the nearest names.
    """
    if isinstance(identifier, list | tuple):
        return [one for each in identifier
                for one in core_metrics(each, loss, output=output, weighted=weighted, name=name)]
    shown, make = _found(identifier)
    target = output or getattr(loss, "output_name", None)
    own = make is not None and _is_users(make(None, None)) if not _by_shapes(identifier) else False
    function = _whole(make, weighted) if own else _sums(make, weighted)
    spec = MetricSpec(name or shown, function, "whole" if own else "sums", "any", None, {})
    return [{"form": spec, "name": name or shown} | ({} if target is None else {"output_name": target})]


def _by_shapes(identifier) -> bool:
    return isinstance(identifier, str) and identifier.lower() in ACCURACY + CROSSENTROPY


def _found(identifier) -> tuple:
    """Return the name of a metric, and a function of (y_true, y_pred) that makes a fresh one."""
    if identifier is None:
        raise SpecError("metrics contains None; pass a name, a function of (y_true, y_pred) or a Metric")
    if _by_shapes(identifier):
        families = _accuracies if identifier.lower() in ACCURACY else _crossentropies
        return identifier, lambda y_true, y_pred: MeanMetricWrapper(families(y_true, y_pred), name=identifier)
    try:
        found = registry.get(identifier)
    except LookupError:
        raise no_such("metric", identifier, [*registry.ALL, *ACCURACY, *CROSSENTROPY]) from None
    shown = identifier if isinstance(identifier, str) else getattr(found, "name", None) or found.__name__
    if isinstance(found, Metric):
        return shown, lambda y_true, y_pred: copy.deepcopy(found)
    refuse_comparisons(found, shown)
    return shown, lambda y_true, y_pred: MeanMetricWrapper(found, name=shown)


def _kind(y_true, y_pred) -> int:
    """Return 0 for one column of yes and no, 1 for labels, 2 for one-hot vectors."""
    if lengths(y_pred)[-1] == 1:
        return 0
    return 1 if y_true.ndim < y_pred.ndim or lengths(y_true)[-1] == 1 else 2


def _accuracies(y_true, y_pred):
    return (functions.binary_accuracy, functions.sparse_categorical_accuracy,
            functions.categorical_accuracy)[_kind(y_true, y_pred)]


def _crossentropies(y_true, y_pred):
    return (losses.binary_crossentropy, losses.sparse_categorical_crossentropy,
            losses.categorical_crossentropy)[_kind(y_true, y_pred)]


def _is_users(metric) -> bool:
    """Return whether a metric changes its state in code that is not of this package."""
    return not type(metric).update_state.__module__.startswith(means.__name__.rpartition(".")[0]) \
        or not type(metric).result.__module__.startswith(means.__name__.rpartition(".")[0])


def _sums(make, weighted):
    """Return the function of a metric whose variables are sums over batches."""

    def figure(prediction, target, weights=None):
        metric = make(target, prediction)
        metric.reset_state()
        before = {id(variable): variable.value for variable in metric.variables}
        metric.update_state(target, prediction, _by_item(weights, target, prediction) if weighted else None)
        parts = [pt.as_tensor_variable(v.value) for v in metric.variables if v.value is not before.get(id(v))]
        places = [i for i, v in enumerate(metric.variables) if v.value is not before.get(id(v))]

        def finish(*sums):
            for place, total in zip(places, sums, strict=True):
                variable = metric.variables[place]
                variable._value = as_tensor(np.asarray(total))  # in double precision
            return _plain(metric.result())

        return Figure(tuple(parts), finish)

    return figure


def _whole(make, weighted):
    """Return the function of a metric that sees all items at once."""

    def figure(prediction, target, weights=None):
        metric = make(target, prediction)
        parts = [target, prediction]
        if weighted and weights is not None:
            parts.append(_by_item(weights, target, prediction))

        def finish(*arrays):
            metric.reset_state()
            given = [as_tensor(np.asarray(a)) for a in arrays]
            metric.update_state(*given[:2], **({"sample_weight": given[2]} if len(given) > 2 else {}))
            return _plain(metric.result())

        return Figure(tuple(parts), finish, None)

    return figure


def _by_item(weights, target, prediction):
    """Return weights without the axis of the classes or columns, which a metric of items does not have."""
    if weights is None:
        return None
    axes = max(prediction.ndim - 1, 1)
    return of_items(weights, axes) if weights.ndim > axes else weights


def _plain(value):
    """Return the value of a metric as a number, or as nested lists."""
    value = np.asarray(value)
    return value.item() if value.ndim == 0 else value.tolist()
