"""Objectives that take turns: numbers against numpy, states, checkpoints, interrupts, faults and wrong use."""

import signal

import numpy as np
import pytest

import symloss
from symloss import Loss, Network, SpecError, Turn, UnknownNameError, train_in_turn
from symloss.errors import DataError, TrainingError

N = 50


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 3))
    return {"in": x, "a": x @ rng.normal(size=(3, 1)), "b": x @ rng.normal(size=(3, 1)) + 0.1 * rng.normal(size=(N, 1))}


def two_heads(mode="PYTHON", seed=1):
    return Network({"in": 3, "h": (2, "linear"), "a": 1, "b": 1}, edges=["in -> h -> a", "h -> b"], mode=mode,
                   seed=seed)


TURNS = [("mse(a)", 3, {"moves": ["h", "a"], "algo": "sgd", "momentum": 0.5, "learning_rate": 0.05}),
         ("mse(b)", 2, {"moves": "b", "algo": "sgd", "learning_rate": 0.1})]


def by_hand(net, data, epochs, batch):
    """Return parameters after training in turn, by numpy: the first turn with momentum, the second without."""
    p = {name: q.get_value() for name, q in net.parameters_by_name.items()}
    velocity = {name: np.zeros_like(p[name]) for name in ("h.w", "h.b", "a.w", "a.b")}
    place = 0
    for epoch in range(1, epochs + 1):
        order = np.random.default_rng([net.seed, 1, epoch]).permutation(N)
        for start in range(0, N, batch):
            rows = order[start : start + batch]
            x, head = data["in"][rows], "a" if place < 3 else "b"
            hidden = x @ p["h.w"] + p["h.b"]
            error = 2 * (hidden @ p[f"{head}.w"] + p[f"{head}.b"] - data[head][rows]) / len(rows)
            slopes = {f"{head}.w": hidden.T @ error, f"{head}.b": error.sum(axis=0)}
            back = error @ p[f"{head}.w"].T
            slopes |= {"h.w": x.T @ back, "h.b": back.sum(axis=0)}
            if head == "a":
                for name in velocity:
                    velocity[name] = 0.5 * velocity[name] - 0.05 * slopes[name]
                    p[name] = p[name] + velocity[name]
            else:
                for name in ("b.w", "b.b"):
                    p[name] = p[name] - 0.1 * slopes[name]
            place = (place + 1) % 5
    return p


@pytest.mark.parametrize("mode", ["PYTHON", pytest.param("C", marks=pytest.mark.c),
                                  pytest.param("CVM", marks=pytest.mark.cvm)])
def test_turns_are_what_numpy_makes_of_them(data, mode):
    net = two_heads(mode)
    wanted = by_hand(net, data, epochs=3, batch=8)  # 7 batches an epoch, the last of 2 rows; 5 a round
    history = net.train(data, turns=TURNS, epochs=3, batch_size=8, verbose=0)
    for name, value in wanted.items():
        np.testing.assert_allclose(net.parameters_by_name[name].get_value(), value, rtol=1e-9, atol=1e-12)
    assert [record["updates"] for record in history] == [7, 14, 21]


def test_records_show_each_loss_over_the_steps_of_its_own_turns(data):
    net = two_heads()
    record = net.train(data, turns=[("mse(a)", 1, {"moves": "a"}), ("mse(b)", 1, {"moves": "b"})], epochs=1,
                       batch_size=N // 2, learning_rate=0.0, algo="sgd", verbose=0)[0]
    first, second = np.split(np.random.default_rng([1, 1, 1]).permutation(N), 2)
    found = two_heads().predict(data["in"])
    assert record["mse(a)"] == pytest.approx(np.mean((found["a"] - data["a"])[first] ** 2))
    assert record["mse(b)"] == pytest.approx(np.mean((found["b"] - data["b"])[second] ** 2))
    assert record["loss"] == pytest.approx(record["mse(a)"] + record["mse(b)"])


def test_a_loss_whose_turn_does_not_come_in_an_epoch_is_nan_and_the_total_is_the_rest(data):
    net = two_heads()
    first, second = net.train(data, turns=[("mse(a)", 1), ("mse(b)", 1)], epochs=2, batch_size=0, verbose=0)
    assert np.isnan(first["mse(b)"]) and first["loss"] == first["mse(a)"]
    assert np.isnan(second["mse(a)"]) and second["loss"] == second["mse(b)"]


@pytest.mark.parametrize("mode", ["PYTHON", pytest.param("C", marks=pytest.mark.c)])
def test_a_training_goes_on_where_it_stopped_within_a_round_with_every_state(data, mode, tmp_path):
    turns = [("mse(a)", 2, {"moves": ["h", "a"], "algo": "adam"}), ("mse(b)", 2, {"moves": "b", "algo": "rmsprop"})]
    options = {"turns": turns, "batch_size": 10, "verbose": 0, "hidden_dropout": 0.2}
    whole = two_heads(mode)
    whole.train(data, epochs=4, **options)
    half = two_heads(mode)
    half.train(data, epochs=2, save_progress=tmp_path / "half.safetensors", **options)
    loaded = symloss.load(tmp_path / "half.safetensors")
    loaded.mode = mode
    for net in (half, loaded):
        net.train(data, epochs=4, resume=True, **options)
        for name, parameter in whole.parameters_by_name.items():
            assert np.array_equal(net.parameters_by_name[name].get_value(), parameter.get_value()), name


def test_changed_turns_are_refused_when_a_training_goes_on_and_rates_act(data):
    net = two_heads()
    net.train(data, turns=TURNS, epochs=1, verbose=0)
    for turns, named in [([TURNS[0], ("mse(b)", 1, TURNS[1][2])], "steps of turn 2"),
                         ([TURNS[0], ("mse(b)", 2, {**TURNS[1][2], "algo": "adam"})], "algo"),
                         ([TURNS[0], ("mse(b)", 2, {**TURNS[1][2], "moves": ["b.w"]})], "moves of turn 2"),
                         ([*TURNS, "mse(a)"], "number of turns"), (None, "number of turns")]:
        with pytest.raises(DataError, match=named):
            net.train(data, turns=turns, epochs=2, resume=True, verbose=0)
    before = net.parameters_by_name["b.w"].get_value()
    slow = [TURNS[0], ("mse(b)", 2, {**TURNS[1][2], "learning_rate": 0.0})]
    net.train(data, turns=slow, epochs=2, resume=True, verbose=0)
    assert np.array_equal(net.parameters_by_name["b.w"].get_value(), before)


def test_ctrl_c_ends_between_two_steps_and_the_round_goes_on_there(data):
    options = {"turns": TURNS, "batch_size": 10, "verbose": 0}
    whole, net = two_heads(), two_heads()
    whole.train(data, epochs=3, **options)
    count = iter(range(100))

    class Press:
        def batch(self, record):
            if next(count) == 6:  # in the second epoch
                signal.raise_signal(signal.SIGINT)

    history = net.train(data, epochs=3, callbacks=Press(), **options)
    assert history[-1]["partial"]
    net.train(data, epochs=3, resume=True, **options)
    for name, parameter in whole.parameters_by_name.items():
        assert np.array_equal(net.parameters_by_name[name].get_value(), parameter.get_value()), name


@pytest.mark.parametrize("mode", ["PYTHON", pytest.param("C", marks=pytest.mark.c)])
def test_nan_is_found_in_its_batch_and_parameters_stand_before_it(data, mode):
    row = 17
    data["b"][row] = np.inf
    order = np.random.default_rng([1, 1, 1]).permutation(N)
    position = int(np.nonzero(order == row)[0][0])
    turns = [("mse(a)", 1, {"moves": ["h", "a"]}), ("mse(b)", 1, {"moves": "b"})]
    if position % 2 == 0:  # the batch of that row belongs to the first turn: let the second one begin
        turns.reverse()
    net = two_heads(mode)
    with pytest.raises(TrainingError, match=f"row {row}"):
        net.train(data, turns=turns, batch_size=1, epochs=1, allow_nan=True, algo="sgd", learning_rate=0.01, verbose=0)
    twin = two_heads()
    twin.train({name: values[order[:position]] for name, values in data.items()} if position else data,
               turns=turns, batch_size=1, epochs=1, algo="sgd", learning_rate=0.0, verbose=0, allow_nan=True)
    assert all(np.isfinite(p.get_value()).all() for p in net.params)


def test_each_turn_moves_what_its_losses_reach_unless_another_one_names_it(data):
    net = two_heads()
    before = {name: p.get_value() for name, p in net.parameters_by_name.items()}
    net.train(data, turns=[("mse(a)", 1), ("mse(b)", 1, {"moves": ["h", "b"], "learning_rate": 0.0})], epochs=1,
              batch_size=25, verbose=0)
    moved = [name for name, p in net.parameters_by_name.items() if not np.array_equal(p.get_value(), before[name])]
    assert moved == ["a.w", "a.b"]


def test_a_network_within_can_be_named_by_itself():
    generator, critic = Network([2, 3, 1], loss=None, seed=1), Network([1, 3, 1], loss=None, seed=2)
    game = Network({"real": 1, "z": {"form": "random", "size": 2}, "fake": generator, "score": critic},
                   edges=["real -> z -> fake -> score"], loss=Loss("wasserstein_generator", ports={"fake": "score"}))
    game.add_loss("wasserstein_critic", ports={"real": "score", "fake": "score"})
    before = critic.params[0].get_value()
    game.train([np.ones((8, 1))], turns=[("wasserstein_generator", 1, {"moves": generator}),
                                         ("wasserstein_critic", 1, {"moves": critic, "learning_rate": 0.0})],
               epochs=1, batch_size=4, verbose=0)
    assert np.array_equal(critic.params[0].get_value(), before)
    with pytest.raises(SpecError, match="not part of the model"):
        game.train([np.ones((8, 1))],
                   turns=[("wasserstein_generator", 1, {"moves": two_heads()}), "wasserstein_critic"])


def test_turns_draw_numbers_of_their_own():
    """In one round, no two turns see the same noise."""
    for mode in ("PYTHON",):
        net = Network({"in": 1, "z": {"form": "random", "size": 4}, "a": 1, "b": 1},
                      edges=["in -> z -> a", "z -> b"], loss={"a": "mse", "b": "mse"}, mode=mode, seed=5)
        net.graph.find("a", "w").set_value(np.ones((4, 1)))
        net.graph.find("b", "w").set_value(np.ones((4, 1)))
        record = net.train({"in": np.zeros((6, 1)), "a": np.zeros((6, 1)), "b": np.zeros((6, 1))},
                           turns=[("mse(a)", 1), ("mse(b)", 1)], batch_size=3, epochs=1, algo="sgd", learning_rate=0.0,
                           verbose=0)[0]
        assert record["mse(a)"] != record["mse(b)"]


def test_train_in_turn_finds_the_model_of_the_losses(data):
    net, twin = two_heads(), two_heads()
    (a, b) = net.losses
    history = train_in_turn([(a, 2, {"moves": ["h", "a"]}), (b, 1, {"moves": "b"})], data, epochs=2, verbose=0,
                            algo="adam", learning_rate=0.01)
    twin.train(data, algo="adam", learning_rate=0.01, epochs=2, verbose=0,
               turns=[Turn("mse(a)", 2, moves=["h", "a"]), {"losses": "mse(b)", "moves": "b"}])
    assert history[-1]["loss"] == twin.history[-1]["loss"]
    with pytest.raises(SpecError, match="belong to 2 models"):
        train_in_turn([net.losses[0], twin.losses[1]], data)
    with pytest.raises(SpecError, match="belong to no model"):
        train_in_turn([Loss("mse"), Loss("mae")], data)


def test_callbacks_metrics_results_and_validation_work_with_turns(data):
    net = two_heads()
    callback = symloss.training.ReduceLearningRate(patience=1, factor=0.5)
    found = net.train(data, data, turns=TURNS, epochs=3, batch_size=10, verbose=0, callbacks=callback,
                      metrics=["mae"], results=True, patience=None)
    record = found.history[-1]
    assert {"valid_mse(a)", "valid_mse(b)", "valid_loss"} <= set(record)
    steps = found.losses_by_step
    assert len(steps) == 15 and np.isfinite(steps).all()
    by_name = found.measurements_by_step
    assert list(np.isnan(by_name["mse(a)"])) == [False, False, False, True, True] * 3
    assert list(np.isnan(by_name["mse(b)"])) == [True, True, True, False, False] * 3
    assert found.initial_learning_rate == {"turn 1": 0.05, "turn 2": 0.1}


def test_other_numbers_of_steps_are_another_training(data):
    net = two_heads()
    for steps, wanted in [(1, [False, True]), (2, [False, False])]:
        found = net.train(data, turns=[("mse(a)", steps), ("mse(b)", 1)], batch_size=25, epochs=1, verbose=0,
                          results=True)
        assert list(np.isnan(found.measurements_by_step["mse(a)"])) == wanted


def test_losses_that_do_not_fall_end_no_training_in_turn_unless_patience_is_asked_for(data):
    options = {"turns": [("mse(a)", 1), ("mse(b)", 1)], "epochs": 9, "algo": "sgd", "learning_rate": 0.0, "verbose": 0}
    assert len(two_heads().train(data, **options)) == 9
    assert len(two_heads().train(data, patience=2, **options)) < 9


def test_a_best_epoch_without_every_turn_stays_a_number_while_weights_change(data):
    net = two_heads()

    def change(record):
        net.losses[0].weight = net.losses[1].weight = 1.0 + record["epoch"]

    net.train(data, turns=[("mse(a)", 1), ("mse(b)", 1)], epochs=4, batch_size=0, callbacks=change, verbose=0)
    assert np.isfinite(net._stopped[0]["best"][0])


def test_wrong_turns_say_what_is_wrong(data):
    net = two_heads()
    for turns, error, named in [
        (["mse(a)"], SpecError, "at least two turns"), ([("mse(a)", 1), ("mse(a)", 1)], SpecError, r"minimizes mse"),
        ([("mse(c)", 1), "mse(b)"], UnknownNameError, r"did you mean"),
        ([("mse(a)", 0), "mse(b)"], SpecError, "steps=0"),
        ([("mse(a)", 1, {"moves": "hidden"}), "mse(b)"], UnknownNameError, "matches no parameter"),
        ([("mse(a)", 1, {"epochs": 3}), "mse(b)"], SpecError, "is an option of the whole training"),
        ([("mse(a)", 1, {"learnin_rate": 3}), "mse(b)"], UnknownNameError, "learning_rate"),
        ([("mse(a)", 1, {"hidden_dropout": 0.1}), "mse(b)"], SpecError, "noise on the graph"),
        ([("mse(a)", 1, {"algo": "lbfgs"}), "mse(b)"], SpecError, "the whole data set at once"),
        ([("mse", 1), "mse(b)"], SpecError, "2 losses have this name"), ([3, 4], SpecError, "it must be"),
        ([Loss("mae"), "mse(b)"], SpecError, "not in net.losses"), ("mse", SpecError, "a list of turns"),
        ([("mse(a)", 1, {"moves": 3}), "mse(b)"], SpecError, "moves=3"),
    ]:
        with pytest.raises(error, match=named):
            net.train(data, turns=turns, epochs=1, verbose=0)
    with pytest.raises(SpecError, match="lbfgs"):
        net.train(data, turns=TURNS, algo="lbfgs", verbose=0)
    with pytest.raises(SpecError, match="monitor_gradients"):
        net.train(data, turns=TURNS, monitor_gradients=True, verbose=0)


@pytest.mark.c
def test_c_source_has_every_turn_and_the_driver():
    net = two_heads("C")
    text = net.c_source(turns=TURNS)
    assert text.count("int64_t symloss_steps(") == 2 and "symloss_turns" in text
