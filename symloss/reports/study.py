"""`report`: everything that can be found out numerically about a loss, on one page."""

import dataclasses
import functools

import numpy as np

from ..errors import SpecError
from ..losses import registry
from . import curve, elicitation, page
from .curve import Interval
from .elicitation import Scoring
from .probe import Probe, values_of
from .speed import against_mse


@dataclasses.dataclass(frozen=True, repr=False)
class LossReport:
    """The findings about a loss, from predictions on dense grids. ``print(report)`` shows the page.

    Parameters
    ----------
    name : str
    aliases : list of str
        Names in other libraries and short forms.
    summary, formula : str
        The first line of the documentation of the loss, and its formula, in TeX unless the loss is given as a formula.
    options : dict
        Values of the options.
    unit : str
    domain : str or None
        The kind of predictions: 'value', 'positive value', 'probability', 'class probability', 'score' or 'class
        score'. None: the loss is not a function of one prediction and one target. `reason` then says why, and the
        fields below are empty.
    reason : str or None
    range : (float, float) or None
        Smallest and largest value. Infinity if values are not bounded.
    jumps, kinks, curvature_jumps : list of float
        Predictions at which the value, the slope and the curvature jump, for the first target of the domain.
    convex : bool or None
        Whether the loss is convex in the prediction.
    not_convex : Interval or None
        An interval in which the loss is not convex.
    minima : dict
        The prediction with the smallest loss, by target.
    elicits : str or None
        For losses of numbers, what the best constant prediction is: 'mean', 'median', 'quantile 0.90', ...
    elicited : dict
        The best constant prediction for each distribution that was tried.
    scoring : Scoring or None
        What the loss elicits for a Bernoulli variable.
    robust : 'unbounded', 'bounded', 'redescending' or None
        Behavior of the slope for large errors.
    greatest_slope : float or None
    extremes : list of dict
        Values and slopes in single precision for extreme predictions.
    overflow : float or None
        The power of 10 at which predictions overflow in single precision.
    nowhere, flat : list of Interval
        Predictions at which the loss is not a number, and predictions at which its slope is exactly 0.
    speed : float or None
        Time for value and gradient, as a multiple of that of `mse`. None: not measured.
    """

    name: str
    aliases: list
    summary: str
    formula: str
    options: dict
    unit: str
    domain: str | None
    reason: str | None = None
    axis: str = ""
    target: float | None = None
    range: tuple | None = None
    jumps: list = dataclasses.field(default_factory=list)
    kinks: list = dataclasses.field(default_factory=list)
    curvature_jumps: list = dataclasses.field(default_factory=list)
    convex: bool | None = None
    not_convex: Interval | None = None
    minima: dict = dataclasses.field(default_factory=dict)
    elicits: str | None = None
    elicited: dict = dataclasses.field(default_factory=dict)
    scoring: Scoring | None = None
    robust: str | None = None
    greatest_slope: float | None = None
    extremes: list = dataclasses.field(default_factory=list)
    overflow: float | None = None
    nowhere: list = dataclasses.field(default_factory=list)
    flat: list = dataclasses.field(default_factory=list)
    speed: float | None = None
    subject: object = dataclasses.field(default=None, compare=False)

    @functools.cached_property
    def derivatives(self) -> list:
        """The loss and its first two derivatives, with 'name', 'text' and 'tex'. Empty without the extra 'formulas'."""
        return page.written(self.subject)

    @property
    def minimum_at_target(self) -> bool | None:
        """Whether no prediction is better than the target. None for scores, which cannot equal targets."""
        if not self.minima:
            return None
        return all(target == best for target, best in self.minima.items())

    @property
    def proper(self) -> bool | None:
        """Whether the loss is a proper scoring rule for a Bernoulli variable."""
        return None if self.scoring is None else self.scoring.proper

    def to_dict(self) -> dict:
        """Return the fields as plain data."""
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "subject"}
        plain = {"scoring", "not_convex"} & {k for k, v in found.items() if v is not None}
        lists = {name: [dataclasses.asdict(one) for one in found[name]] for name in ("nowhere", "flat")}
        found["derivatives"] = [dataclasses.asdict(one) for one in self.derivatives]
        return found | {name: dataclasses.asdict(found[name]) for name in plain} | lists

    def html(self, path=None) -> str:
        """Return the page as self-contained HTML that needs no network, and write it to `path` if given."""
        text = page.html(self)
        if path is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return text

    def __str__(self):
        return page.text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return page.body(self)


def report(loss, *, speed: bool = True, mode=None, **options) -> LossReport:
    """Report on a loss: its formula, its curve, and what a model that minimizes it predicts.

    Parameters
    ----------
    loss : str, function, LossSpec or Loss
        The name of a loss, a formula, a function of (prediction, target), or the result of `loss_from`.
    speed : bool
        Whether to compare the speed of the loss with that of `mse`. Both are compiled for it.
    mode : str, Mode or None
        The backend that compiles them.
    **options
        Hyperparameters of the loss.

    Returns
    -------
    LossReport
        The findings as fields of an object. ``print`` shows it as text, a notebook shows it as HTML, and
        ``html(path)`` writes a page.

    Raises
    ------
    SpecError
        If `loss` is not a loss, or is a class that computes its own mean.
    UnknownNameError
        For an unknown loss or option.

    >>> found = report("huber", speed=False, delta=0.5)
    >>> found.convex, found.robust, found.greatest_slope
    (True, 'bounded', 0.5)
    """
    bound, values = values_of(loss, options)
    spec, name = bound.spec, bound.label
    known = spec.name in registry and registry.get(spec.name) is spec
    facts = {
        "name": name, "aliases": [one for one in [spec.name, *registry.aliases(spec.name)] if one != name] * known,
        "summary": spec.summary, "formula": page.formula(spec),
        "options": values, "unit": spec.unit, "subject": bound,
    }
    try:
        probe = Probe(spec, values)
    except SpecError as error:
        return LossReport(**facts, domain=None, reason=str(error))
    return LossReport(**facts, **_findings(probe), speed=against_mse(probe, mode) if speed else None)


@np.errstate(all="ignore")
def _findings(probe: Probe) -> dict:
    target = probe.targets()[0]
    jumps, kinks, of_curvature = curve.kinks(probe, target)
    convex, not_convex = curve.convexity(probe)
    robust, greatest = curve.robustness(probe)
    nowhere, flat = curve.regions(probe)
    numbers = probe.domain.name in ("value", "positive value")
    elicits, elicited = elicitation.functional(probe) if numbers else (None, {})
    return {
        "domain": probe.domain.name, "axis": probe.says, "target": target, "range": curve.value_range(probe),
        "jumps": jumps, "kinks": kinks, "curvature_jumps": of_curvature, "convex": convex, "not_convex": not_convex,
        "minima": {} if "score" in probe.domain.name else curve.minima(probe), "elicits": elicits, "elicited": elicited,
        "scoring": elicitation.bernoulli(probe), "robust": robust, "greatest_slope": greatest,
        "extremes": curve.extremes(probe), "overflow": curve.overflow(probe), "nowhere": nowhere, "flat": flat,
    }
