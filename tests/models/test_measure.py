"""Losses and metrics of a single example, of a data set, and of each of its examples."""

import numpy as np
import pytest

import symloss
from symloss import Classifier, Network, Regressor

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}


def heads(**options):
    """A network with a softmax and a number, and its data."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 3))
    net = Network([3, {"name": "hid", "size": 4}, {"name": "cls", "size": 2, "activation": "softmax"},
                   {"name": "num", "size": 1, "activation": "linear", "inputs": "hid"}], mode="PYTHON", **options)
    return net, {"in": x, "cls": np.where(x[:, 0] < x[:, 1], "Less", "Greater"), "num": x[:, 2]}


def rows(data, where):
    return {name: column[where] for name, column in data.items()}


def test_a_single_pair_has_the_values_that_a_hand_computes(points):
    x, y = points
    net = Regressor([5, 3], mode="PYTHON")
    net.add_loss("mae", weight=0.5)
    e = net.predict(x)[0] - y[0]
    found = net.measure((x[0], y[0]), metrics=["r2", {"form": "rmse", "name": "root"}])
    assert list(found) == ["loss", "mse", "mae", "r2", "root"]
    assert all(isinstance(value, float) for value in found.values())
    np.testing.assert_allclose([found["mse"], found["mae"], found["root"]],
                               [(e**2).mean(), abs(e).mean(), np.sqrt((e**2).mean())])
    np.testing.assert_allclose(found["loss"], (e**2).mean() + 0.5 * abs(e).mean())
    assert found == net.measure([(x[0], y[0])], metrics=["r2", {"form": "rmse", "name": "root"}])


def test_a_data_set_has_the_values_of_a_record_without_penalties_and_noise(points):
    net = Regressor([5, (4, "relu"), 3], mode="PYTHON")
    record = net.train(points, points, **STILL, metrics=["mae"])[-1]
    found = net.measure(points)
    assert found.keys() == {"loss", "mse", "mae"}  # the metrics of the last training
    np.testing.assert_allclose(found["loss"], record["valid_loss"])
    np.testing.assert_allclose(found["mae"], record["valid_mae"])
    noisy = Regressor([5, (4, "relu"), 3], mode="PYTHON")
    noisy.train(points, **STILL, weight_l2=1.0, input_noise=3.0)
    np.testing.assert_allclose(noisy.measure(points)["loss"], found["loss"])


def test_each_example_by_itself():
    net, data = heads()
    net.train(data, **STILL, metrics=[{"form": "acc", "output_name": "cls"}], results=True)
    found = net.measure(data, each=True)
    assert list(found) == ["loss", "xe(cls)", "mse(num)", "acc(cls)"]
    assert {array.shape for array in found.values()} == {(12,)}
    for row in (0, 7):
        one = net.measure(rows(data, row))
        assert one == {name: array[row] for name, array in found.items()}
    np.testing.assert_array_equal(found["loss"], net.results.example_losses)
    whole = net.measure(data)
    np.testing.assert_allclose([found[name].mean() for name in found], list(whole.values()))
    right = net.predict(data["in"])["cls"] == data["cls"]
    np.testing.assert_array_equal(found["acc(cls)"], right)


def test_measuring_neither_trains_nor_learns():
    net, data = heads(classes={"cls": ["Greater", "Less"]})
    before = [p.get_value() for p in net.params]
    net.measure(data)
    assert all(np.array_equal(p.get_value(), value) for p, value in zip(net.params, before, strict=True))
    assert net.history == []
    fresh = heads()[0]
    with pytest.raises(symloss.DataError, match=r"measure: cls:target, row 0: '\w+' is not a class.*classes="):
        fresh.measure(data)
    assert fresh.encoders == {}


def test_weights_of_losses_act_at_once_and_compile_nothing(points, compilations):
    net = Regressor([5, 3], mode="PYTHON")
    first = net.measure(points)
    count = len(compilations)
    net.losses[0].weight = 3
    again = net.measure(points)
    assert again["mse"] == first["mse"]
    np.testing.assert_allclose(again["loss"], 3 * first["loss"])
    assert len(compilations) == count > 0


def test_what_counts_nothing_is_nan(points):
    x, y = points
    net = Regressor([5, 3], weighted=True, mode="PYTHON")
    found = net.measure([x[:3], y[:3], [1.0, 0.0, 7.0]], each=True)
    assert np.isnan(found["loss"]).tolist() == np.isnan(found["mse"]).tolist() == [False, True, False]
    e = net.predict(x[:3]) - y[:3]
    np.testing.assert_allclose(found["mse"][[0, 2]], (e**2).mean(axis=1)[[0, 2]])  # an item's own weight cancels out


def test_tables_are_lists_and_one_for_each_example(labelled):
    net = Classifier([4, 3], mode="PYTHON")
    whole = net.measure(labelled, metrics=["confusion"])["confusion"]
    each = net.measure(labelled, each=True, metrics=["confusion"])["confusion"]
    assert each.shape == (60, 3, 3)
    np.testing.assert_array_equal(each.sum(axis=0), whole)


def test_sequences_of_different_lengths(rng):
    x = [rng.normal(size=(n, 2)) for n in (2, 5, 3)]
    y = [rng.normal(size=(n, 1)) for n in (2, 5, 3)]
    net = symloss.recurrent.Regressor([2, (3, "rnn"), 1], mode="PYTHON")
    net.set_loss("mse")
    found = net.measure([x, y], each=True)["mse"]
    np.testing.assert_allclose(found, [np.mean((p - t) ** 2) for p, t in zip(net.predict(x), y, strict=True)])


def test_probabilities_and_labels_may_take_turns():
    net = Network([3, (2, "softmax")], mode="PYTHON")
    x, p = np.eye(3), net.predict(np.eye(3))
    np.testing.assert_allclose(net.measure([x, [0, 1, 1]])["xe"], -np.log(p[[0, 1, 2], [0, 1, 1]]).mean())
    soft = np.array([[0.3, 0.7]] * 3)
    np.testing.assert_allclose(net.measure([x, soft])["xe"], -(soft * np.log(p)).sum(axis=1).mean())


@pytest.mark.parametrize(("data", "options", "error", "words"), [
    ((np.eye(3), [0, 1, 5]), {}, symloss.DataError, "measure: target, row 2: 5 is out of range"),
    (np.eye(3), {}, symloss.DataError, "measure: got 1 array, but the model needs 2 arrays: in, target"),
    ([(np.eye(3), np.array([0, 1, 1]))], {"each": True}, symloss.DataError, "in batches. Pass arrays"),
    ((np.eye(3), [0, 1, 1]), {"metrics": ["acuracy"]}, symloss.UnknownNameError, "did you mean 'accuracy'"),
    ((np.eye(3), [0, 1, 1]), {"eech": True}, symloss.UnknownNameError, "each"),
])
def test_wrong_uses(data, options, error, words):
    with pytest.raises(error, match=words):
        Network([3, (2, "softmax")], mode="PYTHON").measure(data, **options)


def test_a_network_without_a_loss_has_nothing_to_measure():
    with pytest.raises(symloss.SpecError, match="measure: .* has no loss. Add one"):
        Network([3, 2], loss=None).measure([np.eye(3), np.eye(3, 2)])
