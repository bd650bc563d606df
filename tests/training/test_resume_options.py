"""Options that change when a training is resumed: each acts, or is refused by name; no item is used twice."""

import numpy as np
import pytest

import symloss
from symloss import Regressor, schedules
from symloss.training import EarlyStopping, ReduceLearningRate

BASE = {"algo": "adam", "learning_rate": 0.01, "batch_size": 8, "verbose": 0, "patience": None}


def model(**options):
    return Regressor([5, 3], mode="PYTHON", **options)


def stopped(points, tmp_path, epochs=2, at=None, **options):
    """Return a model whose training stopped: after `epochs`, or after the batch `at` of an epoch; from a file."""
    seen = []
    stop = type("Stop", (), {"batch": lambda self, record: seen.append(1) or len(seen) == at})()
    net = model()
    net.train(points, epochs=epochs, **{"callbacks": [stop] if at else []} | BASE | options)
    net.save(tmp_path / "net", training=True)
    return symloss.load(tmp_path / "net")


def resumed(net, points, epochs=4, **options):
    net.mode = "PYTHON"
    net.train(points, epochs=epochs, resume=True, **options)
    return np.concatenate([p.get_value().ravel() for p in net.params])


def whole(points, **options):
    net = model()
    net.train(points, epochs=4, **BASE | options)
    return np.concatenate([p.get_value().ravel() for p in net.params])


@pytest.mark.parametrize("changed", [
    {"learning_rate": 0.5}, {"beta1": 0.1}, {"epsilon": 0.1},
    {"learning_rate": schedules.linear(0.1, 0.0, 100)}, {"max_gradient_norm": 0.01}, {"batch_size": 20},
], ids=str)
def test_a_changed_option_acts(changed, points, tmp_path):
    unchanged = resumed(stopped(points, tmp_path), points, **BASE)
    assert np.array_equal(unchanged, whole(points))
    assert not np.array_equal(resumed(stopped(points, tmp_path), points, **BASE | changed), unchanged)


def test_two_learning_rates_differ_after_a_resumption(points, tmp_path):
    found = [resumed(stopped(points, tmp_path), points, **BASE | {"learning_rate": rate}) for rate in (0.5, 1e-9)]
    assert not np.array_equal(*found)


def test_a_learning_rate_that_is_asked_for_is_that_of_the_next_step(points, tmp_path):
    rates = []
    spy = type("Spy", (), {"epoch": lambda self, r: rates.append(float(self.step.scalars["learning_rate"].get_value())),
                           "start": lambda self, training: setattr(self, "step", training.step)})()
    options = BASE | {"callbacks": [ReduceLearningRate(0.5, patience=1, monitor="updates"), spy]}
    net = stopped(points, tmp_path, epochs=3, callbacks=ReduceLearningRate(0.5, patience=1, monitor="updates"))
    resumed(net, points, **options | {"learning_rate": 0.3, "callbacks": [spy]})
    resumed(stopped(points, tmp_path), points, **options | {"callbacks": [spy]})
    assert np.allclose(rates, [0.3, 0.01, 0.01])


@pytest.mark.parametrize(("before", "later"), [
    ({"learning_rate": 0.3}, {}), ({"learning_rate": schedules.cosine(0.3, steps=50)}, {}),
    ({"learning_rate": {"out.w": 0.3, "*": 0.01}}, {}), ({"batch_size": 20}, {}), ({"average": 0.9}, {}),
    ({"accumulate": 2}, {}), ({"seed": 7}, {}), ({"freeze": "out.b"}, {}), ({"max_gradient_norm": 0.1}, {}),
    ({"train_batches": 3}, {}), ({"validation_split": 0.25}, {}),
], ids=str)
def test_an_option_that_is_left_out_stays_as_it_was(before, later, points, tmp_path):
    given = {"algo": "adam", "verbose": 0, "patience": None} | later
    left = {k: v for k, v in BASE.items() if k not in before} | before
    found = resumed(stopped(points, tmp_path, **left), points, **given)
    assert np.array_equal(found, whole(points, **left))


@pytest.mark.parametrize(("changed", "name"), [
    ({"algo": "rprop"}, "algo"), ({"algo": "sgd"}, "algo"), ({"seed": 5}, "seed"), ({"freeze": "out.b"}, "freeze"),
    ({"accumulate": 2}, "accumulate"), ({"average": 0.9}, "average"), ({"input_noise": 0.2}, "regularizers"),
    ({"learning_rate": {"out.w": 0.5, "*": 0.01}}, "the patterns of learning_rate"),
    ({"weight_l2": 0.2}, "regularizers"), ({"validation_split": 0.2}, "validation_split"),
], ids=str)
def test_what_cannot_change_is_refused_by_name(changed, name, points, tmp_path, compilations):
    net = stopped(points, tmp_path)
    compilations.clear()
    given = {k: v for k, v in (BASE | changed).items() if k in changed or k not in ("learning_rate", "batch_size")}
    with pytest.raises(symloss.DataError, match=f"another training: {name} changed from .*leave resume out"):
        net.train(points, epochs=4, resume=True, **given)
    assert not compilations
    assert np.array_equal(resumed(net, points, **BASE), whole(points))


def test_another_loss_is_refused_by_name(points, tmp_path):
    net = stopped(points, tmp_path)
    net.set_loss("mae")
    with pytest.raises(symloss.DataError, match="losses changed from .*squared.* to .*absolute"):
        net.train(points, epochs=4, resume=True, **BASE)


@pytest.mark.parametrize("size", [3, 8, 20, 0])
def test_within_an_epoch_no_item_is_used_twice_with_any_batch_size(size, points, tmp_path, orders):
    net = stopped(points, tmp_path, at=2)
    orders.clear()
    first = model()
    first.train(points, epochs=1, **BASE)
    order = np.concatenate(orders)
    orders.clear()
    resumed(net, points, epochs=1, **BASE | {"batch_size": size})
    assert np.concatenate(orders).tolist() == order[16:].tolist()


def test_within_an_epoch_other_data_are_refused(points, tmp_path):
    net = stopped(points, tmp_path, at=2)
    fewer = [a[:30] for a in points]
    with pytest.raises(symloss.DataError, match="40 items.*30 items"):
        net.train(fewer, epochs=4, resume=True, **BASE)
    resumed(stopped(points, tmp_path), fewer, **BASE)  # between epochs, more data are welcome, or fewer


def test_batches_of_a_list_are_not_trained_on_twice(points, tmp_path, orders):
    x, y = points
    batches = [(x[i : i + 10], y[i : i + 10]) for i in range(0, 40, 10)]

    class Batches:
        def __iter__(self):
            return iter(batches)

    net = stopped(Batches(), tmp_path, at=2)
    orders.clear()
    resumed(net, Batches(), epochs=1, **BASE)
    assert len(orders) == 2


def test_another_value_to_monitor_begins_anew(points, tmp_path):
    net = stopped((points), tmp_path, callbacks=EarlyStopping("mse", patience=50))
    net.train(points, epochs=3, resume=True, best="loss", **BASE)
    assert net.history[-1]["best"]


@pytest.mark.parametrize("states", [None, 3, [3], [["EarlyStopping"]], [["EarlyStopping", {"best": 1.0}]],
                                    [["EarlyStopping", {"best": "x", "waited": 0}]], {"a": 1},
                                    [["EarlyStopping", {"best": None, "waited": "many"}]], [["EarlyStopping", []]]],
                         ids=str)
@pytest.mark.parametrize("resume", [True, False])
def test_damaged_states_of_callbacks_are_an_error_of_the_data(states, resume, points, tmp_path):
    net = stopped(points, tmp_path, callbacks=EarlyStopping(patience=50))
    net._stopped[0]["callbacks"] = states
    net._loaded_callbacks = states
    with pytest.raises(symloss.DataError, match="callbacks|EarlyStopping"):
        net.train(points, epochs=4, resume=resume, callbacks=EarlyStopping(patience=50), **BASE)


@pytest.mark.parametrize("damage", [lambda plain: plain.clear(), lambda plain: plain.update(asked=3),
                                    lambda plain: plain.update(best=None), lambda plain: plain.update(epoch="x"),
                                    lambda plain: plain.update(asked={"options": 3})])
def test_a_damaged_state_is_an_error_of_the_data(damage, points, tmp_path):
    net = stopped(points, tmp_path)
    damage(net._stopped[0])
    with pytest.raises(symloss.DataError):
        net.train(points, epochs=4, resume=True, **BASE)
