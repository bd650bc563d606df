"""What the classes of numpy_ml raise here: errors in words that are still of the kinds that its users catch."""

from ...errors import DataError, ShapeError, SpecError, UnknownNameError, unknown


class BadArrayError(DataError, AssertionError):
    """Numbers that a loss cannot be computed from: targets that are not one-hot, rows that are no distribution, NaN."""


class BadShapeError(ShapeError, AssertionError):
    """Arrays whose ranks or lengths do not fit."""


class FrozenError(SpecError, AssertionError):
    """A change of parameters that are frozen."""


class BadNameError(UnknownNameError, ValueError, NotImplementedError):
    """A name that stands for nothing: of an optimizer, a scheduler, an activation, a weight initialization."""


def no_such(kind: str, name: object, known) -> BadNameError:
    """Return the error for an unknown name, with the nearest of those that are known."""
    return BadNameError(str(unknown(kind, name, known)))
