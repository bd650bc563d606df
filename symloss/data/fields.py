"""Arrays checked against what a model takes, and converted to it."""

import dataclasses

import numpy as np

from ..errors import DataError, ShapeError, unknown
from . import ragged, sparse

SUM_TOLERANCE = 0.01  # of a distribution, which may have been rounded to two digits


@dataclasses.dataclass(frozen=True)
class Field:
    """One array that a model takes.

    Parameters
    ----------
    name : str
        By which a dict of data names it, and messages speak of it.
    kind : 'input', 'target', 'label', 'weights' or 'mask'
    shape : tuple of int or None
        Of a batch; None where any length goes.
    dtype : str
    classes : int or None
        Number of classes, for labels; None: they may be any integers.
    domain : 'sign', 'unit', 'distribution' or None
        What values a target may have: -1 and 1; from 0 to 1; from 0 to 1, and with a sum of 1 over the last axis; any.
    optional : bool
        Whether nothing uses it, so that it may be missing.
    partner : str or None
        For weights and masks: name of the array that they go with.
    ignored : int or None
        A label out of range that means: do not count this item.
    encoder : Labels or None
        For labels that are not numbers.
    sparse : 'csr', 'csc' or None
        For inputs: the format of sparse matrices, which stay sparse.
    timed : bool
        Whether its second axis is time, of which all such arrays of a batch have as many steps.
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
    """Return the `columns` as checked arrays of one length; `rows` are their numbers in the data set, for messages.

    What has a weight of 0 or an ignored label is not looked at: something harmless takes the place of what is wrong
    there.
    """
    arrays: list = [None] * len(fields)
    for kinds in (("weights",), ("target", "label"), ("input", "mask")):  # the first ones say what counts of the rest
        silence = Silence([(f, a) for f, a in zip(fields, arrays, strict=True) if a is not None], fields)
        for index, (value, field) in enumerate(zip(columns, fields, strict=True)):
            if field.kind in kinds:
                arrays[index] = convert(value, field, who, rows, silence, allow_nan)
    by_name = {f.name: a for f, a in zip(fields, arrays, strict=True)}
    check_lengths({name: rows_of(array) for name, array in by_name.items()}, who)
    _check_steps({f.name: by_name[f.name].shape[1] for f in fields if f.timed}, who)
    return [_spread_weights(a, f, by_name) for f, a in zip(fields, arrays, strict=True)]


class Silence:
    """Where an array does not count, because its weights are 0 or its labels are ignored.

    Parameters
    ----------
    known : list of (Field, array)
        Weights, and labels.
    fields : list of Field
        All of them: inputs do not count only where no target counts.
    """

    def __init__(self, known: list, fields: list[Field]):
        self.silent = {f.partner: array == 0 for f, array in known if f.kind == "weights"}
        for field, array in known:
            if field.ignored is not None:
                ignored, weightless = array == field.ignored, self.silent.get(field.name)
                weightless = None if weightless is None else _spread(weightless, array)
                self.silent[field.name] = ignored if weightless is None else ignored | weightless
        targets = {f.name for f in fields if f.kind in ("target", "label")}
        self.whole = bool(self.silent) and targets <= set(self.silent)

    def of(self, array, field: Field):
        """Return a boolean array of the shape of `array`, or None where all of it counts."""
        if field.name in self.silent:
            return _spread(self.silent[field.name], array)
        if field.kind != "input" or not self.whole:
            return None
        silent = [_spread(_leading(one, array), array) for one in self.silent.values()]
        return None if any(s is None for s in silent) else np.logical_and.reduce(silent)


def _leading(silent, array):
    """Return where whole items do not count, or whole steps of sequences that are as long as the array's."""
    axes = 2 if min(silent.ndim, array.ndim - 1) >= 2 and silent.shape[:2] == array.shape[:2] else 1
    return silent.all(axis=tuple(range(axes, silent.ndim)))


def _spread(silent, array):
    """Return `silent` in the shape of `array`, or None where it does not fit."""
    if silent.ndim > array.ndim or len(silent) != len(array):
        return None
    shape = silent.shape + (1,) * (array.ndim - silent.ndim)
    if any(s not in (1, n) for s, n in zip(shape, array.shape, strict=True)):
        return None
    return np.broadcast_to(silent.reshape(shape), array.shape)


def check_lengths(lengths: dict, who: str) -> None:
    """Raise DataError unless all arrays have one length, and that is not 0."""
    if len(set(lengths.values())) > 1:
        text = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise DataError(f"{who}: arrays of different length: {text}; pass one row for each item in all of them")
    if not next(iter(lengths.values())):
        raise DataError(f"{who}: the data set is empty; at least one item is wanted")


def _check_steps(steps: dict, who: str) -> None:
    """Raise DataError unless all sequences have as many steps as the first one."""
    first, wanted = next(iter(steps.items()), (None, None))
    for name, count in steps.items():
        if count != wanted:
            raise DataError(f"{who}: {name} has {count} step{'s' * (count != 1)}, {first} has {wanted}; pass one for "
                            f"each")


def by_field(data, fields: list[Field], who: str) -> list:
    """Return what `data` holds for each field, in their order and not yet converted."""
    wanted = ", ".join(f.name for f in fields)
    if has_ragged(data, fields):
        data = ragged.filled(named(data, fields), fields, who)
    if isinstance(data, dict):
        for name in data:
            if name not in {f.name for f in fields}:
                raise unknown(f"array in {who} data:", name, [f.name for f in fields])
        missing = [f.name for f in fields if f.name not in data and not f.optional]
        if missing:
            raise DataError(f"{who}: {', '.join(missing)} is missing; pass {{{wanted}}}")
        count = rows_of(next(iter(data.values())))
        return [data[f.name] if f.name in data else _blank(f, count) for f in fields]
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


def named(data, fields: list[Field]) -> dict | None:
    """Return the columns of `data` by name, where they come in memory and their number tells which they are."""
    if isinstance(data, dict):
        return data
    plain = [f for f in fields if f.kind not in ragged.SPREAD]
    if len(plain) == 1 and ragged.is_ragged(data, len(plain[0].shape)):
        return {plain[0].name: data}
    if not isinstance(data, list | tuple):
        return None
    orders = [fields, [f for f in fields if not f.optional], [f for f in fields if f.kind != "mask"], plain]
    order = next((order for order in orders if len(order) == len(data)), None)
    return None if order is None else {f.name: c for f, c in zip(order, data, strict=True)}


def has_ragged(data, fields: list[Field]) -> bool:
    """Return whether sequences in `data` differ in length."""
    columns, axes = named(data, fields) or {}, {f.name: len(f.shape) for f in fields}
    return any(ragged.is_ragged(c, axes[name]) for name, c in columns.items() if name in axes)


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
    if field.kind == "mask":
        return np.ones([count] + [1] * (len(field.shape) - 1), field.dtype)  # spread over the steps of its partner
    return np.zeros([count, *(n or 1 for n in field.shape[1:])], field.dtype)


def convert(value, field: Field, who: str, rows=None, silence=None, allow_nan: bool = False) -> np.ndarray:
    """Return `value` as a contiguous array of the field's rank and dtype, or raise what is wrong with it."""
    me = f"{who}: {field.name}"
    if field.sparse:
        return sparse.convert(value, field.sparse, field.shape, field.dtype, me, rows, allow_nan)
    array = as_array(value, me)
    if field.kind == "label":
        if field.encoder is not None:
            array = field.encoder.encode(array, me)
        return _labels(_numbers(array, me), field, me, rows, silence)
    array = _shaped(_numbers(array, me), field, me)
    if field.kind == "weights" and (array < 0).any():
        _complain(array, array < 0, me, "negative; weights of at least 0 are wanted", rows)
    cast = _cast(array, field, me, rows)
    array = _finite(cast, field, me, rows, silence, allow_nan)
    if field.domain is not None:
        _check_domain(array, field.domain, me, rows, _silent(silence, array, field), allow_nan)
    return array


def _silent(silence, array, field):
    silent = None if silence is None else silence.of(array, field)
    return np.zeros((), bool) if silent is None else silent


def _finite(array, field, me, rows, silence, allow_nan):
    """Return `array`, with 0 for what is not finite and does not count; raise DataError for what does."""
    wrong = ~np.isfinite(array) if array.dtype.kind == "f" else None
    if wrong is None or not wrong.any():
        return array
    behind = wrong & _silent(silence, array, field)
    if (wrong & ~behind).any() and not allow_nan:
        _complain(array, wrong & ~behind, me, "not finite; clean the data, give it a weight of 0, or pass "
                  "allow_nan=True", rows)
    return np.where(behind, np.zeros((), array.dtype), array)


def as_array(value, me: str) -> np.ndarray:
    """Return a sparse matrix, a frame or anything array-like as a numpy array."""
    refuse_masked(value, me)
    try:
        return value.toarray() if hasattr(value, "toarray") else np.asarray(value)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        raise DataError(f"{me} cannot be read as an array ({error}); pass rows of equal length") from None


def refuse_masked(value, me: str) -> None:
    """Raise DataError for a masked array that hides something: numpy would take what is behind the mask."""
    if isinstance(value, np.ma.MaskedArray) and value.dtype.names is None and np.any(value.mask):
        raise DataError(f"{me} is an array with {np.ma.count_masked(value)} masked values; pass .filled(0), and "
                        f"weights of 0 for what is masked")


def _numbers(array, me):
    if array.dtype == object and not any(value is None for value in array.flat):
        try:
            return array.astype("float64")
        except (TypeError, ValueError, OverflowError):
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
        _refuse(array, field, me)
    return array


def _refuse(array, field, me):
    want = field.shape
    if array.ndim == len(want):
        hint = f"pass {' x '.join('any' if n is None else str(n) for n in want[1:]) or 'one'} values for each item"
    elif array.ndim == len(want) - 1 and array.shape == tuple(want[1:]):
        hint = "for a single item pass x[None]"
    else:
        hint = f"pass an array with {len(want)} axes"
        if field.kind == "target" and array.dtype.kind in "iu" and array.ndim == len(want) - 1:
            hint += f", or for labels make its loss with target={array.ndim}"
    raise ShapeError(f"{me} has shape {array.shape}, the model wants {_text(want)}; {hint}")


def _labels(array, field, me, rows, silence):
    rank = len(field.shape)
    if array.ndim == rank + 1 and array.shape[-1] == field.classes != 1 and _is_one_hot(array):
        array = array.argmax(axis=-1)
    elif array.ndim == rank + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != rank:
        way_out = "" if field.classes is None else (
            f"; pass class indices from 0 to {field.classes - 1}, or for soft targets a Regressor that ends in "
            f"({field.classes}, 'softmax')")
        raise ShapeError(f"{me} has shape {array.shape}, the model wants labels {_text(field.shape)}{way_out}")
    limits = np.iinfo(field.dtype)
    least, most = (limits.min, limits.max) if field.classes is None else (0, field.classes - 1)
    silent = _silent(silence, array, field)
    hidden = np.zeros((), bool)
    if array.dtype.kind == "f":
        wrong = ~(array == np.floor(array))
        if (wrong & ~silent).any():
            _complain(array, wrong & ~silent, me, f"no class index; integers from {least} to {most} are wanted", rows)
        hidden = wrong
    wrong = (array < least) | (array > most)
    if field.ignored is not None:
        wrong &= array != field.ignored
    if (wrong & ~silent).any():
        signs = " (for -1 and 1 pass (y + 1) // 2)" if set(np.unique(array[:9999]).tolist()) == {-1, 1} else ""
        _complain(array, wrong & ~silent, me, f"out of range; labels from {least} to {most} are wanted{signs}", rows)
    if silent.any():
        array = np.where(hidden | wrong, 0, array)
    return np.ascontiguousarray(array, dtype=field.dtype)


def _is_one_hot(array) -> bool:
    return bool(((array == 0) | (array == 1)).all() and (array.sum(axis=-1) == 1).all())


def _check_domain(array, domain, me, rows, silent, allow_nan):
    """Raise DataError for values that a target cannot have, where they count."""
    if domain == "sign":
        wrong, what = ~((array == 1) | (array == -1)), "neither -1 nor 1; for {0, 1} pass 2 * y - 1"
    else:
        wrong, what = ~((array >= 0) & (array <= 1)), "no probability; numbers from 0 to 1 are wanted"
        if set(np.unique(array[:9999]).tolist()) == {-1, 1}:
            what += ", for -1 and 1 pass (y + 1) / 2"
    if allow_nan:
        wrong &= ~np.isnan(array)
    wrong &= ~silent
    if wrong.any():
        _complain(array, wrong, me, what, rows)
    if domain == "distribution":
        sums = array.sum(axis=-1).round(6)
        wrong = (abs(sums - 1) > SUM_TOLERANCE) & ~(silent.any(axis=-1) if silent.ndim else silent)
        if wrong.any():
            _complain(sums, wrong, f"{me}, sum over classes", "not 1; divide each row by its sum, or for several yes "
                      "and no take a loss of those, 'bce', or a metric with multilabel=True", rows)


def _complain(array, wrong, me, what, rows=None):
    first = tuple(int(i) for i in np.argwhere(wrong)[0])
    where = f", row {first[0] if rows is None else rows[first[0]]}" if first else ""
    if first[1:]:
        where += f", column {first[1]}" if len(first) == 2 else f", place {first[1:]}"
    raise DataError(f"{me}{where}: {array[first]} is {what} ({int(wrong.sum())} such in all)")


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
        raise ShapeError(f"{field.name} has shape {array.shape}, {field.partner} {tuple(shape)}; pass one for each")
    return np.ascontiguousarray(np.broadcast_to(full, shape), dtype=field.dtype)
