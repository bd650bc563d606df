"""Checks of gradients: symbolic ones against finite differences in float64, for a loss or every term of a model."""

import dataclasses
import html

import numpy as np
import pytensor
from rich import box
from rich.table import Table

from ._repr import STYLE, html_lines, html_table
from .compiling import function, resolve
from .data import prepare
from .errors import DataError, SpecError
from .evaluate import guarded
from .explain import Text, table_text
from .losses import Loss, LossSpec, divide
from .objective import Objective
from .regularizers import from_options
from .stability import rewriting as stability

STEP = 1e-4  # of the differences; four points, so their error is of its fourth power
TOLERANCE = 1e-6  # of a slope, relative to the largest one
ENTRIES = 6  # numbers of a parameter that are looked at one by one, besides one direction through all of them
FINE, WRONG, NONE, FLAT, KINK = "right", "wrong", "no path", "zero", "kink met"


@dataclasses.dataclass(frozen=True)
class Row:
    """The result for one term and one parameter (or port).

    Parameters
    ----------
    term, parameter : str
    verdict : str
        'right', 'wrong', 'no path' (the term does not depend on the parameter), 'zero' (it does, but its gradient is 0
        everywhere because of a clip, or a saturated or dead unit), or 'kink met' (the differences to both sides do not
        agree).
    error : float
        Greatest difference between the two gradients, relative to the largest one.
    """

    term: str
    parameter: str
    verdict: str
    error: float


class Report:
    """A table of gradients with a verdict. It is true if no gradient is wrong and every parameter is reached."""

    def __init__(self, subject: str, rows: list[Row], notes: list[str]):
        self.subject, self.rows, self.notes = subject, rows, notes

    @property
    def wrong(self) -> list[Row]:
        """The rows whose gradient is wrong."""
        return [row for row in self.rows if row.verdict == WRONG]

    @property
    def unreached(self) -> list[str]:
        """Parameters that no term depends on, or whose gradient is always 0."""
        names = dict.fromkeys(row.parameter for row in self.rows)
        alive = {row.parameter for row in self.rows if row.verdict not in (NONE, FLAT)}
        return [name for name in names if name not in alive]

    def __bool__(self):
        return not self.wrong and not self.unreached

    def _table(self) -> Table:
        table = Table(box=box.SIMPLE_HEAVY)
        for title in ("term", "by", "verdict", "error"):
            table.add_column(title, justify="right" if title == "error" else "left")
        for row in self.rows:
            table.add_row(row.term, row.parameter, row.verdict, "" if row.verdict == NONE else f"{row.error:.1e}")
        return table

    def __str__(self):
        return Text("\n".join([f"gradients of {self.subject}", table_text(self._table()), *self.notes, self.verdict()]))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        said = html_lines([*self.notes, self.verdict()])
        return (f'{STYLE}<div class="symloss-page"><div>{html.escape(f"gradients of {self.subject}")}</div>'
                f"{html_table(self._table())}{said}</div>")

    def verdict(self) -> str:
        """Return a summary in one line."""
        if self.wrong:
            return f"wrong: {', '.join(f'{row.term} by {row.parameter}' for row in self.wrong)}"
        if self.unreached:
            return f"right, but no loss moves {', '.join(self.unreached)}"
        return "all gradients are right"


def check(subject, data, *, items: int = 32, seed: int = 0, **options) -> Report:
    """Compare symbolic gradients with finite differences, in float64.

    Parameters
    ----------
    subject : Network, or a loss: name, function of (prediction, target), LossSpec
        For a model, every term is checked by every parameter. For a loss, the value is checked by every port of floats.
    data : data
        Data as for `train`. For a loss, a list of arrays, one for each port.
    items : int
        How many items of the data to use.
    seed : int
        Seed for the directions to try.
    **options
        For a model its regularizers, such as ``weight_l2=0.1``. For a loss its hyperparameters.

    Returns
    -------
    Report
        A table that prints itself, with a verdict. It is false if a gradient is wrong, or if no term reaches a
        parameter.

    >>> bool(check("huber", [[[0.3, 2.0]], [[0.0, 0.0]]]))
    True
    """
    rng = np.random.default_rng(seed)
    with pytensor.config.change_flags(floatX="float64"):
        if hasattr(subject, "graph"):
            return _of_model(subject, data, items, rng, options)
        return _of_loss(subject, data, items, rng, options)


# -------------------------------------------------------------------------------------------------------------- a model


def _of_model(model, data, items, rng, options):
    if not model.losses:
        raise SpecError("check: the model has no loss. Add one, for example net.add_loss('mse')")
    twin = _twin(model)
    fields = twin._with_encoders(twin._fields())
    arrays = [a[:items] for a in prepare(data, fields, "check")]
    made = [r for r in from_options(options, twin.graph) if not r.on_graph]
    plain = Objective(twin.graph, twin.losses, made)
    objective = stability.stable(plain, model.stable)
    terms = [t for t in objective.training_terms if t.source is not None]
    parameters = objective.parameters
    values = [divide(t.numerator, t.denominator) for t in terms]
    slopes = [_slopes(v, list(parameters.values())) for v in values]
    known = [g for row in slopes for g in row if g is not None]
    backend = resolve("PYTHON")
    value_at = function(objective.variables, values, backend)
    slope_at = function(objective.variables, known, backend)
    found = iter(slope_at(*arrays))
    rows = []
    for index, term in enumerate(terms):
        for (name, parameter), slope in zip(parameters.items(), slopes[index], strict=True):
            if slope is None:
                rows.append(Row(term.name, name, NONE, 0.0))
                continue
            start = parameter.get_value()

            def at(moved, parameter=parameter, index=index):
                parameter.set_value(moved)
                return float(value_at(*arrays)[index])

            rows.append(Row(term.name, name, *_compare(at, start, next(found), rng)))
            parameter.set_value(start)
    notes = [f"rewritten: {applied}" for applied in objective.applied] + _still_places(plain, arrays)
    return Report(repr(model), rows, notes)


def _still_places(objective, arrays) -> list[str]:
    """Return a line for each loss whose slope by its output is 0 in places: clipped, saturated, or just right."""
    outputs = objective.outputs
    terms = [t for t in objective.training_terms if isinstance(t.source, Loss)]
    slopes = [(t, _slopes(divide(t.numerator, t.denominator), [outputs[t.source.output_name]])[0]) for t in terms]
    slopes = [(t, slope) for t, slope in slopes if slope is not None]
    found = function(objective.variables, [slope for _, slope in slopes], resolve("PYTHON"))(*arrays)
    return [line for (t, _), slope in zip(slopes, found, strict=True) for line in
            _still(t.name, t.source.output_name, slope, t.source.spec)]


def _still(name, by, slope, spec) -> list[str]:
    """Return a line on the places where a slope is 0; with labels on the items, as other classes' slopes may be 0."""
    labelled = spec is not None and "label" in spec.target  # a user's class has no spec
    still = (slope == 0).all(axis=-1) if labelled and slope.ndim > 1 else slope == 0
    share = float(np.mean(still)) if still.size else 0.0
    return [f"{name}: its slope by {by} is 0 in {100 * share:.0f} % of the {'items' if labelled else 'places'} "
            f"(clipped, saturated, or exactly right)"] if share else []


def _twin(model):
    """Return the same model in float64."""
    layers = model.graph.to_spec()
    for spec, layer in zip(layers, model.layers, strict=True):
        if layer.activate.custom:
            spec["activation"] = layer.activate.function
    twin = type(model)(layers, loss=None, weighted=model.weighted, seed=model.seed)
    twin.encoders = dict(model.encoders)
    for loss in model.losses:
        copy = loss.unbound()
        copy.anywhere = False
        twin.add_loss(copy)
    twin.stable = model.stable
    for name, parameter in model.graph.parameters.items():
        twin.graph.parameters[name].set_value(parameter.get_value().astype("float64"))
    return twin


# --------------------------------------------------------------------------------------------------------------- a loss


def _of_loss(subject, data, items, rng, options):
    spec = subject if isinstance(subject, LossSpec) else Loss(subject).spec
    spec.check_options(options)
    if not isinstance(data, list | tuple) or len(data) != len(spec.ports):
        raise DataError(f"check: the loss {spec.name!r} takes {len(spec.ports)} arrays ({', '.join(spec.ports)}). "
                        "Pass them as one list")
    arrays = [np.asarray(a)[:items] for a in data]
    arrays = guarded(spec, [a.astype("float64") if a.dtype.kind == "f" else a for a in arrays], options, who="check")
    ports = [pytensor.tensor.tensor(name=port, dtype=str(a.dtype), shape=(None,) * max(a.ndim - 1, 0) + a.shape[-1:])
             for port, a in zip(spec.ports, arrays, strict=True)]
    value = spec.function(*ports, **options).sum()
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    slopes = _slopes(value, [ports[i] for i in floats])
    backend = resolve("PYTHON")
    value_at = function(ports, [value], backend)
    found = iter(function(ports, [g for g in slopes if g is not None], backend)(*arrays))
    rows, notes = [], []
    for i, slope in zip(floats, slopes, strict=True):
        if slope is None:
            rows.append(Row(spec.name, spec.ports[i], NONE, 0.0))
            continue

        def at(moved, i=i):
            return float(value_at(*arrays[:i], moved, *arrays[i + 1 :])[0])

        slope = next(found)
        rows.append(Row(spec.name, spec.ports[i], *_compare(at, arrays[i], slope, rng)))
        notes += _still(spec.name, spec.ports[i], slope, spec)
    return Report(f"loss {spec.name}", rows, notes)


# ---------------------------------------------------------------------------------------------------------- differences


def _slopes(value, variables):
    """Return the gradient by each variable, or None where there is no path to it."""
    return pytensor.grad(value, variables, disconnected_inputs="ignore", return_disconnected="none")


def _compare(at, start, slope, rng):
    """Return verdict and error of `slope`, the gradient of the function `at` at `start`."""
    slope = np.asarray(slope)
    if slope.shape != start.shape:
        return WRONG, float("inf")
    places = [np.unravel_index(i, start.shape) for i in
              rng.choice(start.size, min(ENTRIES, start.size), replace=False)] if start.size else []
    directions = []
    for place in places:
        direction = np.zeros(start.shape)
        direction[place] = 1
        directions.append(direction)
    directions.append(rng.choice([-1.0, 1.0], start.shape) / max(np.sqrt(start.size), 1))
    scale = max(float(np.abs(slope).max(initial=0)), 1e-8)
    worst, kinked, moves = 0.0, False, False
    for direction in directions:
        expected = float((slope * direction).sum())
        both = _difference(at, start, direction, STEP)
        error = abs(both - expected) / scale
        moves |= abs(both) > 1e-9 * scale
        bent = _one_sided_disagree(at, start, direction, scale)
        kinked |= bent
        if not error <= TOLERANCE:
            closer = abs(_difference(at, start, direction, STEP / 100) - expected) / scale
            if bent or closer <= 1e-3 * TOLERANCE ** 0.5:
                kinked = True  # a bend lies within the wider step, or right here
                continue
        worst = max(worst, error)
    if not worst <= TOLERANCE:
        return WRONG, worst
    if not slope.any() and not moves and not kinked:
        return FLAT, worst
    return (KINK if kinked else FINE), worst


def _difference(at, start, direction, step):
    near = at(start + step * direction) - at(start - step * direction)
    far = at(start + 2 * step * direction) - at(start - 2 * step * direction)
    return (8 * near - far) / (12 * step)


def _one_sided_disagree(at, start, direction, scale):
    """Return whether the slopes to both sides differ, and do so as much nearer by: with a curve they come together."""
    here = at(start)

    def gap(step):
        return abs(at(start + step * direction) - 2 * here + at(start - step * direction)) / step

    step = STEP / 100
    rounding = 8 * np.finfo(float).eps * abs(here) / step
    near = gap(step)
    return near > 1e-3 * scale + rounding and near > gap(10 * step) / 2
