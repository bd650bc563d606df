"""Layers with chance in them: their noise repeats with the seed, is silent in prediction, and survives a checkpoint."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import Network, Regressor, SpecError

QUIET = dict(algo="adam", learning_rate=0.01, batch_size=8, verbose=0)
LAYERS = {
    "noise": {"form": "noise", "deviation": 0.5},
    "dropout": {"form": "dropout", "probability": 0.5},
}
MODES = ["PYTHON", pytest.param("C", marks=pytest.mark.c)]


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(24, 4)), rng.normal(size=(24, 2))]


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


def made(layer, mode="PYTHON", seed=1, **options):
    return Regressor([4, (6, "tanh"), layer | options, 2], mode=mode, seed=seed)


def random(layer, mode="PYTHON", seed=1):
    net = Network({"in": 4, "z": layer, "out": 2}, edges=["in -> z -> out"], mode=mode, seed=seed)
    net.graph.find("out", "w").set_value(np.eye(net.graph["z"].shape[0], 2))
    return net


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("distribution", "deviation"), [("normal", 1.0), ("uniform", 3**-0.5)])
def test_random_numbers_have_their_moments_and_depend_on_no_input(distribution, deviation, mode):
    net = random({"form": "random", "size": 2, "distribution": distribution}, mode)
    drawn = net.predict(np.zeros((20_000, 4)))
    assert abs(drawn.mean()) < 4 * deviation / 200 and drawn.std() == pytest.approx(deviation, rel=0.02)
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.03
    assert not np.array_equal(net.predict(np.zeros((5, 4))), net.predict(np.zeros((5, 4))))
    silent = random({"form": "random", "size": 2, "in_prediction": False}, mode)
    assert not silent.predict(np.zeros((5, 4))).any()


@pytest.mark.parametrize("mode", MODES)
def test_interpolated_items_lie_between_their_pair_each_at_a_place_of_its_own(mode):
    net = Network({"a": 3, "b": {"form": "input", "size": 3}, "mix": {"form": "interpolate", "in_prediction": True}},
                  edges=["a -> mix", "b -> mix"], loss=None, mode=mode, seed=4)
    share = net.predict({"a": np.ones((4000, 3)), "b": np.zeros((4000, 3))})
    assert np.array_equal(share, np.repeat(share[:, :1], 3, axis=1)), "one number for an item"
    assert share.min() >= 0 and share.max() <= 1 and share.std() == pytest.approx(12**-0.5, rel=0.05)
    net = Network({"a": 3, "b": {"form": "input", "size": 3}, "mix": {"form": "interpolate"}},
                  edges=["a -> mix", "b -> mix"], loss=None, mode=mode)
    assert np.all(net.predict({"a": np.ones((2, 3)), "b": np.zeros((2, 3))}) == 0.5)


def sampling(in_prediction=False, mode="PYTHON", seed=1):
    return Network({"in": 4, "mean": 3, "spread": 3, "z": {"form": "sample", "in_prediction": in_prediction},
                    "out": 2}, edges=["in -> mean -> z", "in -> spread -> z", "z -> out"], mode=mode, seed=seed)


def makers(mode):
    return {name: lambda layer=layer: made(layer, mode) for name, layer in LAYERS.items()} | {
        "sample": lambda: sampling(mode=mode)}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["noise", "dropout", "sample"])
def test_noise_repeats_with_the_seed_and_is_silent_in_prediction(name, mode, data):
    first, second = makers(mode)[name](), makers(mode)[name]()
    for net in (first, second):
        net.train(data, epochs=2, **QUIET)
    assert np.array_equal(flat(first), flat(second))
    assert np.array_equal(first.predict(data[0]), first.predict(data[0]))
    other = makers(mode)[name]()
    other.train(data, epochs=2, seed=9, **QUIET)
    assert not np.array_equal(flat(first), flat(other))


@pytest.mark.parametrize("name", ["noise", "sample"])
def test_it_is_there_in_training(name, data):
    net = makers("PYTHON")[name]()
    still = QUIET | {"algo": "sgd", "learning_rate": 0.0, "batch_size": 24}
    net.train(data, data, epochs=4, **still)
    assert len({r["loss"] for r in net.history}) == 4, "each step draws anew"
    assert len({r["valid_loss"] for r in net.history if "valid_loss" in r}) == 1, "validation has no noise"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["noise", "sample"])
def test_a_checkpoint_goes_on_with_the_same_noise(name, mode, data, tmp_path):
    whole, half = makers(mode)[name](), makers(mode)[name]()
    whole.train(data, epochs=4, **QUIET)
    half.train(data, epochs=2, **QUIET)
    half.save(tmp_path / "half", training=True)
    again = symloss.load(tmp_path / "half")
    again.mode = mode
    again.train(data, epochs=4, resume=True, **QUIET)
    assert np.array_equal(flat(again), flat(whole))


@pytest.mark.parametrize("mode", MODES)
def test_prediction_draws_where_that_is_asked_for(mode, data):
    net, silent = sampling(True, mode), sampling(False, mode)
    draws = [net.predict(data[0]) for _ in range(3)]
    assert not np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[1], draws[2])
    again = sampling(True, mode)
    assert np.array_equal(again.predict(data[0]), draws[0]), "the same model draws the same numbers"
    assert np.array_equal(silent.predict(data[0]), silent.predict(data[0]))


def test_a_sample_has_the_moments_of_its_inputs():
    net = Network({"mean": 1, "spread": {"form": "input", "size": 1}, "z": {"form": "sample", "in_prediction": True}},
                  edges=["mean -> z", "spread -> z"], loss=None, mode="PYTHON")
    found = net.predict([np.full((40000, 1), 3.0), np.full((40000, 1), 2 * np.log(0.5))])
    assert abs(found.mean() - 3) < 0.02 and abs(found.std() - 0.5) < 0.02


def test_dropout_keeps_the_mean():
    net = Regressor([1000, {"form": "dropout", "probability": 0.75, "in_prediction": True, "name": "out"}], loss=None,
                    mode="PYTHON")
    found = net.predict(np.ones((100, 1000)))
    assert set(np.unique(found)) == {0.0, 4.0} and abs(found.mean() - 1) < 0.03


def test_gradients_pass_through_a_sample(data):
    net = sampling()
    before = net.find("spread", "w").get_value()
    net.train(data, epochs=1, **QUIET)
    assert not np.array_equal(net.find("spread", "w").get_value(), before)


def test_a_layer_of_ones_own_gets_the_context(data):
    class Jitter(symloss.Layer):
        def setup(self, sources):
            self.shape = sources[0].shape

        def connect(self, values, context):
            seen.append((context.training, context.name))
            x = values[0]
            return {"out": x + context.uniform(x.shape) if context.training else x}

    seen = []
    net = Regressor([4, (3, "tanh"), {"form": "Jitter", "name": "jitter"}, 2], mode="PYTHON")
    net.train(data, data, epochs=1, **QUIET)
    assert (True, "jitter") in seen and (False, "jitter") in seen
    assert np.array_equal(net.predict(data[0]), net.predict(data[0]))


def test_noise_within_a_network_within_is_the_models(data):
    inner = Network([4, {"form": "noise", "deviation": 0.5}, 3], loss=None)
    nets = [Regressor([4, {"form": "network", "network": inner}, 2], mode="PYTHON", seed=1)]
    start = flat(nets[0])
    nets[0].train(data, epochs=1, **QUIET)
    first = flat(nets[0])
    for parameter, value in zip(nets[0].params, np.split(start, np.cumsum([p.get_value().size for p in nets[0].params])
                                                         [:-1]), strict=True):
        parameter.set_value(value.reshape(parameter.get_value().shape))
    twin = Regressor([4, {"form": "network", "network": inner}, 2], mode="PYTHON", seed=1)
    twin.train(data, epochs=1, **QUIET)
    assert np.array_equal(flat(twin), first)


def test_a_generator_of_ones_own_with_a_default_update_moves_in_training(data):
    class Foreign(symloss.Layer):
        def setup(self, sources):
            self.shape = sources[0].shape

        def connect(self, values):
            rng = pytensor.shared(np.random.default_rng())
            state, drawn = pt.random.normal(size=values[0].shape, rng=rng, return_next_rng=True)
            rng.default_update = state
            return {"out": values[0] + drawn}

    losses = []
    for _ in range(2):
        net = Regressor([4, {"form": "Foreign"}, 2], mode="PYTHON")
        net.train(data, epochs=2, **QUIET | {"algo": "sgd", "learning_rate": 0.0})
        losses.append([r["loss"] for r in net.history])
    assert losses[0] == losses[1] and losses[0][0] != losses[0][1]


@pytest.mark.parametrize(("layer", "words"), [
    ({"form": "noise", "deviation": -1}, "at least 0"),
    ({"form": "noise", "deviation": "much"}, "'much'"),
    ({"form": "dropout", "probability": 1}, "less than 1"),
    ({"form": "dropout", "size": 9}, "Leave shape out"),
    ({"form": "sample"}, "two inputs"),
    ({"form": "interpolate"}, "two inputs"),
    ({"form": "random"}, "no size"),
    ({"form": "random", "size": 3, "distribution": "cauchy"}, "'normal' or 'uniform'"),
])
def test_wrong_options_say_what_is_wanted(layer, words):
    with pytest.raises(SpecError, match=words):
        Regressor([4, layer, 2])
