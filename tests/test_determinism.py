"""The same seed gives the same bits: in one process, in two at once, and after save and load, in every mode."""

import importlib.util
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytensor
import pytest

import symloss

OPTIONS = {"algo": "adam", "learning_rate": 0.02, "hidden_dropout": 0.2, "input_noise": 0.1, "batch_size": 16,
           "verbose": 0, "patience": None}
MODES = ("PYTHON", "C", "CVM", "NUMBA", "JAX")
every_mode = pytest.mark.parametrize("mode", MODES)
HIDDEN = [(9, "tanh"), (7, "relu")]
SLOW = ("CVM", "NUMBA")  # these compile for seconds what is small, so theirs is the smallest model that draws numbers


def trained(mode, epochs=3, seed=5, **options):
    """Return a model that was trained with noise, dropout and shuffling."""
    x, y = points()
    if mode in SLOW:
        net, y = symloss.Regressor([6, HIDDEN[0], 3], seed=seed, mode=mode), x[:, :3]
        options = {"algo": "sgd"} | options
    else:
        net = symloss.Classifier([6, *HIDDEN, 3], seed=seed, mode=mode)
    net.train([x, y], [x[:32], y[:32]], epochs=epochs, **OPTIONS | options)
    return net


def points():
    """Inputs and labels in whole batches: JAX compiles once more for every other length."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(96, 6))
    return x, x[:, :3].argmax(axis=1)


def bits(net):
    """Return all numbers that a training leaves, by name: parameters and losses."""
    found = {name: p.get_value() for name, p in net.graph.parameters.items()}
    return found | {"losses": np.array([[r["loss"], r["valid_loss"]] for r in net.history])}


def same(found, expected):
    """Return whether two sets of numbers are the same to the last bit."""
    return set(found) == set(expected) and all(
        found[name].dtype == expected[name].dtype and found[name].tobytes() == expected[name].tobytes()
        for name in expected)


@pytest.fixture(scope="module")
def alone():
    """Return a function from a mode to the numbers of one training in this process."""
    made = {}

    def numbers(mode):
        if mode not in made:
            made[mode] = bits(trained(mode))
        return made[mode]

    return numbers


@every_mode
def test_twice_in_one_process(alone, mode):
    np.random.default_rng().normal(size=9)
    assert same(bits(trained(mode)), alone(mode))


def test_another_seed_gives_other_bits(alone):
    assert not same(bits(trained("PYTHON", seed=6)), alone("PYTHON"))


def test_the_seed_of_a_training_rules_its_shuffling_and_noise():
    first, again, other = (bits(trained_with(seed)) for seed in (7, 7, 8))
    assert same(first, again)
    assert not same(first, other)


def trained_with(seed):
    """Return a model with the start values of seed 5, shuffled and disturbed by another one."""
    x, y = points()
    net = symloss.Classifier([6, (9, "tanh"), 3], seed=5, mode="PYTHON")
    net.train([x, y], [x, y], epochs=1, seed=seed, **OPTIONS)
    return net


def test_the_state_of_numpys_global_generator_changes_nothing(alone):
    np.random.seed(1)  # what other people's programs do
    before = np.random.get_state()[1].copy()
    assert same(bits(trained("PYTHON")), alone("PYTHON"))
    assert np.array_equal(np.random.get_state()[1], before), "and a training leaves it alone"


def test_what_runs_in_between_changes_nothing(alone):
    x, y = points()
    net = symloss.Classifier([6, (9, "tanh"), (7, "relu"), 3], seed=5, mode="PYTHON")
    for _ in net.itertrain([x, y], [x[:32], y[:32]], epochs=3, **OPTIONS):
        trained("PYTHON", epochs=1, seed=1)
        net.predict(x)
        net.score(x, y)
    assert same(bits(net), alone("PYTHON"))


PROGRAM = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from test_determinism import bits, trained
for mode in sys.argv[3:]:
    np.savez(f"{sys.argv[2]}/{mode}.npz", **bits(trained(mode)))
"""


@pytest.fixture(scope="module")
def at_once(alone, tmp_path_factory):
    """The numbers of two other processes, as two dicts by mode; they train at the same time as this one, in each."""
    modes = [m for m in MODES if m not in ("NUMBA", "JAX") or importlib.util.find_spec(m.lower())]
    modes = [m for m in modes if m != "CVM" or pytensor.config.cxx]
    folders = [tmp_path_factory.mktemp("process") for _ in range(2)]
    running = [subprocess.Popen([sys.executable, "-c", PROGRAM, str(pathlib.Path(__file__).parent), str(folder),
                                 *modes], env=dict(os.environ), stderr=subprocess.PIPE, text=True)
               for folder in folders]
    for mode in modes:
        alone(mode)
    for process in running:
        errors = process.communicate(timeout=500)[1]
        assert process.returncode == 0, errors
    return [{mode: dict(np.load(folder / f"{mode}.npz")) for mode in modes} for folder in folders]


@every_mode
def test_two_processes_at_once(alone, mode, at_once):
    for found in at_once:
        assert same(found[mode], alone(mode))


@every_mode
def test_after_save_and_load_both_train_to_the_same_bits(mode, tmp_path):
    net = trained(mode, epochs=1)
    net.save(tmp_path / "net")
    twin, before = symloss.load(tmp_path / "net"), bits(net)
    x, y = points()
    y, rule = (x[:, :3], {"algo": "sgd"}) if mode in SLOW else (y, {})
    for one in (net, twin):
        one.mode = mode
        one.train([x, y], [x[:32], y[:32]], epochs=2, seed=11, **OPTIONS | rule)
    assert not same(bits(net), before)
    assert same(bits(twin), bits(net))


def test_saving_in_between_changes_nothing(alone, tmp_path):
    x, y = points()
    net = symloss.Classifier([6, (9, "tanh"), (7, "relu"), 3], seed=5, mode="PYTHON")
    for _ in net.itertrain([x, y], [x[:32], y[:32]], epochs=3, **OPTIONS):
        net.save(tmp_path / "net")
    assert same(bits(net), alone("PYTHON"))
