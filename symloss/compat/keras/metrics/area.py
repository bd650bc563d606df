"""keras.metrics.AUC: the area under a curve over thresholds."""

import numpy as np

from ....errors import ShapeError, SpecError
from .. import ops
from ..backend import EPSILON
from ..errors import no_such
from ..losses.shapes import lengths
from .base import Metric
from .confusion import ALL_KINDS
from .counting import counts, even_thresholds

CURVES = ("ROC", "PR", "PRGAIN")
METHODS = ("interpolation", "majoring", "minoring")


class AUC(Metric):
    """The area under the ROC, precision-recall or gain curve, by sums over thresholds.

    Parameters
    ----------
    num_thresholds : int
        Number of thresholds at equal distances from 0 to 1. More thresholds are more exact.
    curve : 'ROC', 'PR' or 'PRGAIN'
    summation_method : 'interpolation', 'majoring' or 'minoring'
        Height of a step: the mean of its ends (for 'PR', as in Davis & Goadrich 2006), their maximum or minimum.
    thresholds : list of numbers or None
        Own thresholds between 0 and 1.
    multi_label : bool
        Whether each column is a label of its own. The result is the mean of their areas.
    num_labels : int or None
        Number of columns.
    label_weights : list of numbers or None
        Weights of the columns.
    from_logits : bool
        Whether y_pred are logits.
    """

    def __init__(self, num_thresholds=200, curve="ROC", summation_method="interpolation", name=None, dtype=None,
                 thresholds=None, multi_label=False, num_labels=None, label_weights=None, from_logits=False):
        super().__init__(dtype, name)
        if str(curve).upper() not in CURVES:
            raise no_such(f'curve of AUC (Invalid AUC curve value: "{curve}".):', curve, CURVES)
        if str(summation_method).lower() not in METHODS:
            raise no_such(f'summation method of AUC (Invalid AUC summation method value: "{summation_method}".):',
                          summation_method, METHODS)
        if thresholds is None and not num_thresholds > 1:
            raise SpecError(f"AUC: Argument `num_thresholds` must be an integer > 1. Received: {num_thresholds!r}")
        if num_labels and not multi_label:
            raise SpecError("AUC: `num_labels` is only used with `multi_label=True`; leave it out")
        self._own = thresholds is not None
        inner = sorted(thresholds) if self._own else even_thresholds(num_thresholds)[1:-1]
        self._thresholds = np.asarray([-EPSILON, *inner, 1 + EPSILON])
        self.num_thresholds = len(self._thresholds)
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else ops.convert_to_tensor(label_weights, self.dtype)
        if not multi_label or num_labels:
            self._build(num_labels)

    def _build(self, columns):
        shape = (self.num_thresholds, columns) if self.multi_label else (self.num_thresholds,)
        for attribute in ALL_KINDS:
            setattr(self, attribute, self.add_variable(shape, name=attribute))

    @property
    def thresholds(self) -> list:
        """All thresholds, with those just below 0 and above 1."""
        return list(self._thresholds)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred)
        if self.multi_label and y_pred.ndim != 2:
            raise ShapeError(f"AUC: `y_pred` must have rank 2 when `multi_label=True`. Found rank {y_pred.ndim}")
        if not self.variables:
            self._build(lengths(y_pred)[-1])
        y_pred = ops.sigmoid(y_pred) if self.from_logits else y_pred
        found = counts("AUC", y_true, ops.clip(y_pred, 0.0, 1.0), self._thresholds, sample_weight,
                       multi_label=self.multi_label, label_weights=self.label_weights, dtype=self.dtype)
        for attribute, kind in ALL_KINDS.items():
            getattr(self, attribute).assign_add(found[kind])

    def result(self):
        if not self.variables:
            return ops.zeros((), self.dtype)
        tp, fp, tn, fn = (getattr(self, attribute).value for attribute in ALL_KINDS)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._over_labels(_interpolated(tp, fp, fn))
        x, y = _curve(self.curve, tp, fp, tn, fn)
        height = {"interpolation": lambda a, b: (a + b) / 2, "minoring": ops.minimum, "majoring": ops.maximum}
        return self._over_labels((x[:-1] - x[1:]) * height[self.summation_method](y[:-1], y[1:]))

    def _over_labels(self, steps):
        areas = ops.sum(steps, axis=0)
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        return ops.divide_no_nan(ops.sum(areas * self.label_weights), ops.sum(self.label_weights))

    def get_config(self) -> dict:
        own = {"thresholds": [float(t) for t in self._thresholds[1:-1]]} if self._own else {}
        weights = None if self.label_weights is None else self.label_weights.tolist()
        return {**super().get_config(), "num_thresholds": self.num_thresholds, "curve": self.curve,
                "summation_method": self.summation_method, "multi_label": self.multi_label,
                "num_labels": self.num_labels, "label_weights": weights, "from_logits": self.from_logits, **own}


def _curve(curve, tp, fp, tn, fn) -> tuple:
    """Return abscissa and ordinate of a curve at each threshold."""
    recall = ops.divide_no_nan(tp, tp + fn)
    if curve == "ROC":
        return ops.divide_no_nan(fp, fp + tn), recall
    if curve == "PR":
        return recall, ops.divide_no_nan(tp, tp + fp)
    odds = ops.divide_no_nan(tp + fn, tn + fp)
    gains = [1 - odds * ops.divide_no_nan(wrong, tp) for wrong in (fn, fp)]
    x, y = ops.where(tp == 0, 0.0, gains[0]), ops.where(tp == 0, 1.0, gains[1])
    return ops.maximum(x, 0.0), y


def _interpolated(tp, fp, fn):
    """Return the area of each step under the precision-recall curve, between whose ends hits go along a line.

    References
    ----------
    Davis & Goadrich (2006), "The Relationship Between Precision-Recall and ROC Curves", ICML.
    """
    yes = tp + fp
    slope = ops.divide_no_nan(tp[:-1] - tp[1:], ops.maximum(yes[:-1] - yes[1:], 0))
    start = tp[1:] - slope * yes[1:]
    ratio = ops.where((yes[:-1] > 0) & (yes[1:] > 0), ops.divide_no_nan(yes[:-1], ops.maximum(yes[1:], 0)), 1.0)
    areas = slope * (tp[:-1] - tp[1:] + start * ops.log(ratio))
    return ops.divide_no_nan(areas, ops.maximum(tp[1:] + fn[1:], 0))
