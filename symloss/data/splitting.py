"""Setting aside a part of the data for validation."""

import numpy as np

from ..errors import DataError, SpecError
from . import ragged
from .columns import check_lengths, is_batches, named, rows_of
from .fields import Field
from .reading import Part, as_array, is_frame, is_stored


class Share(dict):
    """Columns by name, of some rows of a data set; `numbers` are those that the rows have there."""

    def __init__(self, columns: dict, numbers: np.ndarray):
        super().__init__(columns)
        self.numbers = numbers


def split(data, fields: list[Field], share: float, rng, who: str = "train") -> tuple[Share, Share]:
    """Split data at random into items to train on and items that are set aside.

    Parameters
    ----------
    data : list or tuple of arrays, dict of arrays by name, or one array
        Data as `train` takes them. Data frames, lists of sequences, sparse matrices and columns in files keep their
        type; columns in files are not copied.
    fields : list of Field
    share : float
        Fraction of the items to set aside, between 0 and 1. Each side gets at least one item.
    rng : numpy Generator or int
        Generator of random numbers, or its seed. The same seed draws the same items.
    who : str

    Returns
    -------
    (Share, Share)
        Columns by name, in their original order: for training and for validation.

    Raises
    ------
    SpecError
        If `share` is not between 0 and 1, or if the data come in batches.
    DataError
        If arrays differ in length, or if there are fewer than two items.

    >>> fields = [Field("in", "input", (None, 1), "float64")]
    >>> [part["in"].ravel().tolist() for part in split(np.arange(5.0)[:, None], fields, 0.4, 0)]
    [[0.0, 1.0, 3.0], [2.0, 4.0]]
    """
    if isinstance(share, bool) or not isinstance(share, int | float | np.number) or not 0 < share < 1:
        raise SpecError(f"{who}: validation_split={share!r} is not valid; it must be between 0 and 1, such as 0.1")
    columns = _columns(data, fields, who)
    check_lengths({name: rows_of(column) for name, column in columns.items()}, who)
    count = rows_of(next(iter(columns.values())))
    aside = min(max(round(share * count), 1), count - 1)
    if aside < 1:
        raise DataError(f"{who}: validation_split={share!r} cannot split {count} item. Pass at least two items")
    order = np.random.default_rng(rng).permutation(count)
    parts = np.sort(order[aside:]), np.sort(order[:aside])
    return tuple(Share({name: _rows(column, rows, f"{who}: {name}") for name, column in columns.items()}, rows)
                 for rows in parts)


def _columns(data, fields, who) -> dict:
    columns = named(data, fields)
    if columns is not None:
        return columns
    if callable(data) or is_batches(data, fields) or not (hasattr(data, "shape") or isinstance(data, list | tuple)):
        raise SpecError(f"{who}: validation_split needs arrays, but these data come in batches. Pass validation data: "
                        f"net.train(data, valid)")
    needed = [f.name for f in fields if not f.optional]
    if len(needed) != 1:
        count = len(data) if isinstance(data, list | tuple) else 1
        raise DataError(f"{who}: got {count} array{'s' * (count != 1)}, but the model needs {len(needed)} arrays: "
                        f"{', '.join(needed)}. Pass them as one list: net.train([{', '.join(needed)}])")
    return {needed[0]: data}


def _rows(column, rows, me):
    """Return some rows of a column, in the form that it has."""
    if is_stored(column):
        return Part(column, rows)
    if hasattr(column, "iloc"):
        return column.iloc[rows]
    if isinstance(column, list | tuple) and (all(isinstance(item, tuple) for item in column) or any(
            ragged.is_ragged(column, axes) for axes in (2, 3, 4, 5))):
        return [column[row] for row in rows]
    if hasattr(column, "tocsr") and len(column.shape) == 2:
        return column.tocsr()[rows]
    if hasattr(column, "shape") and not hasattr(column, "toarray") or is_frame(column):
        return column[rows]
    return as_array(column, me)[rows]
