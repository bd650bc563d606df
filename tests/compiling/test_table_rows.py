"""Tables of which a step reads a few rows: the same numbers as with whole gradients, at the cost of these rows."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

import symloss
from symloss import updates
from symloss.compiling import function, resolve
from symloss.compiling.ccode.program import Program
from symloss.compiling.table_rows import summed
from symloss.errors import SpecError

IDS, SIZE, N = 40, 3, 32
LOSS = {"form": "negative_sampling", "classes": IDS, "samples": 6}
LAYERS = [{"size": 2, "dtype": "int32"}, {"form": "embedding", "ids": IDS, "size": SIZE}, {"form": "flatten"}]


def data():
    rng = np.random.default_rng(3)
    return [rng.integers(0, 12, size=(N, 2)), rng.integers(0, 9, size=N)]


def trained(algo, layers=LAYERS, mode="PYTHON", loss=LOSS, **options):
    net = symloss.Network(layers, loss=loss, seed=1, mode=mode)
    before = {p.name: p.get_value() for p in net.params}
    net.train(data(), algo=algo, **{"epochs": 2, "batch_size": 16, "verbose": 0, "patience": None} | options)
    return net, before, {p.name: p.get_value() for p in net.params}


def said(net):
    return [line.strip() for line in net.explain().splitlines() if "training step: updates" in line]


@pytest.fixture
def pairs():
    """Numbers of rows with repetitions, a gradient for each, and their sum by numpy."""
    rng = np.random.default_rng(0)
    ids, slopes = rng.integers(0, 9, size=25), rng.normal(size=(25, SIZE))
    whole = np.zeros((IDS, SIZE))
    np.add.at(whole, ids, slopes)
    return ids, slopes, whole


@pytest.mark.parametrize("mode", ["PYTHON", "JAX"])
def test_gradients_of_rows_that_are_read_several_times_are_summed_up(mode, pairs):
    ids, slopes, whole = pairs
    at, sums = pt.lvector(), pt.dmatrix()
    program = function([at, sums], summed(at, sums, pt.constant(IDS)), resolve(mode))
    read, written, found = program(np.where(np.arange(25) % 3, ids, ids - IDS), slopes)
    np.testing.assert_array_equal(written, np.sort(ids))
    np.testing.assert_array_equal(read % IDS, written)
    np.testing.assert_allclose(found, whole[written], rtol=1e-13)


def moves_without_a_gradient(rule) -> bool:
    """Return whether a rule changes a parameter or its memory where the gradient is 0."""
    w, slope = pytensor.shared(np.ones(4), name="w", shape=(4,)), pt.dvector()
    options = {"hessian_vector": lambda ps: ({w: slope + 1}, {})} if rule.__name__ == "esgd" else {}
    changed = rule({w: slope}, **options)
    held = [v for v in changed if v.ndim]
    step = function([slope], [], resolve("PYTHON"), updates=changed)
    step(np.array([0.3, -2.0, 1.0, 0.7]))
    before = [v.get_value() for v in held]
    step(np.zeros(4))
    return any(not np.array_equal(a, v.get_value()) for a, v in zip(before, held, strict=True))


@pytest.mark.parametrize("name", updates.registry)
def test_a_rule_says_rightly_what_it_does_where_the_gradient_is_0(name):
    rule = updates.registry.get(name)
    assert moves_without_a_gradient(rule) == (rule.memory is None)


@pytest.mark.parametrize("algo", ["sgd", "adagrad"])
def test_rows_alone_give_the_numbers_of_whole_gradients(algo):
    net, before, rows = trained(algo, learning_rate=0.3)
    whole_net, _, whole = trained(algo, learning_rate=0.3, max_gradient_norm=1e9)
    assert len(said(net)) == 3 and all("that a step reads, and no others" in line for line in said(net))
    assert all("because max_gradient_norm needs the whole gradient" in line for line in said(whole_net))
    for name in rows:
        np.testing.assert_allclose(rows[name], whole[name], rtol=1e-12, atol=1e-14)
    np.testing.assert_array_equal(rows["hid1.w"][12:], before["hid1.w"][12:])
    assert (rows["hid1.w"][:12] != before["hid1.w"][:12]).any(axis=1).all()


def test_rewrites_of_pytensor_do_not_add_what_was_read_several_times():
    """They made additions of what is set."""
    found = [trained("adagrad", mode=mode, learning_rate=0.3)[2] for mode in ("PYTHON", Mode("vm", "fast_run"))]
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-10, err_msg=name)


@pytest.mark.parametrize("algo", ["adam", "momentum"])
def test_a_lazy_rule_treats_each_row_as_if_the_steps_without_it_had_not_been(algo):
    steps = [np.array([ids]) for ids in ([0, 3], [3, 3], [5, 0], [3, 5])]
    net = symloss.Network([{"size": 2, "dtype": "int32"}, {"form": "embedding", "ids": 6, "size": 2}], loss="mse",
                          mode="PYTHON")
    wanted = net.find("out", "w").get_value()
    net.train(iter([[x, np.zeros((1, 2, 2))] for x in steps]), algo=algo, learning_rate=0.1, lazy=True, verbose=0,
              epochs=1, train_batches=len(steps))
    memory = [np.zeros_like(wanted), np.zeros_like(wanted)]
    for number, x in enumerate(steps, 1):
        slope = np.zeros_like(wanted)
        np.add.at(slope, x.ravel(), 2 * wanted[x.ravel()] / 4)  # of the mean of four squares
        for row in np.unique(x):
            wanted[row] += STEPS[algo](slope[row], [m[row] for m in memory], number)
    np.testing.assert_allclose(net.find("out", "w").get_value(), wanted, rtol=1e-10)


def adam(slope, memory, number):
    mean, square = memory
    mean[:] = 0.9 * mean + 0.1 * slope
    square[:] = 0.999 * square + 0.001 * slope**2
    return -0.1 * (mean / (1 - 0.9**number)) / (np.sqrt(square / (1 - 0.999**number)) + 1e-8)


def momentum(slope, memory, number):
    memory[0][:] = 0.9 * memory[0] - 0.1 * slope
    return memory[0]


STEPS = {"adam": adam, "momentum": momentum}


@pytest.mark.parametrize("options, reason", [
    ({"algo": "adam"}, "adam may move rows whose gradient is 0, too; with lazy=True"),
    ({"algo": "sgd", "accumulate": 2}, "accumulate sums up whole gradients"),
    ({"algo": "sgd", "average": 0.9}, "average takes all parameters into account"),
    ({"algo": "sgd", "weight_l2": {"hid1.w": 0.1}}, "the total also reads all of it, by"),
], ids=lambda value: None if isinstance(value, str) else "-".join(value))
def test_explain_says_why_a_table_is_updated_as_a_whole(options, reason):
    net, _, _ = trained(**options, epochs=1)
    (line,) = [line for line in said(net) if "hid1.w" in line]
    assert f"updates all of hid1.w (40 x 3), because {reason}" in line


def by_mean(gradients, *, learning_rate: updates.Rate = 0.1):
    return {p: p - learning_rate * (g - g.mean()) for p, g in gradients.items()}


@pytest.mark.parametrize("rule, match", [(by_mean, "by_mean computes each element"), ("esgd", "whole Hessian")],
                         ids=["mean", "esgd"])
def test_a_rule_that_is_not_by_element_is_refused_as_lazy(rule, match):
    with pytest.raises(SpecError, match=match):
        trained(rule, lazy=True)


@pytest.mark.c
def test_c_writes_rows_where_the_table_lies():
    """No array of the table's size is made, and two tables of one step do not disturb each other."""
    w = pytensor.shared(np.zeros((1000, SIZE)), name="w", shape=(1000, SIZE))
    v = pytensor.shared(np.ones((1000, SIZE)), name="v", shape=(1000, SIZE))
    ids, slopes = pt.lvector("ids"), pt.tensor("slopes", dtype="float64", shape=(None, SIZE))
    changes = {w: pt.inc_subtensor(w[ids], -slopes), v: pt.set_subtensor(v[ids], v[ids] * 2 + w[ids])}
    program = Program([ids, slopes], [], changes)
    at, by = np.array([5, 7, 5]), np.arange(9.0).reshape(3, SIZE)
    program(at, by)
    wanted = np.zeros((1000, SIZE))
    np.subtract.at(wanted, at, by)
    np.testing.assert_array_equal(w.get_value(), wanted)
    assert v.get_value()[[5, 7, 8], 0].tolist() == [2, 2, 1]
    ((form, _),) = program._forms.values()
    assert form.runnable.bytes < 1000 * SIZE


@pytest.mark.c
@pytest.mark.parametrize("options", [{"algo": "sgd"}, {"algo": "adam", "lazy": True}], ids=["sgd", "lazy adam"])
def test_c_moves_rows_as_python_does(options):
    target = [np.random.default_rng(3).integers(0, 12, size=(N, 2)), np.ones((N, 2 * SIZE))]
    found = []
    for mode in ("C", "PYTHON"):
        net = symloss.Network(LAYERS, loss="mse", seed=1, mode=mode)
        net.train(target, verbose=0, epochs=2, batch_size=16, **options)
        found.append(net.params[0].get_value())
    np.testing.assert_allclose(*found, rtol=1e-6, atol=1e-7)
