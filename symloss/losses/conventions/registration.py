"""How other libraries compute the same losses: the choices for `like=`."""

import dataclasses
import functools
import inspect
from collections.abc import Callable

from ..._registry import Registry
from ...errors import SpecError, unknown
from ..option_ranges import completed
from ..reduction import rule
from ..registration import LossSpec, get


@dataclasses.dataclass(frozen=True)
class Convention:
    """How one library computes one loss.

    Parameters
    ----------
    own : str
        Name of the loss in that library.
    spec : LossSpec
        The loss as that library computes it before its reduction, with the library's options and defaults.
    how : str
        The reduction of that library, see `reduce`. It is 'none' if the library leaves the reduction to its users.
    """

    own: str
    spec: LossSpec
    how: str


class System:
    """A library whose values you can choose with `like`.

    Parameters
    ----------
    name : str
        The value of `like`.
    how : str
        Its usual reduction.
    first_label : int
        The label of the first class in that library. In symloss it is 0 for any `like`. If it differs, labels are
        checked even on plain arrays, so that labels of the library are not silently misread.
    """

    def __init__(self, name: str, how: str, first_label: int = 0):
        self.name, self.how, self.first_label = name, rule(how), first_label
        self._conventions: dict[str, Convention] = {}
        systems.add(name, self)

    def same(self, name: str, own: str, how: str | None = None, options: tuple[str, ...] = (), **defaults) -> None:
        """Declare that the library's values of loss `name` are ours.

        It has those of our options that `options` names, and those with other `defaults`.
        """
        spec = get(name)
        spec.check_options({option: spec.options.get(option) for option in options} | defaults)
        function = spec.function
        if defaults:
            function = functools.wraps(function)(functools.partial(function, **defaults))
        kept = {option: spec.options[option] for option in options} | defaults
        self._add(name, own, how, dataclasses.replace(
            spec, function=function, options=kept, ranges={option: spec.ranges.get(option) for option in kept}))

    def differs(self, name: str, own: str, how: str | None = None, per: str | None = None,
                averaged: Callable | None = None, ranges: dict | None = None,
                fits: Callable | None = None, support=...) -> Callable:
        """Declare that the decorated function computes the library's values of loss `name`, from the same ports.

        `averaged` defines what the mean is taken over, if not over these values; see `LossSpec`. Options have the
        ranges of the loss' own options of the same name, or those in `ranges`. `fits` checks targets in the same way.
        `support` says for which targets the library defines it, see `LossSpec`: those of the loss, unless you pass it.
        """
        spec = get(name)

        def register(function):
            parameters = inspect.signature(function).parameters.values()
            options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
            ports = tuple(p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD)
            if ports != spec.ports:
                raise SpecError(f"{self.name}, {name}: got the ports {ports}, but they must be those of the loss, "
                                f"{spec.ports}")
            pairs = "weights" in options
            options.pop("weights", None)
            known = {option: spec.ranges[option] for option in options if spec.ranges.get(option) is not None}
            self._add(name, own, how, dataclasses.replace(
                spec, function=function, options=options, pairs=pairs, per=per or spec.per, averaged=averaged,
                fits=fits or spec.fits, support=spec.support if support is ... else support,
                ranges=completed(known | (ranges or {}), options, f"{self.name}, {name}")))
            return function

        return register

    def _add(self, name, own, how, spec):
        self._conventions[spec.name] = Convention(own, spec, rule(how or self.how))

    def get(self, name: str) -> Convention:
        """Return how this library computes the loss `name`, or raise UnknownNameError with the losses that it has."""
        spec = get(name)
        if spec.name not in self._conventions:
            raise unknown(f"loss for like={self.name!r}:", name, self._conventions)
        return self._conventions[spec.name]

    def __iter__(self):
        return iter(sorted(self._conventions))


def says(text: str) -> Callable:
    """Give the decorated function, an `averaged` of a `LossSpec`, a description of what its divisor counts: ``.says``.

    >>> @says("number of values above 0")
    ... def above_0(values, prediction, target):
    ...     return values, values > 0
    >>> above_0.says
    'number of values above 0'
    """

    def with_text(averaged):
        averaged.says = text
        return averaged

    return with_text


systems: Registry[System] = Registry("system (like=):")


def convention(name: str, like: str) -> Convention:
    """Return how the library `like` computes the loss `name`."""
    return systems.get(like).get(name)
