"""Losses of sequences whose labels are not aligned with their steps."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import floating, shape_text, tensor
from ..errors import DataError, ShapeError, SpecError
from .classification import log_of_sum, log_probabilities
from .masking import selected
from .option_ranges import Lengths, Range
from .registration import loss
from .similarity import ABSENT


def log_add(*logs):
    """Return log(sum(exp(logs))) of tensors."""
    top = logs[0]
    for other in logs[1:]:
        top = pt.maximum(top, other)
    top = disconnected_grad(top)
    return top + pt.log(pt.maximum(sum(pt.exp(x - top) for x in logs), 1))  # see log_of_sum


def later(logs, steps: int):
    """Return `logs` (n, s) shifted to the right by `steps`, and filled with `ABSENT` at the left."""
    nothing = pt.full_like(logs[:, :steps], np.asarray(ABSENT, logs.dtype))
    return pt.concatenate([nothing, logs[:, :-steps]], axis=1)


def of_free_length(shapes, options):
    """Return the shape of label sequences, which have a length of their own."""
    return next(iter(shapes.values()))[0], None


def check_alignment(labels: np.ndarray, steps, who: str = "ctc", counts=None, classes=None, *, rows=None,
                    blank=0, zero_infinity=False, **_) -> None:
    """Raise DataError for the first row that has no alignment: no path of that many steps gives its labels.

    The blank cannot be a label, padding may stand only at the end, each label needs a step, and equal labels in a row
    need a blank between them.

    Parameters
    ----------
    labels : integer array (n, length)
        Shorter sequences are padded with -1.
    steps : int or integer array (n,)
        Number of steps, the same for all predictions or one for each.
    who : str
        Name of the caller, for the message.
    counts : boolean array (n,) or None
        Which rows have a weight. None means all of them.
    classes : int or None
        Number of classes, including the blank. With None, blanks are not looked for.
    rows : int array or None
        Numbers of the rows, for the message, if these are a part of the user's data.
    blank, zero_infinity :
        As `ctc` has them.
    """
    labels = np.asarray(labels)
    there, counts = labels >= 0, True if counts is None else np.asarray(counts, bool)

    def refuse(wrong, text) -> None:
        wrong = wrong & counts
        if wrong.any():
            row = int(wrong.argmax())
            more = f" ({wrong.sum()} such rows)" if wrong.sum() > 1 else ""
            raise DataError(f"{who}: row {row if rows is None else rows[row]} has {text(row)}{more}")

    if classes:
        blanks = labels == blank % classes
        refuse(blanks.any(axis=1), lambda row: f"the label {blank % classes}, which is the blank. "
                                               f"{_labels_beside(blank % classes, classes)}")
    refuse((there[:, 1:] & ~there[:, :-1]).any(axis=1),
           lambda row: "a label after a -1, but -1 is padding at the end of a sequence. Leave the label or the -1 out")
    if zero_infinity:
        return
    again = (there[:, 1:] & (labels[:, 1:] == labels[:, :-1])).sum(axis=1)
    needed, steps = there.sum(axis=1) + again, np.broadcast_to(steps, len(labels))

    def too_many(row) -> str:
        between = f" and {again[row]} blanks between equal ones" if again[row] else ""
        return (f"{there[row].sum()} labels{between}, but only {steps[row]} steps, so no alignment is possible. Merge "
                "fewer steps into one, leave such rows out, or pass zero_infinity=True to the loss")

    refuse(needed > steps, too_many)


def _labels_beside(blank, classes) -> str:
    """Return how labels are to be numbered, in words, where a class is the blank."""
    if blank == classes - 1:
        return f"Number the labels from 0 to {classes - 2}"
    if blank == 0:
        return (f"Number the labels from 1 to {classes - 1}, or pass blank=-1 to the loss to use the last class as "
                "the blank")
    return "Number the labels around it, or pass blank=-1 to the loss to use the last class as the blank"


@loss("CTCLoss", "CTCLossLayer", "connectionist_temporal_classification", "ctc_loss_with_forward_probs", target="label",
      activation="softmax", per="item", unit="nats", padding=-1, shape=of_free_length, fits=check_alignment,
      ranges={"blank": Range(whole=True), "steps": Lengths()})
def ctc(prediction, target, *, blank=0, steps=None, zero_infinity=False):
    r"""Connectionist temporal classification, per item (a sequence).

    .. math:: \ell = -\log \sum_{\pi \in B^{-1}(t)} \prod_{\tau} p_{\tau, \pi_\tau}

    over all paths that give the labels t when repeats are merged and blanks are removed.

    Parameters
    ----------
    prediction : float tensor (n, steps, k)
        Probabilities of the k classes, one of which is the blank, at every step. The logits are used if the graph shows
        a softmax.
    target : integer tensor (n, length)
        Labels from 0 to k - 1, without blanks. Pad shorter sequences with -1 at their end.
    blank : int
        Which class is the blank. -1 is the last one.
    steps : integer tensor (n,), or None
        How many steps of each prediction count, from the first one on. None means all. The steps behind them are
        ignored.
    zero_infinity : bool
        Whether labels that cannot be aligned give 0 instead of infinity.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a wrong label. It is infinite (or 0), with a gradient of 0, if the labels (and
        a blank between equal ones) need more steps than there are.

    Raises
    ------
    ShapeError
        If the ranks are not 3 and 2, the static shapes can never agree, or the labels are not integers.
    SpecError
        If `blank` is not one of the classes.

    Notes
    -----
    Use it for speech and handwriting. `symloss.decoding` turns predictions into labels. The blank is 0 in torch, optax
    and Keras, and the last class in Wolfram. torch's mean divides each value by the length of its labels first.

    References
    ----------
    Graves et al. (2006), "Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent
    Neural Networks", ICML.

    >>> p = [[[0.5, 0.5], [0.5, 0.5]]]
    >>> symloss.evaluate.value("ctc", p, [[1]]).round(6).tolist()
    [0.287682]
    """
    prediction, labels, known, blank = sequences(prediction, target, blank, "ctc")
    alive = None if steps is None else _alive(steps, prediction)
    if alive is not None:
        prediction = selected(prediction, alive[..., None])
    logs = log_probabilities(prediction)
    values = _minus_log_likelihood(logs, pt.switch(known, labels, blank), known, blank, alive)
    if zero_infinity:
        values = pt.switch(pt.isinf(values), np.asarray(0, values.dtype), values)
    return nan_where_wrong(values, labels, known)


def _alive(steps, prediction):
    """Return a boolean tensor (n, steps) of what counts of a prediction (n, steps, k)."""
    steps = tensor(steps, "ctc", "steps")
    if steps.ndim != 1 or steps.dtype.startswith("float"):
        raise ShapeError(f"ctc: steps has shape {shape_text(steps)} and dtype {steps.dtype}, but it must be integers "
                         f"(n,) for the prediction {shape_text(prediction)}")
    return pt.lt(pt.arange(prediction.shape[1])[None, :], steps[:, None])


def sequences(prediction, target, blank, who: str):
    """Return predictions (n, steps, k), labels (n, length), where these are labels, and the class of the blank."""
    prediction, labels = floating(prediction, who, "prediction"), tensor(target, who, "target")
    if prediction.ndim != 3 or labels.ndim != 2 or labels.dtype.startswith("float"):
        raise ShapeError(
            f"{who}: the target has shape {shape_text(labels)} and dtype {labels.dtype}, the prediction "
            f"{shape_text(prediction)}. Pass integer labels (n, length) and probabilities (n, steps, classes)"
        )
    rows = prediction.type.shape[0], labels.type.shape[0]
    if None not in rows and rows[0] != rows[1]:
        raise ShapeError(f"{who}: the target has shape {shape_text(labels)} and the prediction "
                         f"{shape_text(prediction)}. Pass the same number of items")
    count = prediction.type.shape[2]
    if count is not None and not -count <= blank < count:
        raise SpecError(f"{who}: blank={blank} is not valid for {count} classes; it must be a number from 0 to "
                        f"{count - 1}, or -1 for the last class")
    labels, classes = labels.astype("int64"), prediction.shape[2]
    blank = classes + blank if blank < 0 else pt.as_tensor(blank, dtype="int64")
    known = pt.ge(labels, 0) & pt.lt(labels, classes) & pt.neq(labels, blank)
    return prediction, labels, known, blank


def nan_where_wrong(values, labels, known):
    """Return `values`, with NaN where a label is neither a class nor padding, or stands behind padding."""
    behind = pt.concatenate([pt.zeros_like(known[:, :1]), pt.lt(labels[:, :-1], 0)], axis=1)
    bad = ((~known & pt.neq(labels, -1)) | (known & behind)).any(axis=1)
    return pt.switch(bad, np.asarray(np.nan, values.dtype), values)


def _minus_log_likelihood(logs, labels, known, blank, alive=None):
    """Return the loss from log-probabilities (n, steps, k) and labels (n, length), by the forward recursion.

    Steps that are not `alive` (n, steps) pass on what they were given.
    """
    n, length = labels.shape[0], labels.shape[1]
    states = pt.full((n, 2 * length + 1), blank, dtype="int64")  # blank, label, blank, label, ..., blank
    states = pt.set_subtensor(states[:, 1::2], labels)
    previous = pt.concatenate([pt.full((n, 2), blank, dtype="int64"), states[:, :-2]], axis=1)[:, : states.shape[1]]
    skips = pt.neq(states, blank) & pt.neq(states, previous)
    absent = np.asarray(ABSENT, logs.dtype)
    barred = pt.switch(skips, np.asarray(0, logs.dtype), absent)  # a label may follow another one without a blank
    emitted = logs.dimshuffle(1, 0, 2)[:, pt.arange(n)[:, None], states]
    place = pt.arange(states.shape[1])
    start = pt.switch(pt.lt(place, 2)[None, :], emitted[0], absent)

    def step(emission, *rest):
        *counts, alpha, barred = rest
        skipped = pt.maximum(later(alpha, 2) + barred, absent)
        new = log_add(alpha, later(alpha, 1), skipped) + emission
        return pt.switch(counts[0][:, None], new, alpha) if counts else new

    counts = [] if alive is None else [alive.T[1:]]
    if alive is not None:  # without any step there is no label, which is the state of a blank alone
        start = pt.switch(alive[:, 0][:, None], start, pt.switch(pt.eq(place, 0)[None, :], 0, absent))
    found = pytensor.scan(step, sequences=[emitted[1:], *counts], outputs_info=[start], non_sequences=[barred],
                          return_updates=False)
    last = pt.concatenate([start[None], found], axis=0)[-1]
    ends = 2 * known.sum(axis=1)[:, None]
    final = pt.switch(pt.eq(place, ends) | pt.eq(place, ends - 1), last, absent)
    top = disconnected_grad(final.max(axis=1))
    values = -top - log_of_sum(pt.exp(final - top[:, None]))
    possible = pt.gt(top, 0.1 * absent)
    return pt.switch(possible, values, np.asarray(np.inf, values.dtype))
