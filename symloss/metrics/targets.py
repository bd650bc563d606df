"""Brings predictions and targets of classes into one form, and weights into the shape of the items."""

import dataclasses

import numpy as np
import pytensor.tensor as pt

from .._checks import (
    align,
    floating,
    same_rank_below,
    shape_text,
    tensor,
    undo,
)
from ..errors import ShapeError, SpecError

AVERAGES = ("auto", "binary", "macro", "micro", "weighted", None)


def paired(prediction, target, who: str, multilabel=None):
    """Return (form, prediction, target) of classes.

    Returns
    -------
    form : str
        'labels': prediction (..., k), target (...) of integers. 'binary': one column (or a vector) each, and the target
        is a probability or 0 and 1. 'distribution': a probability for each of k classes in both. 'multilabel': k
        columns of binary targets. If `multilabel` is None and there are several columns, a sigmoid in the graph
        decides.
    prediction, target : tensors
        In the same shape, except for labels.
    """
    prediction, target = floating(prediction, who, "prediction"), tensor(target, who, "target")
    single = prediction.ndim < 2 or prediction.type.shape[-1] == 1
    discrete = not target.dtype.startswith("float")
    column = target.ndim == prediction.ndim and target.ndim > 1 and target.type.shape[-1] == 1
    if not single and discrete and (target.ndim == prediction.ndim - 1 or column):
        return "labels", prediction, same_rank_below(prediction, target, who)
    prediction, target = align(prediction, target, who)
    if single:
        return "binary", prediction, target
    if multilabel is None:
        multilabel = undo(prediction, "sigmoid") is not None
    return ("multilabel" if multilabel else "distribution"), prediction, target


def known(form, prediction, target):
    """Return where an item has a class: its label is one of the classes, or its numbers are not NaN."""
    if form == "labels":
        return pt.ge(target, 0) & pt.lt(target, prediction.shape[-1])
    found = ~pt.isnan(target)
    return found.all(axis=-1) if form == "distribution" else found


@dataclasses.dataclass(frozen=True)
class Decided:
    """Predicted and actual classes of the items that count.

    Parameters
    ----------
    predicted, actual : integer vectors (n,), or of 0 and 1 (n, k) where `multilabel`
    weights : float64, of their shape
    count : int or None
        Number of classes, or of columns. None if the graph does not show it.
    multilabel : bool
    known : boolean scalar
        Whether every item that counts has a class.
    """

    predicted: object
    actual: object
    weights: object
    count: int | None
    multilabel: bool
    known: object

    def sums(self, table):
        """Return a table made of these, or NaN if an item has no class, because class 0 was used for it."""
        return pt.switch(self.known, table, np.nan)


def decided(prediction, target, weights, who: str, threshold: float = 0.5, multilabel=None) -> Decided:
    """Return the decisions for prediction and target in any form of `paired`, flattened."""
    form, prediction, target = paired(prediction, target, who, multilabel)
    several, count = form == "multilabel", prediction.type.shape[-1] if prediction.ndim else None
    there = known(form, prediction, target)
    weights = spread(weights, there, who)
    if form in ("binary", "multilabel"):
        predicted, actual = pt.gt(prediction, threshold).astype("int64"), pt.gt(target, 0.5)
    else:
        predicted, actual = best(prediction), target if form == "labels" else pt.argmax(target, axis=-1)
    actual = pt.switch(there & pt.neq(weights, 0), actual, 0).astype("int64")
    whole = (there | pt.eq(weights, 0)).all()
    flat = [rows(v, count) if several else v.ravel() for v in (predicted, actual, weights)]
    return Decided(*flat, 2 if form == "binary" else count, several, whole)


def best(prediction):
    """Return the first of the most probable classes, along the last axis."""
    logits = undo(prediction, "softmax")  # in the same order, so the softmax need not be computed
    return pt.argmax(prediction if logits is None else logits, axis=-1)


def rows(value, count):
    """Return `value` (..., count) as a matrix with `count` columns."""
    return value.reshape((-1, value.shape[-1] if count is None else count))


def clean(value, weights):
    """Return `value` with 0 where its weight is 0, because NaN would otherwise spread: 0 * NaN is NaN."""
    return pt.switch(pt.neq(weights, 0), value, pt.zeros((), dtype=value.dtype))


def spread(weights, like, who: str):
    """Return weights as float64 in the shape of `like`: 1 if there are none, averaged over surplus axes.

    Entries with weight 0 are ignored and left out of the average, as in losses.
    """
    if weights is None:
        return pt.ones_like(like, dtype="float64")
    weights = tensor(weights, who, "weights").astype("float64")
    if weights.ndim > like.ndim:
        rest = tuple(range(like.ndim, weights.ndim))
        weights = weights.sum(axis=rest) / pt.maximum(pt.neq(weights, 0).sum(axis=rest), 1)
    for v, w in zip(like.type.shape, weights.type.shape, strict=False):
        if None not in (v, w) and v != w != 1:
            raise ShapeError(
                f"{who}: the weights have shape {shape_text(weights)} and the items {shape_text(like)}. Pass weights "
                "in the shape of the target, or one weight per item"
            )
    weights = weights[(..., *(None,) * (like.ndim - weights.ndim))]
    if any(w == 1 != v for v, w in zip(like.type.shape, weights.type.shape, strict=True)):
        weights = weights * pt.ones_like(like, dtype="float64")  # every value counts, and not every weight
    return weights


def tally(index, weights, length):
    """Return a vector of the total weight of each index from 0 to length - 1."""
    return pt.inc_subtensor(pt.zeros(length, dtype="float64")[index], weights)


def averaging(average, count, multilabel: bool, who: str):
    """Return the meaning of 'auto' here, and raise SpecError for an average that does not fit the classes."""
    if average not in AVERAGES:
        raise SpecError(f"{who}: average={average!r} is not valid; it must be one of {', '.join(map(repr, AVERAGES))}")
    two = count == 2 and not multilabel
    if average == "binary" and not two:
        columns = f"{count} {'columns of yes and no' if multilabel else 'classes'}"
        raise SpecError(f"{who}: average='binary' works with two classes, but there are {columns}. Use 'macro', "
                        "'micro', 'weighted' or None")
    return ("binary" if two else "macro") if average == "auto" else average
