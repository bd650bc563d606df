"""The registry of metrics: what the decorator records about a function, and the parts of a metric."""

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
    """Return the quotient of two sums, or 0 if there is nothing to divide by.

    >>> quotient(3.0, 2.0), quotient(0.0, 0.0)
    (1.5, 0.0)
    """
    return float(numerator / denominator) if denominator else 0.0


@dataclasses.dataclass(frozen=True)
class Figure:
    """The parts of a metric in one batch, and how the parts of all batches are combined.

    Parameters
    ----------
    parts : tuple of expressions
        Two scalars, tables of a known shape, or (if `merge` is None) arrays with one row for each item.
    finish : callable
        Takes the parts of all batches as NumPy arrays, and returns a number or an array.
    merge : callable or None
        Combines the parts of two batches, as arrays or expressions. Parts that are all 0 must change nothing. With None
        the rows are joined and kept for `finish`.
    """

    parts: tuple
    finish: Callable = quotient
    merge: Callable | None = operator.add


@dataclasses.dataclass(frozen=True, repr=False)
class MetricSpec(Summarised):
    """The description of a metric, which the decorator records.

    Parameters
    ----------
    name : str
    function : callable
        ``function(prediction, target, **options)`` returns values per item if `kind` is 'mean'. If it is 'sums' or
        'whole', ``function(prediction, target, weights, **options)`` returns a `Figure`.
    kind : 'mean', 'sums' or 'whole'
    target : 'values', 'classes', 'columns' or 'any'
        What is compared: any numbers, with labels as 0 and 1 in each column; classes; binary targets in each column; or
        whatever the function makes of the target itself.
    best : 'max', 'min' or None
        Whether higher or lower values are better. None if the value is not a number.
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
    """Register a metric under its own name and `aliases`. See `MetricSpec` for what the function returns.

    Keyword-only arguments of the function are its options.
    """
    if kind not in KINDS:
        raise SpecError(f"@metric: kind={kind!r} is not valid; it must be one of {', '.join(KINDS)}")
    if target not in TARGETS or best not in ("max", "min", None):
        raise SpecError(f"@metric: target={target!r}, best={best!r} are not valid; target must be one of "
                        f"{', '.join(TARGETS)}, and best 'max', 'min' or None")

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
