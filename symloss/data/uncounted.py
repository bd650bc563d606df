"""Entries that do not count: those with weight 0, and ignored labels."""

import numpy as np


class Silence:
    """The entries of an array that do not count, because their weights are 0 or their labels are ignored.

    Parameters
    ----------
    known : list of (Field, array)
        Weights, and labels.
    fields : list of Field
        All of them: inputs do not count only where no target counts.
    """

    def __init__(self, known: list, fields: list):
        self.silent = {f.partner: array == 0 for f, array in known if f.kind == "weights"}
        for field, array in known:
            if field.ignored is not None and field.padding is None:  # a sequence without labels counts like any other
                ignored, weightless = array == field.ignored, self.silent.get(field.name)
                weightless = None if weightless is None else _spread(weightless, array)
                self.silent[field.name] = ignored if weightless is None else ignored | weightless
        targets = {f.name for f in fields if f.kind in ("target", "label")}
        self.whole = bool(self.silent) and targets <= set(self.silent)

    def of(self, array, field):
        """Return a boolean array of the shape of `array`, or None where all of it counts."""
        if field.name in self.silent:
            return _spread(self.silent[field.name], array)
        if field.kind != "input" or not self.whole:
            return None
        silent = [_spread(_leading(one, array), array) for one in self.silent.values()]
        return None if any(s is None for s in silent) else np.logical_and.reduce(silent)

    @property
    def total(self) -> bool:
        """Whether nothing counts at all, in any target."""
        return self.whole and all(silent.all() for silent in self.silent.values())


def silent(silence: Silence | None, array, field):
    """Return where `array` does not count: of its shape, or a single False where all of it does."""
    found = None if silence is None else silence.of(array, field)
    return np.zeros((), bool) if found is None else found


def _leading(silent, array):
    """Return where whole items do not count, or whole steps of sequences that are as long as the array's."""
    if not silent.ndim:
        return silent
    axes = 2 if min(silent.ndim, array.ndim - 1) >= 2 and silent.shape[:2] == array.shape[:2] else 1
    return silent.all(axis=tuple(range(axes, silent.ndim)))


def _spread(silent, array):
    """Return `silent` in the shape of `array`, or None where it does not fit."""
    if not silent.ndim or silent.ndim > array.ndim or len(silent) != len(array):
        return None
    shape = silent.shape + (1,) * (array.ndim - silent.ndim)
    if any(s not in (1, n) for s, n in zip(shape, array.shape, strict=True)):
        return None
    return np.broadcast_to(silent.reshape(shape), array.shape)
