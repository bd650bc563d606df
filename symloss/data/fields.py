"""Arrays checked against what a model takes, and converted to it."""

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from ..errors import DataError, ShapeError
from . import labels, ragged, sparse
from .columns import by_field, check_lengths, rows_of
from .place import Place
from .reading import (
    as_array,
    column_names,
    is_frame,
    numbers,
    of_frame,
)
from .uncounted import Silence, silent

ANY = "Correct the data, give it a weight of 0, or choose a loss for numbers of any sign, such as 'huber'"
LEAST = {  # domains that begin somewhere: what is wrong there, and what to say of it
    "nonnegative": (np.less, 0, f"negative, but the loss is for counts or amounts of at least 0. {ANY}"),
    "positive": (np.less_equal, 0, f"not positive, but the loss is for amounts greater than 0. {ANY}, or 'tweedie' if "
                                   f"amounts may be 0"),
    "above -1": (np.less_equal, -1, f"not greater than -1, but the loss is of the logarithm of 1 + target. {ANY}"),
}
SUM_TOLERANCE = 0.01  # of a distribution, which may have been rounded to two digits


@dataclasses.dataclass(frozen=True)
class Field:
    """One array that a model takes.

    Parameters
    ----------
    name : str
        Name of the array in a dict of data, and in messages.
    kind : 'input', 'target', 'label', 'weights' or 'mask'
    shape : tuple of int or None
        Shape of a batch. None stands for any length.
    dtype : str
    classes : int or None
        Number of classes, for labels, also if they are an input. None: labels may be any integers.
    domain : 'sign', 'unit', 'distribution', a key of ``LEAST``, or None
        Valid values of a target: 'sign' is -1 and 1, 'unit' is 0 to 1, 'distribution' is 0 to 1 with a sum of 1 over
        the last axis; 'nonnegative', 'positive' and 'above -1' are numbers from there on. None: any value.
    optional : bool
        Whether the array may be missing, because nothing uses it.
    partner : str or None
        For weights and masks: name of the array that they belong to.
    ignored : int or None
        A label outside the range of classes that marks items to be ignored.
    encoder : Labels or None
        The encoder of labels that are not numbers. For a target of one column, the second class becomes 1.
    sparse : 'csr', 'csc' or None
        For inputs: the format of sparse matrices. They stay sparse.
    timed : bool
        Whether the second axis is time. All such arrays of a batch have the same number of steps.
    padding : int or None
        For labels: the padding of short sequences, if sequences of labels have a length of their own.
    negative : bool
        For weights: whether they may be negative.
    alike_from : int or None
        For weights: the axis from which on they must be equal, because the loss has a single value for all elements
        beyond it.
    columns : sequence or None
        Names of the columns, for messages, if the array was a data frame.
    seen : function of (int, str) or None
        Called with the number of axes of each array that the user passes for the field, before axes are added or
        removed, and with the name of the data.
    also : tuple of str
        Other names of the array in a dict of data.
    ids : bool
        For inputs with classes: whether they are ids, which an embedding reads, and not labels of a loss.
    """

    name: str
    kind: str
    shape: tuple
    dtype: str
    classes: int | None = None
    domain: str | None = None
    optional: bool = False
    partner: str | None = None
    ignored: int | None = None
    encoder: object = None
    sparse: str | None = None
    timed: bool = False
    padding: int | None = None
    negative: bool = False
    alike_from: int | None = None
    columns: object = None
    seen: Callable | None = None
    also: tuple[str, ...] = ()
    ids: bool = False

    @functools.cached_property
    def plain_dtype(self) -> np.dtype | None:
        """The dtype in which any numbers of the right shape can be used as they are; None if they are looked at."""
        plain = self.kind == "input" and not self.sparse and self.seen is None and self.domain is None
        return np.dtype(self.dtype) if plain and self.classes is None else None


def prepare(data, fields: list[Field], who: str, allow_nan: bool = False) -> list[np.ndarray]:
    """Return one checked array of the right dtype for each field, all of one length.

    Parameters
    ----------
    data : array, list or tuple of arrays, or dict of arrays by name
        The arrays in the order of `fields`. If there is only one field, you may pass the array itself.
    fields : list of Field
    who : str
        Name of the data in messages: 'train', 'valid', 'predict'.
    allow_nan : bool
        Whether NaN and infinity are accepted.

    Raises
    ------
    DataError, ShapeError
        If an array is missing, unexpected, empty, of the wrong shape, not numeric, or not finite.
    """
    if allow_nan and _is_ready(data, fields):
        return [data]
    return convert_all(by_field(data, fields, who), fields, who, allow_nan=allow_nan)


def _is_ready(data, fields) -> bool:
    """Return whether data are the array that the only field wants, so that there is nothing to convert or to find."""
    if type(data) is not np.ndarray or len(fields) != 1:
        return False
    field, shape, dtype = fields[0], data.shape, fields[0].plain_dtype
    if dtype is None or data.dtype != dtype or len(shape) != len(field.shape) or shape[0] == 0:
        return False
    fits = shape[1:] == field.shape[1:] or all(w is None or n == w for n, w in zip(shape[1:], field.shape[1:],
                                                                                   strict=True))
    return fits and data.flags.c_contiguous


def convert_all(columns: list, fields: list[Field], who: str, rows=None, allow_nan: bool = False,
                keep_bytes: bool = False) -> list[np.ndarray]:
    """Return the `columns` as checked arrays of one length; `rows` are their numbers in the data set, for messages.

    With `keep_bytes`, inputs that are whole numbers from 0 to 255 of one byte each, such as pixels, keep their dtype,
    uint8: they take a quarter of the memory, and the caller converts them when it reads them.

    What has a weight of 0 or an ignored label is not looked at: something harmless takes the place of what is wrong
    there.
    """
    arrays: list = [None] * len(fields)
    for kinds in (("weights",), ("target", "label"), ("input", "mask")):  # the first ones say what counts of the rest
        silence = Silence([(f, a) for f, a in zip(fields, arrays, strict=True) if a is not None], fields)
        for index, (value, field) in enumerate(zip(columns, fields, strict=True)):
            if field.kind in kinds:
                arrays[index] = convert(value, field, who, rows, silence, allow_nan, keep_bytes)
    by_name = {f.name: a for f, a in zip(fields, arrays, strict=True)}
    check_lengths({name: rows_of(array) for name, array in by_name.items()}, who)
    _check_steps({f.name: by_name[f.name].shape[1] for f in fields if f.timed}, who)
    for array, field in zip(arrays, fields, strict=True):
        _check_alike(array, field, who, rows)
    return [_spread_weights(a, f, by_name) for f, a in zip(fields, arrays, strict=True)]


def _check_alike(array, field: Field, who: str, rows) -> None:
    """Raise DataError for weights that differ within what has one value of the loss."""
    axis = field.alike_from
    if axis is None or array.ndim <= axis:
        return
    first = array[(*(slice(None),) * axis, *(slice(0, 1),) * (array.ndim - axis))]
    wrong = (array != first).reshape(len(array), -1).any(axis=1)
    if wrong.any():
        row = Place(who, rows).row(wrong.argmax())
        raise DataError(f"{who}: {field.name}, row {row}: weights differ within one item, but the loss returns "
                        f"a single value for it. Return a value per element, without .mean(axis=-1), or pass one "
                        f"weight per item (affected items: {wrong.sum()})")


def _check_steps(steps: dict, who: str) -> None:
    """Raise DataError unless all sequences have the same number of steps as the first one."""
    first, wanted = next(iter(steps.items()), (None, None))
    for name, count in steps.items():
        if count != wanted:
            raise DataError(f"{who}: {name} has {count} step{'s' * (count != 1)}, but {first} has {wanted}. Both need "
                            f"the same number of steps")


def convert(value, field: Field, who: str, rows=None, silence=None, allow_nan: bool = False,
            keep_bytes: bool = False) -> np.ndarray:
    """Return `value` as a contiguous array of the field's rank and dtype, or raise what is wrong with it."""
    me = f"{who}: {field.name}"
    if field.sparse:
        return sparse.convert(value, field.sparse, field.shape, field.dtype, me, rows, allow_nan)
    place = Place(me, rows, column_names(value) or field.columns)
    array = read(value, field, me)
    if field.seen is not None:
        field.seen(array.ndim, who)
    if field.kind == "label":
        return labels.positions(array, field, place, silence)
    if field.kind == "target" and field.encoder is not None:
        array = labels.yes_or_no(array, field, place, silence)
    array = _shaped(numbers(array, me, gaps=field.kind == "target"), field, place)
    if field.kind == "input" and field.classes is not None:  # of a loss within the network
        array = labels.in_range(array, field, place, np.zeros((), bool))
    if field.kind == "weights" and not field.negative and (array < 0).any():
        raise place.error(array, array < 0, "negative. Weights must be at least 0, unless you pass "
                          "negative_weights=True to train")
    if keep_bytes and array.dtype == "uint8" and may_be_bytes(field):
        return np.ascontiguousarray(array)
    array = _finite(_cast(array, field, place), field, place, silence, allow_nan)
    if field.domain is not None:
        _check_domain(array, field, place, silent(silence, array, field), allow_nan)
    return array


def may_be_bytes(field: Field) -> bool:
    """Return whether the values of a field may be kept as bytes: inputs of any value that are not labels."""
    return field.kind == "input" and not field.sparse and field.classes is None and field.domain is None


def read(value, field: Field, me: str) -> np.ndarray:
    """Return what was passed for a field as an array; the columns of a frame are of numbers, unless they are labels."""
    if (field.kind == "label" or field.encoder is not None) and _are_tuples(value, field):
        array = np.empty(len(value), object)
        array[:] = value
        return array
    if is_frame(value) and field.kind != "label" and field.encoder is None:
        return of_frame(value, me)
    array = as_array(value, me)
    mixed = array.dtype.kind == "U" and isinstance(value, list | tuple) and array.ndim == 1
    if mixed and not all(isinstance(label, str) for label in value):  # numpy would make 'nan' of NaN, and '1' of 1
        array = np.empty(len(value), object)
        array[:] = value
    return array


def _are_tuples(value, field) -> bool:
    """Return whether labels are tuples, an item each: where the classes are such, or words stand in them."""
    one_an_item = len(field.shape) - (field.kind == "target") == 1
    if not one_an_item or not isinstance(value, list | tuple) or not all(isinstance(v, tuple) for v in value):
        return False
    known = field.encoder is not None and any(isinstance(label, tuple) for label in field.encoder.classes)
    return known or any(len(label) > 1 and any(isinstance(part, str) for part in label) for label in value)


def _finite(array, field, place, silence, allow_nan):
    """Return `array`, with 0 for what is not finite and does not count; raise DataError for what does."""
    wrong = ~np.isfinite(array) if array.dtype.kind == "f" else None
    if wrong is None or not wrong.any():
        return array
    behind = wrong & silent(silence, array, field)
    if (wrong & ~behind).any() and not allow_nan:
        weight = "give it a weight of 0 (make the model with weighted=True)"
        raise place.error(array, wrong & ~behind, f"not finite. Clean the data, "
                          f"{weight if field.kind == 'target' else 'give it a weight of 0'}, or pass allow_nan=True")
    return np.where(behind, np.zeros((), array.dtype), array)


def _cast(array, field, place):
    """Return the array in the field's dtype, or raise DataError where a number would become infinite."""
    with np.errstate(over="ignore"):
        cast = np.ascontiguousarray(array, dtype=field.dtype)
    if array.dtype.kind == "f" and array.dtype.itemsize > cast.dtype.itemsize:
        lost = np.isinf(cast) & np.isfinite(array)
        if lost.any():
            raise place.error(array, lost, f"too large for {field.dtype}. Scale the data, or use floatX='float64'")
    return cast


def _text(shape) -> str:
    inner = ", ".join("n" if i == 0 else "?" if n is None else str(n) for i, n in enumerate(shape))
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def _shaped(array, field, place):
    """Return `array` in the field's rank: (n,) and (n, 1) are read as each other.

    Weights and masks may have fewer axes, or lengths of 1: one a sample or a step; see `_spread_weights`.
    """
    want = field.shape
    if field.kind in ragged.SPREAD and 0 < array.ndim <= len(want) and all(
        w is None or n in (1, w) for n, w in zip(array.shape[1:], want[1:], strict=False)
    ):
        return array
    if array.ndim == len(want) - 1 and want[-1] == 1:
        array = array[..., None]
    elif array.ndim == len(want) + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != len(want) or any(w is not None and w != n for w, n in zip(want[1:], array.shape[1:], strict=True)):
        raise _wrong_shape(array, field, place)
    return array


def _wrong_shape(array, field, place) -> ShapeError:
    want = field.shape
    if array.ndim == len(want):
        count = " x ".join("any" if n is None else str(n) for n in want[1:]) or "1"
        hint = f"Pass {count} value{'s' * (count != '1')} for each item"
    elif array.ndim == len(want) - 1 and array.shape == tuple(want[1:]):
        hint = "For a single item, pass x[None]"
    else:
        hint = f"Pass an array with {len(want)} axes"
        if field.kind == "target" and array.dtype.kind in "iu" and array.ndim == len(want) - 1:
            hint += f". For labels, make the loss with target={array.ndim}"
    if place.columns is not None and array.ndim == 2:
        hint += f". Its columns are {', '.join(map(repr, place.columns[:10]))}{', ...' * (len(place.columns) > 10)}"
    return ShapeError(f"{place.me} has shape {array.shape}, but the model needs {_text(want)}. {hint}")


def _check_domain(array, field, place, hushed, allow_nan):
    """Raise DataError for values that a target cannot have, where they count."""
    if field.domain == "sign":
        wrong, what = ~((array == 1) | (array == -1)), "neither -1 nor 1. If your targets are 0 and 1, pass 2 * y - 1"
    elif field.domain in LEAST:
        beyond, least, what = LEAST[field.domain]
        wrong = beyond(array, least)
    else:
        wrong, what = ~((array >= 0) & (array <= 1)), "not a probability. Pass numbers from 0 to 1"
        if set(np.unique(array[:9999]).tolist()) == {-1, 1}:
            what += ". If your targets are -1 and 1, pass (y + 1) / 2"
    if allow_nan:
        wrong &= ~np.isnan(array)
    wrong &= ~hushed
    if wrong.any():
        raise place.error(array, wrong, what + ". This input is also a target" * (field.kind == "input"))
    if field.domain == "distribution":
        sums = array.sum(axis=-1).round(6)
        wrong = (abs(sums - 1) > SUM_TOLERANCE) & ~(hushed.any(axis=-1) if hushed.ndim else hushed)
        if wrong.any():
            total = dataclasses.replace(place, me=f"{place.me}, sum over classes", columns=None)
            raise total.error(sums, wrong, "not 1. Divide each row by its sum. If the classes do not exclude each "
                              "other, use the loss 'bce', or a metric with multilabel=True")


def _spread_weights(array, field, by_name):
    """Return weights in the full shape of their target, where one a sample was given; so a mask."""
    if field.kind not in ragged.SPREAD:
        return array
    target = by_name.get(field.partner)
    shape = [n or (target.shape[i] if target is not None else 1) for i, n in enumerate((len(array), *field.shape[1:]))]
    if array.shape == tuple(shape):
        return array
    full = array.reshape(array.shape + (1,) * (len(shape) - array.ndim))
    if any(n not in (1, want) for n, want in zip(full.shape, shape, strict=True)):
        raise ShapeError(f"{field.name} has shape {array.shape}, but {field.partner} has {tuple(shape)}. Pass one "
                         "value for each")
    return np.ascontiguousarray(np.broadcast_to(full, shape), dtype=field.dtype)
