"""Sums and means over batches, of values and of what a function makes of y_true and y_pred."""

from .. import ops
from ..losses import registry as losses
from ..losses.base import mask_weights
from ..losses.shapes import same_rank, spread
from ..serialization import as_config, from_config
from . import functions
from .base import Metric


def by_sample(values, sample_weight, reduce, dtype) -> tuple:
    """Return values as one number a sample, times its weight, and the weights as one number a sample (or None).

    Parameters
    ----------
    values : tensor (n, ...)
    sample_weight : tensor or None
        Of any number of axes up to those of the values, and one of length 1 more.
    reduce : function
        `ops.mean` or `ops.sum`: what becomes of further axes.
    """
    mask = getattr(values, "_keras_mask", None)
    values = ops.cast(values, dtype)
    if sample_weight is not None:  # without weights Keras counts what is masked as 0
        sample_weight = mask_weights(sample_weight, mask, dtype)
        values, sample_weight = same_rank(values, ops.cast(sample_weight, dtype))
        more = sample_weight.ndim
        if values.ndim > more:
            values = reduce(values, list(range(more, values.ndim)))
        sample_weight = spread("metric", sample_weight, values) + ops.zeros_like(values)
        values = values * sample_weight
        if more > 1:
            sample_weight = reduce(sample_weight, list(range(1, more)))
    if values.ndim > 1:
        values = reduce(values, list(range(1, values.ndim)))
    return values, sample_weight


class Sum(Metric):
    """The sum of values, each times its weight."""

    def __init__(self, name="sum", dtype=None):
        super().__init__(dtype, name)
        self.total = self.add_variable(name="total")

    def update_state(self, values, sample_weight=None):
        values, _ = by_sample(values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(ops.sum(values))

    def result(self):
        return ops.cast(self.total.value, self.dtype)


class Mean(Metric):
    """The mean of values: the sum of each times its weight, by the sum of weights; 0 of nothing."""

    def __init__(self, name="mean", dtype=None):
        super().__init__(dtype, name)
        self.total, self.count = self.add_variable(name="total"), self.add_variable(name="count")

    def update_state(self, values, sample_weight=None):
        values, weights = by_sample(values, sample_weight, ops.mean, self.dtype)
        self.total.assign_add(ops.sum(values))
        count = ops.sum(ops.ones_like(values)) if weights is None else ops.sum(weights)
        self.count.assign_add(ops.cast(count, self.dtype))

    def result(self):
        return ops.divide_no_nan(self.total.value, self.count.value)


class MeanMetricWrapper(Mean):
    """The mean of a function of (y_true, y_pred), which returns a value per item.

    Parameters
    ----------
    fn : function, or a loss
    name, dtype : as in `Metric`
    **kwargs
        Its options.
    """

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        super().__init__(name or getattr(fn, "name", None) or getattr(fn, "__name__", None), dtype)
        self.fn, self.options = fn, kwargs
        vars(self).update(kwargs)

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.convert_to_tensor(y_pred)
        values = self.fn(ops.convert_to_tensor(y_true), y_pred, **self.options)
        super().update_state(values, mask_weights(sample_weight, getattr(y_pred, "_keras_mask", None), self.dtype))

    def get_config(self) -> dict:
        own = {"fn": as_config(self.fn)} if type(self) is MeanMetricWrapper else {}
        return {**super().get_config(), **self.options, **own}

    @classmethod
    def from_config(cls, config: dict):
        if isinstance(config.get("fn"), str | dict):
            known = {**losses.ALL, **{name: f for name, f in vars(functions).items() if callable(f)}}
            config = {**config, "fn": from_config(config["fn"], "function of a metric:", known)}
        return cls(**config)
