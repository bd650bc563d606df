"""keras.metrics of whole columns: F scores, and the share of variance that is explained."""

import warnings

from ....errors import ShapeError, SpecError, SymlossWarning
from .. import ops
from ..backend import EPSILON
from ..errors import no_such
from ..losses.shapes import lengths, same_rank
from .base import Metric

AVERAGES = (None, "micro", "macro", "weighted")
AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


def _matrices(who: str, y_true, y_pred):
    if y_true.ndim != 2 or y_pred.ndim != 2:
        raise ShapeError(f"{who} expects 2D inputs with shape (batch_size, output_dim); y_true has {y_true.ndim} axes, "
                         f"y_pred {y_pred.ndim}")


class FBetaScore(Metric):
    """The F score of each class: the mean of precision and recall, recall counting beta^2 times.

    Parameters
    ----------
    average : None, 'micro', 'macro' or 'weighted'
        None: a score for each class. 'micro': of all classes counted together; 'macro': their mean; 'weighted': their
        mean weighted by how often y_true has them.
    beta : float above 0
    threshold : float or None
        Predictions above it count as 1. None: the largest prediction of each row counts as 1.
    """

    def __init__(self, average=None, beta=1.0, threshold=None, name="fbeta_score", dtype=None):
        super().__init__(dtype, name)
        if average not in AVERAGES:
            raise no_such("average (Invalid `average` argument value.):", average, [str(a) for a in AVERAGES])
        if not isinstance(beta, float) or beta <= 0:
            wanted = "It should be a Python float" if not isinstance(beta, float) else "It should be > 0"
            raise SpecError(f"{type(self).__name__}: Invalid `beta` argument value. {wanted}. Received: beta={beta}")
        if threshold is not None and (not isinstance(threshold, float) or not 0 < threshold <= 1):
            wanted = "verify 0 < threshold <= 1" if isinstance(threshold, float) else "be a Python float"
            raise SpecError(f"{type(self).__name__}: Invalid `threshold` argument value. It should {wanted}. Received: "
                            f"threshold={threshold} of type '{type(threshold)}'")
        self.average, self.beta, self.threshold = average, beta, threshold
        self.axis = None if average == "micro" else 0

    def _build(self, columns):
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(() if self.average == "micro" else (columns,), name=name))

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype)
        _matrices("FBetaScore", y_true, y_pred)
        if not self.variables:
            self._build(lengths(y_pred)[-1])
        if self.threshold is None:
            best = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            found = ops.logical_and(best, ops.greater(ops.absolute(y_pred), 1e-9))
        else:
            found = ops.greater(y_pred, self.threshold)
        found = ops.cast(found, self.dtype)
        weights = None if sample_weight is None else ops.expand_dims(ops.cast(sample_weight, self.dtype), 1)

        def total(values):
            return ops.sum(values if weights is None else values * weights, self.axis)

        self.true_positives.assign_add(total(found * y_true))
        self.false_positives.assign_add(total(found * (1 - y_true)))
        self.false_negatives.assign_add(total((1 - found) * y_true))
        self.intermediate_weights.assign_add(total(y_true))

    def result(self):
        if not self.variables:
            return ops.zeros((), self.dtype)
        hits = self.true_positives.value
        precision = hits / (hits + self.false_positives.value + EPSILON)
        recall = hits / (hits + self.false_negatives.value + EPSILON)
        scores = (1 + self.beta**2) * precision * recall / (self.beta**2 * precision + recall + EPSILON)
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            return ops.sum(scores * weights / (ops.sum(weights) + EPSILON))
        return scores if self.average is None else ops.mean(scores)

    def get_config(self) -> dict:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """The F score with precision and recall alike: `FBetaScore` with beta=1."""

    def __init__(self, average=None, threshold=None, name="f1_score", dtype=None):
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict:
        return {name: value for name, value in super().get_config().items() if name != "beta"}


class R2Score(Metric):
    """The share of the variance of y_true that y_pred explain, of each column or over them.

    Parameters
    ----------
    class_aggregation : None, 'uniform_average' or 'variance_weighted_average'
        None: a score for each column.
    num_regressors : int
        Number of predictors of the adjusted score; 0: not adjusted.
    """

    def __init__(self, class_aggregation="uniform_average", num_regressors=0, name="r2_score", dtype=None):
        super().__init__(dtype, name)
        if class_aggregation not in AGGREGATIONS:
            known = [str(a) for a in AGGREGATIONS]
            who = "class_aggregation (Invalid value for argument `class_aggregation`):"
            raise no_such(who, class_aggregation, known)
        if num_regressors < 0:
            raise SpecError(f"R2Score: Invalid value for argument `num_regressors`. Expected a value >= 0. Received: "
                            f"num_regressors={num_regressors!r}")
        self.class_aggregation, self.num_regressors = class_aggregation, num_regressors
        self.num_samples = self.add_variable(name="num_samples")

    def _build(self, columns):
        for name in ("squared_sum", "sum", "total_mse", "count"):
            setattr(self, name, self.add_variable((columns,), name=name))

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = same_rank(ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype))
        _matrices("R2Score", y_true, y_pred)
        if len(self.variables) == 1:
            self._build(lengths(y_pred)[-1])
        weights = ops.ones_like(y_true)
        if sample_weight is not None:
            given = ops.cast(sample_weight, self.dtype)
            weights = weights * (ops.expand_dims(given, 1) if given.ndim == 1 else given)
        self.sum.assign_add(ops.sum(y_true * weights, 0))
        self.squared_sum.assign_add(ops.sum(y_true * y_true * weights, 0))
        self.total_mse.assign_add(ops.sum(ops.square(y_true - y_pred) * weights, 0))
        self.count.assign_add(ops.sum(weights, 0))
        self.num_samples.assign_add(ops.sum(ops.ones_like(y_true)))

    def result(self):
        if len(self.variables) == 1:
            return ops.zeros((), self.dtype)
        spread = self.squared_sum.value - self.sum.value * (self.sum.value / self.count.value)
        scores = 1 - self.total_mse.value / spread
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(spread * scores) / ops.sum(spread)
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores):
        n, p = float(self.num_samples.value), self.num_regressors
        if p >= n - 1:
            why = "Division by zero in" if p == n - 1 else "More independent predictors than datapoints in"
            warnings.warn(f"{why} Adjusted R2 score. Falling back to standard R2 score.", SymlossWarning, stacklevel=3)
            return scores
        return 1 - (1 - scores) * (n - 1) / (n - p - 1)

    def get_config(self) -> dict:
        return {**super().get_config(), "class_aggregation": self.class_aggregation,
                "num_regressors": self.num_regressors}
