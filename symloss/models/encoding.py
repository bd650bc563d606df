"""The classes of outputs, given or learned from targets, and predictions as the user's labels."""

import contextlib
import dataclasses
from numbers import Number

import numpy as np

from .._checks import undo
from ..data import Field, Labels, Silence, as_array, named, ragged, read
from ..errors import SpecError, unknown

# ------------------------------------------------------------------------------------------ given


def given(model, classes) -> dict[str, Labels]:
    """Return the encoders of a model by output, made from the argument `classes`.

    Parameters
    ----------
    model : Network
    classes : dict, list or None
        Classes by the name of the output, in the order of its units, or (no, yes) for a sigmoid of one unit. A list,
        if only one output can have classes.

    Raises
    ------
    UnknownNameError
        For an output that the model does not have.
    SpecError
        If it is not clear which output a list is for, or if the number of classes does not match the output.
    """
    who = type(model).__name__
    if classes is None:
        return {}
    if not model.takes_classes:
        raise SpecError(f"{who}: got classes={classes!r}, but a {who} predicts numbers. Use a Classifier or a Network")
    if not isinstance(classes, dict):
        classes = {_only_output(model, classes): classes}
    found, outputs = {}, model.graph.outputs()[0]
    for name, some in classes.items():
        if not isinstance(name, str) or f"{name}:out" not in outputs:
            raise unknown(f"{who}: output in classes:", name, model.graph.output_layers())
        if isinstance(some, str) or not np.iterable(some):
            raise SpecError(f"{who}: the classes of {name!r} are {some!r}, but they must be a list, such as ['no', "
                            "'yes']")
        found[name], count = Labels(some), told_apart(model, name)
        if len(found[name].classes) != count:
            raise SpecError(f"{who}: got {len(found[name].classes)} classes for {name!r}, which distinguishes "
                            f"{count}. Pass one class per unit, or [no, yes] for a sigmoid of one unit")
    return found


def _only_output(model, classes) -> str:
    names = model.graph.output_layers()
    fit = [name for name in names if _is(model, name, "softmax")] or \
          [name for name in names if is_yes_or_no(model, name)] or names
    if len(fit) > 1:
        raise SpecError(f"{type(model).__name__}: got classes={classes!r}, but {len(fit)} outputs could have them. "
                        f"Write which one, for example classes={{{fit[0]!r}: {classes!r}}}")
    return fit[0]


def _is(model, name, activation) -> bool:
    output = model.graph.outputs()[0][f"{name}:out"]
    return getattr(output, "ndim", 0) > 1 and undo(output, activation) is not None


def is_yes_or_no(model, name: str) -> bool:
    """Return whether an output is a sigmoid of one unit, which gives the probability of the second of two classes."""
    return model.graph.outputs()[0][f"{name}:out"].type.shape[-1:] == (1,) and _is(model, name, "sigmoid")


def told_apart(model, name: str) -> int | None:
    """Return the number of classes of an output: one for each unit, and two for a sigmoid of one unit."""
    return 2 if is_yes_or_no(model, name) else model.graph.outputs()[0][f"{name}:out"].type.shape[-1]


# ------------------------------------------------------------------------------------------ on the way in


def with_encoders(model, fields: list[Field], data=None) -> list[Field]:
    """Return the fields with the encoders of their outputs.

    Parameters
    ----------
    model : Network
        Its `encoders` get those that are learned.
    fields : list of Field
    data : data or None
        Of a training, from which outputs without an encoder learn theirs.

    Raises
    ------
    DataError
        If the labels are not what an output can tell apart, see `Labels.learned`.
    """
    if not model.takes_classes:
        return fields
    of = _outputs_by_target(model)
    columns, found = None, []
    for field in fields:
        name = of.get(field.name)
        if name is None or not _has_classes(model, name, field):
            found.append(field)
            continue
        if name not in model.encoders and data is not None:
            columns = (named(data, fields) or {}) if columns is None else columns
            made = model._learned(columns, field, fields, name)
            model.encoders |= {} if made is None else {name: made}
        usual = None if field.kind == "target" else Labels(range(told_apart(model, name)))
        encoder = model.encoders.get(name, usual)
        found.append(field if encoder is None else dataclasses.replace(field, encoder=encoder))
    return found


def _outputs_by_target(model) -> dict:
    """Return the output that each target belongs to, by the target's name; a score calls that of the main one so."""
    main = {"target": model.graph.main_name} if model.target_kind == "label" else {}
    return main | {loss._target.name: loss.output_name.removesuffix(":out") for loss in reversed(model.losses)
                   if loss._target is not None and loss.output_name.endswith(":out")}


def _has_classes(model, name, field) -> bool:
    """Return whether the targets of an output may be classes: labels of its units, or probabilities of yes and no."""
    if field.kind == "label":
        is_main = model.target_kind == "label" and name == model.graph.main_name
        return is_main or field.classes is not None and field.classes == told_apart(model, name)
    return field.kind == "target" and field.domain == "unit" and is_yes_or_no(model, name)


def learned(model, columns: dict, field: Field, fields: list[Field], name: str) -> Labels | None:
    """Return what the labels in the data are called; in a stream, which cannot be read twice, they are numbers.

    Parameters
    ----------
    model : Network
    columns : dict
        What the user passed, by field name; empty for a stream.
    field : Field
        Of the target.
    fields : list of Field
    name : str
        Of the output.

    Returns
    -------
    Labels or None
        None for a sigmoid whose targets are numbers: these are probabilities.
    """
    column, numbers = columns.get(field.name), Labels(range(told_apart(model, name)))
    apart = field.kind == "target"
    if column is None or getattr(getattr(column, "dtype", None), "kind", "O") in "iuf":
        return None if apart else numbers
    shape = field.shape[:-1] if apart else field.shape
    labels = read(column, dataclasses.replace(field, kind="label", shape=shape), f"train: {field.name}")
    weighing = next((f for f in fields if f.kind == "weights" and f.partner == field.name), None)
    weights = None if weighing is None else columns.get(weighing.name)
    weights = None if weights is None else as_array(weights, "train: weights")
    silence = None if weights is None else Silence([(weighing, weights)], fields).of(labels, field)
    found = Labels.learned(labels, len(numbers.classes), f"train: {field.name}",
                           False if silence is None else silence, sigmoid=apart)
    return None if apart and found.positions else found


def are_labels(column, shape: tuple, encoder: Labels | None = None) -> bool:
    """Return whether targets for an output are labels, and not a probability for each class.

    Parameters
    ----------
    column : what the user passed
    shape : tuple
        Of the output of a batch.
    encoder : Labels or None
        Of the output, where it has one.

    >>> are_labels([0, 2], (None, 3)), are_labels([[0.1, 0.2, 0.7]], (None, 3)), are_labels([[0], [2]], (None, 3))
    (True, False, True)
    """
    found = ragged.shape_of(column)
    if found is None or len(found) < len(shape) or found[-1] == 1 != shape[-1]:
        return True
    if not ragged.is_list(column) or not all(isinstance(label, tuple) for label in column):
        return False
    words = any(not isinstance(part, Number) for label in column for part in label)
    return words or encoder is not None and all(label in encoder for label in column)


@contextlib.contextmanager
def forgotten_if_refused(model):
    """In this context, a model may learn classes from data. If the data are refused, it forgets them again."""
    known = dict(model.encoders)
    try:
        yield
    except Exception:
        model.encoders = known
        raise


# ------------------------------------------------------------------------------------------ on the way out


def best(values, yes_or_no: bool = False) -> np.ndarray | list:
    """Return the positions of the most probable classes.

    Parameters
    ----------
    values : array, or list of arrays
    yes_or_no : bool
        Whether the values are the probabilities of the second of two classes, which is chosen above 1/2.

    >>> best(np.array([[0.2, 0.8], [0.9, 0.1]])), best(np.array([[0.7], [0.5]]), yes_or_no=True)
    (array([1, 0]), array([1, 0]))
    """
    if isinstance(values, list):  # a sequence each
        return [best(one, yes_or_no) for one in values]
    return (values[..., 0] > 0.5).astype("int64") if yes_or_no else values.argmax(axis=-1)


def decoded(model, name: str, values):
    """Return the classes that the values of an output stand for, where these have names; else the values."""
    labels = model.encoders.get(name)
    if labels is None or labels.positions:
        return values
    positions = best(values, is_yes_or_no(model, name))
    return [labels.decode(one) for one in positions] if isinstance(positions, list) else labels.decode(positions)


# ------------------------------------------------------------------------------------------ kept


def described(model) -> dict:
    """Return the classes that have names, by output: what a model takes as `classes`."""
    return {name: labels.classes for name, labels in model.encoders.items() if not labels.positions}


def of_part(model, graph) -> dict[str, Labels]:
    """Return the encoders of a graph that has layers of a model's: of the same layers, or of a network within it."""
    found = {}
    for name, labels in model.encoders.items():
        layer = model.graph[name]
        if name in graph.names() and graph[name] is layer:
            found[name] = labels
        elif getattr(layer, "graph", None) is graph:
            found[graph.main_name] = labels
    return found
