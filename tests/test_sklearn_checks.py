"""scikit-learn's own checks of estimators, all of them; see test_sklearn.py for what they do not look at."""

import pytest

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import parametrize_with_checks

from symloss.sklearn import SymlossClassifier, SymlossRegressor, SymlossTransformer

# Linear models compile in the least time. What is checked here does not depend on the layers.
LINEAR = {"hidden": (), "mode": "PYTHON"}
ESTIMATORS = [
    SymlossRegressor(algo="sgd", learning_rate=0.1, epochs=40, **LINEAR),
    SymlossClassifier(learning_rate=0.1, epochs=50, **LINEAR),
    SymlossTransformer(algo="sgd", epochs=3, **LINEAR),
]


@parametrize_with_checks(ESTIMATORS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)
