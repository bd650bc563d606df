"""What a value is, exactly: two values with one fingerprint compile to the same function."""

import hashlib

import numpy as np
from pytensor.graph.basic import Variable

PLAIN = (str, bytes, int, float, complex, bool, type(None))
AT_ONCE = frozenset((str, bytes, int, bool, type(None)))  # most of what there is, and equal to itself


def fingerprint(value, _above: tuple = ()):
    """Return something hashable that changes whenever `value` does, at any depth.

    Numbers and text stand for themselves, arrays for the hash of all their bytes, lists, dicts and objects for what
    they contain. Functions, classes and PyTensor's variables stand for themselves by identity: shared values may
    change without a new function.

    >>> fingerprint([1, np.zeros(2000)]) == fingerprint([1, np.zeros(2000)])
    True
    >>> fingerprint({"a": [1.0]}) == fingerprint({"a": [2.0]})
    False
    """
    kind = type(value)
    if kind in AT_ONCE:
        return kind.__name__, value
    if kind is dict or kind is list or kind is tuple:
        return _contents(value, kind, _above)
    if isinstance(value, PLAIN):
        return type(value).__name__, value if value == value else repr(value)  # NaN equals itself here
    if isinstance(value, (np.ndarray, np.generic)):
        if value.dtype == object:
            return "array", value.shape, tuple(fingerprint(one, _above) for one in np.ravel(value))
        content = np.ascontiguousarray(value).tobytes()
        return "array", value.dtype.str, value.shape, hashlib.sha256(content).hexdigest()
    if isinstance(value, (Variable, type)) or callable(value) and not hasattr(value, "__dict__"):
        return _itself(value)
    if isinstance(value, (dict, list, tuple, set, frozenset)):
        return _contents(value, kind, _above)
    if id(value) in _above:  # it contains itself
        return "above", _above.index(id(value))
    if hasattr(value, "__code__"):
        return _itself(value)
    if hasattr(value, "fingerprint"):
        return value.fingerprint()
    known = {**{name: getattr(value, name, None) for name in getattr(type(value), "__slots__", ())},
             **getattr(value, "__dict__", {})}
    return (_itself(kind), fingerprint(known, (*_above, id(value)))) if known else _itself(value)


def _contents(value, kind, above):
    """Return the fingerprint of a dict, a list, a tuple or a set."""
    if id(value) in above:
        return "above", above.index(id(value))
    above = (*above, id(value))
    if isinstance(value, dict):
        return "dict", tuple([(fingerprint(k, above), fingerprint(v, above)) for k, v in value.items()])
    found = [fingerprint(one, above) for one in value]
    return kind.__name__, frozenset(found) if isinstance(value, (set, frozenset)) else tuple(found)


class _itself:  # noqa: N801 - a key by identity, which keeps its value alive so that no other gets the same id
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, _itself) and other.value is self.value

    def __hash__(self):
        return id(self.value)
