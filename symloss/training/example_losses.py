"""The loss of each item of a data set by itself."""

import contextlib

import numpy as np

from ..compiling import Evaluation, alone, weight_updates
from ..errors import DataError
from ..losses import Loss


def example_losses(evaluation, source) -> np.ndarray:
    """Return the loss of each item, as if the item were the whole data set, without noise and penalties.

    Weights within an item (of its columns, steps or pixels) are applied as in training. If the loss is a mean, the
    weight of an item as a whole cancels out, so an item with a small weight still shows the size of its error.

    Parameters
    ----------
    evaluation : Evaluation
    source : Arrays

    Returns
    -------
    float64 array (items,)
        The weighted sum of the losses, in the unit of the total loss. NaN for an item in which nothing counts, because
        its weights are 0 or its labels are ignored.

    Raises
    ------
    DataError
        If the data come batch by batch, so that items cannot be looked up again.
    """
    if source.count is None:
        raise DataError("example_losses: the training data came in batches, which are not kept. Pass arrays")
    terms = evaluation.objective.evaluation_terms
    return np.array([total(terms, evaluation.run([arrays])) for arrays in source.batches(1)], "float64")


def total(terms: list, sums: list) -> float:
    """Return the sum of weight times loss, of the parts of `terms` over the data: NaN where no loss counts anything."""
    counts = [term.weight * term.value(parts) for term, parts in zip(terms, sums, strict=True)
              if isinstance(term.source, Loss) and parts[1]]
    return sum(counts) if counts else np.nan


@alone
def made(evaluation, objective, backend) -> Evaluation:
    """Return the evaluation, compiled now where there is none."""
    return Evaluation(objective, backend) if evaluation is None else evaluation


def standing(objective) -> dict:
    """Return the values of everything by which an evaluation can change: parameters, weights and options of losses."""
    return {v: v.get_value() for v in [*objective.parameters.values(), *weight_updates.settable(objective)]}


@contextlib.contextmanager
def as_it_stood(values: dict):
    """In this context, shared variables have these values."""
    now = {v: v.get_value() for v in values}
    _set(values)
    try:
        yield
    finally:
        _set(now)


def _set(values):
    for variable, value in values.items():
        variable.set_value(value)
