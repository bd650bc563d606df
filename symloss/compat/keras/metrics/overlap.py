"""keras.metrics of overlap: intersection over union of classes."""

import warnings

import numpy as np

from ....errors import SpecError, SymlossWarning
from .. import ops
from ..backend import EPSILON
from .base import Metric


class IoU(Metric):
    """Intersection over union: the mean over some classes of hits by (hits + misses + false alarms).

    Parameters
    ----------
    num_classes : int
    target_class_ids : list of int
        Which classes the mean is over.
    ignore_class : int or None
        The label to ignore.
    sparse_y_true, sparse_y_pred : bool
        Whether these are labels; else the greatest along `axis` is the label.
    axis : int
    """

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_true=True,
                 sparse_y_pred=True, axis=-1):
        super().__init__(dtype or "int", name)
        if max(target_class_ids) >= num_classes:
            raise SpecError(f"{type(self).__name__}: Target class id {max(target_class_ids)} is out of range, which is "
                            f"[0, {num_classes})")
        self.num_classes, self.target_class_ids, self.ignore_class = num_classes, list(target_class_ids), ignore_class
        self.sparse_y_true, self.sparse_y_pred, self.axis = sparse_y_true, sparse_y_pred, axis
        self.total_cm = self.add_variable((num_classes, num_classes), name="total_confusion_matrix")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = y_true if self.sparse_y_true else ops.argmax(y_true, self.axis)
        y_pred = y_pred if self.sparse_y_pred else ops.argmax(y_pred, self.axis)
        labels, found = (ops.reshape(ops.cast(y, "int32"), (-1,)) for y in (y_true, y_pred))
        weights = ops.ones_like(labels, self.dtype)
        if sample_weight is not None:
            given = ops.convert_to_tensor(sample_weight)
            if self.dtype.startswith("int") and str(given.dtype).startswith("float"):
                warnings.warn("You pass a float `sample_weight`, but the metric has an integer dtype, so the weights "
                              "are cut to integers. Pass dtype='float32' to the metric", SymlossWarning, stacklevel=2)
            given = ops.cast(given, self.dtype)
            weights = weights * (ops.reshape(given, (-1,)) if given.ndim else given)
        inside = [ops.logical_and(y >= 0, y < self.num_classes) for y in (labels, found)]
        kept = ops.logical_and(*inside)
        if self.ignore_class is not None:
            kept = ops.logical_and(kept, ops.not_equal(labels, self.ignore_class))
        weights = ops.where(kept, weights, ops.zeros_like(weights))
        rows = ops.one_hot(labels, self.num_classes, dtype=self.dtype) * ops.expand_dims(weights, -1)
        columns = ops.one_hot(found, self.num_classes, dtype=self.dtype)
        self.total_cm.assign_add(ops.matmul(ops.transpose(rows), columns))

    def result(self):
        table = ops.cast(self.total_cm.value, "float32")
        hits = ops.diag(table)
        union = ops.sum(table, 0) + ops.sum(table, 1) - hits
        hits, union = (ops.take(x, np.asarray(self.target_class_ids)) for x in (hits, union))
        there = ops.cast(union > 1e-9, "float32")
        return ops.sum(there * hits / (union + EPSILON)) / (ops.sum(there) + EPSILON)

    def get_config(self) -> dict:
        return {**super().get_config(), "num_classes": self.num_classes, "target_class_ids": self.target_class_ids,
                "ignore_class": self.ignore_class, "sparse_y_true": self.sparse_y_true,
                "sparse_y_pred": self.sparse_y_pred, "axis": self.axis}


def _without(config: dict, *names) -> dict:
    return {name: value for name, value in config.items() if name not in names}


class BinaryIoU(IoU):
    """`IoU` of two classes, y_pred of at least `threshold` being class 1."""

    def __init__(self, target_class_ids=(0, 1), threshold=0.5, name=None, dtype=None):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_true, ops.cast(ops.greater_equal(ops.cast(y_pred, "float32"), self.threshold), "int32"),
                             sample_weight)

    def get_config(self) -> dict:
        own = _without(super().get_config(), "num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**own, "threshold": self.threshold}


class MeanIoU(IoU):
    """`IoU`, the mean over all classes."""

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_true=True, sparse_y_pred=True,
                 axis=-1):
        super().__init__(num_classes, list(range(num_classes)), name, dtype, ignore_class, sparse_y_true, sparse_y_pred,
                         axis)

    def get_config(self) -> dict:
        return _without(super().get_config(), "target_class_ids")


class OneHotIoU(IoU):
    """`IoU` of one-hot y_true."""

    def __init__(self, num_classes, target_class_ids, name=None, dtype=None, ignore_class=None, sparse_y_pred=False,
                 axis=-1):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict:
        return _without(super().get_config(), "sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of one-hot y_true."""

    def __init__(self, num_classes, name=None, dtype=None, ignore_class=None, sparse_y_pred=False, axis=-1):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict:
        return _without(super().get_config(), "sparse_y_true")

