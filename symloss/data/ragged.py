"""Sequences of different lengths: padded to one array, with a mask or weights that mark the real steps."""

import numpy as np

from ..errors import DataError, ShapeError

SPREAD = ("weights", "mask")  # kinds of fields that may be given for whole sequences or steps, and then spread


def is_ragged(column, axes: int) -> bool:
    """Return whether a column is a list of sequences, one for each item, that differ in length.

    Parameters
    ----------
    column : what the user passed
    axes : int
        Of the batch that the sequences become: 3 for sequences (time, variables), 2 for (time,).

    >>> is_ragged([np.zeros((2, 3)), np.zeros((5, 3))], 3), is_ragged([[0, 1], [1]], 2)
    (True, True)
    >>> is_ragged([np.zeros((2, 3)), np.zeros((2, 3))], 3)
    False
    """
    if axes < 2 or not is_list(column) or len(column) < 2:
        return False
    shapes = [shape_of(sequence) for sequence in column]
    if None in shapes or {len(shape) for shape in shapes} != {axes - 1}:
        return False
    return len({shape[0] for shape in shapes}) > 1


def is_list(column) -> bool:
    """Return whether a column is a list of items, or an array or series of objects, and nothing else."""
    if isinstance(column, list | tuple):
        return True
    return getattr(getattr(column, "dtype", None), "kind", "") == "O" and len(getattr(column, "shape", ())) == 1


def fits(column, field) -> bool:
    """Return whether a column is a list of sequences that differ in length, for a field.

    Sequences of one variable may be (time,) instead of (time, 1).
    """
    axes = len(field.shape)
    if field.shape[1:2] != (None,):  # rows of one width are no sequences
        return False
    if field.padding is not None and are_words(column):
        return True
    single = axes > 2 and field.shape[-1] == 1
    return is_ragged(column, axes) or (single and is_ragged(column, axes - 1))


def are_words(column) -> bool:
    """Return whether a column is a list of strings, each of them a sequence whose labels are its characters.

    >>> are_words(["abc", ""]), are_words([["a", "b"], ["c"]])
    (True, False)
    """
    if getattr(getattr(column, "dtype", None), "kind", "") == "U":
        return len(column.shape) == 1
    return is_list(column) and len(column) > 0 and all(isinstance(word, str) for word in column)


def shape_of(sequence) -> tuple | None:
    """Return the shape of an array, or of nested lists; None for what is neither."""
    if hasattr(sequence, "shape"):
        return tuple(sequence.shape)
    if not isinstance(sequence, list | tuple):
        return None
    try:
        return np.shape(sequence)
    except ValueError:  # ragged itself
        return None


def lengths(column) -> np.ndarray:
    """Return the length of every sequence."""
    return np.array([len(sequence) for sequence in column])


def fill(column, me: str, repeat: bool = False, padding=0) -> np.ndarray:
    """Return sequences as one array, padded at their ends with `padding`, or with their last element if `repeat`.

    >>> fill([[1, 2], [3]], "example").tolist()
    [[1, 2], [3, 0]]
    """
    sequences = [np.asarray(sequence) for sequence in column]
    for number, sequence in enumerate(sequences):
        if not len(sequence):
            raise DataError(f"{me}, item {number}: the sequence is empty. Pass at least one step")
        if sequence.shape[1:] != sequences[0].shape[1:]:
            raise DataError(f"{me}, item {number}: its steps have shape {sequence.shape[1:]}, but those of item 0 have "
                            f"shape {sequences[0].shape[1:]}. All steps need the same shape")
    longest = max(map(len, sequences))
    full = np.full((len(sequences), longest, *sequences[0].shape[1:]), padding, _common(sequences, me))
    for row, sequence in zip(full, sequences, strict=True):
        row[: len(sequence)] = sequence
        if repeat:
            row[len(sequence) :] = sequence[-1]
    return full


def _common(sequences, me):
    """Return the dtype that holds all sequences; of text and numbers together, that of objects."""
    kinds = {"text" if s.dtype.kind in "UST" else s.dtype.kind for s in sequences}
    if "text" in kinds and len(kinds) > 1:
        return np.dtype(object)
    try:
        return np.result_type(*sequences)
    except TypeError as error:
        raise DataError(f"{me} cannot be read as sequences ({error}). Pass numbers") from None


def mask(counts) -> np.ndarray:
    """Return (batch, time) with 1 for the steps of each sequence and 0 behind them.

    >>> mask([2, 1]).tolist()
    [[1, 1], [1, 0]]
    """
    counts = np.asarray(counts)
    return (np.arange(counts.max()) < counts[:, None]).astype("int8")


def filled(columns: dict, fields: list, who: str, counted: bool = True) -> dict:
    """Return columns by name, padded if sequences differ in length, with the mask and the weights that this requires.

    Parameters
    ----------
    columns : dict
        What the user passed, by field name.
    fields : list of Field
    who : str
    counted : bool
        Whether the values count in a loss, so that the padding must have a weight.

    Raises
    ------
    DataError
        If sequences that belong together differ in length, or if the padding would count in a loss.
    """
    by_name = {field.name: field for field in fields}
    columns = {name: _labels_filled(column, by_name.get(name), who) for name, column in columns.items()}
    ragged = {name: lengths(c) for name, c in columns.items()
              if name in by_name and by_name[name].kind not in SPREAD and fits(c, by_name[name])}
    if not ragged:
        return columns
    name, counts = next(iter(ragged.items()))
    for other, found in ragged.items():
        check_same(name, counts, other, found, who)
    made = {}
    for key, column in columns.items():
        if key not in by_name:  # which the check of names refuses
            made[key] = column
            continue
        kind = by_name[key].kind
        valid = kind == "label" or by_name[key].domain is not None  # the padding must be a target, too
        made[key] = fill(column, f"{who}: {key}", repeat=valid) if key in ragged else column
        timed = kind in ("target", "label") and by_name[key].padding is None and _has_steps(by_name[key])
        if timed and key not in ragged and axes(column) > 1:
            raise DataError(f"{who}: sequences of {name} differ in length, but those of {key} do not. Pass one "
                            f"for each")
    weighing = [f for f in fields if f.kind == "weights" or (f.kind == "mask" and f.dtype.startswith("float"))]
    targets = [f for f in fields if f.kind in ("target", "label")]
    if counted and not weighing and (not targets or any(_has_steps(f) for f in targets if f.padding is None)):
        raise DataError(
            f"{who}: the sequences have different lengths ({counts.min()} to {counts.max()}), so padding must not "
            f"count in the loss. Make the model with weighted=True"
        )
    if counted and any(f.padding is not None for f in targets) and not any(f.kind == "mask" for f in fields):
        raise DataError(f"{who}: the sequences have different lengths ({counts.min()} to {counts.max()}), but the "
                        f"loss of {next(f.name for f in targets if f.padding is not None)} does not get them. Use a "
                        "model of symloss.recurrent, and leave out like= if that system takes no lengths")
    for field in fields:
        partner = by_name.get(field.partner)
        if field.kind in SPREAD and _has_steps(field) and (partner is None or partner.padding is None):
            made[field.name] = weights(made.get(field.name), counts, field, who)
    return made


def _labels_filled(column, field, who):
    """Return sequences of labels that have a length of their own as one array; any other column as it is."""
    if field is None or field.padding is None or not fits(column, field):
        return column
    return fill_labels(column, field.padding)


def fill_labels(column, padding: int) -> np.ndarray:
    """Return sequences of labels, or words, as one array (n, longest), padded at their ends. Sequences may be empty.

    >>> fill_labels([[1, 2], [], [3]], -1).tolist()
    [[1, 2], [-1, -1], [3, -1]]
    >>> fill_labels(["ab", "c"], -1).tolist()
    [['a', 'b'], ['c', -1]]
    """
    sequences = label_sequences(column)
    longest = max(1, *(len(sequence) for sequence in sequences))
    are_numbers = all(sequence.dtype.kind in "biuf" for sequence in sequences if len(sequence))
    kinds = [sequence.dtype for sequence in sequences if len(sequence)] if are_numbers else [object]
    full = np.full((len(sequences), longest), padding, np.result_type(np.int64, *kinds))
    for row, sequence in zip(full, sequences, strict=True):
        row[: len(sequence)] = sequence
    return full


def label_sequences(column) -> list[np.ndarray]:
    """Return each sequence of labels, or word, as an array; of numbers where all of its labels are such."""
    return [_labels(one) for one in column]


def _labels(sequence) -> np.ndarray:
    labels = sequence if isinstance(sequence, np.ndarray) else list(sequence)
    array = np.asarray(labels)
    return array if array.dtype.kind in "biuf" else np.asarray(labels, object)


def _has_steps(field) -> bool:
    """Return whether a field's second axis may be time: it is free, and not the units of an output for whole items."""
    return field.shape[1:2] == (None,)


def axes(column) -> int:
    """Return how many axes a column has; 0 if it is not an array, such as sequences of different lengths."""
    return len(shape_of(column) or ())


def check_same(name: str, counts, other: str, found, who: str) -> None:
    """Raise DataError unless the sequences of `name` and those of `other` are of the same lengths."""
    counts, found = np.asarray(counts), np.asarray(found)
    if len(counts) != len(found):
        raise DataError(f"{who}: {other} has {len(found)} sequences, but {name} has {len(counts)}. Pass one for each")
    wrong = np.flatnonzero(counts != found)
    if len(wrong):
        item = wrong[0]
        raise DataError(
            f"{who}, item {item}: {other} has {found[item]} steps, but {name} has {counts[item]}. Sequences that "
            f"belong together need the same length (affected items: {len(wrong)})"
        )


def weights(given, counts, field, who: str) -> np.ndarray:
    """Return weights that broadcast to the shape of their partner, with 0 for the padding.

    Parameters
    ----------
    given : None, array or list of sequences
        1 unless given: a number for each sequence, each step or each value.
    counts : int array
        Steps of each sequence.
    field : Field
        Of the weights, or of the mask.
    who : str

    Raises
    ------
    DataError, ShapeError
        If they do not go together with the sequences.
    """
    there = mask(counts)
    there = there.reshape(there.shape + (1,) * (len(field.shape) - 2))
    if given is None:
        return there
    me, partner = f"{who}: {field.name}", field.partner
    if any(is_ragged(given, n) for n in range(2, len(field.shape) + 1)):
        check_same(partner, counts, field.name, lengths(given), who)
        given = fill(given, me)
    try:
        given = np.asarray(given)
    except (ValueError, TypeError) as error:
        raise ShapeError(f"{me} cannot be read as weights of {partner} ({error}). Pass one weight for each sequence "
                         "or step") from None
    fits = given.shape[:1] == there.shape[:1] and given.shape[1:2] in ((), (1,), there.shape[1:2])
    if not fits or given.ndim > there.ndim or given.dtype.kind not in "biuf":
        raise ShapeError(f"{me} has shape {given.shape} and dtype {given.dtype}, but {partner} has {there.shape[0]} "
                         f"sequences of at most {there.shape[1]} steps. Pass a number for each sequence or step")
    return np.where(there, given.reshape(given.shape + (1,) * (there.ndim - given.ndim)), 0)
