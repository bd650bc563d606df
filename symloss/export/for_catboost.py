"""Losses for CatBoost. CatBoost maximizes, so its derivatives have the opposite sign."""

import numpy as np

from .boosting import FLOOR, Metric, Objective


class CatBoostMetric(Metric):
    """A metric: ``eval_metric=``, or an entry of ``custom_metric=``."""

    no_jit = True

    def is_max_optimal(self):
        """Return False: low values are better."""
        return False

    def evaluate(self, approxes, target, weight):
        """Return the weighted sum of the loss, and the sum of weights."""
        raw, weights = np.stack([np.asarray(a) for a in approxes], axis=1), _weights(weight)
        total = float(len(raw) if weights is None else weights.sum())
        return self.objective.value(raw, np.asarray(target), weights) * total, total

    def get_final_error(self, error, weight):
        """Return the quotient of the two."""
        return error / weight if weight else 0.0


class CatBoostObjective(Objective):
    """An objective: ``loss_function=``; see `catboost`."""

    system = "catboost"
    metric_class = CatBoostMetric
    no_jit = True  # compiled already; numba could not look inside

    def calc_ders_range(self, approxes, targets, weights):
        """Return (derivative, second derivative) of minus the loss, for each item."""
        slope, curvature = self.gradient_and_hessian(np.asarray(approxes), np.asarray(targets), _weights(weights))
        return list(zip((-slope).tolist(), (-curvature).tolist(), strict=True))

    def calc_ders_multi(self, approxes, target, weight):
        """Return the gradient, and the Hessian as rows, of minus the loss of one item with several scores."""
        scores, weight = np.asarray(approxes, "float64")[None], 1.0 if weight is None else float(weight)
        targets = self.raw.targets(np.atleast_1d(target)[None] if np.ndim(target) else np.asarray([target]), scores)
        rule = self.hessian_for(scores.shape[1])
        if rule == "exact":
            slope, hessian = (part[0] for part in self.raw.blocks(scores, targets))
        else:
            slope, curvature = (part[0] for part in self.gradient_and_hessian(scores, target))
            hessian = np.diag(curvature)
        hessian = hessian + self.floor * np.eye(len(hessian))
        return (-weight * slope).tolist(), (-weight * hessian).tolist()


def _weights(weights):
    return None if weights is None or not len(weights) else np.asarray(weights)


def catboost(loss="mse", *, metric=False, link=None, hessian="auto", floor=FLOOR, factor=None, mode=None, **options):
    """Return a loss as an objective of CatBoost: ``CatBoostRegressor(loss_function=objective)``.

    ``catboost.train`` takes it under the same name in its parameters. The weights of the data multiply gradient and
    second derivative.

    Parameters
    ----------
    loss, link, hessian, floor, factor, mode, **options
        As in `xgboost`. For classes in several columns, CatBoost receives the whole Hessian of each item if `hessian`
        is 'exact', so no factor is needed.
    metric : bool
        Whether to return the matching metric instead, for ``eval_metric=``, which CatBoost requires with every custom
        objective. ``objective.metric`` is the same.

    Returns
    -------
    CatBoostObjective or CatBoostMetric

    Raises
    ------
    SpecError, UnknownNameError
        For a loss that has no value for each single item, and for unknown names.

    Notes
    -----
    CatBoost calls an objective of several columns once for each item and each tree, which takes about 0.1 ms.
    ``predict(x, prediction_type="RawFormulaVal")`` returns raw scores, and ``objective.predictions(raw)`` turns them
    into predictions.

    References
    ----------
    Prokhorenkova et al. (2018), "CatBoost: unbiased boosting with categorical features", NeurIPS.

    >>> catboost("half_squared_error").calc_ders_range([0.0], [2.0], None)
    [(2.0, -1.0)]
    """
    made = CatBoostObjective(loss, link=link, hessian=hessian, floor=floor, factor=factor, mode=mode, **options)
    return made.metric if metric else made
