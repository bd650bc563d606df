"""How good a model's predictions are, as one figure of a whole data set."""

import dataclasses

from . import measures
from .compiling import Tally
from .data import Field, open_source
from .errors import SpecError
from .losses import weights_variable
from .objective import Term

ROWS = 4096


def score(model, columns: list, weights, metric):
    """Return a metric of a model's predictions, without noise.

    Parameters
    ----------
    model : Network
    columns : list
        Input, and target unless it is the input.
    weights : array or None
        One an item, or in the target's shape.
    metric : str, dict or function
        As in `Network.train`.

    Returns
    -------
    float, or nested lists
    """
    outputs = model.graph.outputs()[0]
    measure = measures.bound(metric, model.losses, outputs, model.output_name)
    source = next(loss for loss in model.losses if loss._target is measure.target)
    counted = weights_variable(measure.target) if weights is not None else None
    measure = dataclasses.replace(measure, weights=counted)
    fields, variables = model._input_fields(), list(model.inputs)
    if len(fields) > 1 and not isinstance(columns[0], list | tuple):
        raise SpecError(f"score: the model has {len(fields)} inputs; pass a list of {len(fields)} arrays")
    arrays = [*columns[0]] if len(fields) > 1 else [columns[0]]
    if measure.target not in variables:
        fields.append(model._target_field(source, outputs[measure.output_name], optional=False))
        variables.append(measure.target)
        arrays += columns[1:]
    if counted is not None:
        partner = next(f.name for f, v in zip(fields, variables, strict=True) if v is measure.target)
        fields.append(Field("weights", "weights", counted.type.shape, counted.dtype, partner=partner))
        variables.append(counted)
        arrays.append(weights)
    term = Term(measure.name, measure.figure(outputs))
    tally = Tally([term])
    key = ("score", dataclasses.replace(measure, weights=None).key(), counted is not None)
    compiled = model._function(key, variables, lambda: tally.expressions)
    data = open_source(tuple(arrays), model._with_encoders(fields), "score")
    parts = tally.by_term(tally.over(compiled(*batch) for batch in data.batches(ROWS)))[0]
    return term.value(parts)
