"""Objectives for boosting libraries: the trees are those of the library's own objective, for every loss that it has."""

import copy
import pickle

import numpy as np
import pytest

from symloss import DataError, SpecError, SymlossError, TrainingError, UnknownNameError, export
from symloss.losses import get

datasets = pytest.importorskip("sklearn.datasets")
PYTHON = {"mode": "PYTHON"}


def data(name):
    """Return inputs, targets and weights of a real data set."""
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    y = y / 50 if name == "diabetes" else y  # a unit in which counts are small
    return x, y, np.random.default_rng(0).uniform(0.5, 2, len(y))


REGRESSION = {  # loss -> its name in XGBoost, in LightGBM, and what makes both exact Newton steps
    "half_squared_error": ("reg:squarederror", "l2", {}, {}),
    "poisson": ("count:poisson", "poisson", {"max_delta_step": 0}, {"poisson_max_delta_step": 1e-9}),
    "gamma": ("reg:gamma", "gamma", {}, {}),
    "tweedie": ("reg:tweedie", "tweedie", {}, {"tweedie_variance_power": 1.5}),
}
CASES = [(loss, "diabetes", {}, names) for loss, names in REGRESSION.items()] + [
    ("pseudo_huber", "diabetes", {"hessian": "exact"}, ("reg:pseudohubererror", None, {}, {})),
    ("fair", "diabetes", {"hessian": "exact"}, (None, "fair", {}, {})),
    ("bce", "breast_cancer", {}, ("binary:logistic", "binary", {}, {})),
    ("xe", "breast_cancer", {}, ("binary:logistic", "binary", {}, {})),
    ("xe", "wine", {}, ("multi:softprob", "multiclass", {"num_class": 3}, {"num_class": 3})),
    ("categorical_cross_entropy", "wine", {}, ("multi:softprob", None, {"num_class": 3}, {})),
]


def having(system):
    """Return the mark of tests of the losses that a system has."""
    cases = [case for case in CASES if case[3][system] is not None]
    return pytest.mark.parametrize(("loss", "table", "options", "names"), cases, ids=[f"{c[0]}-{c[1]}" for c in cases])


START = {"count:poisson": np.log(0.5), "reg:gamma": np.log(0.5), "reg:tweedie": np.log(0.5), "binary:logistic": 0.0}


@having(0)
def test_xgboost_grows_the_trees_of_its_own_objective(loss, table, options, names):
    xgboost = pytest.importorskip("xgboost")
    x, y, weights = data(table)
    y = np.round(y) if loss == "poisson" else y
    matrix = xgboost.DMatrix(x, y, weight=weights)
    settings = {"max_depth": 3, "eta": 0.3, "nthread": 1, "base_score": 0.5} | names[2]
    own = xgboost.train(settings | {"objective": names[0]}, matrix, 5)
    settings["base_score"] = START.get(names[0], 0.5)
    objective, shown = export.xgboost(loss, **options, **PYTHON), {}
    ours = xgboost.train(settings, matrix, 5, obj=objective, custom_metric=objective.metric, evals=[(matrix, "train")],
                         evals_result=shown, verbose_eval=False)
    expected, found = own.predict(matrix, output_margin=True), ours.predict(matrix, output_margin=True)
    np.testing.assert_allclose(found, expected, atol=2e-5 * np.ptp(expected))
    value = objective.value(found, y, weights)
    np.testing.assert_allclose(shown["train"][get(loss).name][-1], value, rtol=1e-5)


@having(1)
def test_lightgbm_grows_the_trees_of_its_own_objective(loss, table, options, names):
    lightgbm = pytest.importorskip("lightgbm")
    x, y, weights = data(table)
    y = np.round(y) if loss == "poisson" else y
    settings = {"num_leaves": 7, "verbose": -1, "num_threads": 1, "boost_from_average": False} | names[3]
    train = lightgbm.Dataset(x, y, weight=weights, free_raw_data=False)
    own = lightgbm.train(settings | {"objective": names[1]}, train, 5)
    objective, shown = export.lightgbm(loss, **options, **PYTHON), {}
    ours = lightgbm.train(settings | {"objective": objective}, train, 5, feval=objective.metric, valid_sets=[train],
                          callbacks=[lightgbm.record_evaluation(shown)])
    expected, found = own.predict(x, raw_score=True), ours.predict(x, raw_score=True)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.ptp(expected))
    value = objective.value(found, y, weights)
    np.testing.assert_allclose(shown["training"][get(loss).name][-1], value, rtol=1e-5)


CATBOOST = [("half_squared_error", "RMSE", "diabetes"), ("bce", "Logloss", "breast_cancer"),
            ("poisson", "Poisson", "diabetes"), ("xe", "MultiClass", "wine")]


@pytest.mark.parametrize(("loss", "name", "table"), CATBOOST, ids=[c[0] for c in CATBOOST])
@pytest.mark.filterwarnings("error:Failed to optimize")
def test_catboost_grows_the_trees_of_its_own_objective(loss, name, table):
    catboost = pytest.importorskip("catboost")
    x, y, weights = data(table)
    y = np.round(y) if loss == "poisson" else y
    pool = catboost.Pool(x, y, weight=weights)
    settings = {"iterations": 3, "depth": 3, "learning_rate": 0.3, "verbose": 0, "thread_count": 1, "random_seed": 0,
                "bootstrap_type": "No", "allow_writing_files": False, "leaf_estimation_iterations": 1,
                "leaf_estimation_method": "Newton", "random_strength": 0, "score_function": "L2"}
    settings |= {"classes_count": 3} if name == "MultiClass" else {"boost_from_average": False}
    objective = export.catboost(loss, **PYTHON)
    own = catboost.CatBoost(settings | {"loss_function": name}).fit(pool)
    ours = catboost.CatBoost(settings | {"loss_function": objective, "eval_metric": objective.metric}).fit(pool)
    found = ours.predict(x, prediction_type="RawFormulaVal")
    np.testing.assert_allclose(found, own.predict(x, prediction_type="RawFormulaVal"), atol=1e-9)
    shown = ours.get_best_score()["learn"]["CatBoostMetric"]
    np.testing.assert_allclose(shown, objective.value(found, y, weights), rtol=1e-6)


def test_the_wrappers_of_xgboost_for_scikit_learn_take_objective_and_metric():
    xgboost = pytest.importorskip("xgboost")
    x, y, weights = data("diabetes")
    settings = {"n_estimators": 5, "base_score": 0.5, "n_jobs": 1}
    objective = export.xgboost("half_squared_error", **PYTHON)
    expected = xgboost.XGBRegressor(**settings).fit(x, y, sample_weight=weights).predict(x)
    model = xgboost.XGBRegressor(objective=objective, eval_metric=objective.metric, **settings)
    model.fit(x, y, sample_weight=weights, eval_set=[(x, y)], verbose=False)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-5)
    shown = model.evals_result()["validation_0"]
    np.testing.assert_allclose(shown["half_squared_error"], np.square(shown["rmse"]) / 2, rtol=1e-5)
    x, y, _ = data("wine")
    objective = export.xgboost("xe", **PYTHON)
    model = xgboost.XGBClassifier(objective=objective, **settings).fit(x, y)
    expected = xgboost.XGBClassifier(**settings).fit(x, y).predict_proba(x)
    np.testing.assert_allclose(objective.predictions(model.predict(x, output_margin=True)), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*eval_set.*")
def test_the_wrapper_of_lightgbm_for_scikit_learn_takes_objective_and_metric():
    lightgbm = pytest.importorskip("lightgbm")
    x, y, weights = data("diabetes")
    settings = {"n_estimators": 5, "verbose": -1, "n_jobs": 1}
    objective = export.lightgbm("half_squared_error", **PYTHON)
    expected = lightgbm.LGBMRegressor(boost_from_average=False, **settings).fit(x, y, sample_weight=weights).predict(x)
    model = lightgbm.LGBMRegressor(objective=objective, **settings)
    model.fit(x, y, sample_weight=weights, eval_set=[(x, y)], eval_metric=objective.metric)
    np.testing.assert_allclose(model.predict(x), expected, rtol=1e-6)
    (shown,) = model.evals_result_.values()
    np.testing.assert_allclose(shown["half_squared_error"], np.array(shown["l2"]) / 2 if "l2" in shown else
                               [objective.value(model.predict(x, num_iteration=i), y) for i in range(1, 6)])


def test_the_metric_of_a_quantile_is_that_of_lightgbm_and_boosting_reaches_the_quantile():
    """The trees differ: LightGBM's own objective computes the values of leaves anew, as quantiles."""
    lightgbm = pytest.importorskip("lightgbm")
    x, y, weights = data("diabetes")
    objective, shown = export.lightgbm("quantile", q=0.9, **PYTHON), {}
    start = np.full(len(y), objective.initial_score(y, weights))
    train = lightgbm.Dataset(x, y, weight=weights, init_score=start)
    settings = {"objective": objective, "metric": "quantile", "alpha": 0.9, "num_leaves": 4, "verbose": -1,
                "num_threads": 1, "seed": 0}
    model = lightgbm.train(settings, train, 40, feval=objective.metric, valid_sets=[train],
                           callbacks=[lightgbm.record_evaluation(shown)])
    own, ours = np.reshape(shown["training"]["quantile"], (-1, 2)).T  # both metrics have this name
    np.testing.assert_allclose(ours, own, rtol=1e-5)
    below = np.average(y <= model.predict(x) + start, weights=weights)
    assert own[-1] < 0.9 * own[0] and 0.85 < below < 0.95


def test_boosting_two_ports_learns_mean_and_variance():
    xgboost = pytest.importorskip("xgboost")
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(600, 1))
    y = x[:, 0] + np.where(x[:, 0] > 0, 1.0, 0.1) * rng.normal(size=600)
    objective = export.xgboost("gaussian_nll", **PYTHON)
    matrix = xgboost.DMatrix(x, y)
    settings = {"num_class": 2, "max_depth": 2, "eta": 0.2, "base_score": 0.0, "nthread": 1}
    model = xgboost.train(settings, matrix, 30, obj=objective)
    found = objective.predictions(model.predict(matrix, output_margin=True))
    assert set(found) == {"mean", "variance"} and found["variance"].shape == (600,)
    assert 0.6 < np.median(found["variance"][x[:, 0] > 0.1]) < 1.5
    assert 0.005 < np.median(found["variance"][x[:, 0] < -0.1]) < 0.03


# ---------------------------------------------------------------------------------------------- derivatives

DERIVATIVES = [("mse", 1, {}), ("huber", 1, {"delta": 0.7}), ("bce", 1, {}), ("xe", 1, {}), ("xe", 3, {}),
               ("poisson", 1, {}), ("tweedie", 1, {}), ("squared_hinge", 1, {}), ("gaussian_nll", 2, {}),
               ("brier", 3, {}), (["mse", {"form": "log_cosh", "weight": 0.5}], 1, {})]


@pytest.mark.parametrize(("loss", "columns", "options"), DERIVATIVES, ids=range(len(DERIVATIVES)))
def test_gradient_and_diagonal_are_those_of_finite_differences(loss, columns, options, rng):
    objective = export.xgboost(loss, hessian="exact", factor=1, floor=1e-300, **options, **PYTHON)
    raw = rng.normal(size=(6, columns))
    target = np.arange(6) % max(columns, 2)
    scores = objective.raw.scores(raw)
    targets = objective.raw.targets(target, scores)
    slope, curvature = objective.raw.slope_and_curvature(scores, targets)
    for column in range(columns):
        step = np.zeros_like(scores)
        step[:, column] = 1e-4
        up, here, down = (objective.raw.values(scores + sign * step, targets) for sign in (1, 0, -1))
        np.testing.assert_allclose(slope[:, column], (up - down) / 2e-4, atol=1e-6)
        np.testing.assert_allclose(curvature[:, column], (up - 2 * here + down) / 1e-8, atol=1e-5)


def test_weights_multiply_both_and_a_weight_of_0_silences_even_nan():
    objective = export.xgboost("half_squared_error", **PYTHON)
    slope, curvature = objective.gradient_and_hessian([1.0, 2.0, 3.0], [0.0, 0.0, np.nan], [2.0, 0.5, 0.0])
    assert slope.tolist() == [2.0, 1.0, 0.0] and curvature.tolist() == [2.0, 0.5, 0.0]
    assert objective.value([1.0, 2.0, 3.0], [0.0, 0.0, np.nan], [2.0, 0.5, 0.0]) == pytest.approx(0.8)


RULES = {"mae": "constant", "huber": "constant", "quantile": "constant", "hinge": "constant", "mse": "exact",
         "expectile": "exact", "bce": "exact", "poisson": "exact", "cauchy": "absolute", "cox": "constant"}


@pytest.mark.parametrize(("loss", "rule"), RULES.items(), ids=RULES)
def test_the_rule_for_second_derivatives_fits_the_loss(loss, rule):
    objective = export.xgboost(loss, **PYTHON)
    columns = 2 if loss == "cox" else 1
    assert objective.hessian_for(columns) == rule
    if loss != "cox":
        target = np.array([0.0, 1.0, 1.0, 0.0])
        assert (objective.gradient_and_hessian([-3.0, 0.1, 4.0, 30.0], target)[1] > 0).all()


def test_a_number_takes_the_place_of_second_derivatives():
    objective = export.lightgbm("mae", hessian=0.25, **PYTHON)
    assert objective.gradient_and_hessian([1.0], [0.0])[1].tolist() == [0.25]


def test_links_follow_the_loss_and_can_be_chosen():
    assert export.xgboost("bce", **PYTHON).predictions([0.0]).tolist() == [0.5]
    assert export.xgboost("xe", **PYTHON).predictions([0.0]).tolist() == [[0.5, 0.5]]
    assert export.xgboost("poisson", **PYTHON).predictions([0.0]).tolist() == [1.0]
    soft = export.xgboost("poisson", link="softplus", **PYTHON)
    np.testing.assert_allclose(soft.predictions([0.0]), [np.log(2)])
    np.testing.assert_allclose(soft.gradient_and_hessian([0.0], [1.0])[0], 0.5 * (1 - 1 / np.log(2)))


def test_losses_of_a_list_share_the_prediction_of_the_first():
    objective = export.xgboost(["bce", {"form": "mse", "weight": 0.5}], **PYTHON)
    slope = -0.5 + 0.5 * 2 * (0.5 - 1) * 0.25  # of bce at a score of 0, and of mse through the sigmoid
    assert objective.gradient_and_hessian([0.0], [1.0])[0].tolist() == pytest.approx([slope])


def test_labels_of_0_and_1_are_signs_where_a_loss_takes_signs():
    objective = export.xgboost("squared_hinge", **PYTHON)
    np.testing.assert_array_equal(objective.gradient_and_hessian([0.0, 0.0], [0, 1])[0],
                                  objective.gradient_and_hessian([0.0, 0.0], [-1, 1])[0])


def test_the_first_score_is_the_best_constant(rng):
    y = rng.gamma(2.0, size=501)
    assert export.xgboost("quantile", q=0.9, **PYTHON).initial_score(y) == pytest.approx(np.quantile(y, 0.9), abs=1e-5)
    assert export.xgboost("poisson", **PYTHON).initial_score(y) == pytest.approx(np.log(y.mean()), abs=1e-6)
    labels = np.repeat([0, 1, 2], [1, 2, 5])
    objective = export.lightgbm("xe", **PYTHON)
    np.testing.assert_allclose(objective.predictions(objective.initial_score(labels)[None])[0], [1 / 8, 2 / 8, 5 / 8],
                               atol=1e-5)


def test_a_function_of_the_users_is_an_objective():
    objective = export.xgboost(lambda p, t: abs(p - t) ** 3, **PYTHON)
    slope, curvature = objective.gradient_and_hessian([2.0], [0.0])
    assert slope.tolist() == [12.0] and curvature.tolist() == [12.0]


@pytest.mark.parametrize("target", ["xgboost", "lightgbm", "catboost"])
def test_copies_and_pickles_compute_the_same(target):
    objective = getattr(export, target)("tweedie", power=1.2, **PYTHON)
    expected = objective.gradient_and_hessian([0.3], [2.0])
    for again in (pickle.loads(pickle.dumps(objective)), copy.deepcopy(objective)):
        assert again.gradient_and_hessian([0.3], [2.0]) == expected
    assert pickle.loads(pickle.dumps(objective.metric)).objective.value([0.3], [2.0]) == \
        getattr(export, target)("tweedie", metric=True, power=1.2, **PYTHON).objective.value([0.3], [2.0])


@pytest.mark.c
def test_objectives_compiled_to_c_are_those_of_python():
    raw, target = np.linspace(-2, 2, 12).reshape(4, 3), [0, 2, 1, 1]
    for found, expected in zip(export.xgboost("xe", mode="C").gradient_and_hessian(raw, target),
                               export.xgboost("xe", **PYTHON).gradient_and_hessian(raw, target), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)


WRONG = {
    "loss": (lambda: export.xgboost("hubber"), UnknownNameError, "did you mean 'huber'"),
    "option": (lambda: export.xgboost("huber", dleta=1), UnknownNameError, "did you mean 'delta'"),
    "link": (lambda: export.xgboost("mse", link="logg"), UnknownNameError, "did you mean 'log'"),
    "port": (lambda: export.xgboost("gaussian_nll", link="exp"), SpecError, "Pass a dict"),
    "no port": (lambda: export.xgboost("mse", link={"mean": "exp"}), SpecError, "no port 'mean'"),
    "hessian": (lambda: export.xgboost("mse", hessian="exct"), UnknownNameError, "did you mean 'exact'"),
    "negative": (lambda: export.xgboost("mse", hessian=-1), SpecError, "positive number"),
    "floor": (lambda: export.xgboost("mse", floor=0), SpecError, "floor=0"),
    "pairs": (lambda: export.xgboost("cox", hessian="exact"), SpecError, "hessian='constant'"),
    "list": (lambda: export.xgboost(["mse", "huber"], delta=2), SpecError, "'form': 'huber'"),
    "labels": (lambda: export.xgboost("xe", **PYTHON).gradient_and_hessian(np.zeros((2, 3)), [0, 5]), DataError,
               "5 is out of range"),
    "fractions": (lambda: export.xgboost("xe", **PYTHON).gradient_and_hessian(np.zeros((2, 3)), [0, 0.5]), DataError,
                  "not whole numbers"),
    "probabilities": (lambda: export.xgboost("bce", **PYTHON).gradient_and_hessian([0.0], [2]), DataError,
                      "not a probability"),
    "rows": (lambda: export.xgboost("mse", **PYTHON).gradient_and_hessian([0.0, 1.0], [2.0]), SymlossError,
             "targets have shape"),
    "weights": (lambda: export.xgboost("mse", **PYTHON).gradient_and_hessian([0.0], [2.0], [1.0, 2.0]), DataError,
                "2 weights for 1 items"),
    "nan": (lambda: export.xgboost("mse", **PYTHON).gradient_and_hessian([0.0, np.nan], [2.0, 1.0]), TrainingError,
            "first in row 1"),
    "text": (lambda: export.xgboost("xe", **PYTHON).gradient_and_hessian(np.zeros((1, 3)), ["a"]), DataError,
             "Encode labels"),
    "mean": (lambda: export.xgboost(lambda p, t: ((p - t) ** 2).mean(), **PYTHON).gradient_and_hessian([0.0], [1.0]),
             SymlossError, "each item"),
}


@pytest.mark.parametrize("case", WRONG)
def test_mistakes_are_told_with_the_way_out(case):
    call, error, text = WRONG[case]
    with pytest.raises(error, match=text):
        call()
