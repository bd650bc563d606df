"""What all estimators have in common: their parameters, the network that they create, and how it is fitted."""

import contextlib
import copy
import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from .. import training
from ..errors import SymlossWarning, TrainingError, UnknownNameError
from ..losses import Loss

SMALL_BATCH = 200  # items of a batch with batch_size="auto", at most
SEEDS = 2**31 - 1


@contextlib.contextmanager
def sklearn_errors():
    """Raise a ValueError, as scikit-learn does, for wrong parameters and for trainings that run away."""
    try:
        yield
    except (UnknownNameError, TrainingError) as error:
        raise ValueError(str(error)) from error


class SymlossEstimator(BaseEstimator):
    """A network with the methods of scikit-learn. Subclasses define its layers and targets.

    Attributes
    ----------
    net_ : Network
        The fitted model, with all methods of symloss.
    history_ : History
        One record for each epoch.
    n_iter_ : int
        Number of epochs that the model was trained for.
    loss_ : float
        The value of the objective in the last epoch.
    n_features_in_ : int
    feature_names_in_ : array
        Names of the columns, if `X` is a data frame.
    """

    def __init__(self, hidden, loss, activation, algo, learning_rate, epochs, batch_size, early_stopping,
                 validation_fraction, patience, warm_start, train_options, random_state, mode, verbose):
        self.hidden = hidden
        self.loss = loss
        self.activation = activation
        self.algo = algo
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.train_options = train_options
        self.random_state = random_state
        self.mode = mode
        self.verbose = verbose

    # ------------------------------------------------------------------------------------------ the network

    def _hidden_layers(self, hidden) -> list:
        """Return hidden layers as the layer language has them: sizes get the activation of the estimator."""
        several = hidden if isinstance(hidden, list | tuple) else [hidden]
        if isinstance(hidden, tuple) and any(isinstance(part, str) for part in hidden):
            several = [hidden]  # one layer: (32, "tanh")
        whole = int | np.integer
        return [(int(layer), self.activation) if isinstance(layer, whole) and not isinstance(layer, bool)
                else copy.deepcopy(layer) for layer in several]

    def _losses(self):
        """Return the losses for the network: copies, as a network takes hold of them."""
        return [_fresh(one) for one in self.loss] if isinstance(self.loss, list | tuple) else _fresh(self.loss)

    def _layers(self) -> list:
        """Return the layers of the network for the data at hand."""
        raise NotImplementedError

    def _begin(self, weighted: bool) -> None:
        """Make a new network, with parameters of its own."""
        seed = int(check_random_state(self.random_state).randint(SEEDS))
        self.net_ = self.network(self._layers(), loss=self._losses(), weighted=weighted, seed=seed, mode=self.mode)

    def _take_weights(self) -> None:
        """Replace a network whose data have no weights by the same one with weights."""
        before = self.net_
        self.net_ = self.network(self._layers(), loss=self._losses(), weighted=True, seed=before.seed, mode=self.mode)
        for fresh, old in zip(self.net_.params, before.params, strict=True):
            fresh.set_value(old.get_value())

    @property
    def _is_fitted(self) -> bool:
        return getattr(self, "net_", None) is not None

    def _weighted(self, arrays, weights) -> list:
        """Return arrays as the network takes them, with weights if it has some, or is to have some from now on."""
        if weights is not None and not self.net_.weighted:
            self._take_weights()
        if not self.net_.weighted:
            return list(arrays)
        return [*arrays, np.ones(len(arrays[0])) if weights is None else weights]

    # ------------------------------------------------------------------------------------------ fitting

    def _fit(self, arrays, weights, stratify=None):
        """Fit the network to arrays and weights, from new parameters unless it is a warm start."""
        with sklearn_errors():
            if not (self.warm_start and self._is_fitted):
                self._begin(weights is not None)
            train, valid = self._split(self._weighted(arrays, weights), stratify)
            self.history_ = self.net_.train(train, valid, **self._options(len(train[0])))
        self._note()
        return self

    def _fit_more(self, arrays, weights):
        """Run one epoch on these arrays, on top of the parameters and of what the update rule remembers."""
        with sklearn_errors():
            before = self.history_ if self._is_fitted else ()
            if not self._is_fitted:
                self._begin(weights is not None)
            train = self._weighted(arrays, weights)
            options = self._options(len(train[0])) | {"patience": None, "epochs": 1}
            if not self._is_full_batch and self.net_.history:
                options |= {"resume": True, "epochs": self.net_.history[-1]["epoch"] + 1}
            self.history_ = training.History([*before, *self.net_.train(train, **options)])
        self._note()
        return self

    def _note(self):
        """Take what the records say into attributes; warn if Ctrl-C has ended the training."""
        self.n_iter_ = len(self.history_)
        if getattr(self.history_[-1].get("stopped"), "code", None) == "interrupted":
            warnings.warn(f"{type(self).__name__}: the training was interrupted after {self.n_iter_} of {self.epochs} "
                          "epochs. The estimator has the parameters of that moment",
                          SymlossWarning, stacklevel=4)
        self.loss_ = float(self.history_[-1]["loss"])

    def _split(self, arrays, stratify):
        """Return training data and validation data, or None where nothing is set aside."""
        if not self.early_stopping:
            return arrays, None
        if stratify is not None and np.bincount(stratify).min() < 2:
            stratify = None
        parts = train_test_split(*arrays, test_size=self.validation_fraction, stratify=stratify,
                                 random_state=check_random_state(self.net_.seed))
        return parts[0::2], parts[1::2]

    @property
    def _is_full_batch(self) -> bool:
        return isinstance(self.algo, str) and self.algo in training.METHODS

    def _options(self, rows: int) -> dict:
        """Return the options of `train`."""
        options = {"algo": self.algo, "epochs": self.epochs, "verbose": int(self.verbose),
                   "patience": self.patience if self.early_stopping else None}
        if not self._is_full_batch:
            options["batch_size"] = min(SMALL_BATCH, rows) if isinstance(self.batch_size, str) \
                and self.batch_size == "auto" else self.batch_size
            if self.learning_rate is not None:
                options["learning_rate"] = self.learning_rate
        return options | dict(self.train_options or {})

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = False
        return tags


def _fresh(loss):
    return loss.unbound() if isinstance(loss, Loss) else copy.deepcopy(loss)

