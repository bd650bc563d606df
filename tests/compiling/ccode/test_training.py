"""Trainings in this compiler, step by step those of Python mode."""

import numpy as np
import pytest

import symloss
from symloss import schedules
from symloss.compiling import Backend, resolve
from symloss.training import trainer
from symloss.training.options import Options

pytestmark = pytest.mark.c
RNG = np.random.default_rng(0)
X, Y, LABELS = RNG.normal(size=(70, 6)), RNG.normal(size=(70, 3)), RNG.integers(0, 4, 70)
RULES = ["sgd", "momentum", "nag", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "amsgrad", "adamax"]
OPTIONS = [{"weight_l2": 0.01}, {"hidden_l1": 0.1}, {"max_gradient_norm": 0.1}, {"max_parameter_gradient_norm": 0.1},
           {"max_gradient_element": 0.01}, {"accumulate": 2}, {"average": 0.9}, {"freeze": "hid1"},
           {"metrics": ["r2"]}, {"monitors": {"*:out": (0.1, 0.9)}}, {"valid": [X[:20], Y[:20]]},
           {"learning_rate": schedules.cosine(0.1, 12)}, {"contractive": 0.1}, {"monitor_gradients": True}]


def trained(make, data, mode, **options):
    net = make(mode)
    history = net.train(data, epochs=3, batch_size=16, verbose=0, **options)
    step = next(iter(net._compiled[key]["step"] for key in net._compiled if "step" in net._compiled[key]))
    return history, [p.get_value() for p in net.params], step


def agree(make, data, **options):
    (one, parameters, _), (other, others, step) = (trained(make, data, mode, **options) for mode in ("PYTHON", "C"))
    assert step._own is not None  # nothing went to the other compiler
    for a, b in zip(parameters, others, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12)
    for a, b in zip(one, other, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            if isinstance(a[name], float) and name != "seconds":
                assert b[name] == pytest.approx(a[name], rel=1e-9, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("algo", RULES)
def test_every_rule_moves_as_in_python(algo):
    agree(lambda mode: symloss.Regressor([6, 5, 3], loss="huber", mode=mode), [X, Y], algo=algo)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: next(iter(options)))
def test_every_option_does_what_it_does_in_python(options):
    agree(lambda mode: symloss.Regressor([6, 5, 3], mode=mode), [X, Y], algo="adam", **options)


@pytest.mark.parametrize("layers", [[6, (5, "relu"), 4], [6, (80, "relu"), (70, "tanh"), 4]], ids=["small", "large"])
@pytest.mark.parametrize("options", [{}, {"class_weight": "balanced"}, {"metrics": ["accuracy"]}], ids=str)
def test_classifiers_learn_as_in_python(layers, options):
    agree(lambda mode: symloss.Classifier(layers, mode=mode), [X, LABELS], algo="adam", **options)


def test_weights_and_several_losses_count_as_in_python():
    def make(mode):
        net = symloss.Regressor([6, 5, 3], weighted=True, mode=mode)
        net.add_loss("mae", weight="uncertainty")
        return net

    agree(make, [X, Y, np.abs(Y)], algo="adam")


def test_noise_repeats_with_the_seed_and_goes_on_after_a_restart(tmp_path):
    def net():
        return symloss.Classifier([6, (8, "relu"), 4], mode="C", seed=3)

    options = dict(algo="adam", batch_size=16, verbose=0, input_dropout=0.2, hidden_noise=0.1)
    whole, again, other = net(), net(), net()
    for one, seed in ((whole, 5), (again, 5), (other, 6)):
        one.train([X, LABELS], epochs=4, seed=seed, **options)
    cut = net()
    cut.train([X, LABELS], epochs=2, seed=5, save_progress=tmp_path / "cut.safetensors", **options)
    resumed = symloss.load(tmp_path / "cut.safetensors")
    resumed.mode = "C"
    resumed.train([X, LABELS], epochs=4, resume=True, **options)
    for p, q, r, s in zip(whole.params, again.params, other.params, resumed.params, strict=True):
        np.testing.assert_array_equal(p.get_value(), q.get_value())
        np.testing.assert_array_equal(p.get_value(), s.get_value())
        assert not np.array_equal(p.get_value(), r.get_value())


def test_a_second_process_finds_the_finished_plan(monkeypatch):
    from symloss.compiling.ccode import program

    symloss.Regressor([6, 5, 3], mode="C").train([X, Y], epochs=1, verbose=0)
    monkeypatch.setattr(program, "planned", None)  # nothing is imported, scheduled or written again
    symloss.Regressor([6, 5, 3], mode="C").train([X, Y], epochs=1, verbose=0)


def test_what_the_compiler_does_not_know_goes_to_the_other_one(monkeypatch):
    assert resolve("C").otherwise().name == "CVM"  # a whole training: tests/models/test_recurrent.py
    monkeypatch.setattr(Backend, "otherwise", lambda self: resolve("PYTHON"))
    net = symloss.recurrent.Regressor([3, (4, "rnn"), 2], mode="C")
    net.train([X.reshape(10, 7, 6)[:, :, :3], RNG.normal(size=(10, 7, 2))], epochs=1, verbose=0)
    step = net._compiled[next(iter(net._compiled))]["step"]
    assert step.why == "loops through time" and step.backend.name == "PYTHON"
    assert "training step: compiled by PyTensor, because the compiler of symloss does not know loops" in net.explain()


def test_explain_tells_what_was_decided():
    net = symloss.Regressor([6, 5, 3], mode="C")
    net.train([X, Y], [X, Y], epochs=1, verbose=0)
    told = net.explain()
    assert "training step: one C file with" in told and "products written out" in told and "bytes for 32 rows" in told
    assert "validation: one C file with" in told and "products by BLAS" in told


def test_steps_end_where_the_sum_of_a_loss_is_not_finite():
    x, y = X.copy(), Y.copy()
    net = symloss.Regressor([6, 5, 3], mode="C")
    asked = Options.split("sgd", {"learning_rate": 0.1}, net.graph)
    step, _ = trainer.compiled(net, asked, validated=False)
    step.load([x, y])
    assert step.run(np.arange(70), 10) and step.updates.get_value() == 7
    x[35] = np.nan
    assert not step.run(np.arange(70), 10)
    assert step.updates.get_value() == 7 + 4  # the fourth batch has the row
    step.reset(0)
    assert not step.run(np.arange(70), 10)
    with pytest.raises(symloss.TrainingError, match="epoch 1, batch .*row 35"):
        symloss.Regressor([6, 5, 3], mode="C").train([x, y], algo="sgd", epochs=2, batch_size=10, verbose=0,
                                                     allow_nan=True)


def test_a_metric_that_is_not_finite_ends_no_step():
    net = symloss.Regressor([6, 5, 3], mode="C")

    def far(prediction, target):
        return (abs(prediction) + 1) / 0.0

    history = net.train([X, Y], epochs=2, batch_size=10, verbose=0, algo="sgd", metrics=[far])
    assert history[-1]["far"] == np.inf
    assert history[-1]["updates"] == 14


@pytest.mark.parametrize("names", [("TILE", "FMA"), ("compute_hid1", "update_out"), ("add_18", "row"), ("int", "step"),
                                   ("x-0", "ä b"), ("hid_1", "hid")], ids="-".join)
def test_layers_may_have_names_that_c_has(names):
    first, second = ({"name": name, "size": 3, "activation": "tanh"} for name in names)
    agree(lambda mode: symloss.Regressor([6, first, second, 3], mode=mode), [X, Y], algo="adam")
