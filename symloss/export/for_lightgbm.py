"""Losses for LightGBM."""

from .boosting import FLOOR, Metric, Objective, labels_of


class LightGBMMetric(Metric):
    """A metric: ``feval=`` of ``lightgbm.train``, ``eval_metric=`` of ``fit`` of the scikit-learn wrapper."""

    def __call__(self, first, second, weight=None):
        """Return (name, value, False) of (scores, Dataset), or of (labels, scores)."""
        if hasattr(second, "get_label"):
            target, weights = labels_of(second.get_label(), self.objective.who), second.get_weight()
            return self.__name__, self.objective.value(first, target, weights), False
        return self.__name__, self.objective.value(second, first, weight), False


class LightGBMObjective(Objective):
    """An objective: ``params["objective"]`` of ``lightgbm.train``, ``objective=`` of the wrapper; see `lightgbm`."""

    system = "lightgbm"
    metric_class = LightGBMMetric

    def __call__(self, first, second, weight=None):
        """Return gradient and Hessian of (scores, Dataset), or of (labels, scores)."""
        if hasattr(second, "get_label"):
            target, weights = labels_of(second.get_label(), self.who), second.get_weight()
            return self.gradient_and_hessian(first, target, weights)
        return self.gradient_and_hessian(second, first, weight)

    def softmax_factor(self, columns):
        return columns / (columns - 1)


def lightgbm(loss="mse", *, metric=False, link=None, hessian="auto", floor=FLOOR, factor=None, mode=None, **options):
    """Return a loss as an objective of LightGBM.

    The same object goes into ``lightgbm.train({"objective": objective}, data)`` and into
    ``LGBMRegressor(objective=objective)``. The weights of the data multiply gradient and second derivative. With
    ``num_class=k`` it takes losses of classes, and losses of several ports, whose columns follow the ports.

    Parameters
    ----------
    loss, link, hessian, floor, mode, **options
        As in `xgboost`.
    metric : bool
        Whether to return the matching metric instead, for ``feval=`` of ``lightgbm.train`` or ``eval_metric=`` of the
        wrapper's ``fit``. ``objective.metric`` is the same.
    factor : float or None
        Factor that second derivatives are multiplied by. None: k / (k - 1) for the k columns of a softmax, as in
        LightGBM's own softmax, and 1 otherwise.

    Returns
    -------
    LightGBMObjective or LightGBMMetric

    Raises
    ------
    SpecError, UnknownNameError
        For a loss that has no value for each single item, and for unknown names.

    Notes
    -----
    For custom objectives, LightGBM returns raw scores; ``objective.predictions(raw)`` turns them into probabilities or
    means. It also starts boosting at 0: pass ``init_score=np.full(len(y), objective.initial_score(y))``.
    'half_squared_error' gives the same trees as LightGBM's 'l2'.

    References
    ----------
    Ke et al. (2017), "LightGBM: A Highly Efficient Gradient Boosting Decision Tree", NeurIPS.

    >>> objective = lightgbm("poisson")
    >>> import numpy as np
    >>> gradient, hessian = objective(np.array([3.0]), np.array([0.0]))  # labels, raw scores: the mean is exp(0)
    >>> gradient.tolist(), hessian.tolist()
    ([-2.0], [1.0])
    """
    made = LightGBMObjective(loss, link=link, hessian=hessian, floor=floor, factor=factor, mode=mode, **options)
    return made.metric if metric else made
