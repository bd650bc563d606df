"""SymlossClassifier: a network that predicts classes, with any loss."""

import numpy as np
from scipy import special
from sklearn.base import ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, column_or_1d, validate_data

from ..errors import SpecError
from ..export.raw_loss import terms_of
from ..losses.of_columns import require_columns
from ..models import Classifier
from .estimators import SymlossEstimator


def _has_probabilities(estimator) -> bool:
    if estimator._output() == "linear":
        raise AttributeError(f"loss={estimator.loss!r} predicts margins, not probabilities. Use decision_function, or "
                             "a loss of probabilities such as 'xe'")
    return True


class SymlossClassifier(ClassifierMixin, SymlossEstimator):
    """A neural network for classification with any loss, as an estimator of scikit-learn.

    Scale your data first, for example with a StandardScaler in a Pipeline. Labels may be of any type that can be
    sorted.

    Parameters
    ----------
    hidden : int, tuple or list
        Sizes of the hidden layers, or their descriptions in the layer language: ``[64, (32, "tanh")]``. An empty list
        makes a linear model.
    loss : str, function, Loss, dict, or list of these
        The loss to minimize: 'xe', 'focal', 'brier', 'bce' (a yes or no for each class), 'multiclass_hinge' (margins),
        ``{"form": "xe", "smoothing": 0.1}``, and others.
    class_weight : dict, 'balanced' or None
        Weight of each class, by label. 'balanced': all classes get the same total weight.
    activation, algo, learning_rate, epochs, batch_size, early_stopping, validation_fraction, patience, warm_start
        As in `SymlossRegressor`. The validation data are stratified by class.
    train_options, random_state, mode, verbose
        As in `SymlossRegressor`.

    Attributes
    ----------
    classes_ : array
        The labels, sorted, in the order of the columns of probabilities.
    net_ : symloss.Classifier
        The fitted model; its classes are the positions in ``classes_``.
    history_, n_iter_, loss_, n_features_in_, feature_names_in_
        As in `SymlossRegressor`.

    >>> model = SymlossClassifier(hidden=8, epochs=2, random_state=0, mode="PYTHON")
    >>> model.fit([[0.0], [1.0], [2.0]], ["no", "yes", "yes"]).predict_proba([[1.0]]).shape
    (1, 2)
    """

    network = Classifier

    def __init__(self, hidden=(64,), *, loss="xe", class_weight=None, activation="relu", algo="adam",
                 learning_rate=0.01, epochs=200, batch_size="auto", early_stopping=False, validation_fraction=0.1,
                 patience=10, warm_start=False, train_options=None, random_state=None, mode=None, verbose=0):
        super().__init__(hidden, loss, activation, algo, learning_rate, epochs, batch_size, early_stopping,
                         validation_fraction, patience, warm_start, train_options, random_state, mode, verbose)
        self.class_weight = class_weight

    def fit(self, X, y, sample_weight=None):
        """Fit the network.

        Parameters
        ----------
        X : array or data frame (n, d)
        y : array (n,)
            Labels.
        sample_weight : array (n,) or None
            Weights of the items, which are multiplied by the weights of their classes. The loss is the weighted mean,
            so an item of weight 2 counts like two items.

        Returns
        -------
        self
        """
        X, y = self._validated(X, y, reset=True)
        classes = unique_labels(y)
        if self.warm_start and self._is_fitted and list(classes) != list(self.classes_):
            raise ValueError(f"warm_start=True, but y has the classes {classes.tolist()}, not "
                             f"{self.classes_.tolist()} as before. Make a new estimator")
        self.classes_ = classes
        labels = self._labels(y)
        return self._fit([X, labels], self._weights(X, y, sample_weight), stratify=labels)

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on these items, starting from the current parameters.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.
        classes : array or None
            All labels that may occur. You must pass them in the first call, unless `y` contains all of them.

        Returns
        -------
        self
        """
        first = not self._is_fitted
        X, y = self._validated(X, y, reset=first)
        if first:
            self.classes_ = unique_labels(y) if classes is None else unique_labels(classes)
        elif classes is not None and list(unique_labels(classes)) != list(self.classes_):
            raise ValueError(f"classes={np.asarray(classes).tolist()} differs from {self.classes_.tolist()} in the "
                             "first call to partial_fit. Pass the same classes")
        return self._fit_more([X, self._labels(y)], self._weights(X, y, sample_weight))

    def predict(self, X):
        """Return the most probable label of each item (n,)."""
        best = np.argmax(self._outputs(X, "predict_proba"), axis=1)
        return self.classes_[best]

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Return the probability of each class (n, k), in the order of ``classes_``."""
        found = self._outputs(X, "predict_proba")
        return found if self._output() == "softmax" else found / np.maximum(found.sum(axis=1, keepdims=True), 1e-300)

    @available_if(_has_probabilities)
    def predict_log_proba(self, X):
        """Return the logarithms of the probabilities (n, k). They are exact even for tiny probabilities."""
        if self._output() == "softmax":
            return special.log_softmax(self._outputs(X, "predict_logit"), axis=1)
        return np.log(self.predict_proba(X))

    def decision_function(self, X):
        """Return the scores of the classes before the last activation (n, k), or their difference (n,) for two."""
        scores = self._outputs(X, "predict_logit")
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    # ------------------------------------------------------------------------------------------ inside

    def _outputs(self, X, method) -> np.ndarray:
        check_is_fitted(self)
        return np.asarray(getattr(self.net_, method)(validate_data(self, X, dtype="numeric", reset=False)))

    def _validated(self, X, y, reset):
        X, y = validate_data(self, X, y, dtype="numeric", multi_output=True, reset=reset)
        y = column_or_1d(y, warn=True)
        kinds = {"str" if isinstance(one, str) else type(one).__name__ for one in y} if y.dtype == object else set()
        if "str" in kinds and len(kinds) > 1:
            raise ValueError(f"y has labels of different types: {', '.join(sorted(kinds))}. Pass labels of one type, "
                             f"for example y.astype(str)")
        check_classification_targets(y)
        return X, y

    def _labels(self, y) -> np.ndarray:
        """Return the positions of labels among the classes."""
        positions = np.minimum(np.searchsorted(self.classes_, y), len(self.classes_) - 1)
        if (wrong := self.classes_[positions] != y).any():
            raise ValueError(f"y has the label {y[wrong].tolist()[0]!r}, which is not among the classes "
                             f"{self.classes_.tolist()}. Pass all classes to the first partial_fit, classes=[...]")
        return positions

    def _weights(self, X, y, sample_weight):
        if sample_weight is None and self.class_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, X)
        return weights if self.class_weight is None else weights * compute_sample_weight(self.class_weight, y)

    def _layers(self):
        for one in self.loss if isinstance(self.loss, list | tuple) else [self.loss]:
            try:
                spec = terms_of(one, {}, None, "SymlossClassifier")[0].spec
            except (SpecError, LookupError):  # a class of the user's, or a name that `_output` refuses
                continue
            require_columns(spec, "SymlossClassifier", "Choose another loss, such as 'xe' or 'categorical_focal', or "
                            "use symloss.Network")
        return [self.n_features_in_, *self._hidden_layers(self.hidden), (len(self.classes_), self._output())]

    def _output(self) -> str:
        """Return the activation for the first loss: margins are linear."""
        first = self.loss[0] if isinstance(self.loss, list | tuple) and self.loss else self.loss
        try:
            spec = terms_of(first, {}, None, "SymlossClassifier")[0].spec
        except SpecError:  # a class of the user's
            return "softmax"
        except LookupError as error:
            raise ValueError(str(error)) from error
        margins = spec.target in ("sign", "sign or label") or (spec.target == "label" and spec.activation is None)
        return "linear" if margins else spec.activation or "softmax"
