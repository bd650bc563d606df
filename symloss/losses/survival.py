"""Losses of survival data: times until an event, some of which are censored."""

import numpy as np
import pytensor.tensor as pt

from .._checks import floating, shape_text, tensor
from ..errors import DataError, ShapeError, SpecError
from .option_ranges import Choice
from .registration import loss
from .similarity import item_weights, log_sum

TIES = ("breslow", "efron")


def time_and_event(shapes, options):
    """Return the shape of a target with two columns."""
    return next(iter(shapes.values()))[0], 2


def check_events(target: np.ndarray, steps=None, who: str = "cox", counts=None, classes=None, rows=None, **_) -> None:
    """Raise DataError for the first row whose event is neither 0 nor 1."""
    event = np.asarray(target)[:, 1]
    bad = ~np.isin(event, (0, 1)) & (True if counts is None else np.asarray(counts, bool))
    if bad.any():
        row = int(bad.argmax())
        raise DataError(f"{who}: row {row if rows is None else rows[row]} has the event {event[row]}, but it must be "
                        "1 (the event occurred at that time) or 0 (observation ended). Pass the time in the first "
                        "column and the event in the second")


def survival(prediction, target, who: str):
    """Return risks (n,), times (n,) and where the event was seen, a boolean (n,)."""
    prediction, target = floating(prediction, who, "prediction"), tensor(target, who, "target")
    rows = prediction.type.shape[:1] + target.type.shape[:1]
    one = prediction.ndim == 1 or (prediction.ndim == 2 and prediction.type.shape[1] in (1, None))
    apart = len(rows) == 2 and None not in rows and rows[0] != rows[1]
    if not one or target.ndim != 2 or target.type.shape[1] not in (2, None) or apart:
        raise ShapeError(f"{who}: the target has shape {shape_text(target)} and the prediction "
                         f"{shape_text(prediction)}. Pass a target (n, 2) with time and event, and a prediction (n, 1)")
    if prediction.ndim == 2:
        prediction = pt.specify_shape(prediction, (None, 1))[:, 0]
    target = pt.specify_shape(floating(target, who, "target"), (None, 2))
    return prediction, target[:, 0], pt.gt(target[:, 1], 0.5)


@loss("CoxPHLoss", "cox_ph", "cox_partial_likelihood", "survival:cox", target="same", per="item", unit="nats",
      shape=time_and_event, fits=check_events, ranges={"ties": Choice(TIES)})
def cox(prediction, target, *, ties="breslow", weights=None):
    r"""Negative partial log-likelihood of Cox's proportional hazards, per item.

    .. math:: \ell_i = \delta_i \Big(\log \sum_{j:\, t_j \ge t_i} w_j e^{p_j} - p_i\Big)

    Parameters
    ----------
    prediction : float tensor (n, 1) or (n,)
        Logarithm of the relative risk, of any sign: let its layer be linear. Adding a constant changes nothing.
    target : tensor (n, 2)
        Time, in any unit, and event: 1 if the event was seen at that time, 0 if observation ended before it (censored).
    ties : 'breslow' or 'efron'
        How to treat several events at the same time. 'breslow' counts all of them in the sum for each of them. 'efron'
        removes a growing share of them, which is more accurate if there are many ties.
    weights : float tensor (n,), (n, 2), or None
        Weight of each item, also in the sums (averaged over the two columns).

    Returns
    -------
    float tensor (n,)
        At least 0 without weights, in nats. It is 0 for censored items.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the target has not two columns.
    SpecError
        If `ties` is neither of the two.

    Notes
    -----
    Use it for times until failure, relapse or churn. Items are compared within their batch, so use large batches, or
    ``batch_size=0`` for all items. The mean divides by the number of all items, not of the events. Time and memory grow
    with the square of the batch size.

    References
    ----------
    Cox (1972), "Regression Models and Life-Tables", Journal of the Royal Statistical Society B 34(2); Efron (1977),
    "The Efficiency of Cox's Likelihood Function for Censored Data", Journal of the American Statistical Association 72.

    >>> symloss.evaluate.value("cox", [[0.0], [0.0]], [[1.0, 1.0], [2.0, 0.0]]).round(6).tolist()
    [0.693147, 0.0]
    """
    if ties not in TIES:
        raise SpecError(f"cox: ties={ties!r} is not valid; it must be {' or '.join(map(repr, TIES))}")
    p, time, event = survival(prediction, target, "cox")
    w = item_weights(weights, p, "cox")
    event = event & pt.gt(w, 0)
    later = pt.ge(time[None, :], time[:, None])  # j is still watched when i happens
    at_risk = log_sum(p[None, :], later * w)
    if ties == "efron":
        at_risk = at_risk + _tied(p, w, at_risk, pt.eq(time[None, :], time[:, None]) & event)
    return pt.switch(event, at_risk - p, np.asarray(0, p.dtype))


def _tied(p, w, at_risk, tied):
    """Return the mean of log(1 - share * l / d) over the d events of one time, l from 0 to d - 1.

    `tied` (n, n) says which items j are events at the time of i, whose share of those at risk this is.
    """
    share = pt.exp(pt.minimum(log_sum(p[None, :], tied * w) - at_risk, 0))[:, None]
    place, table = pt.arange(p.shape[0]), tied.astype(p.dtype)
    rank = (table * pt.lt(place[None, :], place[:, None])).sum(axis=1)  # of j among the events of its time
    count = pt.maximum(table.sum(axis=1), 1)
    return pt.log1p(-share * table * rank / count[:, None]).sum(axis=1) / count
