"""Targets as other libraries hand them over (a vector of floats) become what a loss takes, and are checked."""

import numpy as np

from ..errors import DataError, ShapeError
from ..evaluate import guarded


def checked_target(spec, target, rows: int, width: int, options: dict, who: str) -> np.ndarray:
    """Return a target as a loss takes it.

    Labels become integers, 0 and 1 the signs -1 and 1 where a loss takes signs, labels of a loss of distributions one
    row of 0 and 1 each, and a vector a single column.

    Parameters
    ----------
    spec : LossSpec
    target : array (n,) or (n, m)
    rows, width : int
        Number of items, and of columns of the prediction.
    options : dict
        The options of the loss.
    who : str
        Who speaks in error messages.

    Raises
    ------
    ShapeError
        If there are more or fewer targets than items, or their columns do not fit.
    DataError
        For labels out of range, signs other than -1 and 1, and values that are not probabilities.
    """
    target = np.asarray(target)
    if target.dtype.kind not in "biuf":
        raise DataError(f"{who}: targets have dtype {target.dtype}, but must be numbers. Encode labels as 0, 1, ...")
    if target.ndim == 2 and target.shape[1] == 1:
        target = target[:, 0]
    if target.ndim == 1 and width > 1 and len(target) == rows * width != rows:  # a matrix that was handed over flat
        target = target.reshape(rows, width)
    if target.ndim not in (1, 2) or len(target) != rows:
        raise ShapeError(f"{who}: targets have shape {target.shape} for {rows} items. Pass one target per item")
    target = _formed(spec, target, width, who)
    if "target" not in spec.ports:
        return target
    shown = np.broadcast_to(np.zeros(1), (rows, width))  # guarded() looks at shapes of predictions alone
    given = [target if port == "target" else shown for port in spec.ports]
    return guarded(spec, given, options, who=who)[spec.ports.index("target")]


def _formed(spec, target, width, who) -> np.ndarray:
    """Return a target with the dtype and the axes that a loss takes."""
    kind, flat = spec.target, target.ndim == 1
    if kind == "sign" or (kind == "sign or label" and width == 1):
        if np.isin(target, (0, 1)).all():
            target = 2 * target.astype("float64") - 1
        return _column(target)
    if kind == "label" or (flat and kind in ("label or distribution", "sign or label")):
        return _labels(target, who)
    if flat and width > 1 and spec.activation == "softmax":
        labels = _labels(target, who)
        if labels.size and (labels.min() < 0 or labels.max() >= width):
            raise DataError(f"{who}: labels range from {labels.min()} to {labels.max()} for {width} classes. Pass "
                            f"labels from 0 to {width - 1}")
        return np.eye(width)[labels]
    return _column(target)


def _column(target) -> np.ndarray:
    target = target.astype("float64")
    return target[:, None] if target.ndim == 1 else target


def _labels(target, who) -> np.ndarray:
    """Return labels as int64, or raise DataError if one is not a whole number."""
    labels = target.astype("int64") if np.isfinite(target).all() else None
    if labels is None or (labels != target).any():
        raise DataError(f"{who}: labels are not whole numbers. Pass 0, 1, ..., a number for each class")
    return labels
