"""Losses for NumPy, SciPy, PyTorch and scikit-learn's scorers: numbers of these libraries themselves."""

import copy
import pickle
import sys

import numpy as np
import pytest
from scipy.optimize import minimize

import symloss
from symloss import DataError, ShapeError, SpecError, SymlossError, UnknownNameError, export

PYTHON = {"mode": "PYTHON"}

# ---------------------------------------------------------------------------------------------- NumPy


def test_numpy_gives_value_and_gradient(rng):
    p, t, w = rng.normal(size=(7, 3)), rng.normal(size=(7, 3)), rng.uniform(size=7)
    value, slope = export.numpy("mse", gradient=True, **PYTHON)(p, t, weights=w)
    assert value == pytest.approx(np.average(((p - t) ** 2).mean(axis=1), weights=w))
    np.testing.assert_allclose(slope, 2 * (p - t) * w[:, None] / (3 * w.sum()))
    assert export.numpy("mse", **PYTHON)(p, t) == pytest.approx(np.mean((p - t) ** 2))


def test_numpy_adds_losses_up_and_takes_functions_and_several_ports():
    assert export.numpy(["mse", {"form": "mae", "weight": 0.5}], **PYTHON)([1.0, 3.0], [0.0, 0.0]) == 6.0
    value, slope = export.numpy(lambda p, t: abs(p - t) ** 3, gradient=True, **PYTHON)([2.0], [0.0])
    assert value == 8.0 and slope.tolist() == [12.0]
    _, slopes = export.numpy("gaussian_nll", gradient=True, **PYTHON)([1.0], [2.0], [0.0])
    assert [s.tolist() for s in slopes] == [[0.5], [0.125]]


def test_numpy_follows_other_systems_and_reductions():
    p, t = [0.2, 0.8], [0.0, 1.0]
    assert export.numpy("mse", how="none", **PYTHON)(p, t).tolist() == pytest.approx([0.04, 0.04])
    assert export.numpy("mse", how="sum", **PYTHON)(p, t) == pytest.approx(0.08)
    assert export.numpy(symloss.Loss("huber", delta=0.1), **PYTHON)([1.0], [0.0]) == pytest.approx(0.095)


def test_numpy_takes_labels_and_leaves_out_what_is_ignored():
    f = export.numpy("xe", activation="softmax", ignore_index=-1, **PYTHON)
    assert f([[0.0, 0.0], [9.0, 1.0]], [1, -1]) == pytest.approx(np.log(2))
    with pytest.raises(DataError, match="2 is out of range"):
        f([[0.0, 0.0]], [2])


def test_numpy_refuses_what_does_not_fit():
    with pytest.raises(UnknownNameError, match="did you mean 'huber'"):
        export.numpy("hubber")
    with pytest.raises(SpecError, match=r"got 2 arrays, .* takes 3 \(anchor, positive, negative\)"):
        export.numpy("triplet", **PYTHON)([[1.0]], [[2.0]])
    with pytest.raises(ShapeError):
        export.numpy("mse", **PYTHON)(np.ones((3, 1)), np.ones((3, 2)))
    with pytest.raises(DataError, match="prediction has 2, target has 3"):
        export.numpy("mse", **PYTHON)(np.ones(2), np.ones(3))
    with pytest.raises(SpecError, match="Pass floats"):
        export.numpy("mse", gradient=True, **PYTHON)([1, 2], [0.0, 0.0])


def test_numpy_survives_pickle():
    f = pickle.loads(pickle.dumps(export.numpy("huber", delta=0.5, gradient=True, **PYTHON)))
    assert f([2.0], [0.0])[0] == 0.875 and copy.deepcopy(f)([2.0], [0.0])[0] == 0.875


# ---------------------------------------------------------------------------------------------- SciPy


def test_scipy_fits_a_model_as_least_squares_does(rng):
    x, weights = rng.normal(size=(40, 3)), rng.uniform(size=40)
    y = x @ [1.0, -2.0, 0.5] + 3 + 0.1 * rng.normal(size=40)
    f = export.scipy("mse", y, model=lambda p, x: x @ p[:3] + p[3], data=x, weights=weights, **PYTHON)
    root = np.sqrt(weights)[:, None]
    expected = np.linalg.lstsq(root * np.c_[x, np.ones(40)], root[:, 0] * y, rcond=None)[0]
    np.testing.assert_allclose(minimize(f, np.zeros(4), jac=True).x, expected, atol=1e-5)
    found = minimize(f, np.zeros(4), jac=True, hessp=f.hessp, method="trust-ncg")
    np.testing.assert_allclose(found.x, expected, atol=1e-6)
    assert found.fun == pytest.approx(f.value(found.x))


def test_scipy_fits_a_vector_of_predictions_and_classes(rng):
    y = rng.normal(size=(4, 2))
    f = export.scipy("half_squared_error", y, how="sum", **PYTHON)
    np.testing.assert_allclose(minimize(f, np.zeros(8), jac=True).x, y.ravel(), atol=1e-6)
    f = export.scipy("xe", [0, 1, 1], activation="softmax", shape=(3, 2), how="sum", **PYTHON)
    assert f(np.zeros(6))[0] == pytest.approx(3 * np.log(2))
    np.testing.assert_allclose(f.gradient(np.zeros(6)), [-0.5, 0.5, 0.5, -0.5, 0.5, -0.5])


def test_scipy_models_with_several_outputs_return_a_dict():
    import pytensor.tensor as pt

    y = np.array([1.0, 2.0, 6.0])
    f = export.scipy("gaussian_nll", y, model=lambda p: {"mean": p[0] + pt.zeros(3), "variance": pt.exp(p[1]) *
                                                         pt.ones(3)}, **PYTHON)
    found = minimize(f, [0.0, 0.0], jac=True).x
    np.testing.assert_allclose([found[0], np.exp(found[1])], [3.0, y.var()], rtol=1e-4)


def test_scipy_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="3 numbers for predictions of shape"):
        export.scipy("mse", [1.0, 2.0], **PYTHON)(np.zeros(3))
    with pytest.raises(ShapeError, match="Pass one vector"):
        export.scipy("mse", [1.0, 2.0], **PYTHON)(np.zeros((2, 1)))
    with pytest.raises(SpecError, match="how='none'"):
        export.scipy("mse", [1.0], how="none")
    with pytest.raises(SpecError, match="a function of"):
        export.scipy("mse", [1.0], model="linear")
    with pytest.raises(SpecError, match="returns mean, .* needs mean, variance"):
        export.scipy("gaussian_nll", [1.0], model=lambda p: p, **PYTHON)(np.zeros(1))
    with pytest.raises(SymlossError, match=r"pytensor.tensor"):
        export.scipy("mse", [1.0], model=lambda p: np.where(p > 0, p, 0).sum_of_all(), **PYTHON)(np.zeros(1))


# ---------------------------------------------------------------------------------------------- scikit-learn's scorers


def test_scorers_are_those_of_scikit_learn():
    datasets, linear = pytest.importorskip("sklearn.datasets"), pytest.importorskip("sklearn.linear_model")
    from sklearn.model_selection import cross_val_score

    x, y = datasets.load_iris(return_X_y=True)
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    model, two = linear.LogisticRegression(max_iter=500), labels != "virginica"
    for loss, rows, own in (("xe", slice(None), "neg_log_loss"), ("bce", two, "neg_log_loss"),
                            ("xe", two, "neg_log_loss")):
        found = cross_val_score(model, x[rows, :2], labels[rows], scoring=export.sklearn_scorer(loss, **PYTHON))
        np.testing.assert_allclose(found, cross_val_score(model, x[rows, :2], labels[rows], scoring=own))
    found = cross_val_score(linear.LinearRegression(), x, y, scoring=export.sklearn_scorer("mae", **PYTHON))
    np.testing.assert_allclose(found, cross_val_score(linear.LinearRegression(), x, y,
                                                      scoring="neg_mean_absolute_error"))


def test_scorers_of_margins_are_those_of_scikit_learn():
    metrics, linear = pytest.importorskip("sklearn.metrics"), pytest.importorskip("sklearn.linear_model")
    from sklearn.datasets import load_iris

    x, y = load_iris(return_X_y=True)
    for rows in (y < 2, y < 3):
        model = linear.LogisticRegression(max_iter=500).fit(x[rows, :1], y[rows])
        expected = metrics.hinge_loss(y[rows], model.decision_function(x[rows, :1]))
        assert export.sklearn_scorer("hinge", **PYTHON)(model, x[rows, :1], y[rows]) == pytest.approx(-expected)


def test_scorers_take_sample_weights_and_name_missing_classes():
    linear = pytest.importorskip("sklearn.linear_model")
    x, y = np.arange(6.0)[:, None], np.array([0, 1, 2, 0, 1, 2])
    model = linear.LogisticRegression().fit(x, y)
    scorer = export.sklearn_scorer("xe", labels=[0, 1, 2], **PYTHON)
    weights = np.array([1.0, 0, 0, 0, 0, 0])
    assert scorer(model, x, y, sample_weight=weights) == pytest.approx(model.predict_log_proba(x)[0, 0])
    with pytest.raises(DataError, match=r"labels=\["):
        export.sklearn_scorer("xe", **PYTHON)(model, x[:2], y[:2])
    with pytest.raises(SpecError, match="response='proba'"):
        export.sklearn_scorer("xe", response="proba")


# ---------------------------------------------------------------------------------------------- PyTorch


def torch_cases(torch):
    torch.manual_seed(0)
    numbers = {"dtype": torch.float64}
    p, t = torch.randn(4, 3, **numbers), torch.randn(4, 3, **numbers)
    labels, variance = torch.tensor([0, 1, 2, 0]), torch.rand(4, 3, **numbers) + 0.5
    return {"huber": ({"delta": 0.7}, (p, t)), "xe": ({"activation": "softmax", "how": "none"}, (p, labels)),
            "gaussian_nll": ({}, (p, variance, t)), "log_cosh": ({"how": "sum"}, (p, t))}


@pytest.mark.parametrize("loss", ["huber", "xe", "gaussian_nll", "log_cosh"])
def test_torch_checks_gradients_and_their_gradients(loss):
    torch = pytest.importorskip("torch")
    options, tensors = torch_cases(torch)[loss]
    function = export.torch(loss, **options, **PYTHON)
    wanted = [t.requires_grad_() if t.is_floating_point() else t for t in tensors]
    weights = torch.rand(4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(function, wanted)
    assert torch.autograd.gradgradcheck(lambda w, *t: function(*t, weights=w), [weights, *wanted])


def test_torch_values_are_those_of_its_own_losses():
    torch = pytest.importorskip("torch")
    cases, functional = torch_cases(torch), torch.nn.functional
    _, (p, t) = cases["huber"]
    assert torch.allclose(export.torch("huber", delta=0.7, **PYTHON)(p, t), functional.huber_loss(p, t, delta=0.7))
    _, (p, labels) = cases["xe"]
    found = export.torch("xe", activation="softmax", how="none", **PYTHON)(p, labels)
    assert torch.allclose(found, functional.cross_entropy(p, labels, reduction="none"))
    assert export.torch("mse", **PYTHON)(p.float(), p.float() + 1).dtype == torch.float32


def test_torch_trains_as_with_its_own_loss():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    x = torch.randn(32, 5)
    first = torch.nn.Sequential(torch.nn.Linear(5, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
    second = copy.deepcopy(first)
    for net, loss in ((first, export.torch("mse", **PYTHON)), (second, torch.nn.functional.mse_loss)):
        steps = torch.optim.SGD(net.parameters(), lr=0.1)
        for _ in range(10):
            steps.zero_grad()
            loss(net(x), x[:, :1] ** 2).backward()
            steps.step()
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_torch_refuses_arrays_and_wrong_labels():
    torch = pytest.importorskip("torch")
    with pytest.raises(SpecError, match="torch.as_tensor"):
        export.torch("mse", **PYTHON)(np.zeros(2), torch.zeros(2))
    with pytest.raises(DataError, match="7 is out of range"):
        export.torch("xe", **PYTHON)(torch.full((1, 2), 0.5), torch.tensor([7]))


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'symloss\[torch\]'"):
        export.torch("mse")


def test_nothing_of_these_systems_is_imported_by_symloss():
    import subprocess

    others = {"xgboost", "lightgbm", "catboost", "torch", "sklearn", "mlflow", "tensorboard"}
    code = ("import sys, symloss; from symloss import export; export.xgboost('mse'); "
            f"print(set(sys.modules) & {others})")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
