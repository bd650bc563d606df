"""The layer language: ``10``, ``(20, 'relu')``, ``('tanh', 20)``, ``{'size': 5, ...}``, read into one plain form."""

import numbers

from ..errors import SpecError


def parse(spec, is_form, is_activation) -> dict:
    """Return the keywords for `spec`: 'form', 'size', 'shape', 'activation' and the options of the layer.

    Parameters
    ----------
    spec : int, str, tuple, list or dict
        - 20: a size. 'tied': a layer form.
        - (20, 'relu'), ('tanh', 20), ('rnn', 20, 'relu'): size, form and activation in any order. If a name is both, it
          is read as a form. A callable is an activation.
        - (28, 28, 1), (6,): a tuple of integers is the shape of an item.
        - {'form': 'tied', 'partner': 'hid1'}: everything by name.
    is_form, is_activation : callable
        Whether a string names a layer form, or an activation.

    Raises
    ------
    SpecError
        If `spec` is anything else. The message says what it is.

    >>> parse(("tanh", 20), lambda s: s == "tied", lambda s: s == "tanh")
    {'activation': 'tanh', 'size': 20}
    >>> parse((28, 28), None, None)
    {'shape': (28, 28)}
    """
    if isinstance(spec, dict):
        for key in spec:
            if not isinstance(key, str):
                raise SpecError(f"layer {spec!r}: the key {key!r} is not valid; the keys must be names of options, as "
                                "in {'size': 20}")
        return dict(spec)
    if isinstance(spec, str):
        if not is_form(spec):
            is_activation(spec)  # raises with near names
            raise SpecError(f"layer {spec!r}: it must be a form, such as 'tied'. To give it a size, write (20, "
                            f"{spec!r})")
        return {"form": spec}
    if _is_int(spec):
        return {"size": _positive(spec, spec)}
    if not isinstance(spec, tuple | list) or not spec:
        raise SpecError(f"layer {spec!r}: it must be a size, a tuple such as (20, 'relu'), or a dict")
    if all(map(_is_int, spec)):
        return {"shape": tuple(_positive(n, spec) for n in spec)}
    found: dict = {}
    for part in spec:
        key, value = _classify(part, spec, is_form, is_activation)
        if key in found:
            raise SpecError(f"layer {spec!r}: got two values for {key}, {found[key]!r} and {value!r}. Write only one "
                            "of them")
        found[key] = value
    return found


def _classify(part, spec, is_form, is_activation):
    if _is_int(part):
        return "size", _positive(part, spec)
    if isinstance(part, str):
        if is_form(part):
            return "form", part
        is_activation(part)  # raises with near names
        return "activation", part
    if callable(part):
        return "activation", part
    raise SpecError(f"layer {spec!r}: {part!r} is not a size, a form or an activation ('linear' means none). Write a "
                    "dict for more options")


def _is_int(value) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _positive(value, spec) -> int:
    if value < 1:
        raise SpecError(f"layer {spec!r}: size={value} is not valid; it must be at least 1")
    return int(value)
