"""Weights to begin with: trained layer by layer, or taken from the data."""

import numpy as np
import pytest

import symloss


@pytest.fixture
def inputs(rng):
    return rng.normal(size=(60, 3)) @ rng.normal(size=(3, 8)) + 0.1 * rng.normal(size=(60, 8))


def test_layerwise_trains_one_layer_more_at_a_time(inputs):
    net = symloss.Autoencoder([8, (5, "tanh"), (3, "tanh"), (4, "tanh"), 8])
    records = list(net.itertrain([inputs], algo="layerwise", subalgo="adam", epochs=2, learning_rate=0.01))
    assert [r.get("layers") for r in records] == [
        *2 * [["in", "hid1", "out"]], *2 * [["in", "hid1", "hid2", "out"]], None, None
    ]
    assert [r["epoch"] for r in records] == [1, 2, 1, 2, 1, 2]
    assert list(net.history) == records


def test_layerwise_keeps_what_each_stage_learnt(inputs):
    net = symloss.Autoencoder([8, (5, "tanh"), (3, "tanh"), 8])
    start = net.find("hid1", "w").get_value()
    records = net.itertrain([inputs], algo="layerwise", subalgo="sgd", epochs=3, learning_rate=0.1)
    for record in records:
        if record.get("stage") is None:
            break
    after = net.find("hid1", "w").get_value()
    assert np.abs(after - start).max() > 0.01


def test_layerwise_grows_tied_layers_by_pairs(inputs):
    net = symloss.Autoencoder([8, (5, "tanh"), (3, "tanh"), "tied", "tied"])
    start = net.find("out", "b").get_value()
    records = list(net.itertrain([inputs], algo="layerwise", epochs=1))
    assert [r.get("layers") for r in records] == [["in", "hid1", "out"], None]
    assert not np.array_equal(start, net.find("out", "b").get_value())


def test_layerwise_of_a_classifier_learns_its_labels(labelled):
    x, y = labelled
    net = symloss.Classifier([4, (6, "tanh"), (5, "tanh"), 3])
    net.train([x, np.array(["a", "b", "c"])[y]], algo="layerwise", subalgo="adam", epochs=20, learning_rate=0.02,
              verbose=0)
    assert net.classes == ["a", "b", "c"]
    assert net.history[-1]["acc"] > 0.9


def test_pretraining_gives_the_hidden_layers_an_autoencoders_weights(inputs):
    net = symloss.Classifier([8, (5, "tanh"), (4, "tanh"), 3])
    before = {name: p.get_value() for name, p in net.graph.parameters.items()}
    records = list(net.itertrain([inputs], algo="pretrain", subalgo="adam", epochs=3, learning_rate=0.01))
    assert records[-1]["layers"] == ["in", "hid1", "hid2", "tied-hid2", "tied-hid1"]
    assert records[-1]["mse"] < records[0]["mse"]
    changed = {name for name, p in net.graph.parameters.items() if not np.array_equal(before[name], p.get_value())}
    assert changed == {"hid1.w", "hid1.b", "hid2.w", "hid2.b"}
    assert list(net.history) == records


def test_samples_of_the_data_become_weights(inputs, rng):
    net = symloss.Regressor([8, (5, "tanh"), (70, "tanh"), 2])
    y = rng.normal(size=(60, 2))
    (record,) = net.itertrain([inputs, y], algo="sample")
    rows = inputs / np.linalg.norm(inputs, axis=1, keepdims=True)
    for column in net.find("hid1", "w").get_value().T:
        assert np.isclose(rows @ column, 1).any()
    np.testing.assert_allclose(np.linalg.norm(net.find("hid2", "w").get_value(), axis=0), 1)
    targets = y / np.linalg.norm(y, axis=1, keepdims=True)
    for row in net.find("out", "w").get_value()[:5]:
        assert np.isclose(targets @ row, 1).any()
    assert record["loss"] == pytest.approx(((net.predict(inputs) - y) ** 2).mean())


def test_samples_for_a_classifier(labelled):
    net = symloss.Classifier([4, (6, "tanh"), 3])
    last = net.find("out", "w").get_value()
    net.train(labelled, algo="sample", verbose=0)
    np.testing.assert_allclose(np.linalg.norm(net.find("hid1", "w").get_value(), axis=0), 1)
    np.testing.assert_array_equal(last, net.find("out", "w").get_value())  # labels are no rows of numbers


@pytest.mark.parametrize("layers, options, message", [
    ([8, 8], {"algo": "layerwise"}, "no hidden layer"),
    ([8, 4, {"size": 3, "inputs": ["in", "hid1"]}, 8], {"algo": "sample"}, "hid2"),
    ([8, 4, 8], {"algo": "sample", "epochs": 3}, "epochs has no effect"),
    ([8, 4, 8], {"algo": "pretrain", "resume": True}, "resume does not work"),
], ids=str)
def test_what_does_not_go_is_refused(inputs, layers, options, message):
    with pytest.raises(symloss.SpecError, match=message):
        symloss.Autoencoder(layers).train([inputs], **options)


CONV = {"form": "conv2", "size": 2, "filter_size": 3}


@pytest.mark.parametrize("layers, stages", [
    ([(8, 8, 1), CONV, "pool2", "flatten", 3], [5]),
    ([(8, 8, 1), CONV, CONV, "flatten", 6, 4, 3], [5, 6, 7]),
    ([64, {"form": "reshape", "shape": (8, 8, 1)}, CONV, "flatten", 6, 3], [5, 6]),
    ([(8, 8, 1), "flatten", 6, 4, 3], [4, 5]),
], ids=str)
def test_layerwise_waits_until_images_are_rows(layers, stages, rng):
    """An output of its own on an image would be of another shape than the model's, and need other targets."""
    net = symloss.Classifier(layers)
    x = rng.normal(size=(9, *net.layers[0].shape))
    history = net.train([x, np.arange(9) % 3], algo="layerwise", epochs=1, verbose=0)
    assert [len(record.get("layers", net.layers)) for record in history] == stages


@pytest.mark.parametrize("kind", ["recurrent", "convolution"])
def test_pretraining_says_early_which_layer_does_not_go(kind, rng, compilations):
    net = (symloss.recurrent.Regressor([3, 5, (4, "rnn"), 3]) if kind == "recurrent"
           else symloss.convolution.Regressor([(8, 8, 1), CONV, "flatten", 3]))
    words = "'hid2' has the form 'rnn'" if kind == "recurrent" else "'hid1' has the form 'conv2'"
    with pytest.raises(symloss.SpecError, match=f"fully connected, but {words}. Use algo='layerwise'"):
        net.train([rng.normal(size=(9, 8, *net.layers[0].shape[-2:]))], algo="pretrain", verbose=0)
    assert not compilations


@pytest.mark.parametrize("form", ["pair", "dict", "weighted"])
def test_pretraining_takes_the_inputs_of_the_models_own_data(form, inputs, rng):
    weighted = form == "weighted"
    y, w = rng.normal(size=(len(inputs), 2)), [rng.uniform(size=len(inputs))] * weighted
    found = []
    for data in ([inputs], {"in": inputs, "target": y} if form == "dict" else [inputs, y, *w]):
        net = symloss.Regressor([8, 6, 4, 2], weighted=weighted)
        net.train(data, data, algo="pretrain", epochs=1, verbose=0)
        found.append(net.find("hid2", "w").get_value())
    np.testing.assert_array_equal(*found)


def test_an_unknown_algorithm_is_still_refused(inputs):
    with pytest.raises(symloss.UnknownNameError, match="rmsprop"):
        symloss.Autoencoder([8, 4, 8]).train([inputs], algo="rmspropp")


def test_an_experiment_is_a_model_in_a_box(points, tmp_path):
    box = symloss.Experiment(symloss.Regressor, layers=[5, 4, 3], loss="mae")
    assert len(box.train(points, epochs=2, verbose=0)) == 2
    assert next(box.itertrain(points))["epoch"] == 1
    box.save(tmp_path / "box")
    before, expected = box.network, box.network.predict(points[0])
    assert box.load(tmp_path / "box") is not before
    np.testing.assert_array_equal(box.network.predict(points[0]), expected)
    assert symloss.Experiment(str(tmp_path / "box")).network.losses[0].name == "absolute_error"
    assert symloss.Experiment(before).network is before
    with pytest.raises(symloss.SpecError, match="a class of models or a path"):
        symloss.Experiment(3)


def test_a_number_of_validation_batches_of_arrays_is_refused(points):
    """It was accepted once, and did nothing."""
    with pytest.raises(symloss.SpecError, match="valid_batches=3 has no effect, because validation arrays are used"):
        symloss.Regressor([5, 4, 3]).train(points, points, valid_batches=3, verbose=0)


def test_a_number_of_batches_makes_an_epoch_of_arrays_too(points, orders):
    net = symloss.Regressor([5, 4, 3])
    history = net.train(points, epochs=2, batch_size=8, train_batches=3, verbose=0)
    assert [record["samples"] for record in history] == [24, 24]
    assert [record["partial"] for record in history] == [False, False]
    assert [record["updates"] for record in history] == [3, 6]
    assert not np.array_equal(np.concatenate(orders[:3]), np.concatenate(orders[3:]))


@pytest.mark.parametrize("loss, outputs, columns", [("cox", 1, 2), ("multi_quantile", 3, 1)])
def test_a_target_of_another_width_than_the_output_is_no_sample_of_its_weights(loss, outputs, columns, rng):
    net = symloss.Regressor([4, 3, outputs], loss=loss, mode="PYTHON")
    before = net.find("out", "w").get_value()
    net.train([rng.normal(size=(9, 4)), np.ones((9, columns))], algo="sample", verbose=0)
    np.testing.assert_array_equal(net.find("out", "w").get_value(), before)
