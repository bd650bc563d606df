"""Examples one by one, and frames with a column for each array: brought into columns by name."""

from collections.abc import Mapping

import numpy as np

from ..errors import DataError
from . import ragged
from .reading import is_frame


def columned(data, fields: list, who: str = "data", alone: bool = True):
    """Return examples, or a frame with a column for each field, as a dict of columns; return other data unchanged.

    Parameters
    ----------
    data : what the user passed
        A list of examples, each of them a tuple, a list or a dict with a value for each field; a single example; or a
        frame whose columns have the names of the fields.
    fields : list of Field
    who : str
    alone : bool
        Whether a single example is one row. In a stream it is not, because a stream gives batches.

    Raises
    ------
    DataError
        If the data can be read as examples and as columns.

    >>> made = [("in", "input", (None, 2), "float64"), ("target", "label", (None,), "int32")]
    >>> fields = [symloss.data.Field(*one) for one in made]
    >>> columned([([1, 2], "a"), ([3, 4], "b"), ([5, 6], "a")], fields)
    {'in': [[1, 2], [3, 4], [5, 6]], 'target': ['a', 'b', 'a']}
    >>> columned(([1, 2], "a"), fields)
    {'in': [[1, 2]], 'target': ['a']}
    """
    if is_frame(data):
        return _of_frame(data, fields)
    if not isinstance(data, list | tuple) or len(_needed(fields)) < 2 or not data:
        return data
    if all(isinstance(item, Mapping) for item in data):
        return _of_dicts(data, fields, who) if is_example(data[0], fields) else data
    order = _order(fields, data)
    are_columns = order is not None and all(map(_is_column, data, order))
    if _are_examples(data, fields):
        if not are_columns:
            _check_counts(data, who)
            return dict(zip(_names(_order(fields, data[0])), map(list, zip(*data, strict=True)), strict=True))
        if all(isinstance(item, tuple) for item in data):
            raise _ambiguous(data, order, who)
        return data
    if alone and order is not None and not are_columns and _are_items(data, order):
        return {f.name: [value] for f, value in zip(order, data, strict=True)}
    return data


def rows(columns: dict, fields: list) -> dict:
    """Return columns by name, each with one row where together they are a single example.

    >>> made = [("in", "input", (None, 2), "float64"), ("target", "label", (None,), "int32")]
    >>> fields = [symloss.data.Field(*one) for one in made]
    >>> rows({"in": [1, 2], "target": "a"}, fields)
    {'in': [[1, 2]], 'target': ['a']}
    """
    if len(_needed(fields)) < 2 or not is_example(columns, fields):
        return columns
    return {name: [value] for name, value in columns.items()}


def is_example(columns: Mapping, fields: list) -> bool:
    """Return whether a dict has the values of a single example, and not columns of them."""
    by_name = {name: f for f in reversed(fields) for name in (*f.also, f.name)}
    known = {name: by_name.get(name) for name in columns}
    if not known or None in known.values():
        return False
    values, order = list(columns.values()), list(known.values())
    return _are_items(values, order) and not all(map(_is_column, values, order))


# ------------------------------------------------------------------------------------------ examples


def _needed(fields):
    return [f for f in fields if not f.optional]


def _names(fields):
    return [f.name for f in fields]


def _order(fields, values) -> list | None:
    """Return the fields that this number of values is for, or None if the number does not identify them."""
    return next((order for order in (fields, _needed(fields)) if len(order) == len(values)), None)


def _are_examples(data, fields) -> bool:
    """Return whether each item of a list is a tuple or a list, of values that have the ranks of single rows."""
    if not all(isinstance(item, list | tuple) for item in data):
        return False
    order = _order(fields, data[0])
    return order is not None and _are_items(data[0], order)


def _check_counts(data, who) -> None:
    """Raise DataError for an example that has more or fewer values than the first one."""
    wrong = next((row for row, item in enumerate(data) if len(item) != len(data[0])), None)
    if wrong is not None:
        raise DataError(f"{who}, item {wrong}: the example has {len(data[wrong])} values, but item 0 has "
                        f"{len(data[0])}. Pass the same number for each item")


def _are_items(values, fields) -> bool:
    return all(map(_is_item, values, fields))


def _is_item(value, field) -> bool:
    """Return whether a value may be one row of the array of a field.

    >>> field = symloss.data.Field("target", "label", (None,), "int32", classes=3)
    >>> [_is_item(value, field) for value in ("a", 2, [1, 0, 0], [1, 2])]
    [True, True, True, False]
    """
    if field.kind == "label" and len(field.shape) == 1 and isinstance(value, tuple):
        return True  # a label may be a tuple
    return _fits(_shape(value, field), field)


def _is_column(value, field) -> bool:
    """Return whether a value may be the array of a field."""
    shape = _shape(value, field)
    return bool(shape) and _fits(shape[1:], field)


def _shape(value, field) -> tuple:
    """Return the shape of an array, or of nested lists by the first of each: sequences may differ in length."""
    if hasattr(value, "shape"):
        return tuple(value.shape)
    if isinstance(value, str) and field.padding is not None:  # a sequence of labels
        return (len(value),)
    if not isinstance(value, list | tuple):
        return ()
    return (len(value), *(_shape(value[0], field) if value else ()))


def _fits(shape, field) -> bool:
    """Return whether an item of a field may have a shape: a last axis of length 1 may be there or not."""
    want = tuple(field.shape[1:])
    if field.kind in ragged.SPREAD and len(shape) < len(want):
        return True
    if field.kind == "label" and shape == (*want, field.classes):  # a number for each class
        return True
    return any(_alike(shape, one) for one in (want, want[:-1] if want[-1:] == (1,) else want, (*want, 1)))


def _alike(shape, want) -> bool:
    return len(shape) == len(want) and all(w is None or n == w for n, w in zip(shape, want, strict=True))


def _ambiguous(data, order, who) -> DataError:
    names = ", ".join(_names(order))
    count, others = len(data), len(data[0])
    return DataError(f"{who}: {count} tuples of {others} are ambiguous: they may be {count} examples ({names}), or "
                     f"the arrays {names} with {others} rows each. Pass the arrays as numpy arrays, or the examples "
                     f"as a dict by name, {{{', '.join(f'{name!r}: [...]' for name in _names(order))}}}")


def _of_dicts(data, fields, who) -> dict:
    """Return the columns of a list of examples by name."""
    names = list(data[0])
    for row, item in enumerate(data):
        if set(item) != set(names):
            odd = ", ".join(map(str, sorted(set(item) ^ set(names), key=str)))
            raise DataError(f"{who}, item {row}: it has {', '.join(map(str, item))}, but item 0 has "
                            f"{', '.join(map(str, names))}. Pass {odd} for every item, or for none")
    return {name: [item[name] for item in data] for name in names}


# ------------------------------------------------------------------------------------------ frames


def frame_names(frame) -> list:
    """Return the names of a frame's columns; of tuples, which stand for groups of columns, the first part."""
    return list(dict.fromkeys(name[0] if isinstance(name, tuple) else name for name in frame.columns))


def _of_frame(frame, fields):
    """Return the columns of a frame by name, where they are called as the fields are; else the frame."""
    names, needed = frame_names(frame), _needed(fields)
    known = {name for f in fields for name in (f.name, *f.also)}
    several = len(needed) > 1 and not known.isdisjoint(names)
    single = len(needed) == 1 and not {needed[0].name, *needed[0].also}.isdisjoint(names) and known.issuperset(names)
    return {name: _column(frame[name]) for name in names} if several or single else frame


def _column(series):
    """Return a column of a frame as an array; as a list where it holds lists or arrays, one a row."""
    if is_frame(series):  # several columns that have one name, or a group of them
        return series
    array = np.asarray(series)
    if array.dtype.kind in "biuf":
        return array
    values = series.to_list() if hasattr(series, "to_list") else list(series)
    if any(isinstance(value, list | tuple | np.ndarray) for value in values):
        return values
    array = np.empty(len(values), object)
    array[:] = values
    return array
