"""`symloss train`: train a model that is described in TOML on a table, and save it."""

import dataclasses
import pathlib
import time

import numpy as np
from rich.console import Console

from .. import losses
from ..errors import DataError, SpecError
from ..losses.formulas.grammar import parse
from ..losses.of_columns import require_columns
from ..models.feedforward import Classifier, Regressor
from . import coding, recipes, scores, tables
from .console import rows, say

UNITS = ("the unit of the target", "the squared unit of the target")  # of losses for which targets may be scaled
FEW = 10  # rows, at least
CODES = 10  # different whole numbers of a target that may be classes, at most


@dataclasses.dataclass
class Task:
    """A table as arrays: inputs and targets.

    Parameters
    ----------
    x : float array (n, d)
    y : float array (n, k), or labels (n,)
    words : dict
        The words of each column of inputs, see `tables.words_of`.
    classes : list or None
        The labels, for a classification.
    dropped : int
        Rows that were left out.
    """

    x: np.ndarray
    y: np.ndarray
    words: dict
    classes: list | None
    dropped: int


def run(console: Console, recipe, data) -> int:
    """Train the model that the file `recipe` describes on the table `data`, and return the exit code."""
    plan = recipes.read(recipe)
    if not pathlib.Path(plan.save).parent.is_dir():
        raise SpecError(f"train: the folder of save = {plan.save!r} does not exist. Make it first")
    task = read_task(plan, tables.read(data))
    learning, held_out = split(len(task.x), plan)
    net, scales = model(plan, task, learning)
    what = f"{len(task.classes)} classes" if task.classes else ", ".join(plan.targets)
    say(console, f"{len(learning)} rows to learn from, {len(held_out)} for validation; {task.x.shape[1]} inputs; "
                 f"target: {what}")
    if not task.classes and plan.kind is None and _may_be_classes(task.y):
        numbers = _listed(f"{one:g}" for one in np.unique(task.y))
        say(console, f'note: the target has only the numbers {numbers}. If they are classes, write kind = '
                     f'"classification"; if not, kind = "regression" hides this note')
    if task.dropped:
        say(console, f"note: {task.dropped} rows with missing values are left out")
    if "y" in scales:
        say(console, "The target is scaled while the model learns: the loss and its options are in standard deviations "
                     "of the target. Write scale = false to leave it as it is.")
    start = time.perf_counter()
    _train(net, plan, task, learning, held_out, scales)
    seconds = time.perf_counter() - start
    fold(net, scales)
    known = described(net, plan, task, learning, "y" in scales)
    coding.store(net, known)
    path = _saved(net, plan)
    conclude(console, net, known, task, learning, held_out, seconds)
    say(console, f"\nmodel: {path}")
    say(console, f"symloss predict {path} TABLE.csv applies it to another table. In Python, symloss.load("
                 f"{str(path)!r}).predict(x) takes the columns {_listed(known.names)}, in this order and as they are "
                 f"in the table.")
    return 130 if getattr(net.history[-1].get("stopped"), "code", "") == "interrupted" else 0


def _saved(net, plan) -> pathlib.Path:
    path = pathlib.Path(plan.save)
    net.save(path)
    return path


def _listed(names) -> str:
    names = list(names)
    return ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:5])}, ..., {names[-1]} ({len(names)} in all)"


# ---------------------------------------------------------------------------------------------------------- the data


def read_task(plan, table) -> Task:
    """Return inputs and targets of a table.

    Raises
    ------
    DataError
        For missing inputs, too few rows, or a constant target.
    SpecError
        If the targets do not fit the kind of model.
    """
    if (spec := _spec(plan.loss)) is not None:
        require_columns(spec, "train", "Choose another loss, such as 'huber', 'quantile' or 'multi_quantile', or use "
                        "symloss.Network in Python", known=("multi_quantile",))
    targets = tables.chosen(table, plan.targets, "target")
    tables.chosen(table, plan.ignore, "ignore")
    names = plan.inputs or [name for name in table if name not in plan.targets and name not in plan.ignore]
    both = [name for name in names if name in plan.targets]
    if both:
        raise SpecError(f"train: the column {both[0]!r} is an input and a target. Remove it from one of them")
    if "" in names:
        raise DataError('train: a column has no name, and it may be the number of each row, which is not an input: '
                        'pandas writes it unless you write df.to_csv(path, index=False). Name it, or write ignore = '
                        '[""]')
    columns = tables.chosen(table, names, "inputs")
    if not columns:
        raise DataError("train: no column is left for the inputs. The table needs columns besides the target")
    kept = ~np.any([column.missing for column in targets], axis=0)
    gaps = {column.name: int(column.missing.sum()) for column in columns if column.missing.any()}
    if gaps and plan.missing == "refuse":
        said = ", ".join(f"{name} ({count} rows)" for name, count in list(gaps.items())[:5])
        raise DataError(f"train: values are missing in {said}. Write missing = \"drop\" to leave these rows out, or "
                        f"ignore = {list(gaps)} to leave these columns out")
    kept &= ~np.any([column.missing for column in columns], axis=0)
    if kept.sum() < FEW:
        raise DataError(f"train: only {kept.sum()} rows have no missing values, but at least {FEW} are needed")
    columns = [dataclasses.replace(column, values=column.values[kept]) for column in columns]
    words = tables.words_of(columns)
    x = tables.as_inputs(columns, words)
    y, classes = _targets(plan, [dataclasses.replace(c, values=c.values[kept]) for c in targets])
    return Task(x, y, words, classes, int((~kept).sum()))


def _targets(plan, columns):
    """Return the targets, and the classes if they are labels."""
    of_words = [column.name for column in columns if column.of_words]
    kind = plan.kind or ("classification" if of_words or _wants_labels(plan.loss) else "regression")
    if kind == "regression":
        if of_words:
            raise SpecError(f"train: the target {of_words[0]!r} contains words. Write kind = \"classification\", or "
                            "name a column of numbers")
        return np.stack([column.values for column in columns], axis=1), None
    if len(columns) > 1:
        raise SpecError(f"train: got {len(columns)} targets of classes, but only one is possible. Name one of "
                        f"{', '.join(plan.targets)}")
    values = columns[0].values
    if not columns[0].of_words:
        if np.any(values != np.round(values)) or len(np.unique(values)) > max(20, len(values) // 5):
            raise SpecError(f"train: the target {columns[0].name!r} has {len(np.unique(values))} different numbers. "
                            'Write kind = "regression"')
        values = values.astype(int)
    classes = sorted(set(values.tolist()))
    if len(classes) < 2:
        raise DataError(f"train: the target {columns[0].name!r} is {classes[0]!r} in all rows, so there is nothing to "
                        "learn. Name another column")
    return values, classes


def _may_be_classes(y) -> bool:
    """Return whether numbers may be codes of classes: few, and whole."""
    found = np.unique(y)
    return y.shape[1] == 1 and 1 < len(found) <= CODES and bool(np.all(found == np.round(found)))


def _wants_labels(loss) -> bool:
    spec = _spec(loss)
    return spec is not None and ("label" in spec.target and "sign" not in spec.target)


def _spec(loss):
    form = loss["form"] if isinstance(loss, dict) else loss
    return losses.get(form) if form is not None else None


def _quantiles(spec, loss) -> tuple:
    """Return the quantiles that a loss predicts for one target; empty for other losses."""
    if spec is None or spec.name != "multi_quantile":
        return ()
    given = loss.get("q") if isinstance(loss, dict) else None
    return tuple(spec.options["q"] if given is None else given if isinstance(given, list) else [given])


def _is_of_errors(spec) -> bool:
    """Return whether a loss may be computed of scaled targets: whether it is a function of the error in their unit."""
    if spec.definition is None:
        return spec.unit in UNITS
    return parse(spec.definition)[1].names() <= {"e", *spec.options}


def split(count: int, plan) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the training rows and of the validation rows, drawn at random with the seed."""
    order = np.random.default_rng([plan.seed, count]).permutation(count)
    held_out = int(round(plan.validation * count))
    return np.sort(order[held_out:]), np.sort(order[:held_out])


# --------------------------------------------------------------------------------------------------------- the model


def model(plan, task, learning):
    """Return a model, and the scales of its inputs and targets during training."""
    hidden = [recipes.layer(entry) for entry in plan.layers]
    x = task.x[learning]
    spread = x.std(axis=0)
    scales = {"x": (x.mean(axis=0), np.where(spread > 0, spread, 1.0))} if plan.scale else {}
    if task.classes:
        loss = {} if plan.loss is None else {"loss": plan.loss}
        net = Classifier([x.shape[1], *hidden, len(task.classes)], seed=plan.seed, classes=task.classes, **loss)
    else:
        loss = "mse" if plan.loss is None else plan.loss
        spec, y = _spec(loss), task.y[learning]
        count = y.shape[1] if not (several := _quantiles(spec, loss)) else len(several)
        last = count if spec.ending() == "linear" else (count, spec.ending())
        net = Regressor([x.shape[1], *hidden, last], seed=plan.seed, loss=loss)
        if plan.scale and _is_of_errors(spec) and np.all(y.std(axis=0) > 0):
            scales["y"] = y.mean(axis=0), y.std(axis=0)
    first = net.layers[1]
    if "x" in scales and not {"w", "b"} <= set(first.params):
        del scales["x"]
    return net, scales


def _scaled(array, scale):
    return array if scale is None else (array - scale[0]) / scale[1]


def _train(net, plan, task, learning, held_out, scales) -> None:
    x = _scaled(task.x, scales.get("x"))
    y = _scaled(task.y, scales.get("y")) if not task.classes else task.y
    given = {} if plan.learning_rate is None else {"learning_rate": plan.learning_rate}
    options = {"batch_size": plan.batch_size, "epochs": plan.epochs, **given, **plan.options}
    valid = [x[held_out], y[held_out]] if len(held_out) else None
    net.train([x[learning], y[learning]], valid, algo=plan.optimizer, **options)


def fold(net, scales) -> None:
    """Move the scales into the first and the last layer, so that the model takes and predicts the table's own units."""
    if "x" in scales:
        mean, spread = scales["x"]
        w, b = (net.layers[1].params[name] for name in ("w", "b"))
        folded = w.get_value() / spread[:, None]
        b.set_value((b.get_value() - mean @ folded).astype(b.dtype))
        w.set_value(folded.astype(w.dtype))
    if "y" in scales:
        mean, spread = scales["y"]
        w, b = (net.layers[-1].params[name] for name in ("w", "b"))
        w.set_value((w.get_value() * spread).astype(w.dtype))
        b.set_value((b.get_value() * spread + mean).astype(b.dtype))


# -------------------------------------------------------------------------------------------------------- the report


def described(net, plan, task, learning, scaled) -> coding.Coding:
    """Return what `symloss predict` must know of the table."""
    usual = (max(task.classes, key=lambda one: np.sum(task.y[learning] == one)) if task.classes else
             task.y[learning].mean(axis=0).tolist())
    name = plan.targets[0]
    quantiles = () if plan.loss is None else _quantiles(_spec(plan.loss), plan.loss)
    if task.classes is None and net.losses[0].spec.name == "quantile":
        quantiles = (float(net.losses[0].options["q"]),) if len(plan.targets) == 1 else ()
    outputs = [f"{name}_q{q:g}" for q in quantiles] if quantiles and task.classes is None else plan.targets
    return coding.Coding(task.words, plan.targets, outputs, plan.missing, usual, scaled)


def conclude(console, net, known, task, learning, held_out, seconds) -> None:
    """Print the quality of the model, and that of a constant prediction for comparison."""
    chosen, where = (held_out, "validation") if len(held_out) else (learning, "rows to learn from")
    x, y = task.x[chosen], task.y[chosen]
    found = {"epochs": f"{net.history[-1]['epoch']} in {seconds:.1f} s"}
    best = [record["epoch"] for record in net.history if record.get("best")]
    if len(held_out) and best:
        found["kept"] = f"the parameters of epoch {best[-1]}"
    prediction = net.predict(x)
    found |= scores.of_classes(prediction, y, known.usual) if task.classes else scores.of_outputs(known, prediction, y)
    console.print()
    rows(console, found, f"{where} ({len(x)} rows)")
