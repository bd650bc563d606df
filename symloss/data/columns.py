"""The arrays of the user's data by field: matched by order or by name."""

from collections.abc import Mapping

import numpy as np

from ..errors import DataError, unknown
from . import forms, ragged
from .reading import is_frame


def by_field(data, fields: list, who: str, alone: bool = True) -> list:
    """Return what `data` holds for each field, in their order and not yet converted.

    Parameters
    ----------
    data : what the user passed
    fields : list of Field
    who : str
    alone : bool
        Whether a single example is one row.
    """
    data = forms.columned(data, fields, who, alone)
    data = _mapping(data, fields, alone) if is_mapping(data) else data
    if has_ragged(data, fields):
        data = ragged.filled(named(data, fields), fields, who)
    if isinstance(data, dict):
        return _by_name(data, fields, who)
    several = isinstance(data, tuple) or (isinstance(data, list) and not _is_numbers(data, fields))
    given = list(data) if several else [data]
    needed = [f for f in fields if not f.optional]
    if len(given) == len(needed) < len(fields):
        return _with_blanks({f.name: column for f, column in zip(needed, given, strict=True)}, fields)
    if len(given) != len(fields):
        raise _wrong_number(given, [f.name for f in fields], who)
    return given


def _by_name(data, fields, who):
    known = [f.name for f in fields]
    for name in data:
        if name not in known:
            raise unknown(f"array in {who} data:", name, known)
    missing = [f.name for f in fields if f.name not in data and not f.optional]
    if missing:
        raise DataError(f"{who}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
                        f"Pass a dict with the arrays {', '.join(known)}")
    return _with_blanks(data, fields)


def _wrong_number(given, known, who) -> DataError:
    count, wanted, method = len(given), ", ".join(known), "train" if who == "valid" else who
    if count > 1 and all(isinstance(item, list | tuple) and len(item) == len(known) > 1 for item in given):
        way_out = (f"If these are {count} examples ({wanted}), the values of the first one do not have the shapes of "
                   f"single rows")
    elif count == 1 and len(known) > 1 and is_frame(given[0]):
        columns = ", ".join(map(repr, forms.frame_names(given[0])[:10]))
        way_out = (f"It is a data frame with the columns {columns}. Pass [frame[[...]], frame[...]], or name the "
                   f"columns {wanted}")
    elif count == len(known) + 1 > 2 and not any("weights" in name for name in known):
        way_out = "To pass weights, make the model with weighted=True"
    elif len(known) == 1:
        way_out = f"Pass it alone: net.{method}({wanted})"
    elif who == "valid":
        way_out = f"Pass them as one list: net.train(..., [{wanted}])"
    else:
        way_out = f"Pass them as one list: net.{method}([{wanted}])"
    got = f"{count or 'no'} array{'s' * (count != 1)}"
    if count == 1 and not hasattr(given[0], "__len__") and not hasattr(given[0], "shape"):
        got = "None" if given[0] is None else f"a {type(given[0]).__name__}"
    return DataError(f"{who}: got {got}, but the model needs {len(known)} array{'s' * (len(known) > 1)}: {wanted}. "
                     f"{way_out}")


def named(data, fields: list, alone: bool = True) -> dict | None:
    """Return the columns of `data` by name, if they are in memory and their number identifies them."""
    data = forms.columned(data, fields, alone=alone)
    if is_mapping(data):
        return _mapping(data, fields, alone)
    if is_batches(data, fields):
        return None
    plain = [f for f in fields if f.kind not in ragged.SPREAD]
    needed = [f for f in plain if not f.optional]
    if len(needed) == 1 and ragged.fits(data, needed[0]):
        return {needed[0].name: data}
    if not isinstance(data, list | tuple):
        return None
    orders = [fields, [f for f in fields if not f.optional], [f for f in fields if f.kind != "mask"], plain]
    order = next((order for order in orders if len(order) == len(data)), None)
    return None if order is None else {f.name: c for f, c in zip(order, data, strict=True)}


def is_mapping(data) -> bool:
    """Return whether data come by name: a dict, the arrays of an npz file, an HDF5 file. A frame is an array."""
    by_name = hasattr(data, "keys") and hasattr(data, "__getitem__") and not hasattr(data, "shape")
    return isinstance(data, Mapping) or (by_name and not isinstance(data, type))


def _mapping(data, fields, alone=True) -> dict:
    """Return data by name as a dict, with the names of the fields where it has other ones for them."""
    own, found = {f.name for f in fields}, {}
    others = {name: f.name for f in reversed(fields) for name in f.also if name not in own}
    for name, column in _dict(data).items():
        known = others.get(name, name)
        if known in found:
            raise DataError(f"data: got {name!r} and another array, which are both for {known!r}. Pass only one of "
                            "them")
        found[known] = column
    return forms.rows(found, fields) if alone else found


def _dict(data) -> dict:
    if isinstance(data, dict):
        return data
    columns = {}
    for name in data.keys():  # noqa: SIM118
        try:
            columns[name] = data[name]
        except (ValueError, OSError, KeyError) as error:
            raise DataError(f"data: the array {name!r} cannot be read ({error}). Pass an open {type(data).__name__} "
                            "of arrays of numbers or strings") from None
    return columns


def has_ragged(data, fields: list, own_lengths: bool = True) -> bool:
    """Return whether sequences in `data` differ in length; `own_lengths` is whether only those of labels count."""
    columns, by_name = named(data, fields) or {}, {f.name: f for f in fields}
    known = {name: by_name[name] for name in columns if name in by_name}
    return any(ragged.fits(columns[name], field) for name, field in known.items()
               if own_lengths or field.padding is None)


def is_batches(data, fields: list) -> bool:
    """Return whether a list holds batches, each of them a tuple, a list or a dict of arrays of the fields' ranks."""
    if not isinstance(data, list) or not data:
        return False
    return all(_is_batch(item, fields) for item in data)


def _is_batch(item, fields):
    if isinstance(item, Mapping):
        return bool(item) and not forms.is_example(item, fields)
    if len(fields) < 2 or not isinstance(item, list | tuple):
        return False
    counts = {len(fields), len([f for f in fields if not f.optional])}
    return len(item) in counts and getattr(item[0], "ndim", 0) == len(fields[0].shape)


def _is_numbers(data, fields) -> bool:
    """Return whether a list is itself an array, [[1, 2], [3, 4]], and not a list of arrays."""
    needed = [f for f in fields if not f.optional]
    if len(needed) != 1 or not data:
        return False
    axes = len(needed[0].shape)
    if len(data) == 1 and ragged.axes(data[0]) == axes:
        return False
    if len(fields) > 1:  # then lists may stand for an array of each
        return ragged.axes(data[0]) < axes
    return not hasattr(data[0], "shape") or ragged.axes(data[0]) < axes


def rows_of(value) -> int:
    """Return how many rows an array-like has."""
    if hasattr(value, "shape") and len(value.shape):
        return value.shape[0]
    return len(value) if isinstance(value, list | tuple) else len(np.atleast_1d(value))


def check_lengths(lengths: dict, who: str) -> None:
    """Raise DataError unless all arrays have the same length, which must not be 0."""
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(f"{who}: the arrays differ in length: {text}. Every array needs one row per item")
    if not next(iter(lengths.values())):
        raise DataError(f"{who}: the data set is empty. Pass at least one item")


def _with_blanks(columns: dict, fields) -> list:
    """Return a column for each field; where nothing was passed, one with the rows and steps of the others."""
    count = rows_of(next(iter(columns.values()))) if columns else 0
    shapes = (ragged.shape_of(columns[f.name]) for f in fields if f.timed and f.name in columns)
    steps = next((shape[1] for shape in shapes if shape is not None and len(shape) > 1), 1)
    return [columns[f.name] if f.name in columns else _blank(f, count, steps) for f in fields]


def _blank(field, count, steps):
    if field.kind == "mask":
        return np.ones([count] + [1] * (len(field.shape) - 1), field.dtype)  # spread over the steps of its partner
    return np.zeros([count, *(n or (steps if field.timed and i == 0 else 1) for i, n in enumerate(field.shape[1:]))],
                    field.dtype)
