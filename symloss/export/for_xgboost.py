"""Losses for XGBoost."""

import numpy as np

from .boosting import FLOOR, Metric, Objective, labels_of


class XGBoostMetric(Metric):
    """A metric: ``custom_metric=`` of ``xgboost.train``, ``eval_metric=`` of the scikit-learn wrapper."""

    def __call__(self, first, second, sample_weight=None):
        """Return (name, value) of (scores, DMatrix), or the value of (labels, scores)."""
        if hasattr(second, "get_label"):
            target, weights = _of(second, self.objective.who)
            return self.__name__, self.objective.value(first, target, weights)
        return self.objective.value(second, first, sample_weight)


class XGBoostObjective(Objective):
    """An objective: ``obj=`` of ``xgboost.train``, ``objective=`` of the scikit-learn wrapper; see `xgboost`."""

    system = "xgboost"
    metric_class = XGBoostMetric

    def __call__(self, first, second, sample_weight=None):
        """Return gradient and Hessian of (scores, DMatrix), or of (labels, scores)."""
        if hasattr(second, "get_label"):
            target, weights = _of(second, self.who)
            found = self.gradient_and_hessian(first, target, weights)
        else:
            found = self.gradient_and_hessian(second, first, sample_weight)
        return tuple(np.ascontiguousarray(part, "float32") for part in found)

    def softmax_factor(self, columns):
        return 2.0


def _of(data, who):
    return labels_of(data.get_label(), who), data.get_weight()


def xgboost(loss="mse", *, metric=False, link=None, hessian="auto", floor=FLOOR, factor=None, mode=None, **options):
    """Return a loss as an objective of XGBoost.

    Use the same object in ``xgboost.train(params, data, obj=objective)`` and in ``XGBRegressor(objective=objective)``.
    Gradient and second derivative are derived from the symbolic loss, and both are multiplied by the weights of the
    data. If there are k > 1 raw scores per item (``num_class``, or a target of k columns), you can use losses of
    classes, and losses with several ports, such as 'gaussian_nll', whose columns are in the order of the ports.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
        The loss. A list is a sum of losses; pass a dict to give one a weight, ``{"form": "mae", "weight": 0.5}``.
    metric : bool
        Whether to return the matching metric instead, for ``custom_metric=`` of ``xgboost.train`` or ``eval_metric=``
        of the wrapper. ``objective.metric`` is the same.
    link : str, dict or None
        The function that turns a raw score into a prediction: 'identity', 'sigmoid', 'exp', 'softplus', 'softmax' or
        'log_softmax'. Pass a dict by port if the loss has several ports. None: the link that fits the loss. XGBoost
        itself returns raw scores for custom objectives; ``objective.predictions(raw)`` applies the link.
    hessian : str or float
        The second derivatives that XGBoost receives. It divides by their sums, so they must be positive. 'exact': the
        exact values, but at least `floor`. 'absolute': their absolute values, but at least `floor`. 'constant': 1 for
        every item. A number: this number instead of 1. 'auto': 'constant' for losses that have slopes without
        curvature ('mae', 'huber', 'quantile', hinges) or that compare items with each other, 'absolute' for other
        losses that are not convex, and 'exact' for all other losses.
    floor : float
        Smallest second derivative of an item of weight 1. The default is that of XGBoost.
    factor : float or None
        Factor that second derivatives are multiplied by. None: 2 for the columns of a softmax, as in XGBoost's own
        softmax (because the diagonal underestimates the curvature), and 1 otherwise.
    mode : str or None
        The backend; see `compiling.resolve`.
    **options
        Hyperparameters of the loss.

    Returns
    -------
    XGBoostObjective or XGBoostMetric

    Raises
    ------
    SpecError, UnknownNameError
        For a loss that has no value for each single item, and for unknown names.

    Notes
    -----
    For a custom objective, XGBoost does not compute the initial score; pass ``base_score=objective.initial_score(y)``.
    'mse' is e**2 here and e**2 / 2 in XGBoost. 'half_squared_error' gives the same trees as 'reg:squarederror'.

    References
    ----------
    Chen & Guestrin (2016), "XGBoost: A Scalable Tree Boosting System", KDD.

    >>> objective = xgboost("bce")
    >>> gradient, hessian = objective(np.array([1.0, 0.0]), np.array([0.0, 0.0]))  # labels, raw scores
    >>> gradient.tolist(), hessian.tolist()
    ([-0.5, 0.5], [0.25, 0.25])
    """
    made = XGBoostObjective(loss, link=link, hessian=hessian, floor=floor, factor=factor, mode=mode, **options)
    return made.metric if metric else made
