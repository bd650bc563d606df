"""Metrics, losses and functions that a training or a score shows, bound to an output of a model."""

import dataclasses
import inspect
from collections.abc import Callable

import pytensor
import pytensor.tensor as pt

from .. import losses, metrics
from .._checks import tensor, undo
from .._fingerprint import fingerprint
from ..errors import SpecError, UnknownNameError, unknown
from ..losses.loss_inputs import one_hot
from ..metrics import Figure, MetricSpec

RESERVED = ("loss", "weighted", "epoch", "updates", "seconds", "samples", "best", "partial", "stopped", "batch")
KEYWORDS = ("form", "name", "output_name")
DECODED = ("label_error_rate", "edit_distance")  # of sequences that are decoded when a step is over


def find(form):
    """Return the MetricSpec, or the entry of the registry of losses, called `form`; functions are returned as they are.

    Raises
    ------
    UnknownNameError
        With the nearest names of both.
    """
    if callable(form) or isinstance(form, MetricSpec):
        return form
    if not isinstance(form, str):
        raise SpecError(
            f"metric {form!r} must be a name, a dict with 'form', or a function of (prediction, target)"
        )
    if form in metrics.registry:
        return metrics.get(form)
    if form in losses.registry:
        return losses.registry.get(form)
    if form in DECODED:
        raise UnknownNameError(f"metric {form!r}: it compares label sequences, which a model with the loss 'ctc' "
                               f"decodes outside of training steps. Call net.score(x, y, metric={form!r}), for "
                               "example between the epochs of net.itertrain(...)")
    known, also = (*metrics.registry, *losses.registry), metrics.registry.spellings() + losses.registry.spellings()
    raise unknown("metric", form, known, also)


def figure(form, prediction, target, weights=None, **options) -> Figure:
    """Return the parts of a metric, a loss or a user's function, as expressions of one batch.

    Parameters
    ----------
    form : str or callable
    prediction, target : tensors
    weights : tensor or None
        In the shape of the target, or one per item.
    **options
        Of the metric or the loss.

    >>> float(figure("acc", pt.constant([[0.2, 0.8]]), pt.constant([1])).parts[0].eval())
    1.0
    """
    entry = find(form)
    if not isinstance(entry, MetricSpec):
        return _figure_of_loss(form, {"out:out": prediction}, target, weights, options)
    entry.check_options(options)
    target = tensor(target, entry.name, "target")
    has_labels = not target.dtype.startswith("float") and target.ndim == prediction.ndim - 1
    if entry.target == "values" and has_labels and prediction.type.shape[-1] != 1:
        target = one_hot(target, prediction)
    if entry.kind != "mean":
        return entry.function(prediction, target, weights, **options)
    return Figure(losses.fraction(_values(entry, prediction, target, options), weights))


def _values(entry, prediction, target, options):
    values = entry.function(prediction, target, **options)
    if values.ndim == 0:
        raise SpecError(f"metric {entry.name}: the function returned a scalar. Return a value per item, for example "
                        "without .mean()")
    return values if values.dtype.startswith("float") else values.astype(pytensor.config.floatX)


def _figure_of_loss(form, outputs, target, weights, options, step_mask=None) -> Figure:
    """Return the mean of a loss over everything that has a weight."""
    options = {"output_name": "out"} | options
    loss = losses.Loss.build(form, **options) if isinstance(form, str) else losses.Loss(form, **options)
    if loss.spec is not None and "steps" in loss.spec.options and "steps" not in loss.options:
        loss.step_mask = step_mask
    return Figure(loss.bind(target, weights).parts(outputs))


@dataclasses.dataclass(frozen=True)
class Measure:
    """A metric, bound to an output of a model, its target, and the weights of the data.

    Parameters
    ----------
    name : str
        Name of the value in the records.
    form : str, MetricSpec or callable
        Name of a metric or a loss, a metric itself, or a function of (prediction, target) that returns values per item.
    options : dict
    output_name : str
    target : variable
    weights : variable or None
    ignored : int or None
        The label that does not count.
    step_mask : variable or None
        Marks the real steps, for losses that ask for it.
    """

    name: str
    form: str | Callable
    options: dict
    output_name: str
    target: object
    weights: object = None
    ignored: int | None = None
    step_mask: object = None

    @property
    def kind(self) -> str:
        """How its figure comes about: 'mean', 'sums' or 'whole'."""
        entry = find(self.form)
        return entry.kind if isinstance(entry, MetricSpec) else "mean"

    def described(self) -> str:
        """Return in words how its figure comes about."""
        return {
            "mean": "a mean, summed up in every step",
            "sums": "of a table that is summed up in every step",
            "whole": "of all scores at once, by a pass over the data without noise",
        }[self.kind]

    @property
    def variables(self) -> list:
        """The arrays that it needs from the data."""
        return [v for v in (self.target, self.weights, self.step_mask) if v is not None]

    def key(self) -> tuple:
        """Return what a compiled function depends on."""
        settings = fingerprint(dict(sorted(self.options.items())))
        data = id(self.target), id(self.weights), id(self.step_mask)
        return self.name, self.form, settings, self.output_name, *data, self.ignored

    def counted(self):
        """Return the weights of the data, times 0 for labels that are ignored; None if everything counts as 1."""
        if self.ignored is None:
            return self.weights
        kept = pt.neq(self.target, self.ignored)
        ones = pt.ones_like(self.target, dtype="float64") if self.weights is None else self.weights
        return pt.switch(kept, ones, pt.zeros((), dtype=ones.dtype))

    def figure(self, outputs) -> Figure:
        """Return its parts for the `outputs` of a graph."""
        weights = self.counted()
        if isinstance(find(self.form), MetricSpec):
            return figure(self.form, outputs[self.output_name], self.target, weights, **self.options)
        weights = None if weights is None else weights.astype(outputs[self.output_name].dtype)
        options = {"output_name": self.output_name} | self.options
        return _figure_of_loss(self.form, outputs, self.target, weights, options, self.step_mask)

    def domain(self, outputs) -> str | None:
        """Return what values a target of numbers may have, see `LossSpec.domain`; None for any."""
        entry = find(self.form)
        if isinstance(entry, losses.LossSpec):
            options = {"output_name": self.output_name} | self.options
            return losses.Loss.build(self.form, **options).domain(outputs)
        shape, signs = outputs[self.output_name].type.shape, "threshold" in self.options
        anything = not isinstance(entry, MetricSpec) or entry.target in ("values", "any")
        if anything or signs or self.target.ndim != len(shape):
            return None
        apart = entry.target == "columns" or self.options.get("multilabel") or shape[-1] == 1
        return "unit" if apart else "distribution"

    def repeats(self, loss) -> bool:
        """Return whether this is the same figure as the term of a `loss` of the model."""
        return (loss.form == self.form and loss.options == self.options and loss.output_name == self.output_name
                and loss.how == "mean" and loss.like is None and loss.class_weight is None and not loss.ports
                and loss._target is self.target and loss._weights is self.weights)


def bind(asked, model_losses, outputs, main: str) -> list[Measure]:
    """Return the requested measures, each name once.

    Parameters
    ----------
    asked : sequence of str, dict, function or Measure
    model_losses : list of Loss
        Whose targets and weights they share: those of the first loss on the same output.
    outputs : dict
        Expressions by name.
    main : str
        Name of the output that is used if none is named.

    Raises
    ------
    UnknownNameError
        For an unknown name, option or output.
    """
    found: list[Measure] = []
    for one in asked:
        measure = one if isinstance(one, Measure) else bound(one, model_losses, outputs, main)
        if any(_is_same(m, measure) for m in found) or any(measure.repeats(loss) for loss in model_losses):
            continue
        if measure.name in {m.name for m in found}:
            raise SpecError(f"metric {measure.name!r}: two metrics have this name. Pass {{'form': ..., 'name': ...}} "
                            "for one of them")
        found.append(measure)
    return found


def _is_same(one, other) -> bool:
    """Return whether two measures show one figure, under one name or under two."""
    settings = [(m.options, m.output_name) for m in (one, other)]
    return find(one.form) is find(other.form) and settings[0] == settings[1]


def bound(asked, model_losses, outputs: dict, main: str) -> Measure:
    """Return one metric, bound; see `bind`."""
    options = dict(asked) if isinstance(asked, dict) else {"form": asked}
    if "form" not in options:
        raise SpecError(f"metric {asked!r}: the key 'form' is missing. Write {{'form': 'f_beta', 'beta': 2}}, for "
                        "example")
    form, output_name = options.pop("form"), options.pop("output_name", main)
    entry = find(form)
    formula = isinstance(entry, losses.LossSpec) and (entry.definition is not None or form is entry)
    named = isinstance(entry, MetricSpec) and not isinstance(form, str)
    label = entry.name if formula or named else form if isinstance(form, str) else _called(form)
    full = output_name if ":" in output_name else f"{output_name}:out"
    if full not in outputs:
        raise unknown(f"output of metric {label!r}:", full, outputs)
    name = options.pop("name", label if full == main else f"{label}({full.removesuffix(':out')})")
    if not isinstance(name, str) or name in RESERVED or name.startswith("valid_"):
        raise SpecError(f"metric {label!r}: the name {name!r} has another meaning in a record. Give it another 'name'")
    source = next((x for x in model_losses if x.output_name == full and x._target is not None), None)
    if source is None:
        have = ", ".join(dict.fromkeys(x.output_name for x in model_losses))
        raise SpecError(f"metric {label!r}: the output {full} has no loss and therefore no target. There are losses "
                        f"on {have}")
    if source.numbers_an_item > 1 and full in outputs and outputs[full].type.shape[-1] != source.numbers_an_item:
        raise SpecError(f"metric {label!r}: the output {full} has features; the scores of the classes are inside "
                        f"{source.label}. After the training, call net.score(x, y, metric={label!r}), which uses all "
                        "classes")
    ignored = {x.options.get("ignore_index") for x in model_losses if x._target is source._target}
    ignored = ignored.pop() if len(ignored) == 1 and source._target.dtype.startswith("int") else None
    if source.has_own_length and not isinstance(entry, losses.LossSpec):
        raise SpecError(f"metric {label!r}: the targets of {source.label} are sequences with their own lengths, so "
                        f"they cannot be compared with predictions step by step. Pass metrics=[{source.label!r}]")
    if source.has_own_length and isinstance(asked, str) and find(source.form) is entry:  # labels go around its blank
        options = dict(source.options) | ({} if source.like is None else {"like": source.like})
    if isinstance(entry, MetricSpec):
        entry.check_options(options)
        options = _signs(entry, source, outputs[full]) | options
    elif inspect.isclass(entry) or isinstance(entry, losses.LossSpec):
        options = _ignoring(entry, ignored) | options
    measure = Measure(name, form, options, full, source._target, source._weights, ignored, source.step_mask)
    measure.figure(outputs)  # a mistake shows here, and not while training
    return measure


def _called(form) -> str:
    return getattr(form, "__name__", type(form).__name__)


def _signs(entry, source, output) -> dict:
    """Return the options by which targets of -1 and 1 are decided on, where a loss has such."""
    kind = "" if source.spec is None else source.spec.target
    if not kind.startswith("sign") or source._target.dtype.startswith("int") or undo(output, "sigmoid") is not None:
        return {}
    wanted = {"threshold": 0.0, "multilabel": True}
    return {name: value for name, value in wanted.items() if name in entry.options}


def _ignoring(entry, ignored) -> dict:
    """Return the option that makes a loss read ignored labels as such, and not as classes out of range."""
    known = isinstance(entry, losses.LossSpec) and "ignore_index" in entry.options
    return {"ignore_index": ignored} if known and ignored is not None else {}
