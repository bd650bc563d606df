"""What a loss is drawn against: one number that moves, and the ports that follow from it."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Direction:
    """The quantity that a loss is drawn against.

    Parameters
    ----------
    label : str
        What the axis says.
    symbol : str
        What derivatives are taken by, in labels.
    span : (float, float)
        Where the axis begins and ends unless the user says.
    target : float or None
        The target unless the user names one.
    ports : callable
        ``ports(x, loss, target)`` returns a tensor for each port, with a row for each number of the vector `x`.
    of_data : bool
        Whether `x` has the unit of the target.
    note : str
        What does not move, in words.
    item : int or None
        Whose loss is drawn, if the ports have several items for one number.
    """

    label: str
    symbol: str
    span: tuple[float, float]
    target: float | None
    ports: Callable
    of_data: bool = False
    note: str = ""
    item: int | None = None
