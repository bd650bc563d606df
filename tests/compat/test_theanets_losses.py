"""`net.losses` of `symloss.compat.theanets` is a list as any other, and what is saved comes back."""

import io

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss.compat import theanets

ConfigurationError = theanets.util.ConfigurationError
L1, L2 = theanets.losses.MeanAbsoluteError, theanets.losses.MeanSquaredError
ONCE = dict(algo="sgd", max_updates=1, learning_rate=1e-3)
draw = np.random.RandomState(0)
X, Y, W = draw.randn(40, 5), draw.randn(40, 3), draw.rand(40, 3)
LABELS = Y.argmax(axis=1)


@pytest.fixture(autouse=True)
def quick():
    with pytensor.config.change_flags(mode="FAST_COMPILE"):
        yield


def regressor(**options):
    return theanets.Regressor([5, 4, 3], **options)


# --------------------------------------------------------------------------------------------------------- the list


def insert(net):
    net.losses.insert(0, L1(target=2))


def append_weighted(net):
    net.losses.append(L1(target=2, weighted=True))


def assign_an_item(net):
    net.losses[0] = L1(target=2)


def assign_a_slice(net):
    net.losses[:] = [L1(target=2), L2(target=2), L1(target=2, weighted=True)]


def assign_all(net):
    net.losses = [L2(target=2), L1(target=2)]


def reorder(net):
    net.add_loss("mae")
    net.variables  # noqa: B018 - variables are the same afterwards
    net.losses.reverse()


def move_from_another_model(net):
    other = theanets.Regressor([7, 3], weighted=True)
    net.losses += other.losses


def move_from_an_autoencoder(net):
    net.losses.append(theanets.Autoencoder([5, (3, "relu"), 5]).losses[0])


def move_from_a_model_of_sequences(net):
    named = theanets.recurrent.Regressor([5, dict(size=3, name="elsewhere")])
    net.losses = named.losses


def share_with_another_model(net):
    other = regressor()
    other.losses = net.losses
    other.train([X, Y, W][:len(other.variables)], **ONCE)


@pytest.mark.parametrize("change", [insert, append_weighted, assign_an_item, assign_a_slice, assign_all, reorder,
                                    move_from_another_model, move_from_an_autoencoder, move_from_a_model_of_sequences,
                                    share_with_another_model])
@pytest.mark.parametrize("weighted", [False, True])
def test_every_operation_on_the_list_leaves_a_model_that_trains(change, weighted):
    net = regressor(weighted=weighted)
    change(net)
    brought = {"in": X, "target": Y, "weights": W}
    data = [brought[v.name] for v in net.variables]
    assert [v.name for v in net.variables][:2] == ["in", "target"] and len(data) <= 3
    error = net.predict(X) - Y
    exact = 0
    for loss in net.losses:
        sizes = abs(error) if isinstance(loss, L1) else error ** 2
        exact += np.average(sizes, weights=None if loss._weights is None else W)
    _, valid = net.train(data, batch_size=40, **ONCE)
    assert valid["loss"] == pytest.approx(exact)


def test_a_target_variable_that_the_user_passes_stays_that_variable():
    net, own = regressor(), pt.matrix("target")  # the name is the user's to choose
    net.add_loss("mae", target=own)
    assert [v.name for v in net.variables] == ["in", "target", "target"] and net.variables[2] is own
    _, valid = net.train([X, Y, Y + 1], batch_size=40, **ONCE)
    error = net.predict(X) - Y
    assert valid["loss"] == pytest.approx((error ** 2).mean() + abs(error - 1).mean(), rel=0.01)
    net = regressor()
    net.add_loss("mae", target=net.losses[0]._target)
    assert len(net.variables) == 2
    net.losses.reverse()
    assert len(net.variables) == 2


def test_a_target_that_a_loss_makes_itself_stays_that_variable():
    class Whole(theanets.Loss):
        def __init__(self, **keywords):
            super().__init__(**keywords)
            self._target = pt.imatrix("target")

        def __call__(self, outputs):
            return abs(outputs[self.output_name] - self._target).mean()

    net = regressor(loss="whole")
    assert net.variables[1].dtype == net.variables[1].dtype == "int32"  # asked twice, bound twice
    net.train([X, Y.round().astype("int32")], **ONCE)


def test_a_target_of_another_rank_beside_the_first_is_another_array():
    net = theanets.Regressor([5, 4, dict(size=3, activation="softmax")])
    net.add_loss(theanets.losses.CrossEntropy(target=1))
    assert [(v.name, v.ndim) for v in net.variables] == [("in", 2), ("target", 2), ("target", 1)]
    net.train([X, Y, LABELS], **ONCE)


def test_an_autoencoder_with_a_target_by_its_axes_takes_its_input_or_a_target():
    net = theanets.Autoencoder([5, 4, 5])
    net.losses.append(L1(target=2))
    error = net.predict(X) - X
    for data, extra in (([X], 0), ([X, X + 1], 1)):
        value = next(net.itertrain(data, batch_size=40, **ONCE | {"learning_rate": 0}))[1]["loss"]
        assert value == pytest.approx((error ** 2).mean() + abs(error - extra).mean())


@pytest.mark.parametrize("found, way_out", [
    ("mae", r"net.losses\[1\] is 'mae'; .*Write net.add_loss\('mae'\)"),
    ({"form": "mae"}, r"Write net.add_loss\({'form': 'mae'}\)"),
    (L1, "it is a class.*Write net.add_loss"),
    (lambda outputs: 0, r"subclass of theanets.Loss whose __call__\(self, outputs\)"),
    (symloss.Loss("mae"), "a loss of symloss itself"),
], ids=["name", "dict", "class", "function", "core"])
def test_what_is_no_loss_in_the_list_says_what_to_write(found, way_out):
    net = regressor()
    net.losses.append(found)
    with pytest.raises(ConfigurationError, match=way_out):
        net.train([X, Y], **ONCE)


@pytest.mark.parametrize("assigned", ["mae", L1(target=2), None])
def test_losses_that_are_no_list_say_what_to_write(assigned):
    net = regressor()
    net.losses = assigned
    with pytest.raises(ConfigurationError, match="it must be a list of losses. Write net.set_loss"):
        net.train([X, Y], **ONCE)


def test_a_model_without_a_loss_says_so():
    with pytest.raises(ConfigurationError, match="has no loss; write net.add_loss"):
        regressor(loss=None).train([X], **ONCE)


def test_several_losses_are_set_at_once():
    net = regressor()
    net.set_loss(["mae", {"form": "mse", "weight": 2}, L1, L2(target=2)], weight=3)
    assert [(type(loss), loss.weight) for loss in net.losses] == [(L1, 3), (L2, 2), (L1, 3), (L2, 1.0)]
    assert [v.name for v in net.variables] == ["in", "target"]
    assert len(regressor(loss=["mae", "mse"]).losses) == 2
    with pytest.raises(ConfigurationError, match="loss 3 is not valid; pass a name"):
        net.set_loss(3)


def test_setting_losses_and_training_in_a_loop_keeps_no_expressions():
    net = regressor()
    for _ in range(3):
        net.set_loss("mae")
        net.train([X, Y], **ONCE)
        net.predict(X)
    assert len(net._graphs) == len(net._functions) == 1


# -------------------------------------------------------------------------------------------------- what does not fit


@pytest.mark.parametrize("make, message", [
    (lambda: theanets.Classifier([5, 3], loss="mse"), "2 axes, but its target has 1. Pass target=2.*rows of 0 and 1"),
    (lambda: theanets.Classifier([5, 3], loss="mae"), "Pass target=2"),
    (lambda: theanets.Classifier([5, 3], loss="mmd"), "Pass target=2"),
    (lambda: theanets.Classifier([5, 3], loss="kl"), "Pass target=2"),
    (lambda: theanets.Regressor([5, 1], loss={"form": "mse", "target": 1}), "Pass target=2"),
    (lambda: theanets.Regressor([5, 3], loss="xe"), "Pass target=1.*labels have one axis fewer"),
    (lambda: theanets.Regressor([5, 3], loss="hinge"), "Pass target=1"),
    (lambda: theanets.Regressor([5, 3], loss="gll"), "output 'mean:out' does not exist.*mean_name"),
    (lambda: theanets.Regressor([5, 3], loss=theanets.Loss(2)), "the method __call__ is missing"),
])
def test_a_loss_that_does_not_fit_its_output_says_what_does(make, message):
    with pytest.raises(ConfigurationError, match=message):
        make().train([X, LABELS], **ONCE)


@pytest.mark.parametrize("loss", ["mse", "mae", "mmd", "kl"])
def test_a_classifier_takes_these_losses_with_one_hot_targets(loss):
    net = theanets.Classifier([5, 3], loss={"form": loss, "target": 2})
    train, _ = net.train([X, np.eye(3)[LABELS]], **ONCE)
    assert np.isfinite(train["loss"]) and "acc" not in train


@pytest.mark.parametrize("data, message", [
    ([X, Y[:, 0]], r"'target' has shape \(8,\), but it must have 2 axes"),
    ([X, np.full((40, 3), "a")], "'target' must be an array of numbers"),
])
def test_data_that_do_not_fit_are_named(data, message):
    with pytest.raises(ConfigurationError, match=message):
        regressor().train(data, **ONCE)


@pytest.mark.parametrize("target", ["x", 5, -1, True, 2.0])
def test_a_target_that_is_neither_axes_nor_variable_says_what_is_wanted(target):
    with pytest.raises(ConfigurationError, match="it must be the number of its axes, 0 to 4, or a variable"):
        L2(target=target)


# ------------------------------------------------------------------------------------------- what is saved comes back


class Powered(theanets.Loss):
    def __init__(self, power=2.0, parts=(1, 2), scale=None, **keywords):
        super().__init__(**keywords)
        self.power, self._parts, self._scale = power, parts, scale

    def __call__(self, outputs):
        error = abs(outputs[self.output_name] - self._target) ** self.power
        error = error if self._scale is None else error * self._scale
        return sum(error[:, part].mean() for part in self._parts if isinstance(self._parts, tuple))


class Shifted(theanets.Layer):
    def __init__(self, by=0.0, **keywords):
        super().__init__(**keywords)
        self.by = by

    def transform(self, inputs):
        return inputs[self.input_name] + self.by, []


def _power_set_later():
    net = regressor(loss="powered")
    net.losses[0].power = 3.0
    return net


def _target_of_ones_own():
    net = regressor()
    net.add_loss("mae", target=pt.matrix("other"))
    return net


def _state(seed):
    return np.random.RandomState(seed)


SAVED = {
    "options of a subclass": lambda: regressor(loss={"form": "powered", "power": 3.0, "parts": (0, 2)}),
    "an array as an option": lambda: regressor(loss={"form": "powered", "scale": np.array([1.0, 2.0, 1 / 3])}),
    "an attribute that was set later": _power_set_later,
    "a bandwidth": lambda: regressor(loss={"form": "mmd", "kernel": 5.0}),
    "two outputs": lambda: theanets.Regressor(
        [5, dict(name="a", size=3), dict(name="b", size=3, inputs="in")],
        loss=dict(form="gll", mean_name="a", covar_name="b", covar_eps=0.5)),
    "several losses": lambda: regressor(loss=[L1, {"form": "mse", "weight": 0.3}], weighted=True),
    "a target of one's own": _target_of_ones_own,
    "an autoencoder": lambda: theanets.Autoencoder([5, 4, (5, "tied")], weighted=True),
    "a classifier": lambda: theanets.Classifier([5, (4, "maxout:2"), 3], loss="hinge"),
    "a layer of one's own": lambda: theanets.Regressor([5, dict(form="shifted", by=0.5, size=5), 3]),
    "a generator": lambda: theanets.Regressor([5, 4, 3], rng=_state(5)),
    "rates that were drawn": lambda: theanets.recurrent.Regressor(
        [5, dict(form="rrnn", size=4, rate="uniform"), 3], rng=_state(6)),
}


def _data(net):
    brought = {"in": X, "target": LABELS if isinstance(net, theanets.Classifier) else Y, "other": Y + 1,
               "weights": abs(X) if isinstance(net, theanets.Autoencoder) else W}
    data = [brought[v.name] for v in net.variables]
    return [np.stack([a, a], axis=1) for a in data] if net.INPUT_NDIM == 3 else data


@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_predicts_and_trains_on_the_same_bits(name):
    net = SAVED[name]()
    data = _data(net)
    net.train(data, batch_size=8, **ONCE)
    file = io.BytesIO()
    net.save(file)
    file.seek(0)
    again = type(net).load(file)
    assert [(v.name, v.type) for v in again.variables] == [(v.name, v.type) for v in net.variables]
    np.testing.assert_array_equal(again.predict(data[0]), net.predict(data[0]))
    found = [(one.train(data, batch_size=8, **ONCE), [p.get_value().tolist() for p in one.params])
             for one in (net, again)]
    assert found[0] == found[1]


def test_what_cannot_be_written_is_named():
    net = regressor(loss={"form": "mmd", "kernel": lambda x, y: pt.dot(x, y.T)})
    net.train([X, Y], **ONCE)
    with pytest.raises(ConfigurationError, match="save: loss MaximumMeanDiscrepancy, kernel is .*a subclass"):
        net.save(io.BytesIO())


@pytest.mark.parametrize("content, kind", [
    (b"\x80\x02ctheanets.feedforward\nAutoencoder\nq\x00.", "a pickle, as written by theanets.*set_value"),
    (b"PK\x03\x04", "damaged zip archive"),
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"\x93NUMPY\x01", "an array of numpy"),
    (b"\x1f\x8b\x08", "compressed with gzip"),
    (b"", "empty"),
    (b"hello", "truncated, changed"),
])
def test_a_file_that_is_no_network_is_told_apart_by_name(content, kind, tmp_path):
    (tmp_path / "net").write_bytes(content)
    with pytest.raises(symloss.DataError, match=f"load: .*net is .*{kind}"):
        theanets.Network.load(tmp_path / "net")


def test_a_file_whose_description_is_damaged_is_told(tmp_path):
    regressor().save(tmp_path / "net")
    content = (tmp_path / "net").read_bytes()
    for old, new in ((b"feedforward", b"feedfforwar"), (b"rng", b"rgn"), (b"layers", b"leyers")):
        (tmp_path / "net").write_bytes(content.replace(old, new))
        with pytest.raises(symloss.DataError, match="net is damaged"):
            theanets.Network.load(tmp_path / "net")
    for path in (tmp_path, tmp_path / "none", "a\0b"):
        with pytest.raises(symloss.DataError, match="load: "):
            theanets.Network.load(path)


def test_a_file_of_the_core_is_told_apart(tmp_path):
    symloss.Regressor([2, 1]).save(tmp_path / "net")
    with pytest.raises(symloss.DataError, match="Try symloss.load"):
        theanets.Network.load(tmp_path / "net")
    (tmp_path / "net.gz").write_bytes(b"hello")
    with pytest.raises(symloss.DataError, match="not a compressed file"):
        theanets.Network.load(tmp_path / "net.gz")
