"""A loss as a function of one prediction and one target: numbers and slopes for arrays of both."""

import dataclasses
import math

import numpy as np
import pytensor
import pytensor.tensor as pt

from .._checks import is_number
from ..compiling import function, resolve
from ..errors import SpecError
from ..losses import Loss, LossSpec
from ..stability.rewriting import stabilise

REACH = 6.0  # how far from the target predictions are looked at, unless an option is a larger threshold
FAR = 20.0  # options below are thresholds that an error may reach
POINTS = 2001
HUGE = 1e6  # slopes that hold predictions above 0


@dataclasses.dataclass(frozen=True)
class Domain:
    """The predictions and targets that a loss is made for.

    Parameters
    ----------
    name : str
    low, high : float
        What predictions may be.
    targets : tuple of float
        Those that the loss is looked at with; the first one is drawn.
    says : str
        What the axis is.
    binary : tuple of float or None
        The targets for no and yes, where there are no others.
    """

    name: str
    low: float
    high: float
    targets: tuple
    says: str
    binary: tuple | None = None


VALUE = Domain("value", -math.inf, math.inf, (1.0, 3.0, 0.0, -2.0), "prediction")
POSITIVE = Domain("positive value", 0.0, math.inf, (1.0, 3.0, 0.2), "prediction, greater than 0")
PROBABILITY = Domain("probability", 0.0, 1.0, (1.0, 0.0), "probability of class 1", (0.0, 1.0))
CLASSES = Domain("class probability", 0.0, 1.0, (1.0, 0.0), "probability of class 1 of two", (0.0, 1.0))
SCORE = Domain("score", -math.inf, math.inf, (1.0, -1.0), "score; targets are -1 and 1", (-1.0, 1.0))
CLASS_SCORE = Domain("class score", -math.inf, math.inf, (1.0, 0.0), "score of class 1; that of class 0 is 0",
                     (0.0, 1.0))


def values_of(subject, options: dict) -> tuple[Loss, dict]:
    """Return a loss, and the values of its options.

    Raises
    ------
    SpecError
        If it is no loss, or a class that has no function of predictions and target.
    """
    if isinstance(subject, Loss) and options:
        raise SpecError(f"report: {subject.name} is a Loss with options of its own. Set the options there")
    if isinstance(subject, Loss):
        bound = subject
    else:
        bound = Loss.build(subject, **options) if isinstance(subject, str | type) else Loss(subject, **options)
    if bound.spec is None:
        raise SpecError(f"report: {bound.name} is a class with its own __call__ or terms. Pass a function of "
                        "(prediction, target)")
    given = {name: float(v(0)) if callable(v) else v for name, v in bound.options.items()}
    return bound, bound.spec.options | given


class Probe:
    """A loss as a function of one prediction x and one target t.

    Parameters
    ----------
    spec : LossSpec
    options : dict
    domain : Domain or None
        None: what the loss says of itself, and how it behaves at negative predictions.

    Raises
    ------
    SpecError
        If it is no function of one prediction and one target.
    """

    def __init__(self, spec: LossSpec, options: dict, domain: Domain | None = None):
        self.spec, self.options = spec, options
        self._functions: dict = {}
        if len(spec.predictions) != 1 or spec.per == "batch" or spec.pairs or spec.padding is not None:
            why = f"has the ports {', '.join(spec.ports)}" if len(spec.predictions) != 1 else "compares items or steps"
            raise SpecError(f"report: {spec.name} {why}, so it is not a function of one prediction and one target")
        failure = None if _candidates(spec) else "its predictions are probabilities of thresholds"
        for self.domain in _candidates(spec) if domain is None else [domain]:
            try:
                values, _ = self(np.array([0.3, 0.6, 0.9]), self.domain.targets[0])
            except (ValueError, TypeError, IndexError, AssertionError, NotImplementedError) as error:
                failure = failure or next(iter(str(error).splitlines()), type(error).__name__)
                continue
            if np.isfinite(values).any() and np.ptp(values):
                break
            failure = failure or "it is the same for all predictions"
        else:
            raise SpecError(f"report: {spec.name} is not a function of one prediction and one target ({failure})")
        if domain is None and self.domain is VALUE and (spec.positive or self._is_for_positive()):
            self.domain = POSITIVE

    def __call__(self, x, t, dtype: str = "float64") -> tuple[np.ndarray, np.ndarray]:
        """Return the loss and its slope by the prediction, for arrays of both of one shape."""
        x, t = np.broadcast_arrays(np.asarray(x, dtype), np.asarray(t, dtype))
        if (self.domain.name, dtype) not in self._functions:
            self._functions[self.domain.name, dtype] = self._compile(dtype)
        with np.errstate(all="ignore"):
            values, slopes = self._functions[self.domain.name, dtype](x.ravel(), t.ravel())
        return np.asarray(values, dtype).reshape(x.shape), np.asarray(slopes, dtype).reshape(x.shape)

    def _compile(self, dtype):
        x, t = pt.vector("x", dtype=dtype), pt.vector("t", dtype=dtype)
        values = self.spec.function(*self._ports(x, t), **self.options)
        if values.ndim == 0:
            raise SpecError(f"report: {self.spec.name} averages its items itself, so it is not a function of one of "
                            "them")
        values = values if values.ndim < 2 else values.sum(axis=tuple(range(1, values.ndim)))
        (values,), _ = stabilise([values])
        slope = pytensor.grad(values.sum(), x, disconnected_inputs="ignore")
        return function([x, t], [values + 0 * x, slope], resolve("PYTHON"))

    def _ports(self, x, t) -> list:
        label = t.astype("int64")
        prediction, target = x[:, None], t[:, None]
        if self.domain in (CLASSES, CLASS_SCORE):
            other = 1 - x if self.domain is CLASSES else pt.zeros_like(x)
            prediction = pt.stack([other, x], axis=1)
            prediction = pt.log(prediction) if self.spec.activation == "log_softmax" else prediction
            target = label if "label" in self.spec.target else pt.stack([1 - t, t], axis=1)
        return [target if port == "target" else prediction for port in self.spec.ports]

    def _is_for_positive(self) -> bool:
        """Return whether nothing happens at predictions below 0, as of a loss of rates or of counts."""
        x = np.array([0.3, 1.1, 2.4])
        refused, idle = [], []
        for target in (1.0, -3.0):
            value, slope = self(-x, np.full(3, target))
            refused.append(np.all(~np.isfinite(value) | ~np.isfinite(slope) | (np.abs(slope) > HUGE)))
            idle.append(np.all((slope == 0) | ~np.isfinite(slope)))
        value, slope = self(x, np.ones(3))
        return bool((refused[0] or all(idle)) and np.any(np.isfinite(value) & (slope != 0)))

    @property
    def says(self) -> str:
        """A description of the predictions."""
        alone = self.spec.per == "item" and self.domain.name in ("value", "positive value", "probability")
        return self.domain.says + (" of an item with one number" if alone else "")

    @property
    def reach(self) -> float:
        """How far from the target predictions are looked at."""
        numbers = [abs(float(o)) for o in self.options.values() if is_number(o) and abs(o) < FAR]
        return max([REACH, *(1.5 * o for o in numbers)])

    def grid(self, target: float) -> np.ndarray:
        """Return many predictions around a target, from low to high; kinks at round numbers lie between them."""
        low, high = self.domain.low, self.domain.high
        low = max(low, target - self.reach) if low == -math.inf else low
        high = min(high, target + self.reach)
        x = np.linspace(low, high, POINTS)
        x[1:-1] += 0.382 * (x[1] - x[0])
        return x[1:-1]

    def targets(self) -> list[float]:
        """Return the targets of the domain for which the loss is defined somewhere."""
        found = [t for t in self.domain.targets if np.isfinite(self(self.grid(t)[::40], t)[0]).any()]
        return found or list(self.domain.targets[:1])


def _candidates(spec) -> list[Domain]:
    """Return the domains that a loss may have, the likeliest one first."""
    if spec.activation in ("softmax", "log_softmax"):
        return [CLASSES]
    if spec.activation == "sigmoid":
        return [] if "label" in spec.target else [PROBABILITY]
    if spec.target.startswith("sign"):
        return [SCORE, CLASS_SCORE]
    if spec.target == "label":
        return [CLASS_SCORE]
    if spec.per == "item" and spec.target == "same":  # such as those of lists, which compare the numbers of an item
        return [VALUE, CLASS_SCORE]
    return [VALUE, CLASSES] if spec.target == "any" else [VALUE]
