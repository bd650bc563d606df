"""The registry of metrics: what the decorator knows of a function, and the parts that a figure is made of."""

import dataclasses
import inspect
import operator
from collections.abc import Callable

from .._registry import Registry, in_order
from .._repr import Summarised
from ..errors import SpecError, unknown

KINDS = ("mean", "sums", "whole")
TARGETS = ("values", "classes", "columns", "any")


def quotient(numerator, denominator) -> float:
    """Return a mean of two sums, and 0 of nothing.

    >>> quotient(3.0, 2.0), quotient(0.0, 0.0)
    (1.5, 0.0)
    """
    return float(numerator / denominator) if denominator else 0.0


@dataclasses.dataclass(frozen=True)
class Figure:
    """The parts of a figure in one batch, and how the parts of all batches become the figure.

    Parameters
    ----------
    parts : tuple of expressions
        Two scalars, tables of a known shape, or (where `merge` is None) arrays with one row an item.
    finish : callable
        Takes the parts of all batches as numpy arrays, and returns a number or an array.
    merge : callable or None
        Makes one part of those of two batches, arrays or expressions alike; parts of zeros are those of no batch.
        None: rows are joined, and wait for `finish`.
    """

    parts: tuple
    finish: Callable = quotient
    merge: Callable | None = operator.add


@dataclasses.dataclass(frozen=True, repr=False)
class MetricSpec(Summarised):
    """What the decorator knows of a metric.

    Parameters
    ----------
    name : str
    function : callable
        ``function(prediction, target, **options)`` returns values per item where `kind` is 'mean';
        ``function(prediction, target, weights, **options)`` returns a `Figure` where it is 'sums' or 'whole'.
    kind : 'mean', 'sums' or 'whole'
    target : 'values', 'classes', 'columns' or 'any'
        What is compared: any numbers, with labels as 0 and 1 in each column; classes; yes and no in each column; or
        whatever the function makes of the target as it is.
    best : 'max', 'min' or None
        Which figures are the good ones; None where it is no number.
    options : dict
        Keyword-only arguments with their defaults.
    """

    name: str
    function: Callable
    kind: str
    target: str
    best: str | None
    options: dict = dataclasses.field(hash=False)

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.function) or self.name).splitlines()[0]

    def check_options(self, given) -> None:
        """Raise UnknownNameError for an option that the metric does not take."""
        for option in given:
            if option not in self.options:
                raise unknown(f"option of metric {self.name!r}:", option, self.options or ["none"])


registry: Registry = Registry("metric")  # name -> MetricSpec


def metric(*aliases: str, kind="mean", target="classes", best: str | None = "max"):
    """Register a metric under its own name and `aliases`; see `MetricSpec` for what the function returns.

    Keyword-only arguments of the function are its options.
    """
    if kind not in KINDS:
        raise SpecError(f"@metric: kind={kind!r}; one of {', '.join(KINDS)} is wanted")
    if target not in TARGETS or best not in ("max", "min", None):
        raise SpecError(f"@metric: target={target!r}, best={best!r}; one of {', '.join(TARGETS)} is wanted, and 'max', "
                        f"'min' or None")

    def register(given):
        function = in_order(given)
        parameters = inspect.signature(function).parameters.values()
        options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        spec = MetricSpec(function.__name__, function, kind, target, best, options)
        registry.add(spec.name, spec, aliases)
        return given

    return register


def get(name: str) -> MetricSpec:
    """Return the MetricSpec of a metric by name or alias.

    >>> get("auc").name
    'roc_auc'
    """
    return registry.get(name)


def names() -> list[str]:
    """Return the names of all metrics."""
    return list(registry)
