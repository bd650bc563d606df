"""Models: what they predict, how they score, and how they describe themselves."""

import numpy as np
import pytest
import scipy.special

import symloss
from symloss import Autoencoder, Classifier, Network, Regressor


def forward(net, x):
    """The last layer's value before its activation, by numpy, of a relu network with one hidden layer."""
    w1, b1, w2, b2 = (p.get_value() for p in net.params)
    return np.maximum(x @ w1 + b1, 0) @ w2 + b2


# -------------------------------------------------------------------------------------------------------- prediction


def test_predict_of_a_regressor(points):
    net = Regressor([5, 7, 3])
    np.testing.assert_allclose(net.predict(points[0]), forward(net, points[0]))


def test_predictions_of_a_classifier(labelled):
    net, x = Classifier([4, 6, 3]), labelled[0]
    z = forward(net, x)
    np.testing.assert_allclose(net.predict_logit(x), z)
    np.testing.assert_allclose(net.predict_proba(x), scipy.special.softmax(z, axis=1))
    assert np.array_equal(net.predict(x), z.argmax(axis=1))


def test_encode_and_decode(rng):
    net, x = Autoencoder([4, (3, "tanh"), (2, "tanh"), (3, "tanh"), 4]), rng.normal(size=(6, 4))
    got = net.feed_forward(x)
    assert np.array_equal(net.encode(x), got["hid2:out"])
    assert np.array_equal(net.encode(x, "hid1"), got["hid1:out"])
    assert np.array_equal(net.encode(x, 3), got["hid3:out"])
    for layer in (None, "hid1", "hid3"):
        np.testing.assert_allclose(net.decode(net.encode(x, layer), layer), net.predict(x), rtol=1e-12)
    with pytest.raises(symloss.ShapeError, match=r"\(6, 3\).*\(n, 2\)"):
        net.decode(got["hid1:out"])


def test_predictions_do_not_depend_on_how_many_items_come_at_once(rng):
    net, x = Regressor([3, 4, 1]), rng.normal(size=(10000, 3))
    np.testing.assert_allclose(net.predict(x), forward(net, x), atol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float64", "bool", ">f8"])
def test_predict_takes_any_number(dtype, rng):
    net, x = Regressor([3, 4, 1]), rng.integers(0, 2, size=(5, 3))
    np.testing.assert_allclose(net.predict(x.astype(dtype)), forward(net, x))


def test_predict_takes_lists():
    net = Regressor([2, 4, 1])
    x = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    np.testing.assert_allclose(net.predict(x), forward(net, np.array(x)))
    np.testing.assert_allclose(net.predict(x[:1]), forward(net, np.array(x[:1])))
    np.testing.assert_allclose(net.predict([np.array(row) for row in x]), forward(net, np.array(x)))
    np.testing.assert_allclose(net.predict([np.array(x)]), forward(net, np.array(x)))


def test_predictions_follow_the_parameters(points):
    net = Regressor([5, 7, 3])
    first = net.predict(points[0])
    net.find("out", "b").set_value(np.ones(3))
    np.testing.assert_allclose(net.predict(points[0]), first + 1)


# ------------------------------------------------------------------------------------------------------------- score


def r_squared(y, p, w=None):
    """The coefficient of determination, as scikit-learn's r2_score defines it: by column, then averaged."""
    w = np.ones(len(y)) if w is None else w
    found = []
    for column in range(y.shape[1]):
        a, b = y[:, column], p[:, column]
        found.append(1 - (w * (a - b) ** 2).sum() / (w * (a - np.average(a, weights=w)) ** 2).sum())
    return np.mean(found)


def test_score_of_a_regressor_is_the_mean_over_columns(points, rng):
    net, (x, y) = Regressor([5, 7, 3]), points
    y = y * [1, 10, 100] + [0, 50, 0]  # a mean over everything would be another number
    w = rng.uniform(size=40)
    np.testing.assert_allclose(net.score(x, y), r_squared(y, net.predict(x)))
    np.testing.assert_allclose(net.score(x, y, w), r_squared(y, net.predict(x), w))


def test_score_of_a_vector_target(rng):
    net, x, y = Regressor([5, 1]), rng.normal(size=(9, 5)), rng.normal(size=9)
    np.testing.assert_allclose(net.score(x, y), r_squared(y[:, None], net.predict(x)))


def test_score_of_a_column_without_spread(rng):
    net, x = Regressor([5, 2]), rng.normal(size=(9, 5))
    p = net.predict(x)
    for p_ in net.params:
        p_.set_value(np.zeros_like(p_.get_value()))
    assert net.score(x, np.zeros((9, 2))) == 1.0
    assert net.score(x, np.ones((9, 2))) == 0.0
    assert np.isfinite(p).all()


def test_score_of_a_classifier_is_the_share_of_right_classes(labelled, rng):
    net, (x, y) = Classifier([4, 6, 3]), labelled
    w = rng.uniform(size=60)
    right = net.predict(x) == y
    assert net.score(x, y) == right.mean()
    np.testing.assert_allclose(net.score(x, y, w), (w * right).sum() / w.sum())
    assert net.score(x, np.eye(3)[y]) == right.mean()
    assert net.score(x, list(y)) == right.mean()


def test_score_of_an_autoencoder(rng):
    net, x = Autoencoder([4, 2, 4]), rng.normal(size=(20, 4))
    np.testing.assert_allclose(net.score(x), r_squared(x, net.predict(x)))


@pytest.mark.parametrize("model", [Regressor([4, 3]), Classifier([4, 3])])
def test_score_of_another_number_of_targets_is_refused(model, rng):
    y = np.zeros((7, 3)) if isinstance(model, Regressor) else np.zeros(7, int)
    with pytest.raises(symloss.DataError, match="has 9, target has 7"):
        model.score(rng.normal(size=(9, 4)), y)


def test_score_looks_at_nothing_behind_a_weight_of_0(points, labelled):
    """The usual figure and the same one by its name, with NaN in inputs and targets whose weight is 0."""
    for cls, (x, y), metric in ((Regressor, points, "r2"), (Classifier, labelled, "acc")):
        net = cls([x.shape[1], 4, 3])
        x, y, w = x.copy(), y.astype(float), np.ones(len(x))
        x[:5], y[:5], w[:5] = np.nan, np.nan, 0
        np.testing.assert_allclose(net.score(x, y, w), net.score(x[5:], y[5:]))
        np.testing.assert_allclose(net.score(x, y, w), net.score(x, y, w, metric=metric))
        with pytest.raises(symloss.DataError, match="score: in, row 0, column 0: nan is not finite"):
            net.score(x, np.nan_to_num(y))
    x, w = points[0].copy(), np.ones((40, 5))
    x[:30, 2], w[:30, 2] = np.nan, 0
    net = Autoencoder([5, 3, 5])
    np.testing.assert_allclose(net.score(x, w), net.score(x, w, metric="r2"))


def test_score_leaves_out_ignored_labels_and_columns_without_weight(points, labelled):
    x, y = labelled
    net = Classifier([4, 3], loss={"form": "xe", "ignore_index": -1})
    kept = np.where(np.arange(60) < 20, -1, y)
    np.testing.assert_allclose(net.score(x, kept), net.score(x[20:], y[20:]))
    np.testing.assert_allclose(net.score(x, kept), net.score(x, kept, metric="acc"))
    w = np.ones((40, 3)) * [1, 0, 1]
    net = Regressor([5, 3])
    np.testing.assert_allclose(net.score(*points, w), net.score(*points, w, metric="r2"))


def test_a_model_without_loss_scores(points):
    np.testing.assert_allclose(Regressor([5, 3], loss=None).score(*points), Regressor([5, 3]).score(*points))


# ------------------------------------------------------------------------------------------------- parameters, names


def test_parameters_by_name_and_number():
    net = Regressor([5, 7, 3])
    assert [p.name for p in net.params] == ["hid1.w", "hid1.b", "out.w", "out.b"]
    assert net.num_params == 5 * 7 + 7 + 7 * 3 + 3
    assert net.find("hid1", "w") is net.find(1, 0) is net.params[0]
    assert net.find(-1, "b") is net.params[3]


@pytest.mark.parametrize(
    ("which", "param", "near"),
    [("hid2", "w", "'hid1'"), ("hid1", "ww", "'w'"), (9, "w", "0 to 2"), ("hid1", 7, "b, w")],
)
def test_find_says_what_there_is(which, param, near):
    with pytest.raises(symloss.UnknownNameError, match=near):
        Regressor([5, 7, 3]).find(which, param)


def test_inputs_and_variables_in_the_order_of_the_data():
    assert [v.name for v in Regressor([5, 3]).variables] == ["in", "target"]
    assert [v.name for v in Regressor([5, 3], weighted=True).variables] == ["in", "target", "weights"]
    assert [v.name for v in Autoencoder([5, 2, 5]).variables] == ["in"]
    assert [v.name for v in Autoencoder([5, 2, 5], weighted=True).variables] == ["in", "weights"]
    net = Classifier([5, 3])
    assert [(v.name, v.dtype, v.ndim) for v in net.variables[1:]] == [("target", "int32", 1)]


def test_default_losses():
    assert [loss.name for loss in Network([5, 3]).losses] == ["squared_error"]
    assert [loss.name for loss in Regressor([5, 3]).losses] == ["squared_error"]
    assert [loss.name for loss in Autoencoder([5, 2, 5]).losses] == ["squared_error"]
    assert [loss.name for loss in Classifier([5, 3]).losses] == ["cross_entropy"]


def test_a_model_without_loss_predicts_but_does_not_train(points):
    net = Regressor([5, 3], loss=None)
    assert net.losses == []
    assert net.predict(points[0]).shape == (40, 3)
    with pytest.raises(symloss.SpecError, match="no loss.*add_loss"):
        net.train(points)


def test_a_classifier_that_ends_in_a_sigmoid_says_the_way_out(labelled):
    x, y = labelled
    with pytest.raises(symloss.ShapeError, match=r"sigmoid.* End in \(3, 'softmax'\), or pass loss='bce'.*\(n, 3\)"):
        Classifier([4, (3, "sigmoid")])
    for net, target in ((Classifier([4, (3, "softmax")]), y), (Classifier([4, (3, "sigmoid")], loss="bce"), y),
                        (Regressor([4, (3, "sigmoid")], loss="bce"), np.eye(3)[y])):
        assert np.isfinite(net.train([x, target], epochs=1, verbose=0)[-1]["loss"])


# ------------------------------------------------------------------------------------------------------ descriptions


def test_summary_is_a_table_of_layers_and_parameters():
    text = str(Regressor([5, (7, "tanh"), {"size": 1234, "name": "wide"}, 3]).summary())
    row = next(line for line in text.splitlines() if "hid1" in line)
    assert {"(n,", "7)", "tanh", "42", "in"} <= set(row.split())
    assert "9,872" in next(line for line in text.splitlines() if "wide" in line and "(n" in line)
    assert f"{42 + 9872 + 1235 * 3 - 0:,}" in text  # the sum


def test_explain_says_divisor_and_logits():
    text = str(Classifier([5, 3]).explain())
    assert "logits" in text and "softmax" in text
    assert "divided by the number of items" in text
    assert "PYTHON" in text
    assert "sum of weights" in str(Classifier([5, 3], weighted=True).explain())
    assert "number of elements" in str(Regressor([5, 3]).explain())
    net = Regressor([5, 3], loss="mae")
    net.add_loss("mse", weight=0.5)
    assert "1 * mae" in str(net.explain()) and "0.5 * mse" in str(net.explain())
    assert "logits" not in str(net.explain())
    assert "in, target" in str(net.explain())


def same_model(a, b):
    assert type(a) is type(b)
    assert a.graph.to_spec() == b.graph.to_spec()
    assert [loss.to_spec() for loss in a.losses] == [loss.to_spec() for loss in b.losses]
    assert (a.seed, a.mode, a.weighted) == (b.seed, b.mode, b.weighted)
    assert all(np.array_equal(p.get_value(), q.get_value()) for p, q in zip(a.params, b.params, strict=True))


FEW = [5, (4, "relu"), 3]
AS_CALLED = [
    Regressor(FEW),
    Regressor(FEW, loss="mae", weighted=True, seed=7),
    Regressor(FEW, loss=None),
    Regressor(FEW, mode="PYTHON"),
    Classifier([5, {"size": 4, "name": "mine", "std_w": 0.1}, 3]),
    Classifier(FEW, loss="hinge"),
    Autoencoder([784, 256, 64, "tied", "tied"]),
    Network((5, ("tanh", 4), 3)),
]


@pytest.mark.parametrize("net", AS_CALLED, ids=repr)
def test_the_repr_builds_the_same_model(net):
    same_model(eval(repr(net)), net)


def test_the_repr_reads_like_the_call():
    assert repr(Regressor([10, 20, 3], loss="mae")) == "Regressor([10, 20, 3], loss='mae')"
    assert repr(Classifier([784, (84, "relu"), 10])) == "Classifier([784, (84, 'relu'), 10])"


def test_the_repr_with_two_losses_builds_the_same_model():
    net = Regressor(FEW, loss="mae")
    net.add_loss("mse")
    same_model(eval(repr(net)), net)


def test_the_repr_keeps_the_options_of_a_loss():
    net = Regressor(FEW, loss={"form": "huber", "weight": 2.0, "delta": 0.5})
    same_model(eval(repr(net)), net)


# ------------------------------------------------------------------------------------------------------------- usage


@pytest.mark.parametrize("mode", ["PYTON", "c++", ""])
def test_an_unknown_mode_is_refused_when_the_model_is_made(mode):
    with pytest.raises(symloss.UnknownNameError, match="mode"):
        Regressor([5, 3], mode=mode)


def test_one_loss_serves_two_models(rng):
    loss = symloss.Loss("mse")
    Autoencoder([3, 2, 3], loss=loss)
    second = Autoencoder([4, 2, 4], loss=loss)
    second.train([rng.normal(size=(6, 4))], epochs=1, verbose=0)


def test_a_loss_alone_means_the_last_layer_whatever_its_name():
    net = Regressor([3, {"size": 2, "name": "prediction"}], loss=symloss.Loss("mse"))
    assert net.losses[0].output_name == "prediction:out"


@pytest.mark.parametrize(("name", "way_out"), [
    ("fit", r"net.train\(\[x, y\]\)"), ("compile", "set_loss"), ("evaluate", "net.score"), ("parameters", "net.params"),
    ("save_weights", "net.save"), ("transform", "feed_forward")])
def test_methods_of_other_libraries_say_what_to_write(name, way_out):
    with pytest.raises(AttributeError, match=way_out):
        getattr(Regressor([5, 3]), name)


def test_a_loss_of_several_outputs_says_how_its_model_ends(rng):
    with pytest.raises(symloss.SpecError, match="'mixture', .*'mean', .*'variance'"):
        Regressor([4, 6], loss="mixture_density")
