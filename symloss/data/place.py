"""The place of an error in the user's data, in words."""

import dataclasses

import numpy as np

from ..errors import DataError


@dataclasses.dataclass(frozen=True)
class Place:
    """An array of the user's, for messages.

    Parameters
    ----------
    me : str
        Whose data they are, and which: 'train: target'.
    rows : int array or None
        Numbers of the rows in the data set, where the array is a part of it.
    columns : sequence or None
        Names of the columns, where the array was a frame.

    >>> array = np.array([[3, -1]])
    >>> str(Place("train: in", columns=["age", "size"]).error(array, array < 0, "negative"))
    "train: in, row 0, column 'size': -1 is negative (affected values: 1)"
    """

    me: str
    rows: object = None
    columns: object = None

    def error(self, array, wrong, what: str) -> DataError:
        """Return the error for the first entry of `array` that is `wrong`."""
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        where = f", row {self.row(first[0])}" if first else ""
        if len(first) == 2:
            where += f", column {self._column(first[1])}"
        elif first[1:]:
            where += f", place {first[1:]}"
        return DataError(f"{self.me}{where}: {array[first]} is {what} (affected values: {int(wrong.sum())})")

    def row(self, number: int) -> int:
        """Return the number that a row has in the data set."""
        return int(number if self.rows is None else self.rows[number])

    def _column(self, number):
        return number if self.columns is None or number >= len(self.columns) else repr(self.columns[number])
