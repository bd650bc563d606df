"""Which output, target and weights each entry of `net.losses` has, whatever was done to the list."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Loss, Regressor

ONCE = dict(epochs=1, learning_rate=0, batch_size=0, verbose=0, algo="sgd")
MSE, MAE = "squared_error", "absolute_error"


def regressor(**options):
    return Regressor([5, 4, 3], mode="PYTHON", **options)


def from_another():
    return regressor(loss="mae").losses[0]


OPERATIONS = {
    "insert": (lambda losses: losses.insert(0, Loss("mae", target=2)), [MAE, MSE]),
    "append": (lambda losses: losses.append(Loss("mae")), [MSE, MAE]),
    "extend": (lambda losses: losses.extend([Loss("mae"), Loss("huber")]), [MSE, MAE, "huber"]),
    "item": (lambda losses: losses.__setitem__(0, Loss("mae", target=2)), [MAE]),
    "slice": (lambda losses: losses.__setitem__(slice(None), [Loss("mae"), Loss("mse")]), [MAE, MSE]),
    "sort": (lambda losses: (losses.append(Loss("mae")), losses.sort(key=lambda loss: loss.name)), [MAE, MSE]),
    "reverse": (lambda losses: (losses.append(Loss("mae")), losses.reverse()), [MAE, MSE]),
    "pop": (lambda losses: (losses.append(Loss("mae")), losses.pop(0)), [MAE]),
    "moved": (lambda losses: losses.append(from_another()), [MSE, MAE]),
    "twice": (lambda losses: losses.__imul__(2), [MSE, MSE]),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_losses_are_a_plain_list(points, operation, weighted):
    net = regressor(weighted=weighted)
    act, names = OPERATIONS[operation]
    act(net.losses)
    data = [*points, np.ones_like(points[1])] if weighted else points
    record = net.train(data, **ONCE)[-1]
    error = net.predict(points[0]) - points[1]
    values = {MSE: (error**2).mean(), MAE: abs(error).mean(),
              "huber": symloss.evaluate.value("huber", net.predict(points[0]), points[1]).mean()}
    assert [loss.name for loss in net.losses] == names
    np.testing.assert_allclose(record["loss"], sum(values[name] for name in names))


def test_a_loss_that_another_model_trains_stays_there(points):
    other, net = regressor(loss="mae"), regressor()
    net.losses.append(other.losses[0])
    net.train(points, **ONCE)
    net.losses[1].weight = 5
    assert other.losses[0].weight == 1 and other.losses[0].owner is other
    other.train(points, **ONCE)


def test_a_target_that_the_user_passes_stays_that_variable(points, rng):
    net, other = regressor(), pt.matrix("other")
    net.add_loss("mae", target=other)
    assert [v.name for v in net.variables] == ["in", "target", "other"] and net.losses[1]._target is other
    second = rng.normal(size=points[1].shape)
    record = net.train([*points, second], **ONCE)[-1]
    np.testing.assert_allclose(record["mae"], abs(net.predict(points[0]) - second).mean())


def test_targets_of_two_ranks_stand_beside_each_other(points):
    net = regressor()

    def norm(prediction, target):
        return (prediction.sum(axis=-1) - target) ** 2

    net.losses.append(Loss(norm, target=1))
    assert [v.name for v in net.variables] == ["in", "target", "target2"]
    record = net.train([*points, points[1].sum(axis=1)], **ONCE)[-1]
    np.testing.assert_allclose(record["norm"], ((net.predict(points[0]) - points[1]).sum(axis=1) ** 2).mean())


@pytest.mark.parametrize("form", [n for n in symloss.losses.names()
                                  if symloss.losses.get(n).target == "sign or label"])
def test_losses_of_signs_or_labels_take_the_labels_of_a_classifier(labelled, form):
    x, y = labelled
    net = symloss.Classifier([4, 3], mode="PYTHON")
    for loss in (form, Loss(form, target=1), symloss.losses.Hinge(target=1)):
        net.set_loss(loss)
        assert np.isfinite(net.train([x, y], **ONCE)[-1]["loss"])


@pytest.mark.parametrize(("entry", "way_out"), [
    ("mae", r"net.add_loss\('mae'\)"), (symloss.losses.absolute_error, "net.add_loss"), (None, "net.add_loss")])
def test_what_is_no_loss_in_the_list_says_what_to_write(points, entry, way_out):
    net = regressor()
    net.losses.append(entry)
    with pytest.raises(symloss.SpecError, match=way_out):
        net.train(points, **ONCE)


def test_a_class_in_the_list_says_what_to_write(points, registered):
    class Own(Loss):
        def __call__(self, outputs):
            return (outputs[self.output_name] - self._target).mean()

    net = regressor()
    net.losses.append(Own)
    with pytest.raises(symloss.SpecError, match=r"Own\(\)"):
        net.train(points, **ONCE)


def test_set_loss_takes_a_list(points):
    net = regressor()
    net.set_loss(["mae", {"form": "mse", "weight": 2}])
    error = net.predict(points[0]) - points[1]
    np.testing.assert_allclose(net.train(points, **ONCE)[-1]["loss"], abs(error).mean() + 2 * (error**2).mean())
    with pytest.raises(symloss.SymlossError):
        net.set_loss(["mae", "no such loss"])
    assert [loss.name for loss in net.losses] == [MAE, MSE]


def test_binding_again_compiles_nothing(points, compilations):
    net = regressor(loss=["mse", "mae"])
    net.train(points, **ONCE)
    before = len(compilations)
    net.losses[:] = net.losses[:]
    net.train(points, **ONCE)
    assert len(compilations) == before


@pytest.mark.parametrize("make", [symloss.Autoencoder, symloss.recurrent.Autoencoder])
def test_a_weighted_autoencoder_takes_triples(rng, make):
    x = rng.normal(size=(20, 4, 5) if make is symloss.recurrent.Autoencoder else (20, 5))
    clean, w = x + 1, rng.uniform(size=x.shape)
    net = make([5, (3, "rnn") if x.ndim == 3 else 3, 5], weighted=True, mode="PYTHON")
    for data, target in (([x, clean, w], clean), ([x, w], x), ([x, clean, w], clean)):
        record = net.train(data, **ONCE)[-1]
        error = net.predict(x) - target
        np.testing.assert_allclose(record["loss"], (w * error**2).sum() / w.sum())


# ------------------------------------------------------------------------------------- losses that do not use weights


def reduced(prediction, target):
    return ((prediction - target) ** 2).mean()


def test_a_mean_of_ones_own_is_refused_where_weights_cannot_reach_it(labelled):
    with pytest.raises(symloss.SpecError, match="Leave out its .mean()"):
        regressor(loss=reduced, weighted=True)
    classifier = symloss.Classifier([4, 3], loss=lambda p, t: -pt.log(p[pt.arange(t.size), t]).mean(), mode="PYTHON")
    with pytest.raises(symloss.SpecError, match="class weights can have no effect"):
        classifier.train(labelled, **ONCE, class_weight="balanced")
    sequences = symloss.recurrent.Regressor([4, (3, "rnn"), 3], loss=reduced, mode="PYTHON")
    ragged = [np.ones((n, 4)) for n in (2, 3)], [np.ones((n, 3)) for n in (2, 3)]
    with pytest.raises(symloss.SpecError, match="the mask of padding can have no effect"):
        sequences.train(ragged, **ONCE)


def test_a_mean_of_ones_own_trains_without_weights_and_explain_says_so(points):
    net = regressor(loss=reduced)
    error = net.predict(points[0]) - points[1]
    np.testing.assert_allclose(net.train(points, **ONCE | {"batch_size": 0})[-1]["loss"], (error**2).mean())
    assert "a mean of its own" in net.explain()


def test_a_class_that_does_not_use_its_weights_is_warned_of_once(points, registered, recwarn):
    class Idle(Loss):
        def __call__(self, outputs):
            return ((outputs[self.output_name] - self._target) ** 2).mean()

    regressor(loss=Idle, weighted=True).train([*points, np.ones_like(points[1])], **ONCE)
    assert [str(w.message) for w in recwarn if "have no effect" in str(w.message)] == [
        "loss Idle: its __call__ does not use self._weights, so weights have no effect on it. Use the "
        "weights, for example with symloss.losses.reduce(values, self.weights)"]


def test_a_shared_variable_that_nobody_trains_is_named(points, registered):
    matrix = pytensor.shared(np.eye(3), name="W")

    class Turned(Loss):
        def __call__(self, outputs):
            return pt.sqr(outputs[self.output_name] @ matrix - self._target).mean()

    with pytest.raises(symloss.SpecError, match="W, which is not a parameter of the model.*parameters="):
        regressor(loss=Turned)


def test_negative_weights_count_by_their_size_where_they_are_asked_for(points, rng):
    net, w = regressor(weighted=True), rng.normal(size=points[1].shape)
    with pytest.raises(symloss.DataError, match="negative_weights=True"):
        net.train([*points, w], **ONCE)
    error = (net.predict(points[0]) - points[1]) ** 2
    record = net.train([*points, w], **ONCE, negative_weights=True)[-1]
    np.testing.assert_allclose(record["loss"], (w * error).sum() / abs(w).sum())
    assert "sum of the weights' sizes" in net.explain()


@pytest.mark.parametrize("make", [symloss.Regressor, symloss.recurrent.Regressor])
def test_several_quantiles_share_one_target(rng, make):
    steps = (5,) if make is symloss.recurrent.Regressor else ()
    x, y = rng.normal(size=(20, *steps, 4)), rng.normal(size=(20, *steps, 1))
    net = make([4, 3], loss="multi_quantile", mode="PYTHON")
    found = net.train([x, y], **ONCE | {"batch_size": 0})[-1]["loss"]
    np.testing.assert_allclose(found, symloss.evaluate.value("multi_quantile", net.predict(x), y).mean())


def test_a_mean_over_columns_of_ones_own_takes_one_weight_an_item(points, rng):
    net = regressor(loss=lambda p, t: ((p - t) ** 2).mean(axis=-1), weighted=True)
    w = rng.uniform(size=len(points[0]))
    error = ((net.predict(points[0]) - points[1]) ** 2).mean(axis=-1)
    for weights in (w, w[:, None], np.repeat(w[:, None], 3, axis=1)):
        found = net.train([*points, weights], **ONCE | {"batch_size": 0})[-1]["loss"]
        np.testing.assert_allclose(found, (w * error).sum() / w.sum())
    with pytest.raises(symloss.DataError, match="weights differ within one item"):
        net.train([*points, rng.uniform(size=points[1].shape) < 0.5], **ONCE)
