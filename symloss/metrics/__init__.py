"""Measures of a prediction that are shown and never minimised, registered by name.

A metric is a figure of a whole data set, whatever the batches it came in. There are three kinds:

- **mean**: the function returns values per item, and their weighted mean is the figure (accuracy).
- **sums**: the function returns a table of a batch; tables are added up, and the last step makes the figure of the sum
  (precision, the coefficient of determination).
- **whole**: the figure needs all scores at once (the area under a curve), so they are collected.

Weights are those of the data: an item of weight 0 counts nowhere, whatever it holds, and a weight of 2 counts as two
such items. Where the weights are all 0, or nothing is left to divide by, a figure is 0, unless its docstring says NaN.

Inside: one module a family; `registration.py` (@metric, Figure) and `targets.py` (targets and weights in one form).
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
