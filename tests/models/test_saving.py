"""Models in files."""

import json
import os
import stat

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import symloss
from symloss import Autoencoder, Classifier, Network, Regressor
from symloss.models import saving

QUIET = {"epochs": 2, "verbose": 0}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


def metadata(path):
    with safe_open(path, framework="numpy") as file:
        return json.loads(file.metadata()["symloss"])


def rewrite(path, change):
    """Write the file again with another description, and the right checksum."""
    with safe_open(path, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    text = json.dumps(change(metadata(path)))
    save_file(tensors, path, metadata={"symloss": text, "checksum": saving._checksum(text, tensors)})


MODELS = [
    lambda: Regressor([4, 6, 3]),
    lambda: Classifier([4, (6, "maxout:3"), ("tanh", 5), 3], seed=5),
    lambda: Autoencoder([4, {"size": 3, "name": "code", "activation": "prelu+norm:z", "std": 0.3}, "tied"]),
    lambda: Network([4, {"size": 5, "name": "a"}, {"size": 2, "inputs": ["in", "a"], "init_b": [1.0, 2.0]}]),
    lambda: Classifier([4, 3], weighted=True, loss="hinge"),
]


@pytest.mark.parametrize("make", MODELS)
def test_a_loaded_model_predicts_the_same_bits_and_describes_itself_alike(make, path, rng):
    net, x = make(), rng.normal(size=(9, 4))
    for p in net.params:
        p.set_value(p.get_value() + rng.normal(size=p.get_value().shape))
    net.save(path)
    for loaded in (symloss.load(path), type(net).load(path), symloss.load(str(path))):
        assert type(loaded) is type(net)
        assert np.array_equal(loaded.predict(x), net.predict(x))
        assert all(np.array_equal(a, b) for a, b in zip(loaded.feed_forward(x).values(), net.feed_forward(x).values(),
                                                          strict=True))
        assert [p.name for p in loaded.params] == [p.name for p in net.params]
        assert loaded.graph.to_spec() == net.graph.to_spec() or "init_b" in str(net.graph.to_spec())
        assert (loaded.weighted, loaded.seed) == (net.weighted, net.seed)
        assert [v.name for v in loaded.variables] == [v.name for v in net.variables]


def test_a_loaded_model_trains_on_as_the_saved_one_does(points, path):
    net = Regressor([5, (4, "prelu"), 3])
    net.train(points, points, **QUIET)
    net.save(path)
    loaded = symloss.load(path)
    assert loaded.history == net.history
    for model in (net, loaded):
        model.train(points, **QUIET, hidden_dropout=0.2)
    assert np.array_equal(flat(net), flat(loaded))
    assert len(loaded.history) == 4


def test_losses_come_back_with_weights_and_hyperparameters(points, path):
    net = Regressor([5, 3], loss={"form": "huber", "delta": 0.25, "weight": 0.5}, weighted=True)
    net.add_loss("mae", how="sum")
    net.losses[1].weight = 3
    net.save(path)
    loaded = symloss.load(path)
    assert [loss.to_spec() for loss in loaded.losses] == [loss.to_spec() for loss in net.losses]
    assert loaded.losses[0].options == {"delta": 0.25} and loaded.losses[1].weight == 3
    data = [*points, np.arange(40)]
    still = {"algo": "sgd", "learning_rate": 0.0, "epochs": 1, "verbose": 0}
    assert loaded.train(data, **still)[0]["loss"] == net.train(data, **still)[0]["loss"]


def test_a_loss_of_several_ports_comes_back(path, rng):
    layers = [2, {"size": 1, "name": "mu", "activation": "linear"},
              {"size": 1, "name": "var", "inputs": "in", "activation": "softplus"}]
    net = Network(layers, loss={"form": "gll", "output_name": "mu", "ports": {"mean": "mu", "variance": "var"}})
    net.save(path)
    data = [rng.normal(size=(6, 2)), rng.normal(size=(6, 1))]
    first, second = (m.train(data, algo="sgd", learning_rate=0.0, epochs=1, verbose=0)[0]["loss"]
                     for m in (net, symloss.load(path)))
    assert first == second


def test_a_subclass_of_loss_comes_back_where_it_is_defined(registered, path):
    class Own(symloss.Loss):
        def __call__(self, outputs):
            return pt.sqr(outputs[self.output_name] - self._target).mean()

    Regressor([5, 3], loss="own").save(path)
    assert type(symloss.load(path).losses[0]) is Own
    symloss.losses.registry._names.pop("own")
    with pytest.raises(symloss.DataError, match="unknown loss 'Own'"):
        symloss.load(path)


@pytest.mark.parametrize("loss", [lambda p, t: p - t, {"form": lambda p, t: p - t}])
def test_a_loss_that_is_a_function_cannot_be_saved_and_says_so(loss, path):
    with pytest.raises(symloss.SpecError, match="function.*register"):
        Regressor([5, 3], loss=loss).save(path)
    assert not path.exists()


def test_an_activation_that_is_a_function_cannot_be_saved_and_says_so(path):
    with pytest.raises(symloss.SpecError, match="hid1.*register"):
        Regressor([5, (4, lambda x: x), 3]).save(path)
    assert not path.exists()


def test_an_initializer_that_is_a_function_cannot_be_saved_and_says_so(path):
    with pytest.raises(symloss.SpecError, match="save"):
        Regressor([5, {"size": 4, "init": lambda shape, rng: np.zeros(shape)}, 3]).save(path)


def test_parameters_are_plain_safetensors(path):
    net = Regressor([5, 4, 3])
    net.save(path)
    with safe_open(path, framework="numpy") as file:
        assert set(file.keys()) == {f"model/{p.name}" for p in net.params}
        assert np.array_equal(file.get_tensor("model/hid1.w"), net.find("hid1", "w").get_value())
    assert {"format", "class", "layers", "losses"} <= set(metadata(path))


def test_a_float32_model_comes_back_in_float32(points, path):
    with pytensor.config.change_flags(floatX="float32"):
        net = Regressor([5, 4, 3])
        net.save(path)
        loaded = symloss.load(path)
        assert np.array_equal(loaded.predict(points[0]), net.predict(points[0]))
        assert loaded.predict(points[0]).dtype == "float32"


# ------------------------------------------------------------------------------------------------------------ damaged


def test_a_missing_file(path):
    with pytest.raises(symloss.DataError, match="no file"):
        symloss.load(path)
    with pytest.raises(symloss.DataError):
        symloss.load(path.parent)


def test_a_file_cut_off_anywhere_is_refused(path):
    Regressor([5, 4, 3]).save(path)
    content = path.read_bytes()
    for length in (0, 4, 8, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(symloss.DataError, match=path.name):
            symloss.load(path)


@pytest.mark.parametrize("content", [b"hello", b"\x80\x04K\x01.", b"\x00" * 100, b"PK\x03\x04" + b"1" * 50])
def test_a_foreign_file_is_refused(content, path):
    path.write_bytes(content)
    with pytest.raises(symloss.DataError, match="safetensors"):
        symloss.load(path)


def test_tensors_of_another_program_are_refused(path):
    save_file({"w": np.zeros(3)}, path)
    with pytest.raises(symloss.DataError, match="no model of symloss"):
        symloss.load(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 10**6}, "format 1000000.*update"),
        ({"class": "Transmogrifier"}, "Transmogrifier"),
        ({"layers": [{"form": "input", "name": "in", "size": 5}, {"form": "warp", "name": "out", "size": 3}]}, "warp"),
        ({"layers": 5}, "model"),
        ({"losses": [{"form": "nix"}]}, "nix"),
        ({"losses": 5}, "model"),
        ({"layers": [{"form": "input", "name": "in", "size": 5}, {"form": "feedforward", "name": "out", "size": 2,
                                                                      "inputs": ["in"]}]}, r"shape"),
        ({"layers": [{"form": "input", "name": "in", "size": 5}, {"form": "feedforward", "name": "end", "size": 3,
                                                                      "inputs": ["in"]}], "losses": []}, "out.w"),
    ],
    ids=str,
)
def test_a_description_that_cannot_be_is_refused(changes, words, path):
    Regressor([5, 3]).save(path)
    rewrite(path, lambda description: description | changes)
    with pytest.raises(symloss.DataError, match=words):
        symloss.load(path)


@pytest.mark.parametrize("key", ["format", "class", "layers", "losses"])
def test_a_description_with_a_part_missing_is_refused(key, path):
    Regressor([5, 3]).save(path)
    rewrite(path, lambda description: {k: v for k, v in description.items() if k != key})
    with pytest.raises(symloss.DataError, match=key):
        symloss.load(path)


def test_metadata_that_are_no_json_are_refused(path):
    save_file({"w": np.zeros(3)}, path, metadata={"symloss": "{"})
    with pytest.raises(symloss.DataError, match="describe"):
        symloss.load(path)


def test_a_model_of_another_class_says_which(path):
    Regressor([5, 3]).save(path)
    with pytest.raises(symloss.DataError, match="symloss.Regressor.load"):
        Classifier.load(path)
    assert isinstance(Network.load(path), Regressor)


# ------------------------------------------------------------------------------------------------------------ writing


@pytest.mark.parametrize("where", ["replace", "fsync"])
def test_an_interrupted_write_leaves_the_old_file_and_nothing_else(where, path, monkeypatch):
    Regressor([5, 3]).save(path)
    before = path.read_bytes()

    def fail(*arguments):
        raise KeyboardInterrupt if where == "fsync" else OSError("disk full")

    monkeypatch.setattr(os, where, fail)
    with pytest.raises((OSError, KeyboardInterrupt)):
        Regressor([5, 4, 3]).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_saving_again_replaces_the_file_and_leaves_nothing_behind(path):
    Regressor([5, 3]).save(path)
    Regressor([5, 4, 3]).save(path)
    assert len(symloss.load(path).layers) == 3
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_missing_folder_says_so(tmp_path):
    with pytest.raises(symloss.DataError, match="nowhere.*does not exist"):
        Regressor([5, 3]).save(tmp_path / "nowhere" / "model")


@pytest.mark.skipif(os.name != "posix", reason="permissions of files")
def test_a_saved_file_has_the_usual_permissions(path):
    before = os.umask(0o022)
    try:
        Regressor([5, 3]).save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
