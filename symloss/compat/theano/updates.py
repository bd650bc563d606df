"""theano.updates: updates in order, which can be added."""

import collections

from pytensor.compile.sharedvalue import SharedVariable

__all__ = ["OrderedUpdates"]


class OrderedUpdates(collections.OrderedDict):
    """New values by shared variable, in the order in which they came.

    Raises
    ------
    TypeError
        If a key is no shared variable.
    KeyError
        If two that are added give one variable different values.
    """

    def __setitem__(self, key, value):
        if not isinstance(key, SharedVariable):
            raise TypeError(f"updates: keys must be shared variables, but {key!r} is a {type(key).__name__}")
        super().__setitem__(key, value)

    def update(self, other=None, **more):
        for key, value in dict(other or ()).items():
            if key in self and self[key] is not value:
                raise KeyError(f"updates: got two new values for {key}; join them into one expression")
            self[key] = value

    def __add__(self, other):
        total = OrderedUpdates()
        total.update(self)
        total.update(other)
        return total

    def __radd__(self, other):
        return OrderedUpdates(other) + self
