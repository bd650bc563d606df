"""Weights of losses that move: by schedules, learned as uncertainties, balanced by GradNorm."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import schedules
from symloss.losses import GradNorm, Uncertainty

QUIET = {"algo": "sgd", "verbose": 0, "patience": None}


def two_losses(weight, other=1.0, mode="PYTHON", **options):
    net = symloss.Regressor([5, (4, "tanh"), 3], loss=None, mode=mode)
    net.add_loss("mse", weight=weight, **options)
    net.add_loss("mae", weight=other)
    return net


def flat(net):
    return np.concatenate([p.get_value().ravel() for p in net.params])


# ------------------------------------------------------------------------------------------------------------ schedules


@pytest.mark.parametrize("schedule", [
    schedules.linear(0.0, 2.0, steps=7), schedules.cosine(1.0, steps=5), schedules.cyclic(0.0, 1.0, period=4),
    schedules.warm_up(3, then=schedules.constant(0.5)), lambda step: 0.1 * step + 0.3,
    lambda step: pt.switch(step < 4, 0.0, pt.exp(-0.1 * step)),
])
def test_each_step_is_that_of_the_weight_of_its_number(schedule, points, backend):
    x, y = points
    net, other = two_losses(schedule, mode=backend), two_losses(1.0, mode=backend)
    net.train(points, **QUIET, learning_rate=0.1, epochs=2, batch_size=8)
    schedule, step = net.losses[0].moving, 0
    for epoch in (1, 2):
        order = np.random.default_rng([0, 1, epoch]).permutation(40)
        for start in range(0, 40, 8):
            rows = order[start : start + 8]
            other.losses[0].weight = float(schedule(step))
            other.train([x[rows], y[rows]], **QUIET, learning_rate=0.1, epochs=1, batch_size=0)
            step += 1
    np.testing.assert_allclose(flat(net), flat(other), rtol=1e-10)
    np.testing.assert_allclose(net.losses[0].weight, schedule(step))


def test_a_schedule_of_epochs_moves_between_them(points):
    net, other = two_losses(schedules.per_epoch(schedules.linear(0.0, 1.0, steps=4))), two_losses(0.0)
    records = list(net.itertrain(points, **QUIET, learning_rate=0.1, epochs=3, batch_size=0))
    assert [r["weights"]["mse"] for r in records] == [0.0, 0.25, 0.5]
    for weight in (0.0, 0.25, 0.5):
        other.losses[0].weight = weight
        other.train(points, **QUIET, learning_rate=0.1, epochs=1, batch_size=0)
    np.testing.assert_allclose(flat(net), flat(other), rtol=1e-8)


def test_learning_rates_may_follow_epochs_too(points):
    rate = schedules.per_epoch(schedules.stepwise(0.1, 0.0 + 0.5, every=1))
    net, other = symloss.Regressor([5, 3], mode="PYTHON"), symloss.Regressor([5, 3], mode="PYTHON")
    net.train(points, **QUIET, learning_rate=rate, epochs=3, batch_size=0)
    for epoch in range(3):
        other.train(points, **QUIET, learning_rate=0.1 * 0.5**epoch, epochs=1, batch_size=0)
    np.testing.assert_allclose(flat(net), flat(other), rtol=1e-8)


def test_moving_weights_are_logged_and_the_total_is_the_sum(points):
    net = two_losses(schedules.linear(0.0, 1.0, steps=10))
    for record in net.itertrain(points, points, **QUIET, learning_rate=0.01, epochs=3, batch_size=8):
        assert set(record["weights"]) == set(record["weighted"]) == {"mae", "mse"}
        np.testing.assert_allclose(record["weighted"]["mse"], record["weights"]["mse"] * record["mse"])
        np.testing.assert_allclose(record["loss"], sum(record["weighted"].values()))
        np.testing.assert_allclose(record["valid_loss"], sum(record["valid_weighted"].values()))


def test_a_record_has_one_number_for_a_name_and_its_weight_beside_it(points):
    record = two_losses(2.0).train(points, **QUIET, epochs=1)[-1]
    assert record["weights"] == {"mae": 1.0, "mse": 2.0}
    np.testing.assert_allclose(record["loss"], record["mae"] + 2.0 * record["mse"])


def test_nothing_is_compiled_again_while_it_moves(points, compilations):
    net = two_losses(schedules.linear(0.0, 1.0, steps=10))
    net.train(points, **QUIET, epochs=1)
    before = len(compilations)
    net.train(points, **QUIET, epochs=3)
    assert len(compilations) == before


def test_the_next_training_begins_anew_and_a_resumed_one_goes_on(points):
    net = two_losses(schedules.linear(0.0, 1.0, steps=100))
    net.train(points, **QUIET, learning_rate=0.01, epochs=2, batch_size=8)
    np.testing.assert_allclose(net.losses[0].weight, 0.1)
    net.train(points, **QUIET, learning_rate=0.01, epochs=4, batch_size=8, resume=True)
    np.testing.assert_allclose(net.losses[0].weight, 0.2)
    net.train(points, **QUIET, learning_rate=0.01, epochs=1, batch_size=8)
    np.testing.assert_allclose(net.losses[0].weight, 0.05)


def test_a_full_batch_method_has_no_steps(points):
    with pytest.raises(symloss.SpecError, match="mse changes with the step.*algo='adam'"):
        two_losses(schedules.linear(0.0, 1.0, steps=10)).train(points, algo="lbfgs", verbose=0)


# ---------------------------------------------------------------------------------------------------------- uncertainty


@pytest.mark.parametrize("algo", ["adam", "lbfgs"])
def test_an_uncertainty_ends_at_the_weight_that_its_loss_deserves(algo, rng):
    x = rng.normal(size=(400, 2))
    y = x @ [[1.0], [2.0]] + 0.1 * rng.normal(size=(400, 1))
    net = symloss.Regressor([2, 1], loss={"form": "mse", "weight": "uncertainty"}, mode="PYTHON")
    options = {"learning_rate": 0.02, "batch_size": 0} if algo == "adam" else {}
    net.train([x, y], algo=algo, epochs=600, verbose=0, patience=None, **options)
    record = net.history[-1]
    np.testing.assert_allclose(net.losses[0].weight, 1 / (2 * record["mse"]), rtol=0.05)
    np.testing.assert_allclose(record["loss"], sum(record["weighted"].values()))
    np.testing.assert_allclose(record["log variance of mse"], 0.5 * np.log(record["mse"]), rtol=0.1, atol=0.02)


def test_two_uncertainties_weigh_a_noisy_and_a_clean_task(rng):
    x = rng.normal(size=(300, 3))
    clean, noisy = x @ rng.normal(size=(3, 1)), x @ rng.normal(size=(3, 1)) + 2 * rng.normal(size=(300, 1))
    net = symloss.Network([3, {"name": "body", "size": 8, "activation": "tanh"},
                           {"name": "a", "size": 1, "activation": "linear", "inputs": "body"},
                           {"name": "b", "size": 1, "activation": "linear", "inputs": "body"}], loss=None,
                          mode="PYTHON")
    net.add_loss("mse", output_name="a", weight="uncertainty")
    net.add_loss("mse", output_name="b", weight=Uncertainty())
    data = dict(zip([v.name for v in net.variables], [x, clean, noisy], strict=True))
    net.train(data, algo="adam", learning_rate=0.02, epochs=60, batch_size=50, verbose=0)
    assert net.losses[0].weight > 5 * net.losses[1].weight
    assert {"mse(a)", "mse(b)"} < set(net.history[-1]["weights"])


def test_its_parameter_is_saved_resumed_and_frozen(points, tmp_path):
    loss = {"form": "mse", "weight": {"form": "uncertainty", "start": 0.3}}
    net = symloss.Regressor([5, 3], loss=loss, mode="PYTHON")
    np.testing.assert_allclose(net.losses[0].weight, 0.3)
    net.train(points, **QUIET, learning_rate=0.1, epochs=2, freeze="log variance*")
    np.testing.assert_allclose(net.losses[0].weight, 0.3)
    net.train(points, **QUIET, learning_rate=0.1, epochs=4)
    weight = net.losses[0].weight
    assert abs(weight - 0.3) > 1e-3
    net.save(tmp_path / "net", training=True)
    loaded = symloss.load(tmp_path / "net")
    np.testing.assert_allclose(loaded.losses[0].weight, weight)
    for model in (net, loaded):
        model.mode = "PYTHON"
        model.train(points, **QUIET, learning_rate=0.1, epochs=6, resume=True)
    assert net.losses[0].weight == loaded.losses[0].weight != weight


# ------------------------------------------------------------------------------------------------------------- GradNorm


def norms(net, points):
    """Norms of the gradients of each weighted loss by the last layer, by finite steps of sgd."""
    found = []
    for index in range(2):
        twin = two_losses(1.0, how="sum")
        for p, q in zip(twin.params, net.params, strict=True):
            p.set_value(q.get_value())
        twin.losses[index].weight, twin.losses[1 - index].weight = net.losses[index].weight, 0.0
        before = np.concatenate([twin.find("out", n).get_value().ravel() for n in "wb"])
        twin.train(points, **QUIET, learning_rate=1e-3, epochs=1, batch_size=0)
        after = np.concatenate([twin.find("out", n).get_value().ravel() for n in "wb"])
        found.append(np.linalg.norm(before - after) / 1e-3)
    return np.array(found)


def test_gradnorm_brings_the_pulls_of_the_losses_together(points):
    x, y = points
    net = two_losses(GradNorm(alpha=0.01), GradNorm(alpha=0.01), how="sum")  # one is a hundred times larger
    start = norms(net, points)
    assert start.max() / start.min() > 20
    net.train(points, **QUIET, learning_rate=0.0, epochs=600, batch_size=0)
    pulls = norms(net, points)
    assert pulls.max() / pulls.min() < 1.5
    np.testing.assert_allclose(sum(loss.weight for loss in net.losses), 2.0, rtol=1e-6)
    assert set(net.history[-1]["weights"]) == {"mse", "mae"}


def test_gradnorm_trains_in_one_call_as_step_by_step(points, many_steps):
    nets = [two_losses("gradnorm", "gradnorm", mode=mode) for mode in ("PYTHON", many_steps)]
    for net in nets:
        net.train(points, **QUIET, learning_rate=0.05, epochs=3, batch_size=8)
    np.testing.assert_allclose(flat(nets[0]), flat(nets[1]), rtol=1e-9)
    assert nets[0].losses[0].weight != 1.0


def test_gradnorm_wants_two_losses_that_share_a_layer(points):
    with pytest.raises(symloss.SpecError, match="only mse has it"):
        two_losses("gradnorm").train(points, **QUIET, epochs=1)
    with pytest.raises(symloss.SpecError, match="different options"):
        two_losses(GradNorm(alpha=1.0), GradNorm(alpha=2.0)).train(points, **QUIET, epochs=1)


# --------------------------------------------------------------------------------------------------- how they are given


@pytest.mark.parametrize("weight", [
    schedules.linear(0.0, 1.0, steps=10), schedules.per_epoch(schedules.warm_up(3, then=0.5)), Uncertainty(0.2),
    GradNorm(rate=0.1),
])
def test_they_are_saved_with_a_model(weight, tmp_path):
    net = two_losses(weight)
    net.save(tmp_path / "net")
    loaded = symloss.load(tmp_path / "net")
    assert loaded.losses[0].moving == weight
    assert str(weight) in net.explain()


def test_a_plain_function_as_a_weight_moves_it_and_is_no_part_of_a_file(points, tmp_path):
    net = two_losses(lambda step: 0.1 * step)
    records = list(net.itertrain(points, **QUIET, epochs=3, batch_size=0))
    np.testing.assert_allclose([r["weights"]["mse"] for r in records], [0.1, 0.2, 0.3], rtol=1e-6)
    assert "function <lambda> of the step" in net.explain() and "lambda" in repr(net)
    with pytest.raises(symloss.SpecError, match="save: the weight of loss .squared_error. is a function"):
        net.save(tmp_path / "net")


def test_another_function_of_the_same_name_is_another_weight(points):
    def slope(factor):
        return lambda step: factor * step

    assert repr(symloss.Loss("mse", weight=slope(1)).moving) != repr(symloss.Loss("mse", weight=slope(2)).moving)


@pytest.mark.parametrize("bad, words", [
    (lambda step: 0.1 if step < 10 else 1.0, "function <lambda> of the step: it cannot be computed .*pt.switch"),
    (lambda: 0.1, "function <lambda> of the step: it cannot be computed"),
    (lambda step: "much", "cannot be computed"),
    (lambda step: [step, 1.0], "array with 1 axes"),
    (lambda step: 1 / step, "finite"),
    ("uncertain", "number, a schedule, or one of uncertainty, gradnorm"),
    ({"form": "gradnrom"}, "did you mean 'gradnorm'"),
    ({"form": "gradnorm", "aplha": 2}, "aplha.*alpha"),
    ({"form": "uncertainty", "start": -1}, "start=-1"),
    (None, "number"),
    (float("nan"), "finite"),
])
def test_wrong_weights_are_refused(bad, words):
    with pytest.raises(symloss.SymlossError, match=words):
        symloss.Loss("mse", weight=bad)


def test_a_number_takes_the_place_of_what_moved(points):
    net = two_losses(schedules.linear(0.0, 1.0, steps=10))
    net.losses[0].weight = 3
    assert net.losses[0].moving is None
    assert net.train(points, **QUIET, epochs=1)[-1]["weights"][net.losses[0].label] == 3
    with pytest.raises(symloss.SpecError, match="changes during training"):
        0.5 * symloss.Loss("mse", weight="uncertainty")


@pytest.mark.parametrize("weight, other", [(schedules.linear(1.0, 0.0, steps=2), 1.0),
                                           (GradNorm(rate=0.5), GradNorm(rate=0.5)),
                                           (schedules.per_epoch(schedules.linear(1.0, 0.0, steps=2)), 1.0)],
                         ids=["schedule", "gradnorm", "epochs"])
def test_a_training_with_other_options_begins_with_the_first_weight_and_not_with_the_last(weight, other, points):
    net, fresh = two_losses(weight, other), two_losses(weight, other)
    net.train(points, **QUIET, learning_rate=0.1, epochs=2)
    for p, q in zip(fresh.params, net.params, strict=True):
        p.set_value(q.get_value())
    for one in (net, fresh):
        one.train(points, **QUIET | {"algo": "momentum"}, learning_rate=0.1, epochs=1)
    np.testing.assert_array_equal(flat(net), flat(fresh))


@pytest.mark.parametrize("weight", ["uncertainty", GradNorm(), schedules.linear(1.0, 0.3, steps=7)], ids=str)
def test_a_loaded_model_has_the_weights_that_moved_to_the_last_bit(weight, points, tmp_path):
    net = two_losses(weight, weight if isinstance(weight, GradNorm) else 1.0)
    net.train(points, **QUIET, learning_rate=0.1, epochs=3, batch_size=8)
    net.save(tmp_path / "net")
    loaded = symloss.load(tmp_path / "net")
    for one, other in zip(net.losses, loaded.losses, strict=True):
        assert one.weight == other.weight
        assert one.weighing.variable.get_value() == other.weighing.variable.get_value()


def test_a_callback_that_replaces_a_learned_weight_is_told_so_and_the_best_parameters_stay(points):
    net = two_losses("uncertainty")

    def told(record):
        net.losses[0].weight = 2

    with pytest.raises(symloss.SpecError, match="while the model trains"):
        net.train(points, points, **QUIET, epochs=2, callbacks=told)


def test_a_learned_weight_is_the_same_in_training_and_validation_where_parameters_are_averaged(points):
    net = two_losses("uncertainty")
    for record in net.train(points, points, **QUIET, learning_rate=0.1, epochs=3, average=0.5):
        np.testing.assert_allclose(record["valid_weighted"]["mse"], record["weights"]["mse"] * record["valid_mse"])
