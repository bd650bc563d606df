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

    The same object goes into ``xgboost.train(params, data, obj=objective)`` and into
    ``XGBRegressor(objective=objective)``. Gradient and second derivative come from the symbolic loss; the weights of
    the data multiply both. With k > 1 raw scores for each item (`num_class`, or a target of k columns), it takes
    losses of classes, and losses of several ports, such as 'gaussian_nll', whose columns follow the ports.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
        A list is a sum; a weight stands in a dict, ``{"form": "mae", "weight": 0.5}``.
    metric : bool
        Whether the matching metric is returned instead: ``custom_metric=`` of ``xgboost.train``, ``eval_metric=`` of
        the wrapper. ``objective.metric`` is the same.
    link : str, dict or None
        What makes a prediction of a raw score: 'identity', 'sigmoid', 'exp', 'softplus', 'softmax' or 'log_softmax';
        a dict by port where the loss has several. None: the one that goes with the loss. ``objective.predictions(raw)``
        applies it; XGBoost itself returns raw scores for objectives of users.
    hessian : str or float
        XGBoost divides by sums of second derivatives, so they have to be positive. 'exact': as they are, at least
        `floor`. 'absolute': their absolute values, at least `floor`. 'constant': 1 for every item. A number: this
        number instead. 'auto': 'constant' where the loss has slopes without curvature ('mae', 'huber', 'quantile',
        hinges), or compares items with each other; else 'absolute' where it is not convex; else 'exact'.
    floor : float
        Least second derivative of an item of weight 1; XGBoost's own.
    factor : float or None
        What second derivatives are multiplied by. None: 2 for the columns of a softmax, as XGBoost's own softmax has
        it (the diagonal alone underestimates the curvature), 1 otherwise.
    mode : str or None
        What compiles; see `compiling.resolve`.
    **options
        Hyperparameters of the loss.

    Returns
    -------
    XGBoostObjective or XGBoostMetric

    Raises
    ------
    SpecError, UnknownNameError
        For a loss that has no values for single items, and for unknown names.

    Notes
    -----
    For your own objective, XGBoost starts at ``base_score`` as you pass it: ``base_score=objective.initial_score(y)``.
    'mse' is e**2 here and e**2 / 2 in XGBoost; 'half_squared_error' gives the trees of 'reg:squarederror'.

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
