"""Layers that make one value of all steps of a sequence."""

import numpy as np
import pytest

import symloss
from symloss import SpecError

FORMS = ["last", "mean", "max"]
BELOW = [(4, "gru"), (4, "birnn"), {"form": "rnn", "size": 4, "direction": "backward"}]
RNG = np.random.default_rng(0)
LISTS = [RNG.normal(size=(steps, 2)) for steps in (3, 6, 4)]
SUMS = np.array([a.sum() for a in LISTS])[:, None]
ONCE = {"epochs": 1, "verbose": 0}


def regressor(form, below=(4, "rnn"), outputs=1, **options):
    return symloss.recurrent.Regressor([2, below, {"form": form}, outputs], mode="PYTHON", **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("below", BELOW, ids=str)
def test_filling_changes_nothing(form, below):
    net = regressor(form, below)
    alone = np.concatenate([net.predict(a[None]) for a in LISTS])
    assert net.predict(LISTS) == pytest.approx(alone, abs=1e-14)


@pytest.mark.parametrize(("form", "reduced"), [
    ("last", lambda h: np.concatenate([h[-1, :2], h[0, 2:]])),  # each half of the units ends where it ends
    ("mean", lambda h: h.mean(axis=0)),
    ("max", lambda h: h.max(axis=0)),
])
def test_what_is_made_of_the_steps(form, reduced):
    found = regressor(form, (4, "birnn")).feed_forward(LISTS)
    for steps, one in zip(found["hid1:out"], found["hid2:out"], strict=True):
        assert one == pytest.approx(reduced(steps))


def test_filling_may_be_anything_and_all_there_is():
    net, x, mask = regressor("last"), np.zeros((1, 5, 2)), np.array([[1, 1, 1, 0, 0]])
    x[0, :3] = LISTS[0]
    before = net.predict({"in": x, "mask": mask})
    x[0, 3:] = 99
    assert (net.predict({"in": x, "mask": mask}) == before).all()
    assert np.isfinite(regressor("max").predict({"in": x, "mask": 0 * mask})).all()


@pytest.mark.parametrize("form", FORMS)
def test_targets_are_one_an_item_also_for_lists(form):
    net = regressor(form)
    assert np.isfinite(net.train([LISTS, SUMS], [LISTS, SUMS], **ONCE)[-1]["loss"])
    assert net.score(LISTS, SUMS) == net.score(LISTS, SUMS, np.ones(3))
    assert net.score(LISTS, SUMS, metric="mae") > 0


def test_weights_are_one_an_item_or_an_output():
    net, y = regressor("mean", outputs=2, weighted=True), np.tile(SUMS, 2)
    losses = [net.train([LISTS, y, w], algo="sgd", learning_rate=1e-12, **ONCE)[-1]["loss"]
              for w in (np.ones(3), np.ones((3, 2)), [0, 0, 2])]
    error = (net.predict(LISTS) - y) ** 2
    assert losses == pytest.approx([error.mean(), error.mean(), error[2].mean()])


def test_batches_of_a_function_may_be_ragged_without_weights():
    net = regressor("last")
    assert np.isfinite(net.train(lambda: (LISTS, SUMS), train_batches=1, **ONCE)[-1]["loss"])


def test_a_classifier_names_one_class_for_a_sequence():
    net = symloss.recurrent.Classifier([2, (4, "bigru"), "last", 2], mode="PYTHON")
    net.train([LISTS, ["up", "down", "up"]], **ONCE)
    assert set(net.predict(LISTS)) <= {"up", "down"} and net.predict(LISTS).shape == (3,)
    assert 0 <= net.score(LISTS, ["up", "down", "up"]) <= 1


@pytest.mark.parametrize("form", FORMS)
def test_a_file_brings_it_back(tmp_path, form):
    net = regressor(form, (4, "bigru"))
    net.save(tmp_path / "net.safetensors")
    loaded = symloss.load(tmp_path / "net.safetensors")
    loaded.mode = "PYTHON"
    assert (loaded.predict(LISTS) == net.predict(LISTS)).all()


def test_a_plain_model_of_sequences_fills_in_the_mask():
    net = symloss.Regressor([{"size": 2, "ndim": 3}, (4, "birnn"), "mean", 1], mode="PYTHON")
    x = RNG.normal(size=(5, 4, 2))
    assert np.isfinite(net.train([x, x[:, 0, :1]], **ONCE)[-1]["loss"])


@pytest.mark.parametrize("layers", [[2, "last", "mean", 1], [2, "last", (3, "rnn"), 1]])
def test_time_is_gone_behind_it(layers):
    with pytest.raises(SpecError, match="2 axes"):
        symloss.recurrent.Regressor(layers, mode="PYTHON")


def test_a_size_of_its_own_is_refused():
    with pytest.raises(SpecError, match="Leave size out"):
        symloss.recurrent.Regressor([2, {"form": "max", "size": 3}, 1])
