"""Errors of this package, with messages, which are also of the kinds that users of numpy_ml catch."""

from ...errors import DataError, ShapeError, SpecError, UnknownNameError, unknown


class BadArrayError(DataError, AssertionError):
    """Invalid numbers: targets that are not one-hot, rows that are not distributions, NaN."""


class BadShapeError(ShapeError, AssertionError):
    """Arrays whose ranks or lengths do not fit."""


class FrozenError(SpecError, AssertionError):
    """A change of frozen parameters."""


class BadNameError(UnknownNameError, ValueError, NotImplementedError):
    """An unknown name: of an optimizer, a scheduler, an activation, a weight initialization."""


def no_such(kind: str, name: object, known) -> BadNameError:
    """Return the error for an unknown name, with the nearest known names."""
    return BadNameError(str(unknown(kind, name, known)))
