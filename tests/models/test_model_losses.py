"""Losses on models: how they are given, added up, weighted, and defined by users."""

import warnings

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Autoencoder, Classifier, Loss, Regressor

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}  # a look at the figures of the start values


def terms(net):
    return [(loss.name, loss.weight) for loss in net.losses]


def squares(prediction, target):
    return (prediction - target) ** 2


# ------------------------------------------------------------------------------------------------------ several losses


def test_two_losses_train_their_sum(points, backend):
    """One step of sgd goes down the gradient of mae + mse."""
    x, y = points
    net = Regressor([5, 3], loss="mae", mode=backend)
    net.add_loss("mse")
    w, b = (p.get_value() for p in net.params)
    record = net.train([x, y], algo="sgd", learning_rate=0.1, epochs=1, batch_size=0, verbose=0)[0]
    e = x @ w + b - y
    slope = (np.sign(e) + 2 * e) / e.size
    np.testing.assert_allclose(net.params[0].get_value(), w - 0.1 * x.T @ slope)
    np.testing.assert_allclose(net.params[1].get_value(), b - 0.1 * slope.sum(axis=0))
    np.testing.assert_allclose([record["mae"], record["mse"]], [np.abs(e).mean(), (e**2).mean()])
    np.testing.assert_allclose(record["loss"], record["mae"] + record["mse"])


def test_losses_of_one_output_share_target_and_weights():
    net = Regressor([5, 3], weighted=True)
    net.add_loss("mae")
    net.add_loss(squares)
    assert len({id(loss._target) for loss in net.losses}) == 1
    assert len({id(loss._weights) for loss in net.losses}) == 1
    assert [v.name for v in net.variables] == ["in", "target", "weights"]


def test_two_of_one_loss_are_two_terms(points):
    net = Regressor([5, 3], loss="huber")
    net.add_loss("huber", delta=0.1, weight=3)
    record = net.train(points, **STILL)[0]
    assert set(record["weighted"]) == {"huber", "huber#2"}
    assert record["huber#2"] < record["huber"]
    np.testing.assert_allclose(record["loss"], record["huber"] + 3 * record["huber#2"])


def test_the_list_of_losses_is_a_plain_list(points):
    net = Regressor([5, 3])
    net.losses.append(0.5 * Loss("mae"))
    record = net.train(points, **STILL)[0]
    np.testing.assert_allclose(record["loss"], record["mse"] + 0.5 * record["mae"])
    del net.losses[0]
    record = net.train(points, **STILL)[-1]
    assert set(record["weighted"]) == {"mae"}
    np.testing.assert_allclose(record["loss"], 0.5 * record["mae"])


def test_a_loss_that_gives_its_number_of_axes_shares_the_target(points):
    net = Regressor([5, 3])
    net.add_loss("mae", target=2)
    assert set(net.train(points, **STILL)[0]["weighted"]) == {"mse", "mae"}


# ------------------------------------------------------------------------------------------------- ways to give a loss


class Tripled(Loss):
    def __call__(self, outputs):
        return 3 * pt.sqr(outputs[self.output_name] - self._target).mean()


@pytest.mark.parametrize(
    "given",
    ["mse", "MSE", "l2", "MeanSquaredError", "squared_error", Loss("mse"), squares, {"form": "mse"},
     lambda prediction, target: pt.sqr(prediction - target)],
    ids=lambda given: given if isinstance(given, str) else type(given).__name__,
)
@pytest.mark.parametrize("way", ["constructor", "add_loss", "set_loss"])
def test_every_way_to_give_a_loss(given, way, points):
    given = Loss("mse") if isinstance(given, Loss) else given
    net = Regressor([5, 3], loss=given if way == "constructor" else None if way == "add_loss" else "mae")
    if way != "constructor":
        getattr(net, way)(given)
    assert len(net.losses) == 1
    wanted = np.mean((net.predict(points[0]) - points[1]) ** 2)
    np.testing.assert_allclose(net.train(points, **STILL)[0]["loss"], wanted)


def test_a_subclass_and_its_name(points):
    for given in (Tripled, "tripled", Tripled()):
        record = Regressor([5, 3], loss=given).train(points, **STILL)[0]
        np.testing.assert_allclose(record["loss"], 3 * Regressor([5, 3]).train(points, **STILL)[0]["mse"])


def test_a_dict_has_weight_and_hyperparameters(points):
    net = Regressor([5, 3], loss={"form": "huber", "weight": 2, "delta": 0.3})
    assert (net.losses[0].weight, net.losses[0].options) == (2, {"delta": 0.3})
    record = net.train(points, **STILL)[0]
    np.testing.assert_allclose(record["loss"], 2 * record["huber"])


@pytest.mark.parametrize("how", ["sum", "count", "mean"])
def test_how_chooses_the_divisor(how, points):
    e = Regressor([5, 3]).predict(points[0]) - points[1]
    wanted = {"sum": (e**2).sum(), "count": (e**2).mean(), "mean": (e**2).mean()}[how]
    net = Regressor([5, 3], loss={"form": "mse", "how": how})
    np.testing.assert_allclose(net.train(points, batch_size=0, **STILL)[0]["loss"], wanted)


def test_a_losses_axis_product_keeps_the_original():
    loss = Loss("mse", weight=2)
    half = 0.5 * loss
    assert (half.weight, loss.weight) == (1.0, 2.0)


# ----------------------------------------------------------------------------------------------------------- set_loss


def test_set_loss_replaces_all():
    net = Regressor([5, 3], loss="mae")
    net.add_loss("huber")
    net.set_loss("mse", weight=3)
    assert terms(net) == [("squared_error", 3)]


@pytest.mark.parametrize("name", ["hinge", "mse", "mae", "xe", "kl", "huber", "multiclass_hinge"])
def test_set_loss_keeps_the_labels_of_a_classifier(name, labelled, backend):
    net = Classifier([4, 3], mode=backend)
    net.set_loss(name)
    assert net.losses[0]._target.dtype == "int32"
    history = net.train(labelled, algo="adam", learning_rate=0.05, epochs=15, verbose=0)
    assert history[-1]["loss"] < history[0]["loss"]
    assert net.score(*labelled) > 0.9
    assert history[-1]["acc"] > 0.9


@pytest.mark.parametrize("batch_size", [3, 4])
def test_a_function_does_not_make_a_table_of_labels_and_probabilities(batch_size, labelled):
    """With as many items in a batch as there are classes, (n, k) - (n,) would even pass unnoticed."""
    net, (x, y) = Classifier([4, 3], loss=squares), labelled
    record = net.train(labelled, batch_size=batch_size, **STILL)[0]
    np.testing.assert_allclose(record["loss"], ((net.predict_proba(x) - np.eye(3)[y]) ** 2).mean())


@pytest.mark.parametrize("name", ["mse", "kl"])
def test_labels_of_a_classifier_become_one_hot(name, labelled):
    net, (x, y) = Classifier([4, 3], loss=name), labelled
    p, t = net.predict_proba(x), np.eye(3)[y]
    wanted = {"mse": ((p - t) ** 2).mean(), "kl": -np.log(p[np.arange(60), y]).mean()}[name]
    np.testing.assert_allclose(net.train(labelled, **STILL)[0]["loss"], wanted)


@pytest.mark.parametrize(
    ("net", "data"),
    [(Regressor([2, 3], weighted=True), 3), (Classifier([2, 3], weighted=True), 3),
     (Autoencoder([2, 2], weighted=True), 2)],
    ids=repr,
)
def test_set_loss_keeps_weighted(net, data):
    net.set_loss("mae")
    assert net.losses[0].weighted
    assert len(net.variables) == data


FAILURES = [
    ({"loss": "hubber"}, symloss.UnknownNameError, "did you mean 'huber'"),
    ({"loss": "huber", "dleta": 1}, symloss.UnknownNameError, "did you mean 'delta'"),
    ({"loss": "mse", "output_name": "otu"}, symloss.UnknownNameError, "did you mean"),
    ({"loss": "mse", "weight": "heavy"}, symloss.SpecError, "heavy"),
    ({"loss": "mse", "weight": float("nan")}, symloss.SpecError, "nan"),
    ({"loss": "mse", "how": "avg"}, symloss.UnknownNameError, "avg.*mean"),
    ({"loss": 5}, symloss.SpecError, "5"),
    ({"loss": ["mse", 5]}, symloss.SpecError, "5"),
    ({"loss": lambda a, b, c: a}, symloss.SpecError, "prediction, target"),
    ({"loss": lambda p, t: 3.0}, symloss.SpecError, "float"),
    ({"loss": lambda p, t: p[:, None, :] - t[None]}, symloss.ShapeError, "returned 3 axes"),
    ({"loss": "gaussian_nll"}, symloss.SpecError, "variance"),
]


@pytest.mark.parametrize(("options", "error", "words"), FAILURES)
def test_a_failed_set_loss_says_why_and_leaves_the_old_losses(options, error, words, points):
    net = Regressor([5, 3], loss="mae")
    net.add_loss("huber", weight=2)
    before, variables = list(net.losses), net.variables
    for method in (net.set_loss, net.add_loss):
        with pytest.raises(error, match=words):
            method(**options)
        assert net.losses == before
        assert net.variables == variables
    net.train(points, **STILL)


def test_a_misspelt_alias_of_a_loss_names_the_nearest():
    with pytest.raises(symloss.UnknownNameError, match="did you mean .*'mae'"):
        Regressor([5, 3], loss="mea")


# -------------------------------------------------------------------------------------------------------------- weight


def test_a_weight_acts_in_the_next_training_without_recompiling(points, backend, compilations):
    net = Regressor([5, 3], loss="mae", mode=backend)
    net.add_loss("mse")
    net.train(points, **STILL)
    compiled = len(compilations)
    net.losses[1].weight = 2
    w = net.params[0].get_value()
    net.train(points, algo="sgd", learning_rate=0.1, epochs=1, batch_size=0, verbose=0)
    assert len(compilations) == compiled > 0
    e = points[0] @ w - points[1]
    np.testing.assert_allclose(net.params[0].get_value(), w - 0.1 * points[0].T @ (np.sign(e) + 4 * e) / e.size)
    record = net.history[-1]
    np.testing.assert_allclose(record["loss"], record["mae"] + 2 * record["mse"])
    np.testing.assert_allclose(record["weighted"]["mse"], 2 * record["mse"])


def test_a_weight_acts_from_a_callback_between_epochs(points, backend, compilations):
    net = Regressor([5, 3], loss="mae", mode=backend)
    net.add_loss("mse")
    seen = []

    def off(record):
        seen.append([p.get_value() for p in net.params])
        for loss in net.losses:
            loss.weight = 0.0
        return False

    net.train(points, algo="sgd", learning_rate=0.1, epochs=3, callbacks=off, patience=None, verbose=0)
    first, second, third = seen
    assert all(np.array_equal(a, b) for a, b in zip(first, third, strict=True))
    assert not np.array_equal(first[0], Regressor([5, 3]).params[0].get_value())
    assert [r["loss"] == 0 for r in net.history] == [False, True, True]
    assert len(compilations) == 1


def test_train_again_compiles_nothing_and_another_loss_does(points, compilations):
    net = Regressor([5, 3])
    net.train(points, points, algo="sgd", learning_rate=0.1, epochs=1, verbose=0)
    compiled = len(compilations)
    net.train(points, points, algo="sgd", learning_rate=0.2, epochs=1, verbose=0)
    assert len(compilations) == compiled == 2
    net.set_loss("mae")
    net.train(points, points, algo="sgd", epochs=1, verbose=0)
    assert len(compilations) == 4


# ------------------------------------------------------------------------------------------------------ losses of users


def make_step():
    class Step(symloss.Loss):
        def __call__(self, outputs):
            return (outputs[self.output_name] > 0).mean()

    return Step


def make_weighted_step():
    class Step(symloss.Loss):
        def __call__(self, outputs):
            step = outputs[self.output_name] > 0
            if self._weights:
                return (self._weights * step).sum() / self._weights.sum()
            else:
                return step.mean()

    return Step


@pytest.mark.parametrize("make", [make_step, make_weighted_step])
def test_a_step_loss_is_found_by_its_name_and_trains(make, registered, rng):
    make()
    net = symloss.Regressor([5, 6, 7], loss="step")
    x, y = rng.normal(size=(20, 5)), rng.normal(size=(20, 7))
    with pytest.warns(symloss.SymlossWarning, match="gradient.*zero everywhere"):
        record = net.train([x, y], epochs=1, verbose=0)[0]
    np.testing.assert_allclose(record["loss"], (net.predict(x) > 0).mean())


def test_a_weighted_step_loss_uses_its_weights(registered, rng, backend):
    make_weighted_step()
    net = symloss.Regressor([5, 6, 7], loss="step", weighted=True, mode=backend)
    x, y, w = rng.normal(size=(20, 5)), rng.normal(size=(20, 7)), rng.uniform(size=(20, 7))
    with pytest.warns(symloss.SymlossWarning, match="zero everywhere"):
        record = net.train([x, y, w], epochs=1, batch_size=7, verbose=0)[0]
    np.testing.assert_allclose(record["loss"], np.average(net.predict(x) > 0, weights=w))


def test_the_weights_of_a_loss_have_a_truth_value(registered):
    assert not Regressor([5, 3], loss=make_weighted_step()).losses[0]._weights
    assert Regressor([5, 3], loss=make_weighted_step(), weighted=True).losses[0]._weights


def test_a_loss_that_ignores_its_target_trains_without_complaint(registered, rng, backend):
    class Small(symloss.Loss):
        def __call__(self, outputs):
            return pt.sqr(outputs[self.output_name]).mean()

    x, y = rng.normal(size=(20, 5)), rng.normal(size=(20, 3))
    for data in ([x, y], [x], x, {"in": x}):  # the target may be left out
        net = symloss.Regressor([5, 3], loss="small", mode=backend)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            history = net.train(data, x if data is x else data, algo="sgd", learning_rate=0.1, epochs=20, verbose=0)
        assert history[-1]["loss"] < 0.8 * history[0]["loss"]


def test_a_zero_gradient_names_the_parameters_that_cannot_move(points):
    net = Regressor([5, 4, 3], loss=lambda p, t: pt.round(p) - t)
    with pytest.warns(symloss.SymlossWarning) as caught:
        net.train(points, epochs=1, verbose=0)
    text = str(caught[0].message)
    assert all(name in text for name in ("hid1.w", "hid1.b", "out.w", "out.b")) and "no parameter" in text
    assert len(caught) == 1


def test_a_zero_gradient_of_some_parameters_names_only_those(points):
    layers = [5, {"size": 2, "name": "lost"}, {"size": 3, "inputs": "in"}]
    with pytest.warns(symloss.SymlossWarning) as caught:
        Regressor(layers).train(points, epochs=1, verbose=0)
    text = str(caught[0].message)
    assert "lost.w" in text and "lost.b" in text and "out.w" not in text


def test_an_ordinary_loss_warns_of_nothing(points):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Regressor([5, (4, "maxout:2"), 3]).train(points, points, epochs=1, verbose=0)


def called(expression):
    """Return a class of the user's whose term is this expression of (output, target, weights)."""
    class Own(symloss.Loss):
        def __call__(self, outputs):
            return expression(outputs[self.output_name], self._target, self._weights)

    return Own


@pytest.mark.parametrize("expression", [
    lambda p, t, w: ((p[:, 0] - t) ** 2).mean(), lambda p, t, w: (p.flatten() * t).mean(),
    lambda p, t, w: (w * ((p - t) ** 2).sum(axis=1)).mean(),
])
def test_a_class_that_repeats_outputs_against_the_target_raises(expression, registered):
    with pytest.raises(symloss.ShapeError, match="Own: the function broadcasts the shapes"):
        Regressor([5, 1], loss=called(expression)(), weighted=True)


def test_a_class_that_subtracts_labels_from_probabilities_raises_at_once(registered):
    with pytest.raises(symloss.ShapeError, match=r"Own: the shapes \(\?, 3\) and \(\?,\) do not fit together"):
        Classifier([4, 3], loss=called(lambda p, t, w: (p - t).mean())())


def test_classes_that_repeat_on_purpose_pass(registered):
    class Near(symloss.Loss):
        def __call__(self, outputs):
            h = outputs["hid1:out"]
            same = pt.eq(self._target[:, None], self._target[None, :])
            return (same * ((h[:, None] - h[None, :]) ** 2).sum(axis=-1)).mean()

    class Slope(symloss.Loss):
        def __call__(self, outputs):
            return pt.sqr(pt.grad(outputs[self.output_name].sum(), outputs["in:out"])).sum(axis=1).mean()

    Classifier([4, 5, 3], loss=Near())
    Regressor([4, 5, 3], loss=Slope())
    Regressor([4, 3], loss=called(lambda p, t, w: (w * abs(p - t)).sum() / w.sum())(), weighted=True)


def test_a_loss_that_is_no_scalar_says_so(registered):
    class Wide(symloss.Loss):
        def __call__(self, outputs):
            return outputs[self.output_name] - self._target

    with pytest.raises(symloss.ShapeError, match="2 axes.*scalar"):
        Regressor([5, 3], loss="wide")


def test_a_subclass_does_not_inherit_the_aliases_of_its_parent(registered, points):
    class Parent(symloss.Loss):
        aliases = ("forebear",)

        def __call__(self, outputs):
            return pt.sqr(outputs[self.output_name] - self._target).mean()

    class Child(Parent):
        def __call__(self, outputs):
            return 5 * super().__call__(outputs)

    assert type(Regressor([5, 3], loss="forebear").losses[0]) is Parent
    assert type(Regressor([5, 3], loss="child").losses[0]) is Child
    small, large = (Regressor([5, 3], loss=name).train(points, **STILL)[0]["loss"] for name in ("parent", "child"))
    np.testing.assert_allclose(large, 5 * small)


def test_a_subclass_cannot_take_the_name_of_a_function(registered):
    with pytest.raises(symloss.SpecError, match="taken"):

        class MSE(symloss.Loss):
            pass

    assert Regressor([5, 3], loss="mse").losses[0].name == "squared_error"


def test_a_class_may_be_defined_again_under_its_name(registered):
    make_step()
    again = make_step()
    assert type(Loss.build("step")) is again


def test_a_function_called_loss_does_not_hide_the_total(points):
    def loss(prediction, target):
        return pt.sqr(prediction - target)

    record = Regressor([5, 3], loss={"form": loss, "weight": 2}).train(points, **STILL)[0]
    np.testing.assert_allclose(record["loss"], record["weighted"]["loss"])


# ------------------------------------------------------------------------------------------------------- several ports


def test_a_gaussian_likelihood_takes_two_outputs(rng):
    layers = [2, {"size": 1, "name": "mean", "activation": "linear"},
              {"size": 1, "name": "variance", "inputs": "in", "activation": "softplus"}]
    net = symloss.Network(layers, loss=None)
    net.add_loss("gll", output_name="mean")
    x = rng.normal(size=(400, 2))
    y = x[:, :1] + rng.normal(size=(400, 1)) * 0.5
    assert [v.name for v in net.variables][0] == "in" and len(net.variables) == 2
    net.train([x, y], algo="adam", learning_rate=0.05, epochs=60, patience=None, verbose=0)
    got = net.feed_forward(x)
    np.testing.assert_allclose(got["variance:out"].mean(), 0.25, rtol=0.25)
    np.testing.assert_allclose(net.find("mean", "w").get_value().ravel(), [1, 0], atol=0.1)


def test_ports_may_be_named(rng):
    layers = [2, {"size": 1, "name": "mu", "activation": "linear"},
              {"size": 1, "name": "var", "inputs": "in", "activation": "softplus"}]
    net = symloss.Network(layers, loss=None)
    net.add_loss("gll", output_name="mu", ports={"mean": "mu", "variance": "var"})
    x = rng.normal(size=(8, 2))
    got, y = net.feed_forward(x), rng.normal(size=(8, 1))
    m, v = got["mu:out"], got["var:out"]
    wanted = 0.5 * (np.log(2 * np.pi * v) + (y - m) ** 2 / v)
    np.testing.assert_allclose(net.train([x, y], **STILL)[0]["loss"], wanted.mean())


def test_what_is_no_list_is_refused_in_the_place_of_the_losses():
    net = Regressor([2, 1])
    for wrong in (None, net.losses[0], "mse", {"form": "mse"}):
        with pytest.raises(symloss.SpecError, match=r"net.losses must be a list.*net.set_loss"):
            net.losses = wrong
    net.losses = tuple(net.losses)
    net.losses.append(Loss("mae"))
    assert [loss.label for loss in net.losses] == ["mse", "mae"]


def test_an_output_that_is_set_on_a_loss_stays_or_is_refused(points):
    x, y = points
    net = Regressor([5, {"name": "body", "size": 3}, 3], loss="mse")
    net.losses.append(Loss("mae"))
    net.losses[1].output_name = "body"
    found = net.train([x, y, y], **STILL)[0]["mae(body)"]
    assert found == pytest.approx(abs(net.feed_forward(x)["body:out"] - y).mean())
    net.losses[0].output_name = "nowhere"
    with pytest.raises(symloss.UnknownNameError, match="nowhere"):
        net.train([x, y], **STILL)
    with pytest.raises(symloss.SpecError, match="output_name=3 must be the name of a layer"):
        net.losses[0].output_name = 3
