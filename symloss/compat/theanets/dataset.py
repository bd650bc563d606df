"""Datasets of downhill: fixed batches in a shuffled order."""

import numpy as np

from .util import random_state


def _plain(array, who):
    """Return an array in memory that can be cut along any axis, or raise ValueError for what is none."""
    if hasattr(array, "get_value"):
        return array.get_value(borrow=True)
    if type(array).__module__.startswith("pandas"):
        return array.to_numpy()
    if isinstance(array, np.ndarray) or hasattr(array, "tocsr"):
        return array
    raise ValueError(f"{who}: {type(array).__name__} is not supported; pass numpy arrays, sparse matrices, data "
                     f"frames, shared variables, or a function that returns a batch")


class Dataset:
    """Batches of data.

    Parameters
    ----------
    inputs : array, list or tuple of arrays, or function that returns a batch
    name : str
    batch_size : int
        Number of items in a batch; 0 or less means all.
    iteration_size : int or None
        Number of batches in one pass. None means all, and for functions, their length or 100.
    axis : int
        The axis of the items.
    rng : RandomState or int
        Generator that shuffles the order of batches after each pass.
    """

    _count = 0

    def __init__(self, inputs, name=None, batch_size=32, iteration_size=None, axis=0, rng=None):
        self.name = name or f"dataset{Dataset._count}"
        Dataset._count += 1
        self.batch_size, self.iteration_size = batch_size, iteration_size
        self.rng = random_state(rng)
        self._callable = inputs if callable(inputs) else None
        if self._callable is not None:
            self.iteration_size = iteration_size or (len(inputs) if hasattr(inputs, "__len__") else 100)
            self._drawn = []
            return
        inputs = inputs if isinstance(inputs, list | tuple) else (inputs,)
        self._inputs = [_plain(array, self.name) for array in inputs]
        self._slices = self._cut(axis)
        self._index = 0
        self.shuffle()
        self.iteration_size = iteration_size or len(self._slices)

    def _cut(self, axis):
        lengths = [array.shape[axis] for array in self._inputs]
        if len(set(lengths)) > 1:
            raise AssertionError(f"{self.name}: shapes do not match along axis {axis}: "
                                 f"{'; '.join(str(array.shape) for array in self._inputs)}")
        size = self.batch_size if self.batch_size > 0 else lengths[0]
        before = (slice(None),) * axis
        return [(*before, slice(start, min(start + size, lengths[0]))) for start in range(0, lengths[0], size)]

    def __iter__(self):
        return self.iterate(True)

    @property
    def count(self):
        """Number of arrays in a batch; None before a function has drawn the first batch."""
        if self._callable is None:
            return len(self._inputs)
        return len(self._drawn[0]) if self._drawn else None

    def draw(self):
        """Draw a batch ahead if batches come from a function; the next pass begins with it."""
        if self._callable is not None and not self._drawn:
            self._drawn.append(self._call())

    def _call(self):
        value = self._callable()
        return value if isinstance(value, list | tuple) else (value,)

    def shuffle(self):
        """Shuffle the order of the batches."""
        if self._callable is None:
            self.rng.shuffle(self._slices)

    def iterate(self, shuffle=True):
        """Yield the batches of one pass."""
        for _ in range(self.iteration_size):
            if self._callable is not None:
                yield self._drawn.pop() if self._drawn else self._call()
            else:
                yield self._next(shuffle)

    def _next(self, shuffle):
        where = self._slices[self._index]
        batch = [_taken(array, where) for array in self._inputs]
        self._index += 1
        if self._index >= len(self._slices):
            if shuffle:
                self.shuffle()
            self._index = 0
        return batch


def _taken(array, where):
    if not hasattr(array, "tocsr"):
        return array[where]
    return array.tocsr()[where].asformat(array.format)
