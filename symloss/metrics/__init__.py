"""Metrics: values that are shown and never minimized, registered by name.

A metric is one value for a whole data set, however it is divided into batches. There are three kinds:

- **mean**: the function returns values per item, and the metric is their weighted mean (accuracy).
- **sums**: the function returns a table for each batch. The tables are added up, and the last step computes the metric
  from the sum (precision, the coefficient of determination).
- **whole**: the metric needs all scores at once (the area under a curve), so they are collected.

Weights are those of the data. Items with weight 0 are ignored completely, and a weight of 2 counts like two such items.
If all weights are 0, or the divisor is 0, a metric is 0, unless its docstring says NaN.

Inside: one module for each family; `registration.py` (@metric, Figure) and `targets.py` (targets and weights in one
form).
May import `_checks`, `_registry` and what lies below them. Start reading at `regression.py`.
"""

from .classification import (
    accuracy,
    balanced_accuracy,
    binary_accuracy,
    categorical_accuracy,
    confusion_matrix,
    f_beta,
    per_class_accuracy,
    precision,
    recall,
    top_k_accuracy,
)
from .probability import calibration_error, perplexity
from .ranking import average_precision, roc_auc
from .registration import (
    KINDS,
    Figure,
    MetricSpec,
    get,
    metric,
    names,
    quotient,
    registry,
)
from .regression import (
    absolute_error,
    absolute_percentage_error,
    explained_variance,
    r_squared,
    root_squared_error,
)
from .survival import concordance

__all__ = [
    "KINDS", "Figure", "MetricSpec", "absolute_error", "absolute_percentage_error", "accuracy", "average_precision",
    "balanced_accuracy", "binary_accuracy", "calibration_error", "categorical_accuracy", "concordance",
    "confusion_matrix", "explained_variance", "f_beta", "get", "metric", "names", "per_class_accuracy",
    "perplexity", "precision", "quotient", "r_squared", "recall", "registry", "roc_auc", "root_squared_error",
    "top_k_accuracy",
]
