"""Variables as exp(exponent) * factor, and the look for the exponent of a variable or of 1 less it."""

import dataclasses
from collections.abc import Callable

import pytensor.tensor as pt
from pytensor.scalar import basic as scalars

from . import stable_forms
from .patterns import complement_of, kind

LARGEST = 80  # exp of it is finite in float32


@dataclasses.dataclass(frozen=True)
class Scaled:
    """A variable as exp(exponent) * factor.

    Parameters
    ----------
    exponent : tensor
    factor : tensor or None
        None is 1.
    trail : tuple of (str, variable)
        The rules that led here, each with the variable it was used on.
    """

    exponent: object
    factor: object = None
    trail: tuple = ()

    def log(self):
        """Return the logarithm of the variable."""
        if self.factor is None:
            return self.exponent
        dtype = scalars.upcast(self.exponent.dtype, self.factor.dtype)  # a 0.5 comes as float32
        return self.exponent + pt.log(self.factor.astype(dtype))

    def through(self, function) -> "Scaled":
        """Return what a change of shape makes of it."""
        factor = None if self.factor is None else function(self.factor)
        return Scaled(function(self.exponent), factor, self.trail)

    def after(self, *steps) -> "Scaled":
        """Return the same, with more steps (name, variable) behind it."""
        return dataclasses.replace(self, trail=tuple(dict.fromkeys([*steps, *self.trail])))


@dataclasses.dataclass(frozen=True)
class Rule:
    """A named rule for the logarithm of what ops of some kinds make."""

    name: str
    kinds: tuple
    function: Callable
    summary: str


rules: dict[str, Rule] = {}
complements: dict[type, list] = {}  # functions (q, look) that return 1 - q as a Scaled, or None


def rule(*kinds):
    """Register ``function(variable, look)`` as the rule for variables that ops of these kinds made."""

    def register(function):
        rules[function.__name__] = Rule(function.__name__, kinds, function, function.__doc__.splitlines()[0])
        return function

    return register


def complement(*kinds):
    """Register ``function(q, look)``, which returns 1 - q as a Scaled or None, for what ops of these kinds made."""

    def register(function):
        for one in kinds:
            complements.setdefault(one, []).append(function)
        return function

    return register


class Look:
    """Looks for the exponent of a variable, by those rules that are not switched off.

    Parameters
    ----------
    names : collection of str
        Of the rules that may be used.
    """

    def __init__(self, names):
        self.names = names
        self._found: dict = {}
        self._by_kind: dict = {}
        for entry in rules.values():
            for one in entry.kinds if entry.name in names else ():
                self._by_kind.setdefault(one, []).append(entry)

    def __call__(self, variable) -> Scaled | None:
        """Return `variable` as a Scaled, or None."""
        return self._once(variable, "itself", self._look)

    def complement(self, variable) -> Scaled | None:
        """Return 1 - `variable` as a Scaled, or None."""
        return self._once(variable, "complement", self._complement)

    def _once(self, variable, what, function):
        key = (variable, what)
        if key not in self._found:
            self._found[key] = function(variable)
        return self._found[key]

    def _look(self, variable):
        for entry in self._by_kind.get(kind(variable), ()):
            found = entry.function(variable, self)
            if found is not None:
                return found.after((entry.name, variable))
        return None
    def _complement(self, q):
        for function in complements.get(kind(q), ()):
            if (found := function(q, self)) is not None:
                return found
        inner = complement_of(q)
        found = self(q) if inner is None else self(inner)
        return found if found is None or inner is not None else one_plus(found, -1)


def one_plus(found: Scaled, sign: int = 1) -> Scaled:
    """Return 1 + `found`, or 1 - `found` with a sign of -1, exact also where `found` is near 0."""
    form = pt.softplus if sign == 1 else stable_forms.log_one_minus_exp
    if found.factor is None:
        return Scaled(form(found.exponent), None, found.trail)
    positive = pt.gt(found.factor, 0)
    size = form(found.exponent + pt.log(pt.switch(positive, found.factor, 1)))
    rest = pt.switch(positive, 0, found.factor) * pt.exp(pt.minimum(found.exponent, LARGEST))
    return Scaled(pt.switch(positive, size, pt.log1p(sign * rest)), None, found.trail)


def plain(variable) -> Scaled:
    """Return a variable as the factor that it is."""
    return Scaled(pt.zeros_like(variable), variable)


def is_guarded(found: Scaled) -> bool:
    """Return whether a small number or a clip was passed by: a logarithm is finite without, a difference another."""
    return any(name in GUARDS for name, _ in found.trail)


GUARDS = ("log_clip", "log_epsilon", "log_floor")


def is_unbounded(found: Scaled) -> bool:
    """Return whether it is an exponential, which may overflow where a probability cannot."""
    return any(name in UNBOUNDED for name, _ in found.trail)


UNBOUNDED = ("log_exp", "log_expm1", "log_hyperbolic", "log_one_plus_exp")
