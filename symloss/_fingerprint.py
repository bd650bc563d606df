"""What a value is, exactly: two values with one fingerprint compile to the same function."""

import hashlib

import numpy as np
from pytensor.graph.basic import Variable

PLAIN = (str, bytes, int, float, complex, bool, type(None))


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
    if isinstance(value, PLAIN):
        return type(value).__name__, value if value == value else repr(value)  # NaN equals itself here
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype == object:
            return "array", value.shape, tuple(fingerprint(one, _above) for one in np.ravel(value))
        content = np.ascontiguousarray(value).tobytes()
        return "array", value.dtype.str, value.shape, hashlib.sha256(content).hexdigest()
    if isinstance(value, Variable | type) or callable(value) and not hasattr(value, "__dict__"):
        return _itself(value)
    if id(value) in _above:  # it contains itself
        return "above", _above.index(id(value))
    above = (*_above, id(value))
    if isinstance(value, dict):
        return "dict", tuple((fingerprint(k, above), fingerprint(v, above)) for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        found = [fingerprint(one, above) for one in value]
        return type(value).__name__, frozenset(found) if isinstance(value, set | frozenset) else tuple(found)
    if hasattr(value, "__code__"):
        return _itself(value)
    if hasattr(value, "fingerprint"):
        return value.fingerprint()
    known = {**{name: getattr(value, name, None) for name in getattr(type(value), "__slots__", ())},
             **getattr(value, "__dict__", {})}
    return (_itself(type(value)), fingerprint(known, above)) if known else _itself(value)


class _itself:  # noqa: N801 - a key by identity, which keeps its value alive so that no other gets the same id
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, _itself) and other.value is self.value

    def __hash__(self):
        return id(self.value)
