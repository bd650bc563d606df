"""`symloss predict`: apply a model that `symloss train` saved to a table."""

import csv
import io
import os
import sys

import numpy as np
from rich.console import Console

from .. import _files
from ..errors import DataError, SpecError
from . import coding, scores, tables
from .console import rows, say


def run(notes: Console, model, data, output=None, score=False, missing=None) -> int:
    """Apply the model in the file `model` to the table `data`, and return the exit code.

    Parameters
    ----------
    notes : Console
        For what is said beside the predictions.
    model, data : path
    output : path or None
        The file of the predictions. None: they are written to the standard output.
    score : bool
        Whether to compare the predictions with the target, which the table then contains.
    missing : str or None
        'refuse' rows with missing inputs, or leave their predictions 'empty'. None: refuse them, if the training did.
    """
    net, known = coding.load(model)
    table = tables.read_texts(data, "predict")
    if output is not None:
        _check_output(output, model, data)
    x = coding.inputs(known, table, data)
    there = _without_gaps(known, table, x, data, missing)
    actual = _actual(net, known, table, data) if score else None
    columns = _predictions(net, known, x[there])
    _write(output, columns, there)
    if (~there).any():
        say(notes, f"note: {(~there).sum()} rows have missing inputs, and their predictions are empty")
    if output is not None:
        say(notes, f"{there.sum()} predictions: {output}")
    if score:
        _score(notes, net, known, x, there, actual)
    return 0


def _check_output(output, model, data) -> None:
    for path, what in ((model, "model"), (data, "table")):
        if os.path.exists(output) and os.path.samefile(output, path):
            raise SpecError(f"predict: --output {output} is the {what} itself, which would be lost. Write another name")
    _files.check_path(output, "predict")


def _without_gaps(known, table, x, data, missing) -> np.ndarray:
    """Return which rows have no missing inputs; DataError if there are others and they are refused."""
    there = ~np.isnan(x).any(axis=1)
    if there.all():
        return there
    if (missing or {"drop": "empty"}.get(known.missing, "refuse")) == "refuse":
        gaps = {name: [row + 2 for row, text in enumerate(table[name]) if tables.is_missing(text)]
                for name in known.words}
        said = ", ".join(f"{name} (row {found[0]}{f' and {len(found) - 1} more' if found[1:] else ''})"
                         for name, found in gaps.items() if found)
        raise DataError(f"predict: {data}: values are missing in {said}. Fill them in, or write --missing empty to "
                        "get empty predictions for these rows")
    if not there.any():
        raise DataError(f"predict: {data}: every row has missing values, so there is nothing to predict")
    return there


# ------------------------------------------------------------------------------------------------------- predictions


def _classes(net):
    """Return the classes of a model as plain values; None for a model of numbers."""
    return list(net.classes) if hasattr(net, "predict_proba") else None


def _numbers(net, x) -> np.ndarray:
    return np.asarray(net.predict(x)).reshape(len(x), -1)


def _predictions(net, known, x) -> dict[str, list]:
    """Return the columns of the predictions by name."""
    classes = _classes(net)
    if classes is None:
        found = _numbers(net, x)
        return {name: [str(one) for one in column] for name, column in zip(known.outputs, found.T, strict=True)}
    probabilities = net.predict_proba(x)
    named = {known.targets[0]: [str(one) for one in net.predict(x)]}
    return named | {f"P({one})": [str(p) for p in column] for one, column in
                    zip(classes, _of_each(classes, probabilities).T, strict=True)}


def _of_each(classes, probabilities):
    """Return a probability for each class, also if a single output distinguishes two classes."""
    if probabilities.shape[1] == 1 and len(classes) == 2:
        return np.concatenate([1 - probabilities, probabilities], axis=1)
    return probabilities


def _write(output, columns, there) -> None:
    """Write the predictions with a line for each row of the table, which is empty where nothing is predicted."""
    text, lines = io.StringIO(), zip(*columns.values(), strict=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for one in there:
        writer.writerow(next(lines) if one else [""] * len(columns))
    if output is None:
        sys.stdout.write(text.getvalue())
        sys.stdout.flush()
    else:
        _files.write(output, text.getvalue().encode(), "predict")


# -------------------------------------------------------------------------------------------------------------- scores


def _actual(net, known, table, data):
    """Return the targets of a table, and which rows have one."""
    absent = [name for name in known.targets if name not in table]
    if absent:
        raise DataError(f"predict: {data} has no column {absent[0]!r}, which --score compares the predictions with. "
                        "Add it, or leave out --score")
    if (classes := _classes(net)) is not None:
        return coding.labels(known.targets[0], table[known.targets[0]], classes, data)
    y = np.stack([coding.numbers(name, table[name], data) for name in known.targets], axis=1)
    return y, ~np.isnan(y).any(axis=1)


def _score(notes, net, known, x, there, actual) -> None:
    y, has_target = actual
    there = there & has_target
    if not there.any():
        raise DataError(f"predict: no row has a value in {', '.join(known.targets)}, so there is nothing to compare "
                        "the predictions with. Leave out --score")
    x, y = x[there], y[there]
    if _classes(net) is not None:
        found = scores.of_classes(net.predict(x), y, known.usual)
    else:
        prediction = _numbers(net, x)
        found = scores.of_outputs(known, prediction, y)
    if not known.scaled and net.losses:
        found[f"loss ({net.losses[0].name})"] = f"{net.measure([x, y])['loss']:.4g}"
    rows(notes, found, f"scores ({len(x)} rows)")
