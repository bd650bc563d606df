"""SymlossRegressor: a network that predicts numbers, with any loss."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ..errors import SpecError
from ..export.links import choose
from ..export.raw_loss import terms_of
from ..losses.of_columns import require_columns
from ..models import Regressor
from .estimators import SymlossEstimator, sklearn_errors


class SymlossRegressor(RegressorMixin, SymlossEstimator):
    """A neural network for regression with any loss, as an estimator of scikit-learn.

    Scale your data first, for example with a StandardScaler in a Pipeline. Scale targets that are much larger or
    smaller than 1 with a ``TransformedTargetRegressor``.

    Parameters
    ----------
    hidden : int, tuple or list
        Sizes of the hidden layers, or their descriptions in the layer language: ``[64, (32, "tanh")]``. An empty list
        makes a linear model.
    loss : str, function, Loss, dict, or list of these
        The loss to minimize: 'mse', 'huber', ``{"form": "quantile", "q": 0.9}``, ``[{"form": "mae", "weight": 0.5},
        "mse"]``, and others.
    activation : str
        Activation of the hidden layers that are given by their size.
    output_activation : str
        Name of the activation of the output. 'auto': the one that fits the loss: an exponential for positive means
        ('poisson', 'gamma', 'tweedie'), a sigmoid for probabilities, and linear otherwise.
    algo : str or function
        The update rule, or a full-batch method such as 'lbfgs'; see `symloss.updates`.
    learning_rate : float, schedule or None
        The learning rate. None: the default of the update rule.
    epochs : int
        Maximum number of epochs to train for.
    batch_size : int or 'auto'
        Number of items in a mini-batch, 0 for all items. 'auto': 200, or all items if there are fewer.
    early_stopping : bool
        Whether to set aside validation data. Training then stops when the validation loss does not improve, and the
        best parameters are kept.
    validation_fraction : float
        Fraction of the items to set aside as validation data.
    patience : int
        Number of epochs without improvement after which training stops early.
    warm_start : bool
        Whether `fit` continues with the parameters of the last call.
    train_options : dict or None
        Further options of `symloss.Network.train`: ``{"weight_l2": 1e-3, "hidden_dropout": 0.2}``.
    random_state : int, RandomState or None
        Seed for initial parameters, shuffling and noise.
    mode : str or None
        The backend: 'C', 'NUMBA', 'JAX' or 'PYTHON'. None: C, if a compiler is installed.
    verbose : int
        1 shows progress.

    Attributes
    ----------
    net_ : symloss.Regressor
        The fitted model, with all methods of symloss.
    history_ : History
        One record for each epoch.
    n_iter_ : int
        Number of epochs that the model was trained for.
    loss_ : float
        The value of the objective in the last epoch.
    n_outputs_ : int
        Number of columns of the target.
    n_features_in_, feature_names_in_
        As in scikit-learn.

    >>> model = SymlossRegressor(hidden=8, epochs=2, random_state=0, mode="PYTHON")
    >>> model.fit([[0.0], [1.0], [2.0]], [0.0, 1.0, 2.0]).predict([[1.0]]).shape
    (1,)
    """

    network = Regressor

    def __init__(self, hidden=(64,), *, loss="mse", activation="relu", output_activation="auto", algo="adam",
                 learning_rate=0.01, epochs=200, batch_size="auto", early_stopping=False, validation_fraction=0.1,
                 patience=10, warm_start=False, train_options=None, random_state=None, mode=None, verbose=0):
        super().__init__(hidden, loss, activation, algo, learning_rate, epochs, batch_size, early_stopping,
                         validation_fraction, patience, warm_start, train_options, random_state, mode, verbose)
        self.output_activation = output_activation

    def fit(self, X, y, sample_weight=None):
        """Fit the network.

        Parameters
        ----------
        X : array or data frame (n, d)
        y : array (n,) or (n, k)
        sample_weight : array (n,) or None
            Weights of the items. The loss is the weighted mean, so an item of weight 2 counts like two items.

        Returns
        -------
        self
        """
        return self._fit(*self._checked(X, y, sample_weight, reset=True))

    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on these items, starting from the current parameters. Arguments are as in `fit`."""
        return self._fit_more(*self._checked(X, y, sample_weight, reset=not self._is_fitted))

    def predict(self, X):
        """Return predictions (n,), or (n, k) for a target of k columns."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        return np.asarray(self.net_.predict(X))

    def predict_ports(self, X) -> dict:
        """Return the predictions for each port of the loss, such as mean and variance for 'gaussian_nll'."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype="numeric", reset=False)
        names = list(self._output_by_port())
        if len(names) == 1:
            return {names[0]: self.predict(X)}
        found = self.net_.feed_forward(X)
        return {name: found[f"{name}:out"][:, 0] if self.net_.flat_target else found[f"{name}:out"] for name in names}

    def _checked(self, X, y, sample_weight, reset):
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype="numeric", reset=reset)
        columns = 1 if y.ndim == 1 else y.shape[1]
        if not reset and self._is_fitted and columns != self.n_outputs_:
            raise ValueError(f"y has {columns} columns, but {self.n_outputs_} were fitted before. Make a new estimator")
        if self.warm_start and columns != getattr(self, "n_outputs_", columns):
            raise ValueError(f"warm_start=True, but y has {columns} columns, not {self.n_outputs_} as before. Make a "
                             "new estimator")
        self.n_outputs_ = columns
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        return [X, np.asarray(y, "float64")], weights

    def _layers(self):
        with sklearn_errors():
            self._check_loss()
            outputs = self._output_by_port()
        hidden = self._hidden_layers(self.hidden)
        if len(outputs) == 1:
            return [self.n_features_in_, *hidden, (self.n_outputs_, next(iter(outputs.values())))]
        usual = f"hid{len(hidden)}" if hidden else "in"
        shared = hidden[-1].get("name", usual) if hidden and isinstance(hidden[-1], dict) else usual
        heads = [{"name": port, "size": self.n_outputs_, "activation": activation, "inputs": shared}
                 for port, activation in outputs.items()]
        return [self.n_features_in_, *hidden, *heads[::-1]]  # the last layer is what a Regressor predicts

    def _check_loss(self):
        """Raise SpecError for a loss that needs other targets than columns of numbers."""
        way = ("Choose another loss, such as 'huber' or {'form': 'quantile', 'q': 0.9} (an estimator for each "
               "quantile), or use symloss.Network")
        for one in self.loss if isinstance(self.loss, list | tuple) else [self.loss]:
            try:
                spec = terms_of(one, {}, None, "SymlossRegressor")[0].spec
            except SpecError:  # a class of the user's
                continue
            require_columns(spec, "SymlossRegressor", way, outputs=True, known=("mixture_density",))
            if spec.target == "label" or (spec.target == "label or distribution" and self.n_outputs_ == 1):
                raise SpecError(f"SymlossRegressor: the loss {spec.name} is for classes. Use SymlossClassifier, or "
                                f"choose a loss for numbers, such as 'mse'")

    def _output_by_port(self) -> dict[str, str]:
        """Return the activation of each output, by the port of the first loss that it feeds."""
        first = self.loss[0] if isinstance(self.loss, list | tuple) and self.loss else self.loss
        try:
            found = choose(terms_of(first, {}, None, "SymlossRegressor")[0].spec)
        except SpecError:  # a class of the user's
            return {"prediction": "linear" if self.output_activation == "auto" else self.output_activation}
        names = {port: "linear" if link.name in ("identity", "log_softmax") else link.name
                 for port, link in found.items()}
        return names if self.output_activation == "auto" else names | {next(iter(names)): self.output_activation}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
