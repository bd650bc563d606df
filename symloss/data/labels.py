"""Labels: what the user calls the classes, the positions that stand for them, and the check that these are in range."""

import contextlib
import dataclasses
from collections.abc import Hashable, Iterable
from numbers import Number

import numpy as np

from ..errors import DataError, ShapeError
from .place import Place
from .reading import is_missing, missing, numbers
from .uncounted import silent

MISSING = "the label is missing. Leave the item out, or give it a weight of 0 (weighted=True)"


class Labels:
    """A list of classes and their positions.

    Parameters
    ----------
    classes : iterable of str, numbers, None or tuples of them
        The classes in the order of the model's outputs.

    Raises
    ------
    DataError
        If a class is listed twice, is a missing value (NaN), or has a type that cannot be saved to a file.
    """

    def __init__(self, classes: Iterable[Hashable]):
        self.classes = [_plain(c) for c in classes]
        self._index = {label: i for i, label in enumerate(self.classes)}
        if len(self._index) < len(self.classes):
            raise DataError(f"classes={self.classes!r} is not valid, because it names a class twice")
        self.positions = all(type(c) is int and c == i for i, c in enumerate(self.classes))

    @classmethod
    def learned(cls, labels, count: int, me: str, silent=False, blank: int | None = None,
                sigmoid: bool = False) -> "Labels":
        """Return the encoder of the classes found in `labels`. Numbers are already positions, from 0 to `count` - 1.

        If there are two classes, False and True are kept as classes and are predicted as such.

        Parameters
        ----------
        labels : array
        count : int
            Number of outputs of the model. Each of them needs a class.
        me : str
        silent : bool array
            True for labels that do not count.
        blank : int or None
            The output that stands for no label, as for the loss ``ctc``. Its class is None.
        sigmoid : bool
            Whether one unit distinguishes two classes, by the probability of the second one.

        Raises
        ------
        DataError
            If there are more or fewer classes than outputs, or if labels have several types.

        >>> Labels.learned(np.array(["b", "a", "b"]), 2, "train: target").classes
        ['a', 'b']
        >>> Labels.learned(np.array([1, 0, 1]), 3, "train: target").classes
        [0, 1, 2]
        """
        if labels.dtype.kind in "iuf":
            return cls(range(count))
        counts = np.broadcast_to(~np.asarray(silent), labels.shape)
        labels = labels.astype(object)
        absent = missing(labels)
        present = labels[counts & ~absent].tolist()
        if count == 2 and present and all(type(label) in (bool, np.bool_) for label in present):
            return cls([False, True])
        if all(isinstance(label, Number) for label in present):
            return cls(range(count))
        if (counts & absent).any():
            raise Place(me).error(labels, counts & absent, f"not a class: {MISSING}")
        try:
            found = list(dict.fromkeys(present))
        except TypeError as error:
            raise DataError(f"{me}: labels cannot be compared ({error}). Pass numbers or strings") from None
        kinds = {"number" if isinstance(label, Number) else type(label).__name__: label for label in reversed(found)}
        if len(kinds) > 1:
            some = " and ".join(f"{label!r} ({kind})" for kind, label in kinds.items())
            raise DataError(f"{me}: the labels have several types, {some}. Convert them to one type, for example with "
                            f"str(label), or list all of them in classes=[...]")
        with contextlib.suppress(TypeError):  # of a kind without an order: as they come
            found = sorted(found)
        needed = len(found) + (blank is not None)
        if needed != count:
            some = ", ".join(map(repr, found[:5])) + ", ..." * (len(found) > 5)
            if sigmoid:
                raise DataError(f"{me}: {len(found)} different label{'s' * (len(found) != 1)} ({some}), but a sigmoid "
                                f"of one unit distinguishes two classes. Name both, classes=[no, yes], or end in a "
                                f"softmax with a unit for each class")
            beside = "" if blank is None else " and the blank"
            raise DataError(f"{me}: {len(found)} different labels ({some}){beside}, but the model has {count} outputs. "
                            f"Give the last layer {needed} units, or name the class of each output, including classes "
                            f"that occur later: classes=[...]")
        return cls(found if blank is None else with_blank(found, blank))

    @property
    def table(self) -> np.ndarray:
        """The classes as an array of strings or numbers if all classes are, otherwise of objects."""
        kinds = {type(c) for c in self.classes}
        if len(kinds) == 1 and kinds <= {str, int, float, bool}:
            return np.array(self.classes)
        table = np.empty(len(self.classes), dtype=object)
        for position, label in enumerate(self.classes):
            table[position] = label
        return table

    def encode(self, labels, place: Place | str, silent=False, ignored: int | None = None) -> np.ndarray:
        """Return the position of each label, or raise DataError with the row of an unknown label.

        Parameters
        ----------
        labels : array or list
        place : Place or str
        silent : bool array
            True for labels that do not count. They get position 0.
        ignored : int or None
            A label that is not a class and is left as it is.
        """
        labels = labels if isinstance(labels, np.ndarray) else np.asarray(labels, dtype=object)
        place = place if isinstance(place, Place) else Place(place)
        if labels.dtype.kind in "biuf" and self.classes == list(range(len(self.classes))):  # False is 0
            return labels
        known = self._index if ignored is None else {ignored: ignored} | self._index
        found = np.empty(labels.shape, "int64")
        silent = np.broadcast_to(silent, labels.shape)
        for number, label in enumerate(labels.ravel().tolist()):
            try:
                found.flat[number] = known[label]
            except (KeyError, TypeError):
                if not silent.flat[number]:
                    row = place.row(np.unravel_index(number, labels.shape)[0])
                    raise self._unknown(label, f"{place.me}, row {row}") from None
                found.flat[number] = 0
        return found

    def _unknown(self, label, where) -> DataError:
        if isinstance(label, bytes):
            return DataError(f"{where}: {label!r} consists of bytes. Decode the labels, for example with "
                             "np.char.decode(y.astype('S'))")
        if self.positions:
            known = f"Its classes are the numbers 0 to {len(self.classes) - 1}. For other labels, make a model with"
        else:
            some = ", ".join(map(repr, self.classes[:10])) + ", ..." * (len(self.classes) > 10)
            known = f"It knows {some}. If later data have more classes, name all of them when you make the model:"
        return DataError(f"{where}: {label!r} is not a class of this model. {known} classes=[...]")

    def decode(self, positions) -> np.ndarray:
        """Return the label of each position."""
        return self.table[np.asarray(positions)]

    def __repr__(self):
        return f"Labels({self.classes!r})"

    def __contains__(self, label) -> bool:
        try:
            return label in self._index
        except TypeError:
            return False


def with_blank(classes: list, blank: int) -> list:
    """Return classes with None at the position of the blank, which may be counted from the end.

    >>> with_blank(["a", "b"], 0), with_blank(["a", "b"], -1)
    ([None, 'a', 'b'], ['a', 'b', None])
    """
    place = blank % (len(classes) + 1)
    return [*classes[:place], None, *classes[place:]]


def _plain(label):
    """Return a class as a file holds it, or raise DataError if none can."""
    label = label.item() if isinstance(label, np.generic) else label
    if isinstance(label, list | tuple):  # JSON makes lists of tuples
        return tuple(map(_plain, label))
    if label is not None and is_missing(label):
        raise DataError(f"classes: {label!r} stands for a missing label, so it cannot be a class. Leave it out")
    if isinstance(label, bytes):
        raise DataError(f"classes: {label!r} consists of bytes. Decode the labels, for example with "
                        "np.char.decode(y.astype('S'))")
    if label is None or isinstance(label, str | bool | int | float):
        return label
    raise DataError(f"classes: {label!r} is a {type(label).__name__}, which a file cannot store. Use strings or "
                    "numbers, for example with str(label)")


# ------------------------------------------------------------------------------------------ positions


def yes_or_no(array, field, place: Place, silence=None) -> np.ndarray:
    """Return classes of a single column as probabilities of the second one: 0 and 1; numbers are probabilities already.

    Parameters
    ----------
    array, field, place, silence
        See `positions`.
    """
    if array.dtype.kind in "iuf":
        return array
    array = array[..., None] if array.ndim == len(field.shape) - 1 else array
    return positions(array, dataclasses.replace(field, kind="label", dtype="int64", classes=2), place, silence)


def positions(array, field, place: Place, silence=None) -> np.ndarray:
    """Return labels as positions of classes, in the rank and dtype of their field.

    Parameters
    ----------
    array : array
        Labels as the user passed them; one-hot rows and a single column are read as the labels they stand for.
    field : Field
    place : Place
        Whose labels they are, for messages.
    silence : Silence or None
        Where they do not count, and may be anything.

    Raises
    ------
    DataError, ShapeError
        If a label that counts is missing, unknown or out of range, or there is no label for each item.
    """
    rank = len(field.shape)
    if array.ndim == rank + 1 and array.shape[-1] == field.classes != 1 and _is_one_hot(array):
        return np.ascontiguousarray(array.argmax(axis=-1), dtype=field.dtype)
    if array.ndim == rank + 1 and array.shape[-1] == 1:
        array = array[..., 0]
    if array.ndim != rank:
        raise _wrong_rank(array, field, place.me)
    hushed = silent(silence, array, field)
    array = _without_gaps(array, field, place, hushed)
    if field.encoder is not None:
        array = field.encoder.encode(array, place, hushed, field.ignored)
    return in_range(numbers(array, place.me), field, place, hushed)


def _is_one_hot(array) -> bool:
    return bool(((array == 0) | (array == 1)).all() and (array.sum(axis=-1) == 1).all())


def _wrong_rank(array, field, me) -> ShapeError:
    text = ", ".join("n" if i == 0 else "?" if n is None else str(n) for i, n in enumerate(field.shape))
    wanted = f"({text},)" if len(field.shape) == 1 else f"({text})"
    way_out = "" if field.classes is None else (
        f". Pass class indices from 0 to {field.classes - 1}. For soft targets, use a Regressor that ends in "
        f"({field.classes}, 'softmax')")
    if array.ndim == len(field.shape) - 1:
        way_out = ". For a single item, pass y[None]"
    return ShapeError(f"{me} has shape {array.shape}, but the model needs labels {wanted}{way_out}")


def _without_gaps(array, field, place, hushed):
    """Return labels of which none is missing: where one does not count, a class takes its place."""
    absent = missing(array)
    if field.encoder is not None and absent.any() and array.dtype == object:
        absent &= ~np.array([label in field.encoder for label in array.flat], bool).reshape(array.shape)
    if not absent.any():
        return array
    if (absent & ~hushed).any():
        index = " index" if field.encoder is None or field.encoder.positions else ""
        raise place.error(array, absent & ~hushed, f"not a class{index}: {MISSING}")
    array = array.astype(object)
    array[absent] = 0 if field.encoder is None else field.encoder.classes[0]
    return array if field.encoder is not None and not field.encoder.positions else numbers(array, place.me)


def in_range(array, field, place, hushed) -> np.ndarray:
    """Return positions in the dtype of their field, or raise DataError for one that counts and stands for no class."""
    limits = np.iinfo(field.dtype)
    least, most = (limits.min, limits.max) if field.classes is None else (0, field.classes - 1)
    fractional = np.zeros((), bool)
    if array.dtype.kind == "f":
        fractional = ~(array == np.floor(array))
        if (fractional & ~hushed).any():
            raise place.error(array, fractional & ~hushed, f"not a class index. Pass integers from {least} to {most}")
    wrong = (array < least) | (array > most)
    if field.ignored is not None:
        wrong &= array != field.ignored
    if (wrong & ~hushed).any():
        signed = set(np.unique(array[:9999]).tolist()) == {-1, 1}
        signs = ". If your labels are -1 and 1, pass (y + 1) // 2" * signed
        what, array_name = ("integers", "x") if field.ids else ("labels", "y")
        own = "" if field.encoder is None else ". If your classes are other numbers, name them: classes=[...]"
        if field.classes is not None and array.size and array.min() >= 1 and array.max() == field.classes:
            own = f". Yours seem to begin with 1: pass {array_name} - 1"
        raise place.error(array, wrong & ~hushed, f"out of range. Pass {what} from {least} to {most}{signs}{own}")
    if hushed.any():
        array = np.where(fractional | wrong, 0, array)
    return np.ascontiguousarray(array, dtype=field.dtype)
