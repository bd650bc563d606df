"""PairEmbedding and TripletEmbedding: one network for several elements, and the distances between what it makes."""

import copy
import pickle

import numpy as np
import pytest

import symloss
from symloss import DataError, PairEmbedding, SpecError, TripletEmbedding, UnknownNameError
from symloss.data import pairs, triplets

STILL = dict(algo="sgd", learning_rate=0, epochs=1, batch_size=0, verbose=0)
METRICS = {
    "euclidean": lambda x, y: np.linalg.norm(x - y, axis=-1),
    "squared euclidean": lambda x, y: np.square(x - y).sum(axis=-1),
    "manhattan": lambda x, y: np.abs(x - y).sum(axis=-1),
    "cosine": lambda x, y: 1 - (x * y).sum(-1) / (np.linalg.norm(x, axis=-1) * np.linalg.norm(y, axis=-1)),
}


@pytest.fixture
def elements():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(9, 4)) for _ in range(3)]


@pytest.fixture
def far():
    return np.random.default_rng(1).uniform(size=9) < 0.5


def relu(x):
    return np.maximum(x, 0)


def pair(*arguments, **options):
    return PairEmbedding([4, 5, 2], *arguments, mode="PYTHON", **options)


def triplet(*arguments, **options):
    return TripletEmbedding([4, 5, 2], *arguments, mode="PYTHON", **options)


def by_hand(net, x):
    """Return what the embedding makes of x, in numpy."""
    (w1, b1), (w2, b2) = ([net.find(f"embedding.{name}", p).get_value() for p in "wb"] for name in ("hid1", "out"))
    return relu(x @ w1 + b1) @ w2 + b2


def loss_of(net, data):
    return net.train(data, **STILL)[-1]["loss"]


# ------------------------------------------------------------------------------------------ values


@pytest.mark.parametrize("metric", METRICS)
def test_distance_and_embedding_are_those_of_numpy(elements, metric):
    net = pair(metric)
    left, right = elements[:2]
    assert np.allclose(net.embed(left), by_hand(net, left))
    expected = METRICS[metric](by_hand(net, left), by_hand(net, right))
    assert net.predict([left, right]).shape == (9,)
    assert np.allclose(net.predict([left, right]), expected)
    assert np.allclose(net.predict({"right": right, "left": left}), expected)


@pytest.mark.parametrize(("loss", "formula"), [
    ("auto", lambda d, far: np.where(far, relu(0.5 - d), d)),
    ("hadsell", lambda d, far: np.where(far, d**2 / 2, relu(1 - d) ** 2 / 2)),  # 1 is a pair that belongs together
    ({"form": "contrastive", "like": "wolfram"}, lambda d, far: np.where(far, relu(0.5 - d), d)),
])
def test_contrastive_losses_in_both_conventions(elements, far, loss, formula):
    net = pair(loss=loss)
    left, right, _ = elements
    d = np.linalg.norm(by_hand(net, left) - by_hand(net, right), axis=1)
    for target in (far, far.astype(float), far[:, None]):
        assert np.isclose(loss_of(net, [left, right, target]), formula(d, far).mean())


def test_the_papers_y_is_the_opposite_of_the_target_of_hadsell(elements, far):
    net = pair(loss="hadsell", margin=2.0)
    left, right, _ = elements
    d, y = np.linalg.norm(by_hand(net, left) - by_hand(net, right), axis=1), far.astype(float)
    paper = (1 - y) * d**2 / 2 + y * relu(2 - d) ** 2 / 2  # its equations 3 and 4
    assert np.isclose(loss_of(net, {"left": left, "right": right, "same": 1 - y}), paper.mean())


@pytest.mark.parametrize("loss", ["contrastive", "hadsell", "auto", {"form": "hadsell"}])
def test_margin_is_that_of_the_loss(elements, far, loss):
    net = pair(loss=loss, margin=3.0)
    assert net.losses[0].margin == 3 and "3.0" in repr(net)
    assert loss_of(net, [*elements[:2], far]) != loss_of(pair(loss=loss), [*elements[:2], far])


def test_weights_count(elements, far):
    net, (left, right, _) = pair(weighted=True), elements
    w = np.arange(9.0)
    d = np.linalg.norm(by_hand(net, left) - by_hand(net, right), axis=1)
    values = np.where(far, relu(0.5 - d), d)
    assert np.isclose(loss_of(net, [left, right, far, w]), (w * values).sum() / w.sum())


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("metric", METRICS)
def test_triplet_loss_is_that_of_numpy(elements, metric, swap):
    net = triplet(metric, loss="auto" if not swap else {**_form(metric), "swap": True}, margin=0.3)
    a, p, n = (by_hand(net, x) for x in elements)
    away = METRICS[metric](a, n)
    if swap:
        away = np.minimum(away, METRICS[metric](p, n))
    expected = relu(METRICS[metric](a, p) - away + 0.3)
    assert expected.any() and np.isclose(loss_of(net, elements), expected.mean())
    found = net.predict(elements)
    assert np.allclose(found["positive_distance"], METRICS[metric](a, p))
    assert np.allclose(found["negative_distance"], METRICS[metric](a, n))


def _form(metric):
    from symloss.models.embedding import OF_TRIPLETS

    return {"form": "triplet", **OF_TRIPLETS[metric]}


def test_torchs_triplet_has_its_eps(elements):
    net = triplet(loss={"form": "triplet", "like": "torch"}, margin=0.7)
    a, p, n = (by_hand(net, x) for x in elements)
    near, away = (np.linalg.norm(a - x + 1e-6, axis=1) for x in (p, n))
    assert np.isclose(loss_of(net, elements), relu(near - away + 0.7).mean(), rtol=1e-9)


def test_cosine_embedding_takes_both_embeddings(elements, far):
    net, sign = pair(loss="cosine_embedding"), np.where(far, -1, 1)
    d = METRICS["cosine"](*(by_hand(net, x) for x in elements[:2]))
    expected = np.where(far, relu(1 - d), d).mean()
    assert np.isclose(loss_of(net, [*elements[:2], sign]), expected)
    assert "outputs embedding:out, right_embedding:out" in net.explain() and "has no loss" not in net.explain()
    made = symloss.Loss("cosine_embedding")
    assert np.isclose(loss_of(pair(loss=made), [*elements[:2], sign]), expected)


# ------------------------------------------------------------------------------------------ gradients, parameters


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("make", [pair, triplet])
def test_equal_elements_have_finite_gradients(elements, make, metric):
    net = make(metric, margin=0.25)
    x = elements[0]
    data = [x, x, np.ones(9)] if make is pair else [x, x, x]
    before = [p.get_value() for p in net.params]
    net.train(data, algo="sgd", learning_rate=1.0, epochs=2, batch_size=0, verbose=0)
    assert np.isclose(net.history[-1]["loss"], 0.25)
    for old, shared in zip(before, net.params, strict=True):
        assert np.allclose(old, shared.get_value(), atol=1e-12)  # which the cosine reaches up to rounding


@pytest.mark.parametrize("metric", METRICS)
def test_embeddings_of_zero_have_finite_gradients(elements, metric):
    net = pair(metric)
    for shared in net.params:
        shared.set_value(np.zeros_like(shared.get_value()))
    net.train([*elements[:2], np.ones(9)], algo="sgd", learning_rate=1.0, epochs=2, batch_size=0, verbose=0)
    assert all(np.array_equal(p.get_value(), np.zeros_like(p.get_value())) for p in net.params)


@pytest.mark.parametrize("make", [pair, triplet])
def test_parameters_are_there_once(elements, far, make):
    net = make()
    assert net.num_params == 4 * 5 + 5 + 5 * 2 + 2
    assert list(net.parameters_by_name) == [f"embedding.{la}.{p}" for la in ("hid1", "out") for p in "wb"]
    data = [*elements[:2], far] if make is pair else elements
    record = net.train(data, **STILL, weight_l2=1.0)[-1]
    squares = [np.square(net.find(f"embedding.{la}", "w").get_value()).sum() for la in ("hid1", "out")]
    assert np.isclose(record["weight_l2"], sum(squares))


def test_gradient_is_that_of_both_uses(elements, far):
    net, (left, right, _) = pair(), elements
    shared, step = net.find("embedding.out", "w"), 1e-6
    before = shared.get_value()
    slope = np.zeros_like(before)
    for place in np.ndindex(before.shape):
        for sign in (1, -1):
            moved = before.copy()
            moved[place] += sign * step
            shared.set_value(moved)
            d = np.linalg.norm(by_hand(net, left) - by_hand(net, right), axis=1)
            slope[place] += sign * np.where(far, relu(0.5 - d), d).mean() / (2 * step)
    shared.set_value(before)
    net.train([left, right, far], algo="sgd", learning_rate=1.0, epochs=1, batch_size=0, verbose=0)
    assert np.allclose(before - shared.get_value(), slope, atol=1e-7)


# ------------------------------------------------------------------------------------------ the embedding


def test_the_embedding_network_comes_back_out(elements, far):
    net = pair()
    net.train([*elements[:2], far], algo="adam", epochs=2, verbose=0)
    inner = net["embedding"]
    assert type(inner) is symloss.Network and inner.params == net.params
    assert np.array_equal(inner.predict(elements[0]), net.embed(elements[0]))
    before = net.embed(elements[2])
    inner.set_loss("mse")
    inner.train([elements[0], elements[1][:, :2]], algo="adam", epochs=2, verbose=0)
    assert not np.allclose(net.embed(elements[2]), before)
    assert np.array_equal(inner.predict(elements[2]), net.embed(elements[2]))
    assert net["right_embedding"].params == net.params


def test_models_share_an_embedding(elements):
    inner = symloss.Network([4, (5, "tanh"), 2], loss=None, mode="PYTHON")
    first, second = PairEmbedding(inner, mode="PYTHON"), TripletEmbedding(inner.graph, mode="PYTHON")
    assert first.params == second.params == inner.params
    second.train(elements, algo="sgd", learning_rate=0.1, epochs=1, verbose=0)
    assert np.array_equal(first.embed(elements[0]), inner.predict(elements[0]))
    w, b = (inner.find("hid1", p).get_value() for p in "wb")
    v, c = (inner.find("out", p).get_value() for p in "wb")
    assert np.allclose(first.embed(elements[0]), np.tanh(elements[0] @ w + b) @ v + c)


def test_images_are_embedded():
    net = PairEmbedding([(6, 6, 1), {"form": "conv2", "size": 2, "filter_size": 3}, "flatten", 3], mode="PYTHON")
    x = np.random.default_rng(0).integers(0, 255, (4, 6, 6, 1)).astype("uint8")
    assert net.embed(x).shape == (4, 3) and np.all(net.predict([x, x[::-1]]) > 0)


# ------------------------------------------------------------------------------------------ data


@pytest.mark.c
def test_training_separates_two_classes():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    x = rng.normal(size=(200, 6)) + 3 * np.eye(6)[y]
    net = PairEmbedding([6, 8, 2], mode="C")
    net.train(pairs(x, y, 1000, target="far"), algo="adam", learning_rate=0.01, epochs=5, verbose=0)
    found = pairs(x, y, 500, seed=1)
    d = net.predict({name: found[name] for name in ("left", "right")})
    assert ((d < 0.25) == found["same"]).mean() > 0.9
    three = TripletEmbedding([6, 8, 2], mode="C")
    three.train(triplets(x, y, 1000), algo="adam", learning_rate=0.01, epochs=5, verbose=0)
    d = three.predict(triplets(x, y, 500, seed=1))
    assert (d["positive_distance"] < d["negative_distance"]).mean() > 0.9


@pytest.mark.parametrize(("loss", "meaning", "opposite"), [
    ("auto", "far", "same"), ("hadsell", "same", "far"), ("hinge_embedding", "same", "far")])
def test_target_is_called_by_what_true_means(elements, far, loss, meaning, opposite):
    net = pair(loss=loss)
    left, right, _ = elements
    target = np.where(far, 1, -1) if loss == "hinge_embedding" else far
    known = loss_of(net, [left, right, target])
    assert known == loss_of(net, {"left": left, "right": right, meaning: target})
    assert known == loss_of(net, {"left": left, "right": right, "target": target})
    with pytest.raises(DataError, match=rf"'{opposite}', but for the loss .* means {meaning}, .*~{opposite}"):
        net.train({"left": left, "right": right, opposite: target}, **STILL)
    with pytest.raises(DataError, match="valid: the target is named"):
        net.train([left, right, target], {"left": left, "right": right, opposite: target}, **STILL)


@pytest.mark.parametrize(("loss", "words"), [
    ("auto", "to contrastive, a target of 1 (True) means far, a pair that does not belong together"),
    ("hadsell", "to hadsell, a target of 1 (True) means same, a pair that belongs together")])
def test_explain_says_what_true_means(loss, words):
    assert words in pair(loss=loss).explain()
    assert "means far" not in triplet().explain()


def test_losses_that_read_targets_in_opposite_ways_are_refused():
    with pytest.raises(SpecError, match=r"contrastive \(1 is far\) and hadsell \(1 is same\)"):
        pair(loss=["contrastive", "hadsell"])
    net = pair()
    with pytest.raises(SpecError, match="opposite ways"):
        net.add_loss("squared_contrastive", weight=0.1)
    assert [loss.name for loss in net.losses] == ["contrastive"]
    net.set_loss("hadsell")
    assert [loss.name for loss in net.losses] == ["squared_contrastive"]


@pytest.mark.parametrize(("build", "words"), [
    (lambda: PairEmbedding([4, 2], distance="euclid"), "euclidean"),
    (lambda: PairEmbedding([4, 2], loss=None, margin=1.0), "its margin only once"),
    (lambda: PairEmbedding([4, 2], loss={"form": "contrastive", "margin": 2.0}, margin=1.0), "its margin only once"),
    (lambda: PairEmbedding([4, 2], loss="mse", margin=1.0), "margin"),
    (lambda: PairEmbedding([4, 2], margin=-1.0), "margin"),
    (lambda: PairEmbedding(PairEmbedding([4, 2])), "one input and one output"),
    (lambda: PairEmbedding([4, {"name": "a", "size": 2}, {"name": "b", "size": 3, "inputs": "in"}]), "and 2"),
    (lambda: PairEmbedding([(6, 6, 1), {"form": "conv2", "size": 2, "filter_size": 3}]), "must be a vector"),
    (lambda: PairEmbedding([{"size": 3, "ndim": 3}, (4, "gru"), "last", 2]), "share one length"),
    (lambda: TripletEmbedding([4, 2], loss="mse"), "2 outputs"),
    (lambda: PairEmbedding([4, 2], distances="cosine"), "distance"),
])
def test_wrong_uses(build, words):
    with pytest.raises((SpecError, UnknownNameError), match=words):
        build()


def test_wrong_data(elements, far):
    net = pair()
    with pytest.raises(DataError, match="left, right, target"):
        net.train(elements[:2], **STILL)
    with pytest.raises(DataError, match=r"left.*right|2 arrays"):
        net.predict(elements[0])
    with pytest.raises(DataError, match="target"):
        net.train([*elements[:2], far + 1.0], **STILL)
    with pytest.raises(DataError, match="anchor, positive, negative"):
        triplet().train(elements[:2], **STILL)


# ------------------------------------------------------------------------------------------ files, copies, text


@pytest.mark.parametrize("make", [
    pair, triplet, lambda: pair("cosine", margin=0.3, seed=2), lambda: triplet("squared euclidean", weighted=True),
    lambda: pair(loss="cosine_embedding"), lambda: PairEmbedding(symloss.Network([4, 2], loss=None), mode="PYTHON"),
])
@pytest.mark.parametrize("way", ["file", "copy", "pickle"])
def test_saved_loaded_copied(tmp_path, elements, make, way):
    net = make()
    if way == "file":
        net.save(tmp_path / "net")
        twin = symloss.load(tmp_path / "net")
        twin.mode = "PYTHON"
    else:
        twin = copy.deepcopy(net) if way == "copy" else pickle.loads(pickle.dumps(net))
    assert type(twin) is type(net) and twin.num_params == net.num_params and twin.metric == net.metric
    assert np.array_equal(twin.embed(elements[0]), net.embed(elements[0]))
    data = [*elements[:2], np.ones(9)] if type(net) is PairEmbedding else elements
    data = [*data, np.arange(9.0)] if net.weighted else data
    options = dict(algo="adam", epochs=2, batch_size=3, verbose=0)
    assert twin.train(data, **options)[-1]["loss"] == net.train(data, **options)[-1]["loss"]
    assert np.array_equal(twin.embed(elements[0]), net.embed(elements[0]))
    assert twin.num_params == net.num_params and twin["embedding"].params == twin.params


def test_repr_makes_an_equal_model():
    for net in (pair(), pair("cosine", margin=0.3), pair(loss="hadsell", seed=3), triplet("manhattan", margin=2.0),
                pair(loss="cosine_embedding", weighted=True)):
        again = eval(repr(net), {"PairEmbedding": PairEmbedding, "TripletEmbedding": TripletEmbedding})
        assert repr(again) == repr(net) and again.metric == net.metric
        assert [loss.to_spec() for loss in again.losses] == [loss.to_spec() for loss in net.losses]
        assert all(np.array_equal(a.get_value(), b.get_value()) for a, b in zip(again.params, net.params, strict=True))
    assert repr(triplet("cosine")) == "TripletEmbedding([4, 5, 2], distance='cosine', mode='PYTHON')"
