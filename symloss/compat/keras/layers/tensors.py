"""Symbolic inputs of layers: tensors with a shape that remember the layer they come from."""

from ....errors import SpecError


class KerasTensor:
    """A symbolic output of a layer, which `keras.Input` and the call of a layer return.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of a batch; None for any length, as for the first axis.
    dtype : str
    name : str
    call : Call or None
        The call of the layer that made it.
    index : int
        Index among the outputs of that call.
    """

    def __init__(self, shape, dtype: str, name: str, call=None, index: int = 0):
        self.shape, self.dtype, self.name, self.call, self.index = tuple(shape), dtype, name, call, index

    @property
    def ndim(self) -> int:
        """Number of axes of a batch."""
        return len(self.shape)

    rank = ndim

    def __repr__(self):
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"

    def __bool__(self):
        raise SpecError(f"{self.name} has no value yet, so it is neither true nor false. Call the layer with an array, "
                        f"or compare within your own layer")

    def __array__(self, dtype=None, copy=None):
        raise SpecError(f"{self.name} has no value yet, so numpy cannot use it. Write a layer: "
                        f"keras.layers.Lambda(lambda x: keras.ops.exp(x))(tensor)")

    __array_ufunc__ = None


class Call:
    """One call of a layer.

    Parameters
    ----------
    layer : Layer
    arguments : tuple
        Arguments of the call, with a `Slot` in place of each tensor.
    keywords : dict
    inputs : list of KerasTensor
    """

    def __init__(self, layer, arguments: tuple, keywords: dict, inputs: list):
        self.layer, self.arguments, self.keywords, self.inputs = layer, arguments, keywords, inputs
        self.outputs: list[KerasTensor] = []


class Slot:
    """The place of a tensor among the arguments of a call."""

    def __init__(self, number: int):
        self.number = number


def flatten(value) -> list:
    """Return what nested lists, tuples and dicts hold, in order.

    >>> flatten([1, (2, {"a": 3})])
    [1, 2, 3]
    """
    if isinstance(value, list | tuple):
        return [one for part in value for one in flatten(part)]
    if isinstance(value, dict):
        return [one for part in value.values() for one in flatten(part)]
    return [value]


def mapped(function, value):
    """Return `value` with `function` applied to what its nested lists, tuples and dicts hold."""
    if isinstance(value, list | tuple):
        return type(value)(mapped(function, part) for part in value)
    if isinstance(value, dict):
        return {key: mapped(function, part) for key, part in value.items()}
    return function(value)


def emptied(value, tensors: list):
    """Return `value` with a `Slot` for each KerasTensor in it, which is appended to `tensors`."""

    def slot(one):
        if not isinstance(one, KerasTensor):
            return one
        tensors.append(one)
        return Slot(len(tensors) - 1)

    return mapped(slot, value)


def filled(value, values: list):
    """Return `value` with the `values` in place of its slots."""
    return mapped(lambda one: values[one.number] if isinstance(one, Slot) else one, value)


def described(value):
    """Return arguments as plain data: ``{"slot": 0}`` for a slot."""
    if isinstance(value, Slot):
        return {"slot": value.number}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [described(one) for one in value]}
    if isinstance(value, dict):
        return {"dict": {key: described(one) for key, one in value.items()}}
    return value


def rebuilt(value):
    """Return the arguments that `described` describes."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "slot":
        return Slot(content)
    if kind == "dict":
        return {key: rebuilt(one) for key, one in content.items()}
    return {"list": list, "tuple": tuple}[kind](map(rebuilt, content))
