"""The options of one loss. Numbers are shared scalars, so a new value takes effect at the next step."""

from collections.abc import MutableMapping

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.tensor.variable import TensorVariable

from .._checks import is_number
from .._fingerprint import fingerprint
from ..errors import SpecError


class _BranchError(Exception):
    """A function asks what a number is, so the number cannot move."""


class _Probe(TensorVariable):
    """A scalar that does not let a function decide by its value."""

    def __eq__(self, other):
        if isinstance(other, int | float | np.generic):
            raise _BranchError
        return self is other

    def __hash__(self):
        return id(self)

    def __bool__(self):
        raise _BranchError


def is_schedule(value) -> bool:
    """Return whether a value is a schedule, which changes a number with the step."""
    return callable(value) and hasattr(value, "to_spec") and not isinstance(value, type)


class OptionValues(MutableMapping):
    """The options of a loss: those that were passed, and the defaults of its function for the rest.

    Parameters
    ----------
    spec : LossSpec or None
    given : dict
        Numbers, schedules that change a number, or whatever else the function takes.

    Attributes
    ----------
    moving : dict
        Schedules by name, for the options that change.
    scalars : dict
        Shared scalars by name, for the options that the function computes with. See `for_function`.
    """

    def __init__(self, spec, given):
        self.spec, self.moving, self.scalars, self._given = spec, {}, {}, {}
        self._fixed: set = set()  # options whose value decides which expression the function makes
        for name, value in given.items():
            self[name] = value

    # ------------------------------------------------------------------------------------------ as a dict

    def __getitem__(self, name):
        if name in self.moving:
            return self.moving[name]
        return self.scalars[name].get_value().item() if name in self._given and name in self.scalars \
            else self._given[name]

    def __setitem__(self, name, value):
        moving = value if is_schedule(value) else None
        number = float(moving(0)) if moving is not None else value
        if self.spec is not None:
            self.spec.check_options({name: number})
        if moving is not None and not self._may_move(name):
            raise SpecError(f"loss {self.spec.name}: {name}={value!r} cannot change during training, because {name} "
                            "decides how the loss is computed. Pass a number")
        self.moving.pop(name, None)
        if moving is not None:
            self.moving[name] = moving
        self._given[name] = number
        if name in self.scalars and is_number(number):
            self.scalars[name].set_value(np.asarray(number, self.scalars[name].dtype))
        else:
            self.scalars.pop(name, None)

    def __delitem__(self, name):
        del self._given[name]
        self.scalars.pop(name, None)
        self.moving.pop(name, None)

    def __iter__(self):
        return iter(self._given)

    def __len__(self):
        return len(self._given)

    def __repr__(self):
        return repr(dict(self))

    # ------------------------------------------------------------------------------------------ as expressions

    def _number(self, name):
        return self._given.get(name, self.spec.options.get(name))

    def _may_move(self, name) -> bool:
        """Return whether a value is a number that no function needs to know while it builds its expression."""
        number = self._number(name)
        return (name not in self._fixed and is_number(number)
                and isinstance(self.spec.options.get(name), float | np.floating))

    def for_function(self, build):
        """Return ``build(options)``, with shared scalars for all numbers that are only used in computations.

        Parameters
        ----------
        build : function of a dict
            Returns an expression. If it depends on a number by a condition (``if alpha == 2``), it gets the number
            itself.
        """
        for name in [name for name in self.spec.options if self._may_move(name) and name not in self.scalars]:
            if not self._computes_with(name, build):
                self._fixed.add(name)
                continue
            value = np.asarray(self._number(name), pytensor.config.floatX)
            self.scalars[name] = pytensor.shared(value, name=f"{name} of {self.spec.name}", shape=())
        return build(dict(self._given) | self.scalars)

    def _computes_with(self, name, build) -> bool:
        probe = _Probe(pt.scalar(dtype=pytensor.config.floatX).type, None, None, name=name)
        try:
            build(dict(self._given) | {name: probe})
        except _BranchError:
            return False
        except Exception:  # a function that takes numbers alone; what else is wrong shows when it is built for real
            return False
        return True

    # ------------------------------------------------------------------------------------------ copies and keys

    def copy(self) -> "OptionValues":
        """Return the same options with scalars of their own."""
        return OptionValues(self.spec, dict(self))

    def fingerprint(self):
        """Return what a compiled function depends on: the values that are built into it."""
        built_in = {k: v for k, v in self._given.items() if k not in self.scalars}
        shared = tuple(sorted((k, id(v)) for k, v in self.scalars.items()))
        return fingerprint(dict(sorted(built_in.items()))), shared, fingerprint(dict(sorted(self.moving.items())))

    def to_spec(self) -> dict:
        """Return the description from which the options can be rebuilt, with plain data for schedules."""
        return {name: self.moving[name].to_spec() if name in self.moving else value for name, value in self.items()}
