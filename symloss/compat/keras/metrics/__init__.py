"""keras.metrics: values that are summed up over batches."""

from .base import Metric

__all__ = ["Metric"]
