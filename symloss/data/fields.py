"""Arrays checked against what a model takes, and converted to it."""

import dataclasses

import numpy as np

from ..errors import DataError, ShapeError, unknown


@dataclasses.dataclass(frozen=True)
class Field:
    """One array that a model takes.

    Parameters
    ----------
    name : str
        By which a dict of data names it, and messages speak of it.
    kind : 'input', 'target', 'label' or 'weights'
    shape : tuple of int or None
        Of a batch; None where any length goes.
    dtype : str
    classes : int or None
        Number of classes, for labels.
    signs : bool
        Whether values have to be -1 or 1.
    optional : bool
        Whether nothing uses it, so that it may be missing.
    partner : str or None
        For weights: name of the array that they weigh.
    ignored : int or None
        A label out of range that means: do not count this item.
    encoder : Labels or None
        For labels that are not numbers.
    """

    name: str
    kind: str
    shape: tuple
    dtype: str
    classes: int | None = None
    signs: bool = False
    optional: bool = False
    partner: str | None = None
    ignored: int | None = None
    encoder: object = None


def prepare(data, fields: list[Field], who: str, allow_nan: bool = False) -> list[np.ndarray]:
    """Return one checked array of the right dtype for each field, all of one length.

    Parameters
    ----------
    data : array, list or tuple of arrays, or dict of arrays by name
        In the order of `fields`. Where one field is wanted, an array alone will do.
    fields : list of Field
    who : str
        Whose data they are, for messages: 'train', 'valid', 'predict'.
    allow_nan : bool
        Whether NaN and infinity may pass.

    Raises
    ------
    DataError, ShapeError
        If something is missing, too much, empty, of the wrong shape, no number, or not finite.
    """
    return convert_all(by_field(data, fields, who), fields, who, allow_nan=allow_nan)


def convert_all(columns: list, fields: list[Field], who: str, rows=None, allow_nan: bool = False) -> list[np.ndarray]:
    """Return the `columns` as checked arrays of one length; `rows` are their numbers in the data set, for messages."""
    arrays = [convert(value, field, who, rows) for value, field in zip(columns, fields, strict=True)]
    check_lengths({field.name: len(a) for field, a in zip(fields, arrays, strict=True)}, who)
    by_name = {f.name: a for f, a in zip(fields, arrays, strict=True)}
    arrays = [_spread_weights(a, f, by_name) for f, a in zip(fields, arrays, strict=True)]
    return arrays if allow_nan else _finite(arrays, fields, who, rows)


def check_lengths(lengths: dict, who: str) -> None:
    """Raise DataError unless all arrays have one length, and that is not 0."""
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(f"{who}: arrays of different length: {text}; pass one row for each item in all of them")
    if not next(iter(lengths.values())):
        raise DataError(f"{who}: the data set is empty; at least one item is wanted")


def _finite(arrays, fields, who, rows):
    """Raise DataError for NaN or infinity, except behind a weight of 0, where 0 takes its place."""
    weights = {f.partner: a for f, a in zip(fields, arrays, strict=True) if f.kind == "weights"}
    checked = []
    for array, field in zip(arrays, fields, strict=True):
        wrong = ~np.isfinite(array) if array.dtype.kind == "f" else None
        if wrong is not None and wrong.any():
            hidden = weights.get(field.name)
            if field.kind != "weights" and hidden is not None and hidden.shape == array.shape:
                wrong, behind = wrong & (hidden != 0), wrong & (hidden == 0)
                array = np.where(behind, np.zeros((), array.dtype), array)
            if wrong.any():
                _complain(array, wrong, f"{who}: {field.name}", "not finite; clean the data, give it a weight of 0, "
                          "or pass allow_nan=True", rows)
        checked.append(array)
    return checked


def by_field(data, fields: list[Field], who: str) -> list:
    """Return what `data` holds for each field, in their order and not yet converted."""
    wanted = ", ".join(f.name for f in fields)
    if isinstance(data, dict):
        for name in data:
            if name not in {f.name for f in fields}:
                raise unknown(f"array in {who} data:", name, [f.name for f in fields])
        missing = [f.name for f in fields if f.name not in data and not f.optional]
        if missing:
            raise DataError(f"{who}: {', '.join(missing)} is missing; pass {{{wanted}}}")
        count = rows_of(next(iter(data.values())))
        return [data[f.name] if f.name in data else _blank(f, count) for f in fields]
    if isinstance(data, list | tuple):
        data = padded(data, fields)
    several = isinstance(data, tuple) or (isinstance(data, list) and not _is_numbers(data, fields))
    given = list(data) if several else [data]
    needed = [f for f in fields if not f.optional]
    if len(given) == len(needed) < len(fields):
        supplied = iter(given)
        count = rows_of(given[0]) if given else 0
        return [_blank(f, count) if f.optional else next(supplied) for f in fields]
    if len(given) != len(fields):
        raise DataError(
            f"{who}: {len(given)} array{'s' * (len(given) != 1)}, but {len(fields)} are wanted: [{wanted}]; "
            f"pass them in this order"
        )
    return given


def padded(data, fields: list[Field]):
    """Return data whose ragged sequences, lists of arrays (t, d) with different t, are filled up with 0 at the end.

    Where the model is weighted and no weights came along, they are 1 for what was there and 0 for what was filled up;
    weights that came as sequences are filled up with 0 as well.
    """
    alone = sum(f.kind != "weights" for f in fields) == 1 and _is_ragged(data, fields[0])
    columns = [data] if alone else list(data)
    ragged = [_is_ragged(c, f) for c, f in zip(columns, fields, strict=False)]
    if not any(ragged):
        return data
    lengths = [len(s) for s in columns[ragged.index(True)]]
    filled = [_fill(c) if is_ragged else c for c, is_ragged in zip(columns, ragged, strict=False)]
    if len(filled) == len(fields) - 1 and fields[-1].kind == "weights":
        mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
        shape = fields[-1].shape[2:]
        filled.append(np.broadcast_to(mask.reshape(mask.shape + (1,) * len(shape)), mask.shape + shape))
    elif not any(f.kind == "weights" for f in fields):
        raise DataError(
            f"sequences of different lengths ({min(lengths)} to {max(lengths)}): what fills them up must not count; "
            f"make the model with weighted=True"
        )
    return tuple(filled)


def _is_ragged(column, field) -> bool:
    """Return whether a column is a list of sequences, one for each item, that differ in length."""
    if not isinstance(column, list | tuple) or len(column) < 2 or not all(hasattr(s, "shape") for s in column):
        return False
    if {len(s.shape) for s in column} != {len(field.shape) - 1} or len(field.shape) < 2:
        return False
    return len({s.shape[1:] for s in column}) == 1 and len({len(s) for s in column}) > 1


def _fill(sequences):
    longest = max(map(len, sequences))
    full = np.zeros((len(sequences), longest, *sequences[0].shape[1:]), np.result_type(*sequences))
    for row, sequence in zip(full, sequences, strict=True):
        row[: len(sequence)] = sequence
    return full


def _is_numbers(data, fields) -> bool:
    """Return whether a list is itself an array, [[1, 2], [3, 4]], and not a list of arrays."""
    if len(fields) != 1 or not data:
        return False
    if len(data) == 1 and np.ndim(data[0]) == len(fields[0].shape):
        return False
    return not hasattr(data[0], "shape") or np.ndim(data[0]) < len(fields[0].shape)


def rows_of(value) -> int:
    """Return how many rows an array-like has."""
    return value.shape[0] if hasattr(value, "shape") and len(value.shape) else len(np.atleast_1d(value))


def _blank(field, count):
    return np.zeros([count, *(n or 1 for n in field.shape[1:])], field.dtype)


def convert(value, field: Field, who: str, rows=None) -> np.ndarray:
    """Return `value` as a contiguous array of the field's rank and dtype, or raise what is wrong with it."""
    me = f"{who}: {field.name}"
    array = as_array(value, me)
    if field.kind == "label":
        if field.encoder is not None:
            array = field.encoder.encode(array, me)
        return _labels(_numbers(array, me), field, me, rows)
    array = _shaped(_numbers(array, me), field, me)
    if field.signs:
        _check_signs(array, me, rows)
    if field.kind == "weights" and (array < 0).any():
        _complain(array, array < 0, me, "negative; weights of at least 0 are wanted", rows)
    return _cast(array, field, me, rows)


def as_array(value, me: str) -> np.ndarray:
    """Return a sparse matrix, a frame or anything array-like as a numpy array."""
    try:
        return value.toarray() if hasattr(value, "toarray") else np.asarray(value)
    except (ValueError, TypeError) as error:
        raise DataError(f"{me} cannot be read as an array ({error}); pass rows of equal length") from None


def _numbers(array, me):
    if array.dtype == object and not any(value is None for value in array.flat):
        try:
            return array.astype("float64")
        except (TypeError, ValueError):
            pass
    if array.dtype.kind not in "biuf":
        raise DataError(f"{me} has dtype {array.dtype}; numbers are wanted")
    return array


def _cast(array, field, me, rows):
    """Return the array in the field's dtype, or raise DataError where a number would become infinite."""
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(array, dtype=field.dtype)
    if array.dtype.kind == "f" and array.dtype.itemsize > cast.dtype.itemsize:
        lost = np.isinf(cast) & np.isfinite(array)
        if lost.any():
            _complain(array, lost, me, f"too large for {field.dtype}; scale the data, or use floatX='float64'", rows)
    return cast


def _text(shape) -> str:
    inner = ", ".join("n" if i == 0 else "?" if n is None else str(n) for i, n in enumerate(shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _shaped(array, field, me):
    """Return `array` in the field's rank: (n,) and (n, 1) are read as each other, weights may be one a sample."""
    want = field.shape
    if field.kind == "weights" and array.ndim == 1 < len(want):
        return array
    if array.ndim == len(want) - 1 and want[-1] == 1:
        array = array[..., None]
    elif array.ndim == len(want) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if field.kind == "weights" and array.ndim == len(want) and array.shape[1:] == (1,) * (array.ndim - 1):
        return array
    if array.ndim != len(want) or any(w is not None and w != n for w, n in zip(want[1:], array.shape[1:], strict=True)):
        _refuse(array, want, me)
    return array


def _refuse(array, want, me):
    if array.ndim == len(want):
        hint = f"pass {' x '.join('any' if n is None else str(n) for n in want[1:]) or 'one'} values for each item"
    elif array.ndim == len(want) - 1 and array.shape == tuple(want[1:]):
        hint = "for a single item pass x[None]"
    else:
        hint = f"pass an array with {len(want)} axes"
    raise ShapeError(f"{me} has shape {array.shape}, the model wants {_text(want)}; {hint}")


def _labels(array, field, me, rows):
    rank = len(field.shape)
    if array.ndim == rank + 1 and array.shape[-1] == field.classes and field.classes > 1 and _is_one_hot(array):
        array = array.argmax(axis=-1)
    elif array.ndim == rank + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != rank:
        raise ShapeError(
            f"{me} has shape {array.shape}, the model wants labels {_text(field.shape)}; pass class indices from 0 to "
            f"{field.classes - 1}, or for soft targets a Regressor that ends in ({field.classes}, 'softmax')"
        )
    if array.dtype.kind == "f":
        wrong = ~(array == np.floor(array))
        if wrong.any():
            _complain(array, wrong, me, f"no class index; integers from 0 to {field.classes - 1} are wanted", rows)
    wrong = (array < 0) | (array >= field.classes)
    if field.ignored is not None:
        wrong &= array != field.ignored
    if wrong.any():
        _complain(array, wrong, me, f"out of range; labels from 0 to {field.classes - 1} are wanted", rows)
    return np.ascontiguousarray(array, dtype=field.dtype)


def _is_one_hot(array) -> bool:
    return bool(((array == 0) | (array == 1)).all() and (array.sum(axis=-1) == 1).all())


def _check_signs(array, me, rows):
    wrong = ~((array == 1) | (array == -1))
    if wrong.any():
        _complain(array, wrong, me, "neither -1 nor 1; for {0, 1} pass 2 * y - 1", rows)


def _complain(array, wrong, me, what, rows=None):
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f"row {first[0] if rows is None else rows[first[0]]}"
    if first[1:]:
        where += f", column {first[1]}" if len(first) == 2 else f", place {first[1:]}"
    raise DataError(f"{me}, {where}: {array[first]} is {what} ({int(wrong.sum())} such in all)")


def _spread_weights(array, field, by_name):
    """Return weights in the full shape of their target, where one a sample was given."""
    if field.kind != "weights":
        return array
    target = by_name.get(field.partner)
    shape = [n or (target.shape[i] if target is not None else 1) for i, n in enumerate((len(array), *field.shape[1:]))]
    if array.shape == tuple(shape):
        return array
    missing = len(shape) - array.ndim
    return np.ascontiguousarray(np.broadcast_to(array.reshape(array.shape + (1,) * missing), shape), dtype=field.dtype)
