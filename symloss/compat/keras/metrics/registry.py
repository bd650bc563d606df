"""Metrics by name: as Keras spells them, and as instances or plain data."""

import inspect
import re

from ..losses import registry as losses
from ..serialization import as_config, found, from_config
from . import area, base, confusion, functions, means, overlap, reduction, scores

MODULES = (area, confusion, means, overlap, reduction, scores)
CLASSES = {name: cls for module in MODULES for name, cls in vars(module).items()
           if inspect.isclass(cls) and issubclass(cls, base.Metric) and cls.__module__ == module.__name__
           and not name.startswith("_") and name != "Counting"}
FUNCTIONS = {name: function for name, function in vars(functions).items()
             if inspect.isfunction(function) and function.__module__ == functions.__name__ and not name.startswith("_")}
ALIASES = {"bce": means.BinaryCrossentropy, "mse": means.MeanSquaredError, "mae": means.MeanAbsoluteError,
           "mape": means.MeanAbsolutePercentageError, "msle": means.MeanSquaredLogarithmicError,
           "kld": means.KLDivergence, "rmse": means.RootMeanSquaredError}
IRREGULAR = {"AUC": "auc", "KLDivergence": "kl_divergence", "IoU": "io_u", "F1Score": "f1_score", "R2Score": "r2_score",
             "BinaryIoU": "binary_io_u", "MeanIoU": "mean_io_u", "OneHotIoU": "one_hot_io_u",
             "OneHotMeanIoU": "one_hot_mean_io_u", "FBetaScore": "fbeta_score",
             "SparseTopKCategoricalAccuracy": "sparse_top_k_categorical_accuracy",
             "TopKCategoricalAccuracy": "top_k_categorical_accuracy"}


def _small(name: str) -> str:
    return IRREGULAR.get(name) or re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


ALL = {**losses.FUNCTIONS, **FUNCTIONS, **{_small(name): cls for name, cls in CLASSES.items()}, **CLASSES, **ALIASES,
       **{name.upper(): cls for name, cls in ALIASES.items()}}


def get(identifier):
    """Return a metric: an instance or a function, found by its name or its configuration; None stays None.

    Raises
    ------
    BadNameError
        If the name is unknown. The message suggests the nearest names.

    'accuracy' is the class `Accuracy` here, whereas `Model.compile` chooses by the shapes of targets and predictions.
    SpecError
        For what is no metric.
    """
    return found(identifier, "metric", "Metric", deserialize)


def serialize(metric):
    """Return a metric as plain data: an instance as a dict, a function as its name."""
    return as_config(metric, "keras.metrics")


def deserialize(config, custom_objects=None):
    """Return the metric that a name or a configuration describes."""
    return from_config(config, "metric", ALL, custom_objects)
