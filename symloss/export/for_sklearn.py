"""Losses as scorers of scikit-learn."""

import functools

import numpy as np

from .._packages import needed
from ..errors import DataError, SpecError
from .for_numpy import ArrayLoss

RESPONSES = ("predict", "predict_proba", "decision_function")


def sklearn_scorer(loss="mse", *, response=None, labels=None, mode=None, **options):
    """Return a loss as a scorer of scikit-learn, for ``scoring=`` of ``cross_val_score``, ``GridSearchCV`` and others.

    Higher scores are better in scikit-learn, so the scorer returns the negative loss. Sample weights are used if
    scikit-learn passes them.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
    response : 'predict', 'predict_proba', 'decision_function' or None
        The method of the estimator that gives the prediction. None: ``predict_proba`` for losses of probabilities
        ('xe', 'bce', 'brier', ...), ``decision_function`` for losses of margins ('hinge', ...), and ``predict`` for all
        others.
    labels : list or None
        The classes, in the order of the columns of probabilities. None: the sorted classes of the targets.
    mode : str or None
        The backend; see `compiling.resolve`.
    **options
        Hyperparameters of the loss, and ``like=``.

    Returns
    -------
    scorer
        A scorer as from ``sklearn.metrics.make_scorer``: a function of (estimator, x, y, sample_weight).

    Raises
    ------
    SpecError
        For an unknown response, or a loss that takes more than a prediction and a target.
    DataError
        When the scorer is called, if the targets have other classes than the predictions. Pass `labels` then.
    """
    metrics = needed("sklearn.metrics", "export.sklearn_scorer", "sklearn")
    score = _Score(loss, labels, mode, options)
    if response is not None and response not in RESPONSES:
        raise SpecError(f"export.sklearn_scorer: response={response!r} is not valid; pass {', '.join(RESPONSES)}")
    response = _response(score.function.loss.terms[0].spec) if response is None else response
    return metrics.make_scorer(functools.partial(score, response), greater_is_better=False, response_method=response)


def _response(spec) -> str:
    if spec.activation in ("softmax", "sigmoid"):
        return "predict_proba"
    return "decision_function" if spec.target in ("sign", "sign or label", "label") else "predict"


class _Score:
    """The loss of targets as scikit-learn has them: labels of any kind, and scores of two classes in one column."""

    def __init__(self, loss, labels, mode, options):
        self.function = ArrayLoss(loss, mode=mode, **options)
        self.labels = None if labels is None else np.asarray(labels)
        if self.function.loss.ports != ("prediction", "target"):
            raise SpecError(f"export.sklearn_scorer: the loss {self.function.loss.name} takes "
                            f"({', '.join(self.function.loss.ports)}), but scorers need a loss of (prediction, "
                            "target). Choose another loss")

    def __call__(self, response, target, prediction, sample_weight=None) -> float:
        target, prediction = np.asarray(target), np.asarray(prediction, "float64")
        if response != "predict":
            target, prediction = self._of_classes(target, prediction)
        return self.function.value(prediction, target, weights=sample_weight)

    def _of_classes(self, target, prediction):
        classes = np.unique(target) if self.labels is None else self.labels
        columns = 2 if prediction.ndim == 1 else prediction.shape[1]
        if len(classes) != columns:
            raise DataError(f"export.sklearn_scorer: the targets have {len(classes)} classes, but there are "
                            f"predictions for {columns}. Pass all classes in order, labels=[...]")
        places = {label: place for place, label in enumerate(classes.tolist())}
        try:
            positions = np.array([places[label] for label in target.tolist()], "int64")
        except (KeyError, TypeError):
            raise DataError("export.sklearn_scorer: some targets are not among labels=. Pass every class") from None
        spec = self.function.loss.terms[0].spec
        if prediction.ndim == 1 and (spec.target.startswith("sign") or spec.activation == "sigmoid"):
            return (2 * positions - 1 if spec.target.startswith("sign") else positions), prediction
        if prediction.ndim == 1:
            first = 1 - prediction if spec.activation == "softmax" else -prediction
            prediction = np.stack([first, prediction], axis=1)
        return (positions if "label" in spec.target else np.eye(columns)[positions]), prediction
