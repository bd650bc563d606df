"""Labels of any kind, and the class indices that stand for them."""

import contextlib
from collections.abc import Hashable, Iterable

import numpy as np

from ..errors import DataError


class Labels:
    """A list of classes, each with its index.

    Parameters
    ----------
    classes : iterable of hashables
        In the order of the model's outputs.
    """

    def __init__(self, classes: Iterable[Hashable]):
        self.classes = [c.item() if isinstance(c, np.generic) else c for c in classes]
        self._index = {label: i for i, label in enumerate(self.classes)}
        if len(self._index) < len(self.classes):
            raise DataError(f"classes: {self.classes!r} names a class twice")

    @classmethod
    def fit(cls, labels, count: int, me: str) -> "Labels":
        """Return the encoder of the classes found in `labels`, in order where they have one, at most `count`.

        >>> Labels.fit(["b", "a", "b"], 2, "train: target").classes
        ['a', 'b']
        """
        try:
            found = list(dict.fromkeys(cls._flat(labels)))
        except TypeError as error:
            raise DataError(f"{me}: labels cannot be told apart ({error}); numbers or strings are wanted") from None
        with contextlib.suppress(TypeError):  # mixed kinds stay in the order of their appearance
            found = sorted(found)
        if len(found) > count:
            some = ", ".join(map(repr, found[:5]))
            raise DataError(f"{me}: {len(found)} different labels ({some}, ...), but the model has {count} outputs")
        return cls(found)

    @staticmethod
    def _flat(labels):
        array = labels if isinstance(labels, np.ndarray) else np.asarray(labels, dtype=object)
        return array.ravel().tolist()

    def encode(self, labels, me: str) -> np.ndarray:
        """Return the index of each label, or raise DataError with the row of one that is not known."""
        indices = np.empty(np.shape(labels), "int64")
        for row, label in enumerate(self._flat(labels)):
            try:
                indices.flat[row] = self._index[label]
            except (KeyError, TypeError):
                known = ", ".join(map(repr, self.classes[:10]))
                raise DataError(f"{me}, row {row}: {label!r} is no class of this model; it knows {known}") from None
        return indices

    def decode(self, indices) -> np.ndarray:
        """Return the label of each index."""
        table = np.empty(max(len(self.classes), int(np.max(indices, initial=0)) + 1), dtype=object)
        table[: len(self.classes)] = self.classes
        return table[np.asarray(indices)]
