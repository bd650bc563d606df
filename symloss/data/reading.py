"""Anything array-like as numpy arrays: frames, sparse matrices, columns in files, lists, objects."""

import numbers as kinds

import numpy as np

from ..errors import DataError

LENGTHY = 30  # characters of a value that a message shows
DENSE = 4  # rows of a file are read at a stretch where that reads at most so many times as many


def as_array(value, me: str) -> np.ndarray:
    """Return a sparse matrix, a frame or anything array-like as a numpy array."""
    refuse_masked(value, me)
    if value is None:
        raise DataError(f"{me} is None. Pass an array")
    try:
        array = value.toarray() if hasattr(value, "toarray") else np.asarray(value)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        way_out = "pass it as float32" if "float16" in str(error).lower() else "pass rows of equal length"
        raise DataError(f"{me} cannot be read as an array ({error}); {way_out}") from None
    return _stacked(array)


def _stacked(array):
    """Return an array of arrays that are all of one shape as one array."""
    if array.dtype == object and array.ndim == 1 and len(array):
        shapes = {getattr(item, "shape", None) for item in array}
        if len(shapes) == 1 and shapes.pop():
            return np.stack([np.asarray(item) for item in array])
    return array


def refuse_masked(value, me: str) -> None:
    """Raise DataError for a masked array with masked entries: numpy would use the values behind the mask."""
    if isinstance(value, np.ma.MaskedArray) and value.dtype.names is None and np.any(value.mask):
        raise DataError(f"{me} is an array with {np.ma.count_masked(value)} masked values. Pass .filled(0), and give "
                        "the masked values a weight of 0")


# ------------------------------------------------------------------------------------------ numbers


def is_missing(value) -> bool:
    """Return whether a value is a missing value: None, NaN, or NA and NaT of pandas.

    >>> [is_missing(v) for v in (None, float("nan"), np.datetime64("NaT"), 0, "", "nan")]
    [True, True, True, False, False, False]
    """
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas' NA is neither true nor false
        return True
    except ValueError:  # an array
        return False


def missing(array) -> np.ndarray:
    """Return where the entries of an array are missing, as a boolean array."""
    if array.dtype.kind == "f":
        return np.isnan(array)
    if array.dtype.kind in "Mm":
        return np.isnat(array)
    if array.dtype != object:
        return np.zeros(array.shape, bool)
    return np.fromiter(map(is_missing, array.flat), bool, array.size).reshape(array.shape)


def numbers(array, me: str, gaps: bool = False) -> np.ndarray:
    """Return an array of numbers, or raise DataError with what it holds instead.

    Parameters
    ----------
    array : numpy array
    me : str
    gaps : bool
        Whether what is missing, such as None, becomes NaN. Elsewhere it is refused.
    """
    if array.dtype == object:
        absent = missing(array)
        if gaps and absent.any():
            array = np.where(absent, np.nan, array)
        nothing = [value for value in array[absent] if not isinstance(value, kinds.Number)] if absent.any() else []
        if not nothing or gaps:
            try:
                return array.astype("float64")
            except (TypeError, ValueError, OverflowError):
                pass
        if nothing:
            first = np.argwhere(absent)[0]
            where = "".join(f", {word} {i}" for word, i in zip(("row", "column"), first, strict=False))
            raise DataError(f"{me}{where}: {nothing[0]!r} is a missing value. Pass numbers")
    if array.dtype.kind not in "biuf":
        raise DataError(f"{me} {_content(array)}. Pass numbers{_way_out(array)}")
    return array


def _content(array) -> str:
    """Return what an array that has no numbers has instead, in words."""
    if array.dtype.kind in "Mm":
        return f"contains dates ({array.dtype})"
    odd = next((v for v in array.flat if not isinstance(v, kinds.Number)), None) if array.dtype.kind in "OUST" else None
    return f"has dtype {array.dtype}" + ("" if odd is None else f" and contains {_short(odd)}")


def _short(value) -> str:
    text = repr(str(value) if isinstance(value, str) else value)
    return text if len(text) <= LENGTHY else f"{type(value).__name__} {text[:LENGTHY]}..."


def _way_out(array) -> str:
    if array.dtype.kind in "Mm":
        return ", such as the days since the first date"
    if array.dtype.names:
        return ": pass numpy.lib.recfunctions.structured_to_unstructured(x)"
    if "float" in array.dtype.name:
        return " of a type that numpy calculates with: pass x.astype('float32')"
    if array.dtype == object and any(getattr(item, "shape", ()) for item in array.flat):
        return ": its items are arrays of several shapes. Pass rows of equal length"
    return ""


# ------------------------------------------------------------------------------------------ frames


def is_frame(value) -> bool:
    """Return whether a value is a table with named columns, as those of pandas and polars are."""
    named = hasattr(value, "columns") and hasattr(value, "dtypes") and hasattr(value, "__getitem__")
    return named and not isinstance(value, np.ndarray)


def column_names(value) -> list | None:
    """Return the names of the columns of a frame, or None for other data."""
    return list(value.columns) if is_frame(value) else None


def of_frame(frame, me: str) -> np.ndarray:
    """Return a frame as an array of numbers, or raise DataError with the name of a column that has none."""
    names = list(frame.columns)
    if not names or len(set(names)) < len(names):
        return as_array(frame, me)
    columns = []
    for name in names:
        column = np.asarray(frame[name])
        if column.dtype == object:
            dates = next((v for v in column if hasattr(v, "isoformat") and not is_missing(v)), None)
            if dates is not None:
                raise DataError(f"{me}: column {name!r} contains dates ({dates}). Pass numbers instead, such as the "
                                f"days since the first date")
        try:
            columns.append(numbers(column, f"{me}: column {name!r}", gaps=True))
        except DataError as error:
            more = "" if column.dtype.kind in "Mm" else ", such as one column of 0 and 1 for each of its values"
            raise DataError(f"{error}{more}") from None
    return np.stack(columns, axis=1)


# ------------------------------------------------------------------------------------------ columns in files


def is_stored(value) -> bool:
    """Return whether an array lies in a file, or is computed when asked for: memory maps, HDF5, zarr, parts of them."""
    if isinstance(value, np.ndarray):
        return isinstance(value, np.memmap)
    return all(hasattr(value, name) for name in ("shape", "dtype", "chunks", "__getitem__"))


def rows_at(column, rows) -> np.ndarray:
    """Return some rows of a column; of a file in one go, as it wants its rows in order and each once."""
    if isinstance(column, np.ndarray) or not is_stored(column) or isinstance(column, Part):
        return column[rows]
    found, places = np.unique(rows, return_inverse=True)
    if len(found) and found[-1] - found[0] < DENSE * len(found):
        return np.asarray(column[int(found[0]) : int(found[-1]) + 1])[found - found[0]][places]
    return np.asarray(column[found])[places]


class Part:
    """Some rows of a column in a file, which are read when they are asked for."""

    chunks = None

    def __init__(self, column, rows):
        self.column, self.rows = column, rows
        self.dtype, self.shape = column.dtype, (len(rows), *column.shape[1:])

    def __getitem__(self, rows):
        return rows_at(self.column, self.rows[rows])

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self[np.arange(len(self.rows))], dtype)

    def __len__(self):
        return len(self.rows)
