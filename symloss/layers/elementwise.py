"""Layers without parameters that compute a function of their inputs: any function, or a distance."""

import pytensor
import pytensor.tensor as pt

from ..activations import Activation
from ..activations import registry as activations
from ..errors import SpecError, unknown
from .base import Layer

FUNCTIONS = {  # of two tensors or more
    "add": lambda *values: sum(values[1:], start=values[0]),
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "maximum": pt.maximum,
    "minimum": pt.minimum,
    "squared difference": lambda x, y: pt.sqr(x - y),
    "absolute difference": lambda x, y: pt.abs(x - y),
    "sum": lambda x: x.sum(axis=-1),
    "mean": lambda x: x.mean(axis=-1),
}


class Elementwise(Layer):
    """A function of its inputs, element by element or over the axes of an item.

    Parameters
    ----------
    function : callable or str
        A function of one tensor per input, such as ``lambda x, y: (x - y) ** 2``; the name of an
        activation; or one of 'add', 'subtract', 'multiply', 'divide', 'power', 'maximum', 'minimum', 'squared
        difference', 'absolute difference', and 'sum' and 'mean' over the last axis. You can save a model only if the
        function is given by name.

    Notes
    -----
    The result must keep the first axis, which is that of the items. One number for each item becomes a column.
    """

    forms = ("elementwise",)
    default_activation = "linear"
    sized, compares = False, True

    def __init__(self, *, function=None, **options):
        super().__init__(**options)
        self.function = function
        self._call = _callable(self.name, function)

    def setup(self, sources):
        if not sources:
            raise SpecError(f"layer {self.name!r}: it needs at least one input")
        made = self._called([pt.tensor(name=source.name, dtype=pytensor.config.floatX, shape=(None, *source.shape))
                             for source in sources])
        self.scalar = made.ndim == 1
        shape = (1,) if self.scalar else tuple(made.type.shape[1:])
        if None in shape:
            raise SpecError(f"layer {self.name!r}: its function returns items of shape {shape}, whose lengths are "
                            "unknown before it runs. Use operations that keep the lengths of their inputs")
        if self.shape not in (None, shape, shape[-1:]):
            raise SpecError(f"layer {self.name!r}: got shape={self.shape}, but its function returns items of shape "
                            f"{shape}. Leave shape out")
        self.shape = shape

    def _called(self, values):
        try:
            made = self._call(*values)
        except Exception as error:
            raise SpecError(f"layer {self.name!r}: its function raised {type(error).__name__} ({error}). Write it "
                            f"with pytensor.tensor, as a function of {len(values)} tensor{'s' * (len(values) > 1)}: "
                            f"{', '.join(self.inputs)}") from error
        if not isinstance(made, pt.TensorVariable):
            raise SpecError(f"layer {self.name!r}: its function returned {made!r}, but it must return a tensor")
        if made.ndim == 0:
            raise SpecError(f"layer {self.name!r}: its function returned a single number for the whole batch. Return "
                            "one per item, for example with .mean(axis=-1)")
        return made

    def connect(self, values):
        made = self._called(values)
        return {"out": self.activate(pt.shape_padright(made) if self.scalar else made)}

    def to_spec(self):
        if not isinstance(self.function, str):
            raise SpecError(f"layer {self.name!r}: its function has no name that a file could store. Register it with "
                            "@symloss.activations.activation() if it takes one tensor, or write a subclass of Layer")
        return super().to_spec() | {"function": self.function}


def _callable(name, function):
    if callable(function):
        return function
    if isinstance(function, str) and function in FUNCTIONS:
        return FUNCTIONS[function]
    if isinstance(function, str) and function in activations:
        return lambda x: Activation(function, x.type.shape[-1], None)(x)
    if isinstance(function, str):
        raise unknown(f"function of layer {name!r}:", function, [*FUNCTIONS, *activations])
    raise SpecError(f"layer {name!r}: function={function!r} is not valid; it must be a function of tensors, one of "
                    f"the names {', '.join(FUNCTIONS)}, or the name of an activation")


DISTANCES = ("euclidean", "squared euclidean", "manhattan", "cosine")


class Distance(Layer):
    """The distance between the items of its two inputs: one number for each pair, in a column.

    Parameters
    ----------
    metric : 'euclidean', 'squared euclidean', 'manhattan' or 'cosine'
        The cosine distance is 1 minus the cosine of the angle, from 0 to 2. The gradient of the cosine distance is 0
        for zero vectors, and that of the Euclidean distance is 0 for equal vectors.
    """

    forms = ("distance",)
    default_activation = "linear"
    sized, compares = False, True

    def __init__(self, *, metric="euclidean", **options):
        super().__init__(**options)
        self.metric = metric
        if metric not in DISTANCES:
            raise unknown(f"metric of layer {self.name!r}:", metric, DISTANCES)

    def setup(self, sources):
        if len(sources) != 2 or sources[0].shape != sources[1].shape:
            found = ", ".join(f"{source.name} {source.shape}" for source in sources)
            raise SpecError(f"layer {self.name!r}: it needs two inputs of the same shape, but got {found or 'none'}")
        self._axes = tuple(range(-len(sources[0].shape), 0))
        if self.shape not in (None, (1,)):
            raise SpecError(f"layer {self.name!r}: got shape={self.shape}, but a distance is a single number. Leave "
                            "shape out")
        self.shape = (1,)

    def connect(self, values):
        return {"out": self.activate(pt.shape_padright(self._between(*values)))}

    def _between(self, x, y):
        if self.metric == "cosine":
            lengths = _root(pt.sqr(x).sum(axis=self._axes)) * _root(pt.sqr(y).sum(axis=self._axes))
            still = pt.eq(lengths, 0)
            return 1 - pt.switch(still, 0, (x * y).sum(axis=self._axes) / pt.switch(still, 1, lengths))
        if self.metric == "manhattan":
            return pt.abs(x - y).sum(axis=self._axes)
        squares = pt.sqr(x - y).sum(axis=self._axes)
        return squares if self.metric == "squared euclidean" else _root(squares)

    def to_spec(self):
        return super().to_spec() | {"metric": self.metric}


def _root(squares):
    still = pt.eq(squares, 0)  # where the root has no gradient
    return pt.switch(still, 0, pt.sqrt(pt.switch(still, 1, squares)))
