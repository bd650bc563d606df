"""Metrics of survival data: whether items with a greater predicted risk had their event earlier."""

import numpy as np
import pytensor.tensor as pt

from .._checks import floating, shape_text, tensor
from ..errors import ShapeError
from .registration import Figure, metric
from .targets import spread


def concordant_share(risks: np.ndarray, times: np.ndarray, events: np.ndarray, weights: np.ndarray) -> float:
    """Return Harrell's C, the share of comparable pairs in the right order, or NaN if no pair is comparable.

    Parameters
    ----------
    risks, times, events, weights : arrays (n,)
        `events` is 1 if the event was seen at its time. The weight of a pair is the product of its weights.

    >>> concordant_share(np.array([3.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0]), np.array([1, 1, 0]), np.ones(3))
    0.6666666666666666
    """
    kept = weights != 0
    risks, times, events, weights = (np.asarray(a)[kept] for a in (risks, times, events > 0.5, weights))
    if np.isnan(risks).any() or np.isnan(times).any():
        return np.nan
    right = total = 0.0
    for i in np.flatnonzero(events):
        outlived = (times > times[i]) | ((times == times[i]) & ~events)
        pair = weights[i] * weights[outlived]
        total += pair.sum()
        right += (pair * ((risks[i] > risks[outlived]) + 0.5 * (risks[i] == risks[outlived]))).sum()
    return float(right / total) if total else np.nan


@metric("c_index", "concordance_index", "harrell_c", kind="whole", target="values")
def concordance(prediction, target, weights=None, *, times=False):
    """Harrell's C: how often the item of a pair with the greater predicted risk has its event earlier.

    Parameters
    ----------
    prediction : float tensor (n, 1) or (n,)
        Risks, on any scale: the output of a model that was trained with `cox`.
    target : tensor (n, 2)
        Time and event, as for the loss `cox`.
    times : bool
        Whether the prediction is a time instead of a risk. It should be greater if the event comes later.

    Notes
    -----
    Two items are comparable if the event of one was seen while the other was still observed. Equal predictions count as
    half. 0.5 is chance, and the result is NaN if no pair is comparable.

    References
    ----------
    Harrell et al. (1982), "Evaluating the Yield of Medical Tests", JAMA 247(18).
    """
    prediction, target = floating(prediction, "concordance", "prediction"), tensor(target, "concordance", "target")
    one = prediction.ndim == 1 or (prediction.ndim == 2 and prediction.type.shape[1] in (1, None))
    if not one or target.ndim != 2 or target.type.shape[1] not in (2, None):
        raise ShapeError(f"concordance: the target has shape {shape_text(target)} and the prediction "
                         f"{shape_text(prediction)}. Pass a target (n, 2) with time and event, and a prediction (n, 1)")
    risks = prediction if prediction.ndim == 1 else pt.specify_shape(prediction, (None, 1))[:, 0]
    target = pt.specify_shape(target.astype("float64"), (None, 2))
    weights = spread(weights, target[:, 0], "concordance")
    return Figure((-risks if times else risks, target[:, 0], target[:, 1], weights), concordant_share, None)
