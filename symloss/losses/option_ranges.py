"""The allowed values of the hyperparameters of a loss, which are checked by name before a graph is built."""

import dataclasses
import itertools
import math

import numpy as np
from pytensor.graph.basic import Variable

from ..errors import SpecError


@dataclasses.dataclass(frozen=True)
class Range:
    """The numbers that a hyperparameter may have. A symbolic variable is not checked: its value is not known yet.

    Parameters
    ----------
    interval : str
        In mathematical notation: ``"(0, 1)"`` excludes both ends, ``"[0, inf)"`` includes the first one.
    whole : bool
        Whether it must be an integer.
    none : bool
        Whether None is allowed.
    several : bool
        Whether a list or an array of such numbers is allowed, one for each column or class.
    increasing : bool
        Whether each number of a list must be greater than the one before.
    """

    interval: str = "(-inf, inf)"
    whole: bool = False
    none: bool = False
    several: bool = False
    increasing: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest number. They belong to the interval where its brackets are square."""
        least, most = self.interval[1:-1].split(",")
        return float(least), float(most)

    def holds(self, value) -> bool:
        """Return whether `value` is allowed.

        >>> Range("[0, 1)").holds(0), Range("[0, 1)").holds(1), Range("[0, 1)").holds("0.5")
        (True, False, False)
        """
        if isinstance(value, Variable) or value is None:
            return value is not None or self.none
        if isinstance(value, np.ndarray):
            value = value.tolist()
        if isinstance(value, list | tuple):
            each = self.several and len(value) > 0 and all(map(self._number, value))
            return each and not (self.increasing and any(b <= a for a, b in itertools.pairwise(value)))
        return self._number(value)

    def _number(self, value):
        kind = int | np.integer if self.whole else int | float | np.integer | np.floating
        if not isinstance(value, kind) or isinstance(value, bool | np.longdouble):
            return False
        if isinstance(value, int) and abs(value) >= 2**63:
            return False
        least, most = self.ends
        above = value >= least if self.interval[0] == "[" else value > least
        return bool(above and (value <= most if self.interval[-1] == "]" else value < most))

    def __str__(self):
        """Return a description of the allowed values.

        >>> str(Range("[0, inf)", none=True))
        'a number of at least 0, or None'
        """
        (least, most), one = self.ends, "an integer" if self.whole else "a number"
        if math.isinf(least) and math.isinf(most) and self.interval[0] == "(":
            text = one if self.whole else "a finite number"
        elif math.isinf(most):
            text = f"{one} {'of at least' if self.interval[0] == '[' else 'greater than'} {least:g}"
        elif math.isinf(least) and self.interval[0] == "[":
            text = f"{one} in {self.interval}"
        elif math.isinf(least):
            text = f"{one} {'of at most' if self.interval[-1] == ']' else 'less than'} {most:g}"
        else:
            text = f"{one} in {self.interval}"
        if self.several:
            text += f", or a list of such{' that increase' if self.increasing else ''}"
        return text + (", or None" if self.none else "")


@dataclasses.dataclass(frozen=True)
class Choice:
    """The values that a hyperparameter may have, with the same type."""

    values: tuple

    def holds(self, value) -> bool:
        """Return whether `value` is allowed.

        >>> Choice((False, True)).holds(1), Choice((1, 2)).holds(1.0)
        (False, True)
        """
        switches = [isinstance(v, bool | np.bool_) for v in (value, self.values[0])]
        plain = isinstance(value, int | float | str | np.generic)
        return switches[0] == switches[1] and plain and value in self.values

    def __str__(self):
        return " or ".join(map(repr, self.values))


@dataclasses.dataclass(frozen=True)
class Lengths:
    """The length of each item: an integer tensor or array (n,), or None for the whole items."""

    def holds(self, value) -> bool:
        """Return whether `value` is allowed.

        >>> Lengths().holds([2, 3]), Lengths().holds(2), Lengths().holds([0.5])
        (True, False, False)
        """
        if value is None or isinstance(value, Variable):
            return True
        try:
            found = np.asarray(value)
        except (TypeError, ValueError):
            return False
        return found.ndim == 1 and found.dtype.kind in "iu"

    def __str__(self):
        return "an integer tensor (n,), or None"


def of_default(default):
    """Return the allowed values for a default: True or False, or numbers if it is one of these. None means anything.

    >>> of_default(0.5), of_default(None)
    (Range(interval='(-inf, inf)', whole=False, none=False, several=True, increasing=False), None)
    """
    if isinstance(default, bool):
        return Choice((False, True))
    if isinstance(default, int | float) and math.isfinite(default):
        return Range(several=True)
    return None


def completed(ranges: dict, options: dict, who: str) -> dict:
    """Return the range of every option that has one, by name. A text is read as an interval.

    Raises
    ------
    SpecError
        If a range names no option, or if a default is outside its own range.
    """
    found = {name: Range(r) if isinstance(r, str) else r for name, r in ranges.items()}
    for name in found:
        if name not in options:
            raise SpecError(f"{who}: got a range for {name!r}, but the options of the loss are "
                            f"{', '.join(options) or 'none'}")
        check(who, name, options[name], found[name])
    return {name: found.get(name) or of_default(default) for name, default in options.items()}


def check(who: str, name: str, value, wanted) -> None:
    """Raise SpecError unless `value` is allowed by `wanted`: a Range, a Choice, or None for anything."""
    if wanted is not None and not wanted.holds(value):
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be {wanted}")
