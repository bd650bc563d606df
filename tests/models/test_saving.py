"""Models in files."""

import copy
import errno
import json
import os
import pathlib
import pickle
import stat
import subprocess
import sys

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

import symloss
from symloss import Autoencoder, Classifier, Network, Regressor, _files, models
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
    with pytest.raises(symloss.SpecError, match="function.*Register"):
        Regressor([5, 3], loss=loss).save(path)
    assert not path.exists()


def test_an_activation_that_is_a_function_cannot_be_saved_and_says_so(path):
    with pytest.raises(symloss.SpecError, match="hid1.*Register"):
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
    with pytest.raises(symloss.DataError, match="not a model of symloss"):
        symloss.load(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 10**6}, "format 1000000.*Update"),
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
        raise KeyboardInterrupt

    monkeypatch.setattr(os, where, fail)
    with pytest.raises(KeyboardInterrupt):
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


# ---------------------------------------------------------------------------------- whatever can be built and trained


@pytest.fixture
def defined(registered):
    """What users define comes and goes: losses, activations, layers and models by name."""
    registries = [symloss.layers.registry, models.registry.registry]
    before = [(dict(r._entries), dict(r._names)) for r in registries]
    _define()
    yield
    for registry, (entries, names) in zip(registries, before, strict=True):
        registry._entries, registry._names = entries, names


def _define():
    class Powered(symloss.Loss):
        def __init__(self, power=2.0, **keywords):
            super().__init__(**keywords)
            self.power = power

        def __call__(self, outputs):
            return (abs(outputs[self.output_name] - self._target) ** self.power).mean()

    class TimesTwo(symloss.Loss):
        def __call__(self, outputs):
            return 2 * pt.sqr(outputs[self.output_name] - self._target).mean()

    @symloss.loss("steep")
    def steep(prediction, target, *, factor=3.0):
        """A loss of the user's, per element."""
        return pt.abs(prediction - target) * factor

    @symloss.activations.activation("bent")
    def bent(x):
        """An activation of the user's."""
        return pt.maximum(x, 0.3 * x)

    class Scaled(symloss.Layer):
        def __init__(self, *, factor=2.0, **keywords):
            super().__init__(**keywords)
            self.factor = factor

        def setup(self, sources):
            self.shape = sources[0].shape

        def connect(self, values):
            return {"out": self.factor * values[0]}

    _define_models()


def _define_models():
    class Own(Regressor):
        pass

    class Small(Classifier):
        """A model with arguments of its own."""

        def __init__(self, hidden, *, kind=("tanh", "relu"), depth=1):
            super().__init__([4, *[(hidden, kind[0])] * depth, 3], loss={"form": "xe", "weight": 0.5}, mode="PYTHON")
            self.hidden = hidden


def _of(name):
    return models.registry.registry.get(name)


def _sequence_data(rng):
    x = rng.normal(size=(6, 5, 2))
    return [x, x.cumsum(axis=1)[..., :1]]


def _numbers(outputs=3, weighted=False):
    def data(rng):
        x = rng.normal(size=(12, 4))
        y = np.tanh(x @ rng.normal(size=(4, outputs)))
        return [x, y, rng.uniform(size=y.shape)] if weighted else [x, y]
    return data


def _labels(*names):
    def data(rng):
        return [rng.normal(size=(12, 4)), np.array(names * 12)[:12]]
    return data


TWO = [4, {"size": 3, "name": "mid", "activation": "tanh"}, 3]
GAUSS = [4, {"size": 1, "name": "mean", "activation": "linear"},
         {"size": 1, "name": "variance", "inputs": "in", "activation": "softplus"}]
ANY = {  # name -> (the model, its data)
    "plain": (lambda: Regressor([4, (5, "relu"), 3]), _numbers()),
    "weighted": (lambda: Regressor([4, 3], loss="mae", weighted=True), _numbers(weighted=True)),
    "one option": (lambda: Regressor([4, 3], loss={"form": "huber", "delta": 0.25}), _numbers()),
    "a divisor": (lambda: Regressor([4, 3], loss={"form": "mse", "how": "sum", "weight": 0.1}), _numbers()),
    "another system's": (lambda: Regressor([4, 3], loss={"form": "mse", "like": "keras"}), _numbers()),
    "a schedule": (lambda: Regressor([4, 3], loss={"form": "mse", "weight": symloss.schedules.linear(0.5, 2, steps=5)}),
                   _numbers()),
    "two terms": (lambda: Regressor([4, 3], loss=["mae", {"form": "mse", "weight": 3}]), _numbers()),
    "two outputs": (lambda: Network(TWO, loss=["mse", {"form": "mae", "output_name": "mid"}]),
                    lambda rng: [*_numbers()(rng), rng.normal(size=(12, 3))]),
    "learned weights": (lambda: Regressor([4, 3], loss=["mae", {"form": "mse", "weight": "uncertainty"}]), _numbers()),
    "several ports": (lambda: Network(GAUSS, loss={"form": "gll", "output_name": "mean"}), _numbers(1)),
    "a user's class": (lambda: Regressor([4, 3], loss="timestwo"), _numbers()),
    "a user's class with options": (lambda: Regressor([4, 3], loss={"form": "powered", "power": 3.0}), _numbers()),
    "a user's function": (lambda: Regressor([4, 3], loss={"form": "steep", "factor": 5.0}), _numbers()),
    "a user's activation": (lambda: Regressor([4, (4, "bent+norm:z"), 3]), _numbers()),
    "a user's layer": (lambda: Regressor([4, {"form": "scaled", "factor": 3.0}, 3]), _numbers()),
    "a user's model": (lambda: _of("Own")([4, 3]), _numbers()),
    "a user's model with arguments": (lambda: _of("Small")(5, kind=("prelu",), depth=2), _labels(0, 1, 2)),
    "activations with parameters": (lambda: Regressor([4, (5, "maxout:3"), (4, "prelu"), 3]), _numbers()),
    "forms left alone": (lambda: _unstable(Classifier([4, 3])), _labels(0, 1, 2)),
    "labels": (lambda: Classifier([4, 3], seed=7), _labels(0, 1, 2)),
    "words": (lambda: Classifier([4, 3]), _labels("c", "a", "b")),
    "words listed": (lambda: Classifier([4, 3], classes=["c", "a", "b"]), _labels("a", "b")),
    "numbers listed": (lambda: Classifier([4, 3], classes=[10, -1, 5]), _labels(10, 5)),
    "signs": (lambda: Classifier([4, 3], loss="hinge"), _labels(0, 1, 2)),
    "codes": (lambda: Autoencoder([4, {"size": 3, "activation": "tanh"}, "tied"]),
              lambda rng: [rng.normal(size=(12, 4))]),
    "images": (lambda: symloss.convolution.Classifier(
        [(6, 6, 1), {"form": "conv2", "size": 2, "filter_size": 3}, "flatten", 2]),
        lambda rng: [rng.normal(size=(8, 6, 6, 1)), np.arange(8) % 2]),
    "sequences": (lambda: symloss.recurrent.Regressor([2, {"form": "rnn", "size": 3}, 1]), _sequence_data),
}


def _unstable(net):
    net.stable = ["log_clip"]
    return net


def _arrays(net, data):
    found = net.predict(data[0])
    return list(found.values()) if isinstance(found, dict) else [found]


@pytest.mark.parametrize("name", ANY)
def test_what_can_be_built_and_trained_comes_back_from_files_pickles_and_copies(name, defined, path, rng):
    make, bring = ANY[name]
    net, data = make(), bring(rng)
    net.train(data, algo="adam", **QUIET)
    net.save(path)
    twins = [symloss.load(path), pickle.loads(pickle.dumps(net)), copy.deepcopy(net), copy.copy(net)]
    for twin in twins:
        assert (type(twin), repr(twin)) == (type(net), repr(net))
        assert [x.to_spec() for x in twin.losses] == [x.to_spec() for x in net.losses]
        assert np.array_equal(flat(twin), flat(net))
        assert [np.array_equal(*both) for both in zip(_arrays(twin, data), _arrays(net, data), strict=True)] == \
            [True] * len(_arrays(net, data))
    for model in (net, twins[0]):
        model.train(data, algo="adam", **QUIET)
    assert np.array_equal(flat(twins[0]), flat(net))
    assert [r["loss"] for r in twins[0].history] == [r["loss"] for r in net.history]


@pytest.mark.parametrize("algo", ["adam", "momentum", "lbfgs"])
def test_a_pickle_and_a_copy_go_on_where_the_training_stopped(algo, points):
    net = Regressor([5, 4, 3], mode="PYTHON")
    net.train(points, algo=algo, **QUIET)
    twins = [pickle.loads(pickle.dumps(net)), copy.deepcopy(net)]
    if algo == "lbfgs":
        return
    for model in (net, *twins):
        model.train(points, algo=algo, epochs=4, resume=True, verbose=0)
        assert len(model.history) == 4
        assert np.array_equal(flat(model), flat(net))


def test_a_copy_shares_nothing_that_moves(points):
    net = Regressor([5, (4, lambda x: pt.tanh(x)), 3], loss=lambda p, t: (p - t) ** 2, mode="PYTHON")
    net.train(points, **QUIET)
    twin, before = copy.deepcopy(net), flat(net)
    twin.losses[0].weight = 5
    twin.train(points, **QUIET)
    assert np.array_equal(flat(net), before) and not np.array_equal(flat(twin), before)
    assert net.losses[0].weight == 1 and len(net.history) == 2 and len(twin.history) == 4
    assert twin.losses[0].owner is twin and twin.losses[0]._target in twin.variables


def test_a_model_with_a_function_cannot_be_pickled_and_says_so():
    with pytest.raises(symloss.SpecError, match="function.*Register"):
        pickle.dumps(Regressor([5, 3], loss=lambda p, t: (p - t) ** 2))


def test_a_layer_that_does_not_keep_its_option_cannot_be_saved_and_says_so(defined, path):
    class Forgetful(symloss.layers.registry.get("scaled")):
        def __init__(self, *, twist=1, **keywords):
            super().__init__(**keywords)

    with pytest.raises(symloss.SpecError, match="Forgetful does not keep its option 'twist'.*self.twist = twist"):
        Regressor([5, {"form": "forgetful", "twist": 2}, 3]).save(path)


# ------------------------------------------------------------------------------------- models by the name of a class


def test_a_model_class_of_the_users_is_found_by_name_or_the_file_says_which_is_missing(defined, path):
    _of("Own")([5, 3]).save(path)
    assert type(symloss.load(path)) is _of("Own") is type(_of("Own").load(path))
    del models.registry.registry._names["own"]
    with pytest.raises(symloss.DataError, match="class 'Own' is not known.*Define or import it"):
        symloss.load(path)


def test_a_model_whose_class_was_defined_again_in_its_notebook_can_still_be_saved(defined, path):
    net = _of("Own")([5, 3])
    _define_models()
    assert type(net) is not _of("Own")
    net.save(path)
    assert type(symloss.load(path)) is _of("Own")


def test_a_class_of_a_taken_name_is_told_which_and_how_to_name_it(defined, path):
    class Regressor(symloss.Regressor):
        pass

    net = Regressor([5, 3])
    with pytest.raises(symloss.SpecError, match=r"symloss\.models\.feedforward\.Regressor.*registered='my-regressor'"):
        saving.check(net, path)
    assert type(symloss.Regressor([5, 3])) is not Regressor

    class Regressor(symloss.Regressor, registered="my-regressor"):
        pass

    Regressor([5, 3]).save(path)
    assert type(symloss.load(path)) is Regressor


def test_an_argument_that_no_file_can_hold_is_refused_before_the_training(defined, path):
    class Odd(Regressor):
        def __init__(self, made_by):
            super().__init__([5, 3])

    with pytest.raises(symloss.SpecError, match="save: .*cannot be written"):
        saving.check(Odd(made_by=len), path)


# --------------------------------------------------------------------------------------------------- the world outside


def fails(number):
    def fail(*arguments, **keywords):
        raise OSError(number, os.strerror(number))
    return fail


@pytest.mark.parametrize("save", [lambda net, path: net.save(path), saving.check], ids=["save", "check"])
@pytest.mark.parametrize(("name", "words"), [
    ("nowhere/model", "folder .*nowhere does not exist; make it first"), (".", "is a folder; add the name"),
    ("file/model", "is a file, not a folder"), ("a" * 300, "name is too long; choose a shorter"),
    ("a\0b", "is not a path"),
])
def test_a_place_where_no_file_can_be_is_told_apart(name, words, save, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(symloss.DataError, match=f"save: .*{words}"):
        save(Regressor([5, 3]), tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    with pytest.raises(symloss.DataError, match="load: "):
        symloss.load(tmp_path / name)


@pytest.mark.parametrize(("number", "words"), [
    (errno.ENOSPC, "disk is full; make room"), (errno.EACCES, "permission denied; choose a folder"),
    (errno.EROFS, "read-only"), (errno.EIO, "input/output"), (errno.EDQUOT, "share of the disk"), (errno.EBUSY, "busy"),
])
@pytest.mark.parametrize("where", ["fsync", "replace"])
def test_a_disk_that_cannot_be_written_says_so_and_keeps_the_old_file(where, number, words, path, monkeypatch):
    Regressor([5, 3]).save(path)
    before = path.read_bytes()
    monkeypatch.setattr(os, where, fails(number))
    with pytest.raises(symloss.DataError, match=f"(?i)save: .*{path.name}: .*{words}"):
        Regressor([5, 4, 3]).save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_name_of_the_greatest_length_is_taken(tmp_path):
    path = tmp_path / ("a" * 255)
    Regressor([5, 3]).save(path)
    assert symloss.load(path).num_params == 18


@pytest.mark.parametrize("path", [5, None, b"model", "", open])
def test_what_is_no_path_says_so(path):
    for use in (Regressor([5, 3]).save, symloss.load):
        with pytest.raises(symloss.DataError, match="is not a path"):
            use(path)


@pytest.mark.skipif(os.name != "posix", reason="locks of files")
def test_what_a_killed_process_left_unfinished_is_removed_and_what_another_writes_is_not(path):
    left, begun, other = (path.parent / f".symloss-{name}.part" for name in ("left", "begun", "other"))
    left.write_bytes(b"half")
    begun.write_bytes(b"")
    with other.open("wb") as file:
        file.write(b"half")
        file.flush()
        _files._lock(file)
        Regressor([5, 3]).save(path)
        assert sorted(p.name for p in path.parent.iterdir()) == sorted([begun.name, other.name, path.name])


def test_a_kill_in_the_middle_of_writing_leaves_the_old_file_and_no_rest_for_ever(path):
    Regressor([5, 3]).save(path)
    code = ("import os, sys; from symloss import _files; os.fsync = lambda handle: os.kill(os.getpid(), 9);"
            "_files.write(sys.argv[1], b'half')")
    root = pathlib.Path(symloss.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code, str(path)], cwd=root, check=False, timeout=120)
    assert symloss.load(path).num_params == 18 and len(list(path.parent.iterdir())) == 2
    Regressor([5, 3]).save(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_notes_of_plain_data_and_arrays_are_in_a_file(path):
    net = Regressor([5, 3])
    net.notes |= {"scaler": {"mean": 0.5}, "table": np.arange(4.0)}
    net.save(path)
    found = symloss.load(path).notes
    assert found["scaler"] == {"mean": 0.5} and np.array_equal(found["table"], np.arange(4.0))
