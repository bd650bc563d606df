"""Estimators of scikit-learn: any loss, weights, early stopping, and where scikit-learn's tools take them."""

import pickle
import signal

import numpy as np
import pytest

import symloss

pytest.importorskip("sklearn")

from sklearn import datasets
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from symloss.sklearn import SymlossClassifier, SymlossRegressor, SymlossTransformer

QUICK = {"mode": "PYTHON", "random_state": 0}


@pytest.fixture(scope="module")
def diabetes():
    x, y = datasets.load_diabetes(return_X_y=True)
    return StandardScaler().fit_transform(x)[:200], ((y - y.mean()) / y.std())[:200]


@pytest.fixture(scope="module")
def iris():
    x, y = datasets.load_iris(return_X_y=True)
    return StandardScaler().fit_transform(x), np.array(["setosa", "versicolor", "virginica"])[y]


def regressor(**options):
    return SymlossRegressor(**{"hidden": 4, "epochs": 5, **QUICK, **options})


def classifier(**options):
    return SymlossClassifier(**{"hidden": (), "epochs": 60, "learning_rate": 0.1, **QUICK, **options})


def test_a_linear_model_of_mse_is_least_squares(diabetes):
    x, y = diabetes
    model = SymlossRegressor((), algo="lbfgs", epochs=200, **QUICK).fit(x, y)
    expected = np.linalg.lstsq(np.c_[x, np.ones(len(x))], y, rcond=None)[0]
    np.testing.assert_allclose(model.predict(x), np.c_[x, np.ones(len(x))] @ expected, atol=1e-3)


def test_the_loss_decides_what_is_learnt(diabetes):
    x, y = diabetes
    model = regressor(hidden=(), loss={"form": "quantile", "q": 0.9}, epochs=300, learning_rate=0.05).fit(x, y)
    assert 0.87 < (y < model.predict(x)).mean() < 0.93


LOSSES = {"name": "mae", "list": ["mse", {"form": "mae", "weight": 0.5}], "object": symloss.Loss("huber", delta=0.5),
          "function": lambda p, t: abs(p - t) ** 1.5}


@pytest.mark.parametrize("form", LOSSES)
def test_any_form_of_a_loss_is_taken_cloned_and_fitted_twice(form, diabetes):
    x, y = diabetes
    first = regressor(loss=LOSSES[form], epochs=2).fit(x, y)
    again = clone(first).fit(x, y)
    np.testing.assert_array_equal(first.predict(x), again.predict(x))
    assert np.isfinite(first.loss_) and first.n_iter_ == 2


def test_outputs_follow_the_loss(diabetes):
    x, y = diabetes
    model = regressor(loss="poisson").fit(x, np.exp(y))
    assert model.predict(x).min() > 0
    assert "exp" in str(model.net_.layers[-1].activation)


def test_losses_of_mean_and_variance_have_both(diabetes):
    x, y = diabetes
    model = regressor(loss="gaussian_nll", epochs=60, learning_rate=0.05).fit(x, y)
    found = model.predict_ports(x)
    np.testing.assert_array_equal(found["mean"], model.predict(x))
    assert found["variance"].shape == y.shape
    np.testing.assert_allclose(found["variance"].mean(), np.var(y - found["mean"]), rtol=0.3)


def test_weights_are_counts(diabetes):
    x, y = diabetes
    weights = np.arange(len(y)) % 3
    found = regressor(batch_size=0).fit(x, y, sample_weight=weights).predict(x)
    expected = regressor(batch_size=0).fit(np.repeat(x, weights, axis=0), np.repeat(y, weights)).predict(x)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_class_weights_are_weights_of_their_items(iris):
    x, y = iris
    found = classifier(class_weight={"setosa": 2.0}, epochs=5).fit(x, y)
    expected = classifier(epochs=5).fit(x, y, sample_weight=np.where(y == "setosa", 2.0, 1.0))
    np.testing.assert_allclose(found.predict_proba(x), expected.predict_proba(x), rtol=1e-6)


@pytest.mark.parametrize("loss", ["xe", "focal", "brier", "bce", "multiclass_hinge", ["xe", "brier"]], ids=str)
def test_losses_of_classes(loss, iris):
    x, y = iris
    model = classifier(loss=loss).fit(x, y)
    assert model.score(x, y) > 0.85 and set(model.classes_) == set(y)
    assert model.decision_function(x).shape == (150, 3)
    if loss == "multiclass_hinge":
        assert not hasattr(model, "predict_proba")
        return
    shares = model.predict_proba(x)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(x)), shares, atol=1e-12)


def test_the_decision_of_two_classes_is_the_log_odds(iris):
    x, y = iris
    model = classifier().fit(x[:100], y[:100])
    shares = model.predict_proba(x)
    np.testing.assert_allclose(model.decision_function(x), np.log(shares[:, 1] / shares[:, 0]), rtol=1e-6)


def test_early_stopping_sets_items_aside_and_keeps_the_best(iris):
    x, y = iris
    model = classifier(early_stopping=True, patience=2, epochs=500, learning_rate=0.3).fit(x, y)
    valid = [record["valid_loss"] for record in model.history_]
    assert model.n_iter_ < 500 and min(valid) < valid[-1] and model.history_[0]["samples"] == 135


def test_partial_fit_of_whole_data_is_fit(diabetes):
    x, y = diabetes
    expected = regressor(batch_size=0).fit(x, y)
    model = regressor(batch_size=0)
    for _ in range(5):
        model.partial_fit(x, y)
    np.testing.assert_allclose(model.predict(x), expected.predict(x), rtol=1e-6)
    assert model.n_iter_ == len(model.history_) == 5
    model.partial_fit(x[:9], y[:9], sample_weight=np.ones(9)).partial_fit(x[:5], y[:5])
    assert model.n_iter_ == 7


def test_partial_fit_of_a_classifier_wants_all_classes_first(iris):
    x, y = iris
    model = classifier().partial_fit(x[:50], y[:50], classes=np.unique(y))
    assert model.partial_fit(x[60:], y[60:]).predict_proba(x).shape == (150, 3)
    with pytest.raises(ValueError, match="label 'tulip', which is not among the classes"):
        model.partial_fit(x[:2], ["tulip", "setosa"])


def test_a_warm_start_goes_on(diabetes, iris):
    x, y = diabetes
    model = regressor(warm_start=True, batch_size=0, algo="sgd").fit(x, y)
    model.fit(x, y)
    expected = regressor(batch_size=0, algo="sgd", epochs=10).fit(x, y)
    np.testing.assert_allclose(model.predict(x), expected.predict(x), rtol=1e-6)
    with pytest.raises(ValueError, match="warm_start=True"):
        classifier(warm_start=True, epochs=1).fit(*iris).fit(iris[0][:100], iris[1][:100])


def test_grids_and_folds_run_in_other_processes(diabetes):
    x, y = diabetes
    pipeline = make_pipeline(StandardScaler(), regressor(hidden=()))
    grid = GridSearchCV(pipeline, {"symlossregressor__loss": ["mse", "huber"]}, cv=2, n_jobs=2, error_score="raise")
    best = grid.fit(x, y).best_estimator_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(best)).predict(x), best.predict(x))
    assert np.isfinite(cross_val_score(pipeline, x, y, cv=2)).all()


def test_frames_bring_names_and_take_them_out():
    pandas = pytest.importorskip("pandas")
    frame = datasets.load_iris(as_frame=True)["data"]
    model = SymlossTransformer(2, epochs=2, **QUICK).set_output(transform="pandas").fit(frame)
    assert list(model.feature_names_in_) == list(frame)
    code = model.transform(frame)
    assert isinstance(code, pandas.DataFrame)
    assert list(code) == list(model.get_feature_names_out()) == ["symlosstransformer0", "symlosstransformer1"]
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame.iloc[:, ::-1])


def test_a_linear_autoencoder_reconstructs_as_principal_components_do(iris):
    from sklearn.decomposition import PCA

    x, _ = iris
    model = SymlossTransformer(2, algo="lbfgs", epochs=300, **QUICK).fit(x)
    expected = PCA(2).fit(x).explained_variance_ratio_.sum()
    assert model.score(x) == pytest.approx(expected, abs=1e-3)
    assert model.inverse_transform(model.transform(x)).shape == x.shape


def test_an_interrupt_leaves_a_fitted_estimator_and_a_warning(diabetes):
    x, y = diabetes

    def press(record):
        if record["epoch"] == 2:
            signal.raise_signal(signal.SIGINT)

    model = regressor(train_options={"callbacks": press})
    with pytest.warns(symloss.SymlossWarning, match="interrupted after 2 of 5 epochs"):
        model.fit(x, y)
    assert model.n_iter_ == 2 and np.isfinite(model.predict(x)).all()


def test_hidden_layers_are_those_of_the_layer_language(diabetes):
    x, y = diabetes
    model = regressor(hidden=[6, (4, "tanh"), {"size": 3, "name": "last"}], epochs=1).fit(x, y)
    assert [layer.size for layer in model.net_.layers] == [10, 6, 4, 3, 1]
    assert model.net_.layers[3].name == "last"
    assert len(regressor(hidden=(4, "tanh"), epochs=1).fit(x, y).net_.layers) == 3


WRONG = {
    "loss": (lambda x, y: regressor(loss="hubber").fit(x, y), "did you mean 'huber'"),
    "algo": (lambda x, y: regressor(algo="adm").fit(x, y), "did you mean 'adam'"),
    "option": (lambda x, y: regressor(train_options={"weigth_l2": 1}).fit(x, y), "did you mean 'weight_l2'"),
    "activation": (lambda x, y: regressor(activation="rleu").fit(x, y), "did you mean 'relu'"),
    "epochs": (lambda x, y: regressor(epochs=0).fit(x, y), "epochs=0"),
    "batch": (lambda x, y: regressor(batch_size="atuo").fit(x, y), "batch_size='atuo'"),
    "classes": (lambda x, y: classifier(loss="xee").fit(x, y > 0), "unknown loss"),
    "run away": (lambda x, y: regressor(algo="sgd", learning_rate=1e9, epochs=50).fit(x, 1e6 * y),
                 "Lower learning_rate"),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_mistakes_are_value_errors_with_the_way_out(case, diabetes):
    call, text = WRONG[case]
    with pytest.raises(ValueError, match=text):
        call(*diabetes)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch):
    import sys

    from symloss._packages import needed

    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"symloss.sklearn needs sklearn.*pip install 'symloss\[sklearn\]'"):
        needed("sklearn", "symloss.sklearn", "sklearn")


@pytest.mark.c
def test_compiled_to_c_it_fits_as_in_python(diabetes):
    x, y = diabetes
    np.testing.assert_allclose(regressor(mode="C").fit(x, y).predict(x), regressor().fit(x, y).predict(x), rtol=1e-6)


@pytest.mark.parametrize(("make", "loss", "said"), [
    (regressor, "xe", "is for classes. Use SymlossClassifier"),
    (regressor, "label_cross_entropy", "is for classes"),
    (regressor, "triplet", "takes no target"),
    (regressor, "multi_quantile", "an estimator for each quantile"),
    (regressor, ["mse", "cox"], "cox have a form of their own"),
    (classifier, "gaussian_nll", "needs the outputs mean, variance"),
    (classifier, "coral", "not one score for each class"),
    (classifier, ["xe", "supervised_contrastive"], "not one score for each class"),
    (classifier, "ctc", "a form of their own"),
], ids=range(9))
def test_losses_of_other_targets_are_refused_with_the_way_out(make, loss, said):
    x, y = np.zeros((12, 2)), np.arange(12) % 2
    with pytest.raises(symloss.SpecError, match=f"{said}.*"):
        make(loss=loss, epochs=1).fit(x, y)


def test_labels_of_different_types_are_refused():
    with pytest.raises(ValueError, match="different types: int, str. Pass labels of one type"):
        classifier(epochs=1).fit(np.zeros((4, 2)), np.array(["a", 1, "a", 1], object))
    classifier(epochs=1).fit(np.zeros((4, 2)), np.array(["a", np.str_("b"), "a", "b"], object))
