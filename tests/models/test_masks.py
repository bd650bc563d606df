"""What has a weight of 0 changes nothing, whatever stands there: NaN, infinity, labels out of range."""

import numpy as np
import pytest

import symloss

STEP = {"algo": "sgd", "learning_rate": 0.1, "epochs": 1, "batch_size": 8, "verbose": 0}
BAD = [np.nan, np.inf, -np.inf]


def trained(model, data, **options):
    net = model()
    net.train(data, **STEP | options)
    return {name: p.get_value() for name, p in net.graph.parameters.items()}, net.history[-1]["loss"]


def same(one, other):
    assert one[1] == other[1] and np.isfinite(one[1])
    for name, value in one[0].items():
        np.testing.assert_array_equal(value, other[0][name], err_msg=name)


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("allow_nan", [False, True])
def test_of_a_regressor(bad, allow_nan, rng, backend):
    x, y, w = rng.normal(size=(20, 4)), rng.normal(size=(20, 3)), rng.uniform(size=(20, 3))
    w[5] = w[11] = 0
    w[7, 1] = 0
    dirty_x, dirty_y = x.copy(), y.copy()
    dirty_x[5, 2] = dirty_x[11] = dirty_y[5] = dirty_y[7, 1] = bad

    def model():
        return symloss.Regressor([4, 6, 3], weighted=True, mode=backend)

    clean = trained(model, [x, y, w])
    clean_x = np.where(np.isfinite(dirty_x), x, 0)
    same(trained(model, [clean_x, y, w]), clean)
    same(trained(model, [dirty_x, dirty_y, w], allow_nan=allow_nan), clean)


@pytest.mark.parametrize("loss", ["xe", "hinge", "brier", "focal"])
def test_of_a_classifier(loss, rng):
    if loss not in symloss.losses.registry:
        loss = "categorical_focal"
    x, y, w = rng.normal(size=(20, 4)), rng.integers(0, 3, 20).astype(float), np.ones(20)
    w[3] = w[4] = w[9] = 0
    dirty_x, dirty_y = x.copy(), y.copy()
    dirty_x[3] = np.nan
    dirty_y[3], dirty_y[4], dirty_y[9] = np.nan, 77, -1

    def model():
        return symloss.Classifier([4, 6, 3], loss=loss, weighted=True, mode="PYTHON")

    same(trained(model, [dirty_x, dirty_y, w]), trained(model, [x, y, w]))


@pytest.mark.parametrize("bad", BAD)
def test_of_an_autoencoder_by_elements(bad, rng):
    x, w = rng.normal(size=(20, 4)), (rng.uniform(size=(20, 4)) < 0.7) * 1.0

    def model():
        return symloss.Autoencoder([4, 3, 4], weighted=True, mode="PYTHON")

    same(trained(model, [np.where(w > 0, x, bad), w]), trained(model, [np.where(w > 0, x, 0), w]))


def test_of_time_steps(rng):
    x, y, w = rng.normal(size=(6, 5, 2)), rng.normal(size=(6, 5, 1)), np.ones((6, 5, 1))
    w[2, 3:] = 0
    dirty = x.copy()
    dirty[2, 3:] = np.nan

    def model():
        return symloss.Regressor([{"form": "input", "size": 2, "ndim": 3}, 3, 1], weighted=True, mode="PYTHON")

    same(trained(model, [dirty, y, w], batch_size=6), trained(model, [x, y, w], batch_size=6))


@pytest.mark.parametrize("bad", BAD)
def test_of_an_ignored_label(bad, rng):
    x, y = rng.normal(size=(9, 4)), np.arange(9) % 3
    y[[3, 7]] = -100
    dirty = x.copy()
    dirty[[3, 7], 1] = bad

    def model():
        return symloss.Classifier([4, 3], loss={"form": "xe", "ignore_index": -100}, mode="PYTHON")

    same(trained(model, [dirty, y]), trained(model, [np.where(np.isfinite(dirty), x, 0), y]))
    dirty[4, 2] = bad
    with pytest.raises(symloss.DataError, match=r"train: in, row 4, column 2: .*\(affected values: 1\)"):
        model().train([dirty, y], **STEP)


def test_of_an_ignored_label_beside_a_weight_of_zero(rng):
    x, y, w = rng.normal(size=(9, 4)), np.arange(9) % 3, np.ones(9)
    y[3], w[6] = -100, 0
    dirty = x.copy()
    dirty[[3, 6]] = np.nan

    def model():
        return symloss.Classifier([4, 3], loss={"form": "xe", "ignore_index": -100}, weighted=True, mode="PYTHON")

    same(trained(model, [dirty, y, w]), trained(model, [np.nan_to_num(dirty), y, w]))


def test_of_an_ignored_label_of_a_step(rng):
    x, y = rng.normal(size=(4, 5, 2)), np.zeros((4, 5), int)
    y[1, 3:] = -1
    dirty = x.copy()
    dirty[1, 3:] = np.nan

    def model():
        return symloss.recurrent.Classifier([2, 3], loss={"form": "xe", "ignore_index": -1}, mode="PYTHON")

    same(trained(model, [dirty, y]), trained(model, [np.nan_to_num(dirty), y]))


def test_an_input_counts_as_soon_as_one_target_does(rng):
    x, y, w = rng.normal(size=(9, 4)), rng.normal(size=(9, 3)), np.ones((9, 3))
    x[5, 0] = np.nan
    w[5, :2] = 0
    net = symloss.Regressor([4, 3], weighted=True, mode="PYTHON")
    with pytest.raises(symloss.DataError, match="train: in, row 5, column 0: nan"):
        net.train([x, y, w], **STEP)


def test_wrong_labels_that_count_are_refused_where_others_do_not(rng):
    x, y, w = rng.normal(size=(9, 4)), np.zeros(9), np.ones(9)
    y[[2, 6]], w[2] = 8, 0
    with pytest.raises(symloss.DataError, match=r"row 6: 8.0 is out of range.*values: 1\)"):
        symloss.Classifier([4, 3], weighted=True, mode="PYTHON").train([x, y, w], **STEP)


def test_of_streams_and_validation(rng):
    x, y, w = rng.normal(size=(12, 4)), rng.normal(size=(12, 3)), np.ones(12)
    w[4] = 0
    dirty = x.copy()
    dirty[4] = np.nan

    def figures(x):
        net = symloss.Regressor([4, 3], weighted=True, mode="PYTHON")
        net.train(lambda: (x, y, w), [x, y, w], **STEP, train_batches=2)
        return net.history[-1]["loss"], net.history[-1]["valid_loss"]

    assert figures(dirty) == figures(x)


# ------------------------------------------------------------------------------------------------- what targets may be


@pytest.mark.parametrize("loss, bad, words", [
    ("bce", 1.5, "row 3, column 0: 1.5 is not a probability"),
    ("bce", -0.1, "row 3, column 0: -0.1"),
    ("dice", 2.0, "row 3, column 0: 2.0"),
])
def test_probabilities_are_from_0_to_1(loss, bad, words, rng):
    x, y = rng.normal(size=(9, 4)), rng.uniform(size=(9, 3))
    y[3, 0] = bad
    net = symloss.Regressor([4, (3, "sigmoid")], loss=loss, mode="PYTHON")
    with pytest.raises(symloss.DataError, match=words):
        net.train([x, y], **STEP)


def test_signs_where_probabilities_are_meant_say_how_to_convert_them(rng):
    x, y = rng.normal(size=(9, 4)), np.where(rng.uniform(size=(9, 1)) < 0.5, -1, 1)
    with pytest.raises(symloss.DataError, match=r"are -1 and 1, pass \(y \+ 1\) / 2"):
        symloss.Regressor([4, (1, "sigmoid")], loss="bce", mode="PYTHON").train([x, y], **STEP)
    with pytest.raises(symloss.DataError, match=r"are -1 and 1, pass \(y \+ 1\) // 2"):
        symloss.Classifier([4, 2], mode="PYTHON").train([x, y[:, 0]], **STEP)


@pytest.mark.parametrize("loss", ["xe", "kl", "brier", "js"])
def test_probabilities_that_do_not_sum_to_1_are_refused(loss, rng):
    if loss not in symloss.losses.registry:
        loss = "jensen_shannon"
    x, y = rng.normal(size=(9, 4)), rng.dirichlet(np.ones(3), 9)
    net = symloss.Regressor([4, (3, "softmax")], loss=loss, mode="PYTHON")
    net.train([x, y.round(3)], **STEP)
    y[6] *= 0.9
    with pytest.raises(symloss.DataError, match="sum over classes, row 6: 0.9"):
        net.train([x, y], **STEP)


def test_several_yes_and_no_need_not_sum_to_1(rng):
    x, y = rng.normal(size=(9, 4)), rng.integers(0, 2, (9, 3))
    symloss.Regressor([4, (3, "sigmoid")], loss="xe", mode="PYTHON").train([x, y], **STEP)


def test_labels_of_a_loss_with_more_classes_than_columns(rng):
    x, y = rng.normal(size=(9, 4)), np.arange(9) % 4
    net = symloss.Regressor([4, (3, "sigmoid")], loss="coral", mode="PYTHON")
    net.train([x, y], **STEP)
    y[5] = 4
    with pytest.raises(symloss.DataError, match="row 5: 4 is out of range. Pass labels from 0 to 3"):
        net.train([x, y], **STEP)


def test_labels_that_name_no_class_may_be_any_integers(rng):
    x, y = rng.normal(size=(9, 4)), np.array([100, 100, 100, -5, -5, -5, 7, 7, 7])
    symloss.Regressor([4, 3], loss="supcon", mode="PYTHON").train([x, y], **STEP)


def test_padded_label_sequences_train(rng):
    x = rng.normal(size=(6, 8, 4))
    y = np.array([[1, 2, -1], [2, -1, -1], [1, 1, 2], [1, -1, -1], [2, 2, 1], [1, 2, 1]])
    layers = [{"form": "input", "size": 4, "ndim": 3}, (3, "softmax")]
    net = symloss.Regressor(layers, loss="ctc", mode="PYTHON")
    net.train([x, y], **STEP)
    assert np.isfinite(net.history[-1]["loss"])
    y[4, 0] = 3
    with pytest.raises(symloss.DataError, match="row 4, column 0: 3"):
        net.train([x, y], **STEP)


# ------------------------------------------------------------------------------------------------------ plain arrays


@pytest.mark.parametrize("name, arrays, words", [
    ("xe", ([[0.2, 0.8]] * 3, [0, 2, 1]), "row 1: 2 is out of range"),
    ("xe", ([[0.2, 0.8]] * 3, [0, -1, 1]), "row 1: -1"),
    ("hinge", ([[0.2, 0.8]] * 3, [0, 9, 1]), "row 1: 9"),
    ("hinge", ([0.2, 0.8], [0.0, 1.0]), "neither -1 nor 1"),
    ("bce", ([0.2, 0.8], [0.0, 3.0]), "row 1: 3.0 is not a probability"),
    ("kl", ([[0.2, 0.8]], [[0.2, 0.2]]), "row 0: 0.4 is not 1"),
])
def test_targets_of_plain_arrays_are_guarded(name, arrays, words):
    with pytest.raises(symloss.DataError, match=words):
        symloss.evaluate.value(name, *arrays, mode="PYTHON")
    with pytest.raises(symloss.DataError, match=words):
        symloss.evaluate.grad(name, *arrays, mode="PYTHON")


def test_plain_arrays_behind_a_weight_of_zero_change_nothing():
    p, w = np.array([[0.2, 0.8], [0.6, 0.4], [0.5, 0.5]]), np.array([1.0, 0.0, 2.0])
    clean = symloss.evaluate.grad("xe", p, [0, 1, 1], weights=w, how="mean", mode="PYTHON")
    dirty = p.copy()
    dirty[1] = np.nan
    found = symloss.evaluate.grad("xe", dirty, [0, 99, 1], weights=w, how="mean", mode="PYTHON")
    np.testing.assert_array_equal(found, clean)


@pytest.mark.parametrize("dtype", ["uint8", "bool", "int8", "uint16", "int32", "int64", "uint64", "float64"])
def test_a_users_own_loss_is_given_no_unsigned_target(dtype):
    import pytensor
    import pytensor.tensor as pt

    target = pt.matrix("target", dtype=dtype)
    p = pt.matrix("p", dtype="float32")
    loss = symloss.Loss(lambda p, t: -(t * pt.log(p) + (1 - t) * pt.log(1 - p)), target=target)
    slope = pytensor.grad(loss({"out:out": p}), p)
    found = pytensor.function([p, target], slope, mode="FAST_COMPILE")(np.full((2, 1), 0.25, "float32"),
                                                                       np.ones((2, 1), dtype))
    np.testing.assert_allclose(found, -2.0, rtol=1e-6)


def test_nested_lists_are_one_array_where_a_mask_may_follow(rng):
    x = rng.normal(size=(6, 4, 2))
    net = symloss.recurrent.Regressor([2, {"form": "birnn", "size": 2}, 1], mode="PYTHON")
    np.testing.assert_array_equal(net.predict(x.tolist()), net.predict(x))
    mask = np.ones((6, 4))
    np.testing.assert_array_equal(net.predict([x.tolist(), mask.tolist()]), net.predict([x, mask]))


def test_a_target_that_nothing_uses_has_as_many_steps_as_the_inputs(rng):
    net = symloss.recurrent.Regressor([2, {"name": "real", "size": 1}, {"name": "fake", "size": 1, "inputs": "in"}],
                                      loss="hinge_gan", weighted=True, mode="PYTHON")
    x, w = rng.normal(size=(6, 4, 2)), rng.uniform(size=(6, 4))
    losses = [net.train(data, algo="sgd", learning_rate=0.0, epochs=1, verbose=0)[-1]["loss"]
              for data in ([x, w], {"in": x, "weights": w})]
    assert losses[0] == losses[1]


def test_a_list_of_ragged_sequences_is_one_input_where_no_target_is_used(rng):
    net = symloss.recurrent.Regressor(
        [2, "mean", {"name": "query", "size": 3}, {"name": "key", "size": 3, "inputs": "hid1"}], loss="info_nce",
        mode="PYTHON")
    x = [rng.normal(size=(1 + i % 3, 2)) for i in range(6)]
    losses = [net.train(data, **STEP | {"learning_rate": 0.0})[-1]["loss"] for data in (x, [x], {"in": x})]
    assert losses[0] == losses[1] == losses[2]


@pytest.mark.parametrize("name", ["r1", "gradient_penalty"])
def test_a_penalty_of_slopes_finds_a_noisy_input_behind_weights(name, rng):
    x, w = rng.normal(size=(6, 3)), np.array([1, 1, 0, 1, 0.5, 1])
    dirty = np.where(w[:, None] == 0, np.nan, x)
    ends = []
    for data in ([x, w], [dirty, w]):
        net = symloss.Regressor([3, (3, "tanh"), 1], loss={"form": name, "ports": {"at": "in"}}, weighted=True,
                                mode="PYTHON")
        with pytest.warns(symloss.SymlossWarning, match="out.b"):
            ends.append(net.train(data, **STEP, input_noise=0.1)[-1]["loss"])
    assert ends[0] == ends[1] and np.isfinite(ends[0])


def test_sequences_of_regions_count_the_same_in_batches_of_any_size(rng):
    lengths = (3, 5, 4)
    x = [rng.normal(size=(n, 2)) for n in lengths]
    y = [(rng.uniform(size=(n, 2)) < 0.5) * 1.0 for n in lengths]
    net = symloss.recurrent.Regressor([2, (3, "rnn"), (2, "sigmoid")], loss="dice", mode="PYTHON")
    alone = [symloss.evaluate.value("dice", net.predict(a[None]), b[None])[0] for a, b in zip(x, y, strict=True)]
    for size in (1, 3):
        net.train([x, y], **STEP | {"batch_size": size, "learning_rate": 1e-12})
        np.testing.assert_allclose(net.history[-1]["loss"], np.mean(alone), rtol=1e-9)
