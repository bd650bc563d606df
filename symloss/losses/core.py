"""The loss registry: what the decorator knows of a loss function."""

import dataclasses
import inspect
from collections.abc import Callable

from .._registry import Registry
from ..errors import SpecError, unknown

TARGETS = ("same", "label", "label or distribution", "sign", "sign or label", "none")


@dataclasses.dataclass(frozen=True)
class LossSpec:
    """What the decorator knows of a loss function.

    Parameters
    ----------
    name : str
    function : callable
        The mathematics: ``function(*ports, **hyperparameters)``, tensors in, a tensor per element or per item out.
    ports : tuple of str
        Positional arguments, in order. ``target`` is fed from the data, the others from outputs of the model.
    target : str
        Kind of target, one of ``TARGETS``.
    activation : str or None
        The activation that a prediction is expected to have passed through.
    per : 'element', 'item' or 'batch'
        What one value of the result belongs to.
    unit : str
    options : dict
        Hyperparameters with their defaults.
    pairs : bool
        Whether the function takes the weights itself, because its values are made of pairs of items.
    """

    name: str
    function: Callable
    ports: tuple[str, ...]
    target: str
    activation: str | None
    per: str
    unit: str
    options: dict = dataclasses.field(hash=False)
    pairs: bool

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return inspect.getdoc(self.function).splitlines()[0]

    @property
    def predictions(self) -> tuple[str, ...]:
        """The ports that outputs of the model feed."""
        return tuple(port for port in self.ports if port != "target")

    def check_options(self, given) -> None:
        """Raise UnknownNameError for an option that the function does not take."""
        for option in given:
            if option not in self.options:
                raise unknown(f"option of loss {self.name!r}:", option, self.options or ["none"])


registry: Registry = Registry("loss")  # name -> LossSpec, or a subclass of Loss


def loss(*aliases: str, target="same", activation=None, per="element", unit="the unit of the target"):
    """Register a loss function under its own name and `aliases`.

    Positional arguments of the function are ports, keyword-only ones are hyperparameters. A keyword-only argument
    ``weights`` is no hyperparameter: it says that the function weights pairs of items itself.
    """
    if target not in TARGETS:
        raise SpecError(f"@loss: target={target!r}; one of {', '.join(TARGETS)} is wanted")

    def register(function):
        parameters = inspect.signature(function).parameters.values()
        options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        pairs = "weights" in options
        options.pop("weights", None)
        spec = LossSpec(
            name=function.__name__,
            function=function,
            ports=tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD),
            target=target,
            activation=activation,
            per=per,
            unit=unit,
            options=options,
            pairs=pairs,
        )
        registry.add(spec.name, spec, aliases, replace=_is_again(function))
        return function

    return register


def _is_again(function) -> bool:
    """Return whether a function of the same place was registered before: a notebook's cell that runs again."""
    if function.__name__ not in registry:
        return False
    entry = registry.get(function.__name__)
    before = entry.function if isinstance(entry, LossSpec) else entry
    return (before.__module__, before.__qualname__) == (function.__module__, function.__qualname__)


def get(name: str) -> LossSpec:
    """Return the LossSpec of a registered loss function by name or alias.

    >>> get("mae").name
    'absolute_error'
    """
    entry = registry.get(name)
    if not isinstance(entry, LossSpec):
        raise SpecError(f"loss {name!r} is a class, {entry.__name__}, no function; use symloss.Loss.build({name!r})")
    return entry


def names() -> list[str]:
    """Return the names of all registered loss functions."""
    return [name for name in registry if isinstance(registry.get(name), LossSpec)]
