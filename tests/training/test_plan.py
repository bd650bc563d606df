"""What turns gradients into updates: schedules, limits, accumulation, averages, frozen parameters, rates by pattern."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import schedules

N = 64


def data():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(N, 4))
    return x, x[:, :2] * 3 + 1


def trained(**options):
    net = symloss.Regressor([4, (5, "tanh"), 2], seed=2)
    before = {p.name: p.get_value() for p in net.params}
    net.train(options.pop("data", data()), **{"algo": "sgd", "epochs": 1, "batch_size": 0, "verbose": 0} | options)
    return net, before, {p.name: p.get_value() for p in net.params}


SCHEDULES = {
    schedules.constant(0.1): [0.1] * 13,
    schedules.linear(1.0, 0.0, 10): [*np.linspace(1, 0, 11), 0, 0],
    schedules.stepwise(0.8, 0.5, 4): [0.8] * 4 + [0.4] * 4 + [0.2] * 4 + [0.1],
    schedules.exponential(1.0, 0.5, 2): 0.5 ** (np.arange(13) / 2),
    schedules.cosine(1.0, 10, end=0.2): [*(0.2 + 0.4 * (1 + np.cos(np.pi * np.arange(11) / 10))), 0.2, 0.2],
    schedules.warm_up(4, 0.4): [0.1, 0.2, 0.3, 0.4] + [0.4] * 9,
    schedules.warm_up(2, schedules.linear(1.0, 0.0, 10)): [0.5, 1.0, *np.linspace(1, 0, 11)],
    schedules.cyclic(1.0, 3.0, 4): [1, 2, 3, 3] * 3 + [1],
    schedules.cyclic(0.5, 0.0, 8, rise=0.25): [0.5, 0.25, 0, 0, 0, 0, 0, 0, 0.5, 0.25, 0, 0, 0],
    schedules.cyclic(1.0, 2.0, 4, rise=1.0): [1, 1.25, 1.5, 1.75] * 3 + [1],
    schedules.per_epoch(schedules.cyclic(0.0, 1.0, 3, rise=2 / 3)): [0, 0.5, 1] * 4 + [0],
    schedules.one_cycle(1.0, 12, rise=0.5, divide=10, final_divide=100):
        [*(0.1 + 0.45 * (1 - np.cos(np.pi * np.arange(7) / 6))),
         *(0.01 + 0.495 * (1 + np.cos(np.pi * np.arange(1, 7) / 6)))],
}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_schedule_is_the_same_plain_and_symbolic(schedule):
    step = pt.scalar("step", dtype="float64")
    symbolic = pytensor.function([step], schedule(step), mode="FAST_COMPILE", on_unused_input="ignore")
    for i, wanted in enumerate(SCHEDULES[schedule]):
        np.testing.assert_allclose(float(schedule(i)), wanted, atol=1e-12)
        np.testing.assert_allclose(symbolic(float(i)), wanted, atol=1e-12)


def test_a_schedule_moves_the_learning_rate_with_the_updates():
    _, before, after = trained(learning_rate=schedules.linear(0.0, 1.0, 100), epochs=1)
    assert all(np.array_equal(before[n], after[n]) for n in before), "the rate is 0 in the first update"
    _, _, two = trained(learning_rate=schedules.linear(0.0, 1.0, 100), epochs=2)
    _, _, plain = trained(learning_rate=0.01, epochs=1)
    for name in plain:
        np.testing.assert_allclose(two[name], plain[name], rtol=1e-6, err_msg="0.01 in the second update")


def test_a_momentum_may_be_scheduled():
    _, _, a = trained(algo="momentum", momentum=schedules.constant(0.5), epochs=4)
    _, _, b = trained(algo="momentum", momentum=0.5, epochs=4)
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-6)


def test_other_numbers_compile_nothing_anew(monkeypatch):
    net, _, _ = trained(learning_rate=0.01, max_gradient_norm=1.0, average=0.5)
    monkeypatch.setattr("symloss.compiling.functions.function", lambda *a, **k: pytest.fail("compiled again"))
    net.train(data(), algo="sgd", epochs=1, verbose=0, learning_rate=0.5, max_gradient_norm=3.0, average=0.9)


def moved(before, after, rate=1.0):
    return {n: (before[n] - after[n]) / rate for n in before}


def test_limits_of_gradients():
    plain = moved(*trained(learning_rate=0.1)[1:], 0.1)
    total = np.sqrt(sum((g**2).sum() for g in plain.values()))
    assert total > 1
    norm = moved(*trained(learning_rate=0.1, max_gradient_norm=0.5)[1:], 0.1)
    each = moved(*trained(learning_rate=0.1, max_parameter_gradient_norm=0.3)[1:], 0.1)
    element = moved(*trained(learning_rate=0.1, max_gradient_element=0.2)[1:], 0.1)
    loose = moved(*trained(learning_rate=0.1, max_gradient_norm=1e6)[1:], 0.1)
    for name, g in plain.items():
        size = np.sqrt((g**2).sum())
        np.testing.assert_allclose(norm[name], g * 0.5 / total, rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(each[name], g * min(1, 0.3 / size), rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(element[name], np.clip(g, -0.2, 0.2), rtol=1e-5, atol=1e-12)
        np.testing.assert_allclose(loose[name], g, rtol=1e-5, atol=1e-12)


@pytest.mark.parametrize("algo", ["sgd", "adam", "rprop"])
def test_accumulated_batches_are_one_large_batch_exactly(algo):
    x, y = data()
    rng = np.random.default_rng(4)
    w = rng.uniform(0, 3, N)
    results = []
    for size, count in ((32, 1), (8, 4)):
        net = symloss.Regressor([4, (5, "tanh"), 2], seed=2, weighted=True)
        net.add_loss("mae", weight=0.3)
        net.train([x, y, w], algo=algo, epochs=3, batch_size=size, accumulate=count, weight_l2=0.01, verbose=0)
        assert net.history[-1]["updates"] == 6
        results.append([p.get_value() for p in net.params])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


def test_the_average_of_the_parameters_predicts():
    net, before, after = trained(learning_rate=0.05, epochs=3, average=0.9)
    points = [trained(learning_rate=0.05, epochs=e)[2] for e in (1, 2, 3)]
    for name, start in before.items():
        shadow = start
        for point in points:
            shadow = 0.9 * shadow + 0.1 * point[name]
        np.testing.assert_allclose(after[name], shadow, rtol=1e-5, atol=1e-9)


def test_the_average_validates():
    x, y = data()
    net, _, _ = trained(learning_rate=0.05, epochs=1, average=0.9)
    loss = ((net.predict(x) - y) ** 2).mean()
    other = symloss.Regressor([4, (5, "tanh"), 2], seed=2)
    other.train(data(), data(), algo="sgd", epochs=1, batch_size=0, verbose=0, learning_rate=0.05, average=0.9)
    np.testing.assert_allclose(other.history[-1]["valid_loss"], loss, rtol=1e-6)


@pytest.mark.parametrize("freeze, still", [("hid1", {"hid1.w", "hid1.b"}), (["*.b"], {"hid1.b", "out.b"}),
                                           (("out.w",), {"out.w"})])
def test_frozen_parameters_stay(freeze, still):
    _, before, after = trained(freeze=freeze)
    assert {n for n in before if np.array_equal(before[n], after[n])} == still


def test_frozen_parameters_may_move_in_the_next_training():
    net, before, _ = trained(freeze="hid1")
    net.train(data(), algo="sgd", epochs=1, verbose=0)
    assert not np.array_equal(net.find("hid1", "w").get_value(), before["hid1.w"])


def test_rates_by_pattern():
    _, before, after = trained(learning_rate={"hid1": 0.02, "*.b": schedules.constant(0.03), "*": 0.01})
    _, _, plain = trained(learning_rate=0.01)
    for name, factor in {"hid1.w": 2, "hid1.b": 2, "out.b": 3, "out.w": 1}.items():
        np.testing.assert_allclose(after[name] - before[name], factor * (plain[name] - before[name]), rtol=1e-5)


@pytest.mark.parametrize("options, error, words", [
    ({"freeze": "hid9"}, symloss.UnknownNameError, "hid9.*hid1.w"),
    ({"freeze": "*"}, symloss.SpecError, "leaves no parameter"),
    ({"learning_rate": {"out": 0.1}}, symloss.SpecError, "hid1.w.*Add"),
    ({"learning_rate": {"nix": 0.1, "*": 1}}, symloss.UnknownNameError, "nix"),
    ({"learning_rate": "fast"}, symloss.SpecError, "learning_rate='fast'"),
    ({"learning_rate": float("nan")}, symloss.SpecError, "finite"),
    ({"accumulate": 0}, symloss.SpecError, "accumulate=0"),
    ({"average": 1.0}, symloss.SpecError, "less than 1"),
    ({"max_gradient_norm": -1}, symloss.SpecError, "max_gradient_norm=-1"),
    ({"max_gradient_nrom": 1}, symloss.UnknownNameError, "max_gradient_norm"),
    ({"tolerance": 1e-3}, symloss.SpecError, "lbfgs"),
])
def test_a_wrong_plan_says_what_is_wrong(options, error, words):
    with pytest.raises(error, match=words):
        trained(**options)


@pytest.mark.parametrize("make", [lambda: schedules.linear(1, 0, 0), lambda: schedules.warm_up(3, "x"),
                                  lambda: schedules.one_cycle(1, 10, rise=2), lambda: schedules.stepwise(1, 0.5, 0)])
def test_a_wrong_schedule_says_what_is_wrong(make):
    with pytest.raises(symloss.SpecError, match="schedule"):
        make()


@pytest.mark.c
def test_accumulation_and_averages_in_c():
    x, y = data()
    results = []
    for mode in ("C", "PYTHON"):
        net = symloss.Regressor([4, (5, "tanh"), 2], seed=2, mode=mode)
        net.train([x, y], algo="adam", epochs=3, batch_size=8, accumulate=4, average=0.9, verbose=0,
                  learning_rate=schedules.cosine(0.1, 6), max_gradient_norm=1.0)
        results.append([p.get_value() for p in net.params])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-8)
