"""Regularizers: true sums, true Jacobians, patterns, and noise in training alone."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Autoencoder, Regressor, Regularizer, regularizers

STILL = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}


def value(net, name):
    layer, param = name.split(".")
    return net.find(layer, param).get_value()


def term(net, data, name, **options):
    return net.train(data, **STILL, **options)[-1][name]


# ----------------------------------------------------------------------------------------------------------- penalties


def test_weight_penalties_are_sums_over_all_weights(points):
    net = Regressor([5, 4, 3])
    weights = [value(net, "hid1.w"), value(net, "out.w")]
    np.testing.assert_allclose(term(net, points, "weight_l1", weight_l1=0.1), sum(np.abs(w).sum() for w in weights))
    np.testing.assert_allclose(term(net, points, "weight_l2", weight_l2=0.1), sum((w**2).sum() for w in weights))


def test_weight_penalties_leave_biases_and_activations_alone(points):
    net = Regressor([5, (4, "maxout:2"), (4, "prelu"), 3])
    for layer in ("hid1", "hid2", "out"):
        b = net.find(layer, "b")
        b.set_value(np.full_like(b.get_value(), 100))
    wanted = sum((value(net, f"{layer}.w") ** 2).sum() for layer in ("hid1", "hid2", "out"))
    np.testing.assert_allclose(term(net, points, "weight_l2", weight_l2=1), wanted)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("hid*", ["hid1.w", "hid2.w"]), ("out.w", ["out.w"]), ("*.w", ["hid1.w", "hid2.w", "out.w"])],
)
def test_a_pattern_chooses_weights(pattern, names, points):
    net = Regressor([5, 4, 4, 3])
    wanted = sum((value(net, name) ** 2).sum() for name in names)
    for option in ({"pattern": pattern, "weight": 0.5}, {pattern: 0.5}):
        record = net.train(points, **STILL, weight_l2=option)[-1]
        np.testing.assert_allclose(record[f"weight_l2({pattern})"], wanted)
        np.testing.assert_allclose(record["weighted"][f"weight_l2({pattern})"], 0.5 * wanted)


def test_patterns_with_strengths_of_their_own(points):
    net = Regressor([5, 4, 3])
    record = net.train(points, **STILL, weight_l2={"hid1.*": 0.5, "out.*": 2})[-1]
    wanted = 0.5 * (value(net, "hid1.w") ** 2).sum() + 2 * (value(net, "out.w") ** 2).sum()
    np.testing.assert_allclose(record["loss"] - record["mse"], wanted)


def test_hidden_l1_is_the_sum_over_units_averaged_over_items(points):
    net = Regressor([5, 4, (6, "tanh"), 3])
    got = net.feed_forward(points[0])
    wanted = (np.abs(got["hid1:out"]).sum() + np.abs(got["hid2:out"]).sum()) / 40
    np.testing.assert_allclose(term(net, points, "hidden_l1", hidden_l1=1, batch_size=40), wanted)
    np.testing.assert_allclose(term(net, points, "hidden_l1", hidden_l1=1, batch_size=7), wanted)
    one = term(net, points, "hidden_l1(hid2)", hidden_l1={"hid2": 1})
    np.testing.assert_allclose(one, np.abs(got["hid2:out"]).sum() / 40)


def jacobian(f, x, step=1e-6):
    """Central differences of the rows of f by the rows of x: (items, outputs, inputs)."""
    columns = []
    for j in range(x.shape[1]):
        d = np.zeros(x.shape[1])
        d[j] = step
        columns.append((f(x + d) - f(x - d)) / (2 * step))
    return np.stack(columns, axis=2)


def test_contractive_is_the_squared_norm_of_the_jacobian(rng):
    net, x = Autoencoder([5, (4, "tanh"), (3, "sigmoid"), 5]), rng.normal(size=(7, 5))
    record = net.train([x], **STILL, contractive={"hid1": 1, "hid2": 1})[-1]
    for layer in ("hid1", "hid2"):
        j = jacobian(lambda v, layer=layer: net.encode(v, layer), x)
        np.testing.assert_allclose(record[f"contractive({layer})"], (j**2).sum() / 7, rtol=1e-6)


def test_contractive_is_of_all_hidden_layers_unless_named(rng):
    net, x = Autoencoder([3, (2, "linear"), (2, "linear"), 3]), rng.normal(size=(4, 3))
    first, second = value(net, "hid1.w"), value(net, "hid2.w")
    wanted = (first**2).sum() + ((first @ second) ** 2).sum()
    np.testing.assert_allclose(term(net, [x], "contractive", contractive=0.01), wanted)


def test_contractive_is_no_loop():
    import pytensor.tensor as pt
    from pytensor.graph.traversal import ancestors
    from pytensor.scan.op import Scan

    from symloss import regularizers

    x = pt.matrix()
    total = regularizers.contractive([pt.tanh(pt.dot(x, np.ones((3, 2))))], [x])
    assert not [v for v in ancestors([total]) if v.owner is not None and isinstance(v.owner.op, Scan)]


def test_contractive_trains(rng):
    x = rng.normal(size=(30, 5))
    loose, tight = Autoencoder([5, (4, "tanh"), 5]), Autoencoder([5, (4, "tanh"), 5])
    loose.train([x], algo="adam", learning_rate=0.01, epochs=30, verbose=0)
    tight.train([x], algo="adam", learning_rate=0.01, epochs=30, contractive=1.0, verbose=0)
    norms = [(jacobian(net.encode, x) ** 2).sum() for net in (loose, tight)]
    assert norms[1] < 0.7 * norms[0]


def test_contractive_by_one_of_several_inputs(rng):
    layers = [3, {"form": "input", "size": 2, "name": "side"}, {"size": 4, "inputs": ["in", "side"],
              "activation": "tanh"}, 1]
    net = Regressor(layers)
    a, b, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2)), rng.normal(size=(6, 1))
    j = jacobian(lambda v: net.feed_forward([a, v])["hid2:out"], b)
    got = net.train([a, b, y], **STILL, contractive={"weight": 1, "wrt": "side"})[-1]["contractive"]
    np.testing.assert_allclose(got, (j**2).sum() / 6, rtol=1e-6)


def test_a_penalty_takes_part_in_the_gradient(points, backend):
    net = Regressor([5, 3], mode=backend)
    w = value(net, "out.w")
    other = Regressor([5, 3], mode=backend)
    options = {"algo": "sgd", "learning_rate": 0.1, "epochs": 1, "batch_size": 0, "verbose": 0}
    net.train(points, weight_l2=0.25, **options)
    other.train(points, **options)
    np.testing.assert_allclose(value(net, "out.w"), value(other, "out.w") - 0.1 * 0.25 * 2 * w)


def test_the_total_is_the_sum_of_the_terms_shown(points, backend):
    net = Regressor([5, (4, "tanh"), 3], loss="mae", mode=backend)
    net.add_loss("mse", weight=0.3)
    options = {"weight_l1": 0.01, "weight_l2": {"hid*": 0.02, "out*": 0.5}, "hidden_l1": 0.1, "hidden_dropout": 0.2}
    history = net.train(points, points, epochs=3, batch_size=7, verbose=0, **options)
    for record in history:
        for prefix in ("", "valid_"):
            weighted = record[f"{prefix}weighted"]
            assert len(weighted) == 6
            np.testing.assert_allclose(record[f"{prefix}loss"], sum(weighted.values()))
            assert all(np.isfinite(v) for v in weighted.values())
            np.testing.assert_allclose(weighted["mse"], 0.3 * record[f"{prefix}mse"])


@pytest.mark.parametrize(
    ("one", "other"),
    [("weight_l2", "weight_decay"), ("weight_l1", "weight_sparsity"), ("hidden_l1", "hidden_sparsity")],
)
def test_two_names_of_one_penalty_are_equal(one, other, points):
    first, second = (Regressor([5, 4, 3]).train(points, epochs=2, verbose=0, **{name: 0.1}) for name in (one, other))
    assert [r["loss"] for r in first] == [r["loss"] for r in second]


def test_a_strength_of_zero_is_none(points):
    record = Regressor([5, 4, 3]).train(points, **STILL, weight_l2=0, hidden_dropout=0, hidden_l1=0.0)[0]
    assert set(record["weighted"]) == {"mse"}


def test_another_strength_needs_no_compiling(points, compilations):
    net = Regressor([5, 4, 3])
    first = net.train(points, **STILL, weight_l2=0.1, hidden_noise=0.1)[-1]
    second = net.train(points, **STILL, weight_l2=0.3, hidden_noise=0.2)[-1]
    assert len(compilations) == 1
    np.testing.assert_allclose(second["weighted"]["weight_l2"], 3 * first["weighted"]["weight_l2"])


def test_a_training_without_a_penalty_forgets_the_earlier_one(points):
    net = Regressor([5, 4, 3])
    net.train(points, **STILL, weight_l2=0.1)
    assert set(net.train(points, **STILL)[-1]["weighted"]) == {"mse"}


def test_an_own_regularizer_that_returns_nothing_says_what_is_wanted(registered, points, compilations):
    class Silent(symloss.Regularizer):
        def loss(self, graph, outputs):
            outputs["hid1:out"].sum()

    class Vector(symloss.Regularizer):
        def loss(self, graph, outputs):
            return outputs["hid1:out"].sum(axis=0)

    class Idle(symloss.Regularizer):
        pass

    class Still(symloss.Regularizer):
        on_graph = True

        def modify(self, name, value, rng):
            return 2 * value

    wrong = {
        "silent": "Silent: loss returned None, but it must return a scalar expression",
        "vector": "Vector: loss returned a tensor with 1 axes. Return a scalar, .*sum",
        "idle": "Idle: the class defines no term. Override loss",
        "still": r"Still: modify returned .* must return \(value, the next state of rng\)",
    }
    for option, message in wrong.items():
        with pytest.raises(symloss.SymlossError, match=message):
            Regressor([5, 4, 3]).train(points, **STILL, **{option: 0.1})
    assert not compilations


def test_an_own_regularizer_is_shown_by_its_name(registered, points):
    class Tall(symloss.Regularizer):
        def loss(self, graph, outputs):
            return (outputs["hid1:out"] ** 2).max()

    net = Regressor([5, 4, 3])
    wanted = (net.feed_forward(points[0])["hid1:out"] ** 2).max()
    np.testing.assert_allclose(term(net, points, "Tall", tall=0.1, batch_size=0), wanted)


def test_an_own_noise_is_itself_and_no_dropout(registered, points):
    class Doubled(symloss.Regularizer):
        on_graph = True

        def modify(self, name, value, rng):
            return value + self.factor * value, rng

    net = Regressor([5, 4, 4, 3], mode="PYTHON")
    bare = net.feed_forward(points[0])
    h = np.maximum(2 * bare["hid1:out"] @ value(net, "hid2.w"), 0)
    wanted = ((2 * h @ value(net, "out.w") - points[1]) ** 2).mean()
    for option in (1.0, {"hid1": 1.0, "hid2": 1.0}):
        np.testing.assert_allclose(term(net, points, "mse", doubled=option), wanted)


# --------------------------------------------------------------------------------------------------------------- noise


NOISES = [
    {"hidden_dropout": 0.5}, {"input_dropout": 0.5}, {"hidden_noise": 1.0}, {"input_noise": 1.0}, {"output_noise": 1.0},
    {"output_dropout": 0.5}, {"dropout": 0.5}, {"noise": 1.0}, {"dropout": {"hid*": 0.5}}, {"noise": {"in": 1.0}},
    {"dropout": {"pattern": "hid1:out", "weight": 0.5}}, {"bernoulli_dropout": 0.5},
]


@pytest.mark.parametrize("noise", NOISES, ids=str)
def test_noise_is_on_in_training_and_off_in_validation(noise, points):
    net, clean = Regressor([5, 8, 3]), Regressor([5, 8, 3])
    wanted = clean.train(points, **STILL)[0]["loss"]
    record = net.train(points, points, **STILL, **noise)[0]
    np.testing.assert_allclose(record["valid_loss"], wanted)
    assert abs(record["loss"] - wanted) > 1e-3 * wanted
    assert np.array_equal(net.predict(points[0]), clean.predict(points[0]))


def test_noise_is_drawn_anew_in_every_step_and_the_same_with_the_same_seed(points, backend):
    options = {**STILL, "epochs": 3, "hidden_dropout": 0.5, "batch_size": 0, "patience": None}
    net = Regressor([5, 8, 3], mode=backend)
    first = [r["loss"] for r in net.train(points, **options)]
    assert len(set(first)) == 3
    assert [r["loss"] for r in net.train(points, **options)] == first
    assert [r["loss"] for r in Regressor([5, 8, 3], mode=backend).train(points, **options)] == first
    assert [r["loss"] for r in net.train(points, **options, seed=1)[6:]] != first


def test_layers_have_noise_of_their_own(rng):
    """Two equal layers do not lose the same units."""
    layers = [{"size": 50, "name": "in"}, {"size": 50, "diagonal": 1, "activation": "linear"},
              {"size": 50, "diagonal": 1, "activation": "linear", "name": "b", "inputs": "in"},
              {"size": 50, "diagonal_w_hid1": 1, "diagonal_w_b": -1, "inputs": ["hid1", "b"]}]
    net = Regressor(layers)
    record = net.train([np.ones((20, 50)), np.zeros((20, 50))], **STILL, hidden_dropout=0.5)[0]
    assert abs(record["mse"] - 2) < 0.3  # (a - b)^2 with a, b of {0, 2}, independently


def test_dropout_keeps_the_mean_and_drops_the_share(rng):
    net = Regressor([{"size": 30, "name": "in"}, {"size": 30, "diagonal": 1}], loss=lambda p, t: p)
    net.add_loss(lambda p, t: p**2)
    x = np.ones((500, 30))
    record = net.train([x, x], **STILL, input_dropout=0.2)[0]
    mean, square = list(record["weighted"].values())
    np.testing.assert_allclose(mean, 1, rtol=0.02)
    np.testing.assert_allclose(square, 1 / 0.8, rtol=0.02)


def test_noise_has_its_standard_deviation(rng):
    net = Regressor([{"size": 30, "name": "in"}, {"size": 30, "diagonal": 1}])
    x = rng.normal(size=(500, 30))
    np.testing.assert_allclose(net.train([x, x], **STILL, input_noise=0.5)[0]["mse"], 0.25, rtol=0.03)


@pytest.mark.parametrize(("option", "form"), [("weight_l2", "weight_l2"), ("weight_decay", "weight_l2"),
                                              ("hidden_dropout", "dropout"), ("contractive", "contractive")])
def test_a_regularizer_that_was_built_is_a_value(option, form):
    built = Regularizer.build(form, 0.01)
    made = regularizers.from_options({option: built}, Regressor([5, 4, 3]).graph)
    assert made == [built] and built.weight == pytest.approx(0.01)


# ----------------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("options", "near"),
    [
        ({"hiden_dropout": 0.5}, "hidden_dropout"),
        ({"weight_l22": 0.5}, "weight_l2"),
        ({"input_nois": 0.5}, "input_noise"),
        ({"contractiv": 0.5}, "contractive"),
        ({"hiddn_l1": 0.5}, "hidden_l1"),
    ],
)
def test_a_misspelt_regularizer_names_the_nearest(options, near, points, compilations):
    with pytest.raises(symloss.UnknownNameError, match=f"did you mean .*'{near}'"):
        Regressor([5, 4, 3]).train(points, **options)
    assert not compilations


def test_a_misspelt_alias_of_a_regularizer_names_the_nearest(points):
    with pytest.raises(symloss.UnknownNameError, match="did you mean .*'weight_decay'"):
        Regressor([5, 4, 3]).train(points, weight_decy=0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"weight_l2": {"pattern": "hdi*", "weight": 1}}, r"hdi\*.*hid1.w"),
        ({"hidden_l1": {"hid9": 1}}, "hid9.*hid1:out"),
        ({"dropout": {"hid9": 0.5}}, "hid9.*hid1:out"),
        ({"contractive": {"weight": 1, "wrt": "nix"}}, "nix.*in"),
        ({"weight_l2": -1}, "-1"),
        ({"weight_l2": "much"}, "much"),
        ({"weight_l2": float("inf")}, "inf"),
        ({"weight_l2": None}, "None"),
        ({"weight_l2": {"weight": 1, "patern": "*"}}, "patern"),
        ({"hidden_dropout": 1.0}, "1.0"),
        ({"hidden_dropout": -0.1}, "-0.1"),
        ({"input_noise": {"weight": 1}}, "number"),
        ({"hidden_dropout": {"hid1": 0.5}}, "write dropout="),
        ({"weight_l2": {"weight": 1, "pattern": ["hid1"]}}, "it must be a name"),
        ({"weight_l2": Regularizer.build("hidden_l1", 0.1)}, "it must be a weight_l2. Write hidden_l1="),
    ],
    ids=str,
)
def test_a_wrong_regularizer_says_what_is_wrong(options, words, points, compilations):
    with pytest.raises(symloss.SymlossError, match=words):
        Regressor([5, 4, 3]).train(points, **options)


def test_hidden_noise_without_hidden_layers_is_refused(points):
    with pytest.raises(symloss.SpecError, match="no hidden layers"):
        Regressor([5, 3]).train(points, hidden_dropout=0.5)


@pytest.mark.parametrize("noise", ["hidden_dropout", "hidden_noise"])
def test_noise_on_integers_is_refused(noise, points, defined_layers):
    class Halves(symloss.Layer):
        def setup(self, sources):
            self.shape = sources[0].shape

        def connect(self, values):
            return {"out": pt.cast(pt.floor(values[0]), "int32")}

    with pytest.raises(symloss.SpecError, match="hid1:out has dtype int32.*Name other outputs"):
        Regressor([5, {"form": "halves"}, {"size": 4, "inputs": "in"}, 3]).train(points, **{noise: 0.5})


@pytest.fixture
def defined_layers():
    registry = symloss.layers.registry
    before = dict(registry._entries), dict(registry._names), dict(registry._spelt)
    yield
    registry._entries, registry._names, registry._spelt = before
