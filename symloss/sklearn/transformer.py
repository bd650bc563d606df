"""SymlossTransformer: an autoencoder, whose code is the transformed data."""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..models import Autoencoder
from .estimators import SymlossEstimator


class SymlossTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SymlossEstimator):
    """An autoencoder as a transformer of scikit-learn: it learns a short code from which items can be reconstructed.

    Scale your data first, for example with a StandardScaler in a Pipeline. With ``hidden=()`` and 'mse', the code
    spans the same space as a principal component analysis.

    Parameters
    ----------
    n_components : int
        Number of columns of the code.
    hidden : int, tuple or list
        Sizes of the layers before the code. The layers after it are the same in reverse order.
    loss : str, function, Loss, dict, or list of these
        The loss that compares reconstructions with items.
    code_activation : str
        Activation of the code.
    activation, algo, learning_rate, epochs, batch_size, early_stopping, validation_fraction, patience, warm_start
        As in `SymlossRegressor`.
    train_options, random_state, mode, verbose
        As in `SymlossRegressor`; ``train_options={"input_noise": 0.3}`` makes a denoising autoencoder.

    Attributes
    ----------
    net_ : symloss.Autoencoder
        The fitted model, with all methods of symloss.
    history_, n_iter_, loss_, n_features_in_, feature_names_in_
        As in `SymlossRegressor`.

    >>> model = SymlossTransformer(1, epochs=2, random_state=0, mode="PYTHON")
    >>> model.fit_transform([[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]]).shape
    (3, 1)
    """

    network = Autoencoder

    def __init__(self, n_components=2, *, hidden=(), loss="mse", code_activation="linear", activation="relu",
                 algo="adam", learning_rate=0.01, epochs=200, batch_size="auto", early_stopping=False,
                 validation_fraction=0.1, patience=10, warm_start=False, train_options=None, random_state=None,
                 mode=None, verbose=0):
        super().__init__(hidden, loss, activation, algo, learning_rate, epochs, batch_size, early_stopping,
                         validation_fraction, patience, warm_start, train_options, random_state, mode, verbose)
        self.n_components = n_components
        self.code_activation = code_activation

    def fit(self, X, y=None, sample_weight=None):
        """Fit the autoencoder.

        Parameters
        ----------
        X : array or data frame (n, d)
        y : None
            Ignored.
        sample_weight : array (n,) or None

        Returns
        -------
        self
        """
        X, weights = self._checked(X, sample_weight, reset=True)
        return self._fit([X], weights)

    def partial_fit(self, X, y=None, sample_weight=None):
        """Train for one epoch on these items, starting from the current parameters. Arguments are as in `fit`."""
        X, weights = self._checked(X, sample_weight, reset=not self._is_fitted)
        return self._fit_more([X], weights)

    def transform(self, X):
        """Return the code of each item (n, n_components)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=("float64", "float32"), reset=False)
        return np.asarray(self.net_.encode(X, layer="code"), X.dtype)

    def inverse_transform(self, X):
        """Return the reconstruction (n, d) of codes (n, n_components)."""
        check_is_fitted(self)
        return np.asarray(self.net_.decode(np.asarray(X, "float64"), layer="code"))

    def score(self, X, y=None, sample_weight=None):
        """Return the fraction of the variance that the reconstruction explains: R^2 over all columns together."""
        reconstruction = self.inverse_transform(self.transform(X))
        X = validate_data(self, X, dtype=("float64", "float32"), reset=False)
        return r2_score(X, reconstruction, sample_weight=sample_weight, multioutput="variance_weighted")

    @property
    def _n_features_out(self):
        return self.net_.graph["code"].size

    def _checked(self, X, sample_weight, reset):
        X = validate_data(self, X, dtype=("float64", "float32"), reset=reset)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return X, None if weights is None else np.repeat(weights[:, None], X.shape[1], axis=1)

    def _layers(self):
        before, behind = self._hidden_layers(self.hidden), self._hidden_layers(self.hidden)[::-1]
        code = {"size": self.n_components, "name": "code", "activation": self.code_activation}
        return [self.n_features_in_, *before, code, *behind, self.n_features_in_]
