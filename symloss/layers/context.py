"""What layers can ask for while they build their expressions: whether it is for training, and random numbers."""

import functools
import inspect

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable
from pytensor.graph.traversal import ancestors
from pytensor.tensor.random.type import RandomType

from ..errors import SpecError


class Context:
    """The context of a layer's ``connect(self, values, context)``.

    Parameters
    ----------
    training : bool
        Whether the expressions are for training instead of validation and prediction.
    seed : int
        Seed of all random numbers.
    noises : sequence of Regularizer
        The regularizers that change outputs.
    replace : dict
        Expressions that replace outputs, by full name.
    updates : dict or None
        Dict for the next states of random generators. With None there is a new one.

    Attributes
    ----------
    training : bool
    name : str
        Full name of the layer, ``encoder.hid1``.
    updates : dict
        Next states of random generators, for the compiled function to apply.
    """

    def __init__(self, training: bool = False, seed: int = 0, noises=(), replace: dict | None = None,
                 updates: dict | None = None):
        self.training, self.seed, self.name = training, seed, ""
        self.updates: dict = {} if updates is None else updates
        self._noises, self._replace = tuple(noises), replace or {}

    def within(self, name: str) -> "Context":
        """Return the context of a layer called `name` within the layer of this context."""
        inner = object.__new__(Context)
        vars(inner).update(vars(self))
        inner.name = f"{self.name}.{name}" if self.name else name
        return inner

    def stream(self):
        """Return a new random generator of the model, a shared variable, and put its next state into `updates`."""
        state = np.random.default_rng([self.seed, len(self.updates)])
        return pytensor.shared(state, name=f"noise of {self.name}")

    def normal(self, size, dtype: str | None = None):
        """Return normal random numbers with mean 0 and standard deviation 1, new ones in each step.

        >>> Context().normal((2, 3)).type.shape
        (2, 3)
        """
        return self._draw(pt.random.normal, size, dtype)

    def uniform(self, size, dtype: str | None = None):
        """Return random numbers between 0 and 1, new ones in each step."""
        return self._draw(pt.random.uniform, size, dtype)

    def _draw(self, draw, size, dtype):
        rng = self.stream()
        self.updates[rng], drawn = draw(0.0, 1.0, size=size, rng=rng, dtype=dtype or pytensor.config.floatX,
                                        return_next_rng=True)
        return drawn

    def changed(self, layer, full: str, value):
        """Return the output called `full` with the noises of training, or its replacement."""
        value = self._replace.get(full, value)
        for noise in self._noises:
            if noise.matches(full):
                if layer.sparse:
                    raise SpecError(f"{noise.title}: the layer {layer.name!r} is sparse, so no noise can be added to "
                                    "it. Name other outputs with 'pattern'")
                rng = self.stream()
                rng.name = f"noise of {full}"
                value, self.updates[rng] = noise.modify(full, value, rng)
        return value


@functools.cache
def takes_context(cls: type) -> bool:
    """Return whether the `connect` of a class of layers takes a context."""
    return "context" in inspect.signature(cls.connect).parameters


def made_by(layer, values: list, context: Context) -> dict:
    """Return the outputs of a layer for the `values` of its inputs, by short name."""
    made = layer.connect_in_training(values) if context.training else None
    if made is None:
        made = layer.connect(values, context) if takes_context(type(layer)) else layer.connect(values)
    _check_made(layer, made)
    return made


def connected(layer, values: list, context: Context) -> dict:
    """Return the result of `made_by`, built quickly even if the model is deep.

    It is built from placeholders, which are replaced afterwards. PyTensor looks for the lengths of a loop's states
    through everything that they depend on, down to the input, so the time would grow with the square of the depth.
    """
    stand_ins = {value.type(value.name): value for value in values}
    known = set(context.updates)
    made = made_by(layer, list(stand_ins), context)
    put_in_place([*made.values(), *(state for rng, state in context.updates.items() if rng not in known)], stand_ins)
    return {short: stand_ins.get(value, value) for short, value in made.items()}


def put_in_place(expressions: list, others: dict) -> None:
    """Replace the variables `others` in everything that `expressions` depend on, in place."""
    variables = list(ancestors(expressions))
    variables += ancestors([v.default_update for v in variables if getattr(v, "default_update", None) is not None])
    for node in {v.owner for v in variables if v.owner is not None}:
        node.inputs[:] = [others.get(v, v) for v in node.inputs]


def _check_made(layer, made):
    """Raise SpecError for what a layer of the user's returned, unless these are tensors by name."""
    if not isinstance(made, dict) or "out" not in made:
        raise SpecError(f"layer {layer.name!r}: connect of {type(layer).__name__} returned {made!r}, but it must "
                        "return a dict of tensors, {'out': ...}")
    for short, value in made.items():
        if not isinstance(value, Variable):
            raise SpecError(f"layer {layer.name!r}: connect of {type(layer).__name__} returned {value!r} as "
                            f"{short!r}, but it must be a tensor")


def draws(values: dict) -> bool:
    """Return whether layers draw random numbers, with generators that each training needs for itself."""
    return any(isinstance(v.type, RandomType) for v in ancestors(values.values()))


def own_updates(values: dict) -> dict:
    """Return the next values of shared variables that layers update themselves, by variable."""
    return {v: v.default_update for v in ancestors(values.values()) if getattr(v, "default_update", None) is not None}
