"""Objectives for boosting libraries: gradients and second derivatives with respect to raw scores, and a metric.

A booster adds up trees. Their sum is a raw score, which may be any number. A link turns it into the prediction that
the loss is computed from: a sigmoid for probabilities, an exponential for positive means.
"""

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from .._checks import is_number
from ..errors import DataError, SpecError, TrainingError, unknown
from .raw_loss import RawLoss

HESSIANS = ("auto", "exact", "absolute", "constant")
FLOOR = 1e-16  # of second derivatives, as XGBoost has it
FLAT = 1e3  # a Newton step so many times longer than all errors around says that there is no curvature to speak of


class Objective:
    """A loss as the objective of a booster: what all boosters have in common.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
        The loss. A list is a sum of losses; pass a dict to give one a weight, ``{"form": "mae", "weight": 0.5}``.
    link : str, dict or None
        The function that turns a raw score into a prediction: 'identity', 'sigmoid', 'exp', 'softplus', 'softmax' or
        'log_softmax'. Pass a dict by port if the loss has several ports. None: the link that fits the loss.
    hessian : str or float
        The second derivatives that the booster receives. 'exact': the exact values, but at least `floor`. 'absolute':
        their absolute values, but at least `floor`. 'constant': 1 for every value, times its weight. A number: this
        number instead of 1. 'auto': 'constant' for losses that have slopes without curvature ('mae', 'huber',
        'quantile', hinges) or that compare items with each other, 'absolute' for other losses that are not convex, and
        'exact' for all other losses.
    floor : float
        Smallest second derivative of an item of weight 1.
    factor : float or None
        Factor that second derivatives are multiplied by. None: the factor that the booster itself uses, see
        `softmax_factor`.
    mode : str or None
        The backend; see `compiling.resolve`.
    **options
        Hyperparameters of the loss.

    Raises
    ------
    SpecError, UnknownNameError
        For a loss that has no value for each single item, and for unknown names.
    """

    system = "boosting"

    def __init__(self, loss="mse", *, link=None, hessian="auto", floor=FLOOR, factor=None, mode=None, **options):
        who = f"export.{self.system}"
        self.raw = RawLoss(loss, options, link, who, mode)
        self._made_of = {"loss": loss, "link": link, "hessian": hessian, "floor": floor, "factor": factor,
                         "mode": mode, **options}
        if not (isinstance(hessian, str) and hessian in HESSIANS) and not (is_number(hessian) and hessian > 0):
            if isinstance(hessian, str):
                raise unknown(f"{who}: hessian", hessian, HESSIANS)
            raise SpecError(f"{who}: hessian={hessian!r} is not valid; pass {', '.join(HESSIANS)} or a positive number")
        for name, value in (("floor", floor), ("factor", factor)):
            if not (name == "factor" and value is None) and not (is_number(value) and value > 0):
                raise SpecError(f"{who}: {name}={value!r} is not valid; it must be a positive number")
        if self.raw.pairs and hessian in ("exact", "absolute"):
            raise SpecError(f"{who}: {self.raw.name} compares items with each other, so items have no second "
                            "derivatives of their own. Use hessian='constant', or a number")
        self._asked, self.floor, self._factor, self.who = hessian, float(floor), factor, who
        self._chosen: dict = {}

    def __reduce__(self):
        return _made, (type(self), self._made_of)

    def __deepcopy__(self, memo):
        return _made(type(self), self._made_of)

    def __repr__(self):
        links = ", ".join(f"{port}: {link.name}" for port, link in self.raw.links.items())
        return f"<{self.who} {self.raw.name}, link {links}, hessian {self._asked}>"

    # ------------------------------------------------------------------------------------------ what users call

    @property
    def __name__(self):  # what boosters call it
        return self.raw.name

    @property
    def metric(self) -> "Metric":
        """The mean of the loss, as a metric of the same booster."""
        return self.metric_class(self)

    def predictions(self, raw):
        """Apply the link: return the predictions for raw scores.

        Parameters
        ----------
        raw : array (n,) or (n, k)

        Returns
        -------
        array, or a dict of arrays by port if the loss has several
            Probabilities (n, 2) for a loss of classes with a single score.
        """
        return self.raw.predictions(raw)

    def value(self, raw, target, weights=None) -> float:
        """Return the mean loss: sum(w l) / sum(w) over the items. Losses per element are first averaged over columns.

        Parameters
        ----------
        raw : array (n,) or (n, k)
        target : array (n,) or (n, m)
        weights : array (n,) or None
        """
        scores = self.raw.scores(raw)
        weights = self.raw.weights(weights, len(scores))
        values = self.raw.values(scores, self.raw.targets(target, scores), weights)
        per_element = all(term.spec.per == "element" for term in self.raw.terms)
        values = values / self.raw.width(scores.shape[1]) if per_element else values
        if weights is None or self.raw.pairs:
            return float(values.mean())
        counts = weights != 0
        total = weights[counts].sum()
        return float((values[counts] * weights[counts]).sum() / total) if total else 0.0

    def gradient_and_hessian(self, raw, target, weights=None) -> tuple[np.ndarray, np.ndarray]:
        """Return the gradient and the second derivatives of the weighted sum of the loss, both in the shape of `raw`.

        Parameters
        ----------
        raw : array (n,) or (n, k)
        target : array (n,) or (n, m)
        weights : array (n,) or None

        Raises
        ------
        TrainingError
            If a gradient is not finite.
        """
        shape, scores = np.shape(raw), self.raw.scores(raw)
        weights = self.raw.weights(weights, len(scores))
        targets = self.raw.targets(target, scores)
        rule = self.hessian_for(scores.shape[1])
        if rule in ("exact", "absolute"):
            slope, curvature = self.raw.slope_and_curvature(scores, targets, weights)
        else:
            slope = self.raw.slope(scores, targets, weights)
            curvature = np.full_like(slope, 1.0 if rule == "constant" else rule)
        curvature = np.maximum(abs(curvature) if rule == "absolute" else curvature, self.floor)
        curvature = curvature * self.factor(scores.shape[1])
        if weights is not None:
            counts = weights[:, None] != 0  # a weight of 0 silences NaN, too
            slope = slope if self.raw.pairs else np.where(counts, slope * weights[:, None], 0)
            curvature = np.where(counts, curvature * weights[:, None], 0)
        self._check(slope, curvature, scores)
        return slope.reshape(shape), curvature.reshape(shape)

    def initial_score(self, target, weights=None, columns: int | None = None):
        """Return the constant raw score with the smallest loss, as a start for boosting.

        Boosters compute such a constant for their own objectives, but not for custom objectives.

        Parameters
        ----------
        target : array (n,) or (n, m)
        weights : array (n,) or None
        columns : int or None
            Number of raw scores per item. None: one for each column of the target, each port, or each class if there
            are more than two.

        Returns
        -------
        float, or array (k,) for several columns
        """
        target = np.asarray(target)
        columns = self._columns(target) if columns is None else columns
        weights = self.raw.weights(weights, len(target))
        scores = np.zeros((len(target), columns))
        targets = self.raw.targets(target, scores)

        def total(constant):
            values = self.raw.values(scores + constant, targets, weights)
            return float(values.sum() if weights is None or self.raw.pairs else (values * weights).sum())

        if columns == 1:
            low, high = self._bounds(target)
            return float(minimize_scalar(total, bounds=(low, high), method="bounded", options={"xatol": 1e-9}).x)

        def slope(constant):
            found = self.raw.slope(scores + constant, targets, weights)
            return (found if weights is None or self.raw.pairs else found * weights[:, None]).sum(axis=0)

        return minimize(total, np.zeros(columns), jac=slope, method="BFGS").x

    # ------------------------------------------------------------------------------------------ what is decided

    def hessian_for(self, columns: int = 1) -> str | float:
        """Return the rule for second derivatives with this number of columns, that is, the meaning of 'auto'."""
        if self._asked != "auto":
            return self._asked
        if columns not in self._chosen:
            self._chosen[columns] = "constant" if self.raw.pairs else self._probed(columns)
        return self._chosen[columns]

    def factor(self, columns: int) -> float:
        """Return the factor that second derivatives are multiplied by."""
        if self._factor is not None:
            return self._factor
        last = next(iter(self.raw.links.values())).name
        return self.softmax_factor(columns) if columns > 1 and last in ("softmax", "log_softmax") else 1.0

    def softmax_factor(self, columns: int) -> float:
        """Return the factor that this booster's own softmax objective uses for this number of classes."""
        return 1.0

    def _probed(self, columns) -> str:
        """Return the rule that fits: by looking at derivatives for small, middling and large errors."""
        scores, target = self._probes(columns)
        slope, curvature = self.raw.slope_and_curvature(scores, self.raw.targets(target, scores))
        active = abs(slope) > 1e-12
        with np.errstate(divide="ignore", invalid="ignore"):
            step = abs(slope) / abs(curvature)
        longest = np.maximum(abs(scores).max(axis=1, keepdims=True), 1)
        if (active & ~(step < FLAT * longest)).any():
            return "constant"
        return "absolute" if (curvature < 0).any() else "exact"

    def _probes(self, columns):
        """Return raw scores (n, k) and targets (n,) or (n, k) that cover what a loss may meet."""
        term, names = self.raw.terms[0], {link.name for term in self.raw.terms for link in term.links.values()}
        kind, width = term.spec.target, term.width(columns)
        unbounded = names == {"identity"} and kind in ("same", "any")
        reach = np.geomspace(1e-2, 1e4 if unbounded else 8 if columns == 1 else 3, 24)
        errors = np.concatenate([-reach[::-1], reach])
        scores = np.stack([np.roll(errors, 7 * column) for column in range(columns)], axis=1)
        rows = np.arange(len(scores))
        if "label" in kind and not (kind == "sign or label" and width == 1):
            return scores, rows % max(width, 2)
        if "sign" in kind or term.spec.activation == "sigmoid":
            return scores, np.stack([(rows + column) % 2 for column in range(width)], axis=1)
        if term.spec.activation in ("softmax", "log_softmax"):
            return scores, rows % width
        aim = np.ones((len(rows), width)) if "exp" in names or "softplus" in names else np.zeros((len(rows), width))
        return scores, aim[:, :1] if term.spec.shape is not None else aim

    def _columns(self, target) -> int:
        spec = self.raw.terms[0].spec
        if len(self.raw.links) > 1:
            return len(self.raw.links)
        if target.ndim == 2:
            return target.shape[1]
        if spec.shape is not None and spec.target == "same":
            return len(np.atleast_1d(self.raw.terms[0].options.get("q", spec.options.get("q", 1))))
        classes = int(target.max()) + 1 if "label" in spec.target or spec.activation == "softmax" else 1
        return classes if classes > 2 else 1

    def _bounds(self, target):
        """Return between which numbers the best constant lies."""
        identity = all(link.name == "identity" for term in self.raw.terms for link in term.links.values())
        if identity and "sign" not in self.raw.terms[0].spec.target:
            low, high = float(np.min(target)), float(np.max(target))
            return (low, high) if low < high else (low - 1, low + 1)
        return -30.0, 30.0

    def _check(self, slope, curvature, scores):
        wrong = ~(np.isfinite(slope) & np.isfinite(curvature)).all(axis=1)
        if not wrong.any():
            return
        row = int(np.flatnonzero(wrong)[0])
        raise TrainingError(f"{self.who}: the gradient of {self.raw.name} is not finite in {int(wrong.sum())} of "
                            f"{len(scores)} items, first in row {row}, whose raw score is {scores[row].tolist()}. "
                            "Check the targets there, lower the learning rate, or pass link= if predictions leave the "
                            "range of the loss")


class Metric:
    """The mean of an exported loss, as a metric of a booster: lower is better."""

    def __init__(self, objective: Objective):
        self.objective = objective

    @property
    def __name__(self):
        return self.objective.raw.name

    def __reduce__(self):
        return type(self), (self.objective,)

    def __repr__(self):
        return f"<metric of {self.objective!r}>"


Objective.metric_class = Metric


def _made(cls, arguments):
    """Return an objective of what it was made of: for pickle and copies."""
    return cls(**arguments)


def labels_of(labels, who: str) -> np.ndarray:
    """Return the labels of a booster's data as an array, or raise DataError if there are none."""
    if labels is None or not np.size(labels):
        raise DataError(f"{who}: the data have no labels. Pass them with label=")
    return np.asarray(labels)
