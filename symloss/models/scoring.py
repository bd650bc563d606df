"""The quality of a model's predictions, as one metric of a whole data set."""

import dataclasses

import numpy as np

from ..compiling import Tally
from ..data import Field, open_source, prepare
from ..errors import DataError, SpecError
from ..losses import weights_variable
from ..objective import Term, measures
from ..objective.objective import NUMBERS
from . import encoding
from .fields import target_field

ROWS = 4096


def score(model, columns: list, weights, metric=None):
    """Return a metric of a model's predictions, without noise.

    Parameters
    ----------
    model : Network
    columns : list
        The input, and the target unless it is the input.
    weights : array or None
        One per item, or in the shape of the target.
    metric : str, dict, function or None
        As in `Network.train`. None: R^2, or the accuracy for a classifier.

    Returns
    -------
    float, or nested lists
    """
    outputs = model.graph.outputs()[0]
    for loss in model.losses:
        outputs = loss.class_outputs(outputs)
    if metric is None and outputs[model.output_name] is model.graph.outputs()[0][model.output_name]:
        return _usual(model, columns, weights)
    metric = "acc" if metric is None else metric
    measure = measures.bound(metric, model.losses, outputs, model.output_name)
    source = next(loss for loss in model.losses if loss._target is measure.target)
    counted = weights_variable(measure.target) if weights is not None else None
    measure = dataclasses.replace(measure, weights=counted)
    variables = list(model.inputs)
    if measure.target in variables:
        target = model._fields([measure])[variables.index(measure.target)]
    else:
        target = target_field(model, source, outputs[measure.output_name], optional=False, also=[measure])
        variables.append(measure.target)
    variables += [] if counted is None else [counted]
    fields, arrays = _paired(model, columns, target, weights, getattr(counted, "dtype", "float64"))
    term = Term(measure.name, measure.figure(outputs))
    tally = Tally([term])
    key = ("score", dataclasses.replace(measure, weights=None).key(), counted is not None)
    compiled = model._function(key, variables, lambda: tally.expressions)
    data = open_source(arrays, fields, "score")
    rows = max(1, min(ROWS, NUMBERS // source.numbers_an_item))
    parts = tally.by_term(tally.over(compiled(*batch) for batch in data.batches(rows)))[0]
    return term.value(parts)


def _paired(model, columns, target: Field, weights, dtype="float64") -> tuple[list[Field], tuple]:
    """Return the fields of inputs, target and weights, and the arrays for them: what has no weight is not looked at."""
    fields = [target if f.name == target.name else f for f in model._input_fields()]
    if len(fields) > 1 and not isinstance(columns[0], list | tuple):
        raise SpecError(f"score: the model has {len(fields)} inputs. Pass a list of {len(fields)} arrays")
    arrays = [*columns[0]] if len(fields) > 1 else [columns[0]]
    if target.name not in {f.name for f in fields}:
        fields.append(target)
        arrays += columns[1:]
    if weights is not None:
        fields.append(Field("weights", "weights", target.shape, dtype, partner=target.name))
        arrays.append(weights)
    return model._with_encoders(fields), tuple(arrays)


def _usual(model, columns, weights) -> float:
    """Return the accuracy, or R^2: the default score, which needs no loss."""
    shape, name = model.graph.outputs()[0][model.output_name].type.shape, model.graph.main_name
    labels, pair = model.target_kind == "label" or name in encoding.described(model), encoding.is_yes_or_no(model, name)
    if len(columns) == 1:
        target = model._input_fields()[0]
    elif labels:
        ignored = {loss.ignored for loss in model.losses if loss.output_name == model.output_name}
        target = Field("target", "label", shape[:-1], "int64", 2 if pair else shape[-1],
                       ignored=ignored.pop() if len(ignored) == 1 else None)
    else:
        target = Field("target", "target", shape, "float64")
    fields, arrays = _paired(model, columns, target, weights)
    arrays = dict(zip([f.name for f in fields], prepare(arrays, fields, "score"), strict=True))
    predicted = model._evaluate([model.output_name], [arrays[f.name] for f in model._input_fields()])[0]
    actual, weights = arrays[target.name], arrays.get("weights")
    if not labels:
        return r_squared(predicted, actual, weights)
    weights = _weighed(actual, weights) * (1.0 if target.ignored is None else actual != target.ignored)
    return float(np.average(encoding.best(predicted, pair) == actual, weights=weights))


def _weighed(actual, weights):
    if weights is None:
        return np.ones(actual.shape)
    if not weights.any():
        raise DataError("score: all weights are 0. Pass at least one positive weight")
    return weights


def r_squared(prediction, actual, weights=None) -> float:
    """Return the coefficient of determination of numbers, see `Network.score`."""
    field = Field("target", "target", (None, *prediction.shape[1:]), "float64")
    weighing = dataclasses.replace(field, name="weights", kind="weights", partner="target")
    given = (actual,) if weights is None else (actual, weights)
    y, *w = prepare(given, [field, weighing][: len(given)], "score")
    if y.shape != prediction.shape:
        raise DataError(f"score: got targets of shape {y.shape} for predictions of shape {prediction.shape}. Pass one "
                        "target for each prediction")
    w = _weighed(y, w[0] if w else None)
    y, p, w = (a.reshape(-1, a.shape[-1]) for a in (y, prediction, w))
    total = w.sum(axis=0)
    mean = (w * y).sum(axis=0) / np.where(total == 0, 1, total)
    with np.errstate(over="ignore", invalid="ignore"):  # an error too large to be squared is infinitely bad
        left, spread = (w * (y - p) ** 2).sum(axis=0), (w * (y - mean) ** 2).sum(axis=0)
        flat = spread == 0  # a column without spread is predicted exactly, or not at all
        ratio = np.where(flat, (left == 0).astype(float), 1 - left / np.where(flat, 1, spread))
        ratio = np.where(np.isinf(left), -np.inf, ratio)
    return float(np.where(total == 0, 0, ratio).mean())
