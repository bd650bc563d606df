"""keras.metrics of hits, misses and false alarms: counts, precision, recall, and one at a given value of the other."""

from ....errors import SpecError
from .. import ops
from ..tensors import Variable
from .base import Metric
from .counting import NOTHING, checked_thresholds, counts, even_thresholds


class Counting(Metric):
    """Shared code of these metrics: counts of some kinds at each threshold.

    Parameters
    ----------
    kinds : dict
        Kind of `counts` by the name of the attribute that sums it up.
    thresholds : list of numbers
    top_k, class_id : int or None
        See `counts`.
    """

    def __init__(self, kinds: dict, thresholds, name=None, dtype=None, top_k=None, class_id=None):
        super().__init__(dtype, name)
        self.thresholds, self.top_k, self.class_id, self._kinds = thresholds, top_k, class_id, kinds
        for attribute in kinds:
            setattr(self, attribute, self.add_variable((len(thresholds),), name=attribute))

    def update_state(self, y_true, y_pred, sample_weight=None):
        found = counts(type(self).__name__, y_true, y_pred, self.thresholds, sample_weight, top_k=self.top_k,
                       class_id=self.class_id, dtype=self.dtype)
        for attribute, kind in self._kinds.items():
            getattr(self, attribute).assign_add(found[kind])

    def _alone(self, values):
        """Return the values of all thresholds, or that of the only one."""
        values = values.value if isinstance(values, Variable) else values
        return values[0] if len(self.thresholds) == 1 else values


class _Count(Counting):
    kind = ""

    def __init__(self, thresholds=None, name=None, dtype=None):
        self.init_thresholds = thresholds
        super().__init__({"accumulator": self.kind}, checked_thresholds(type(self).__name__, thresholds), name, dtype)

    def result(self):
        return self._alone(self.accumulator)

    def get_config(self) -> dict:
        return {**super().get_config(), "thresholds": self.init_thresholds}


class TruePositives(_Count):
    """The weight of hits: y_true is 1, y_pred above the threshold."""

    kind = "tp"


class FalsePositives(_Count):
    """The weight of false alarms: y_true is 0, y_pred above the threshold."""

    kind = "fp"


class TrueNegatives(_Count):
    """The weight of correct rejections: y_true is 0, y_pred not above the threshold."""

    kind = "tn"


class FalseNegatives(_Count):
    """The weight of misses: y_true is 1, y_pred not above the threshold."""

    kind = "fn"


class _Share(Counting):
    other = ""

    def __init__(self, thresholds=None, top_k=None, class_id=None, name=None, dtype=None):
        self.init_thresholds = thresholds
        kinds = {"true_positives": "tp", self.other: {"false_positives": "fp", "false_negatives": "fn"}[self.other]}
        found = checked_thresholds(type(self).__name__, thresholds, 0.5 if top_k is None else NOTHING)
        super().__init__(kinds, found, name, dtype, top_k, class_id)

    def result(self):
        hits = self.true_positives.value
        return self._alone(ops.divide_no_nan(hits, hits + getattr(self, self.other).value))

    def get_config(self) -> dict:
        return {**super().get_config(), "thresholds": self.init_thresholds, "top_k": self.top_k,
                "class_id": self.class_id}


class Precision(_Share):
    """The share of hits among all predictions above the threshold, or 0 if there are none."""

    other = "false_positives"


class Recall(_Share):
    """The share of hits among all items with y_true 1, or 0 if there are none."""

    other = "false_negatives"


ALL_KINDS = {"true_positives": "tp", "false_positives": "fp", "true_negatives": "tn", "false_negatives": "fn"}


class _AtAnother(Counting):
    """The best value of one share if another one is at least `value`."""

    own, constraint = "", ""  # names of the shares
    argument = ""

    def __init__(self, value, num_thresholds, class_id, name, dtype):
        who = type(self).__name__
        if not 0 <= value <= 1:
            raise SpecError(f"{who}: Argument `{self.argument}` must be in the range [0, 1]. Received: {value!r}")
        if not num_thresholds > 0:
            raise SpecError(f"{who}: Argument `num_thresholds` must be an integer > 0. Received: {num_thresholds!r}")
        self.value, self.num_thresholds = value, num_thresholds
        setattr(self, self.argument, value)
        super().__init__(ALL_KINDS, even_thresholds(num_thresholds), name, dtype, class_id=class_id)

    def result(self):
        hits, alarms, refused, missed = (getattr(self, attribute).value for attribute in ALL_KINDS)
        shares = {"recall": (hits, missed), "precision": (hits, alarms), "specificity": (refused, alarms)}
        pair = shares[self.own], shares[self.constraint]
        own, other = (ops.divide_no_nan(part, part + rest) for part, rest in pair)
        return ops.max(ops.where(ops.greater_equal(other, self.value), own, 0.0), initial=0)

    def get_config(self) -> dict:
        return {**super().get_config(), "num_thresholds": self.num_thresholds, "class_id": self.class_id,
                self.argument: self.value}


class SensitivityAtSpecificity(_AtAnother):
    """The greatest sensitivity (recall) at a specificity of at least `specificity`."""

    own, constraint, argument = "recall", "specificity", "specificity"

    def __init__(self, specificity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_AtAnother):
    """The greatest specificity at a sensitivity (recall) of at least `sensitivity`."""

    own, constraint, argument = "specificity", "recall", "sensitivity"

    def __init__(self, sensitivity, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_AtAnother):
    """The greatest precision at a recall of at least `recall`."""

    own, constraint, argument = "precision", "recall", "recall"

    def __init__(self, recall, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_AtAnother):
    """The greatest recall at a precision of at least `precision`."""

    own, constraint, argument = "recall", "precision", "precision"

    def __init__(self, precision, num_thresholds=200, class_id=None, name=None, dtype=None):
        super().__init__(precision, num_thresholds, class_id, name, dtype)
