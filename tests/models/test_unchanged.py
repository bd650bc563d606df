"""An error while losses are changed leaves the model as it was: it trains on, as if nothing had been asked for."""

import numpy as np
import pytensor
import pytest

import symloss
from symloss import Loss, SymlossError


def boom(prediction, target):
    raise RuntimeError("boom")


def state(net):
    """Return all that an error must not change, by identity and by value."""
    net.variables  # noqa: B018 - what is bound when it is asked for is bound now
    losses = [(loss, {name: value if name != "weighing" else dict(vars(value)) for name, value in vars(loss).items()
                      if name not in ("options", "ports")}, loss.weight) for loss in net.losses]
    return (losses, [(v, v.name) for v in net.variables], dict(net.bound_targets), dict(net.bound_weights),
            net.parameters_by_name, repr(net))


@pytest.fixture
def net():
    made = symloss.Network([4, {"name": "a", "size": 3, "inputs": "in"}, {"name": "b", "size": 1, "inputs": "in"}],
                           loss={"a": "mse"}, mode="PYTHON")
    made.add_loss(Loss("mae", output_name="b", weight="uncertainty"))
    return made


@pytest.mark.parametrize("change", [
    lambda net: net.add_loss("mze", output_name="a"),
    lambda net: net.add_loss("huber", output_name="nowhere"),
    lambda net: net.add_loss(boom, output_name="a"),
    lambda net: net.add_loss({"a": {"form": "huber", "weighted": True}, "b": boom}),
    lambda net: net.add_loss("multi_quantile", output_name="a", q=(0.1, 0.9)),
    lambda net: net.add_loss("huber", output_name="a", weight="heavy"),
    lambda net: net.add_loss("huber", output_name="a", weight=pytensor.shared(np.nan)),
    lambda net: net.set_loss("mze"),
    lambda net: net.set_loss({"b": "huber", "a": boom}),
    lambda net: net.set_loss([{"form": "poisson_nll", "output_name": "b", "weighted": True}, boom]),
    lambda net: net.set_loss([net.losses[1], "mze"], weight=5),
    lambda net: net.set_loss([net.losses[0], boom]),
    lambda net: setattr(net, "losses", [Loss("mae"), "mse"]),
    lambda net: setattr(net, "losses", "mse"),
    lambda net: setattr(net.losses[0], "weight", "heavy"),
    lambda net: setattr(net.losses[0], "weight", pytensor.shared(np.inf)),
    lambda net: setattr(net.losses[0], "how", "none"),
    lambda net: setattr(net.losses[0], "how", "median"),
    lambda net: setattr(net.losses[0], "class_weight", "balanced"),
    lambda net: setattr(net.losses[0], "delta", 3),
], ids=range(20))
def test_a_change_that_is_refused_leaves_the_model_as_it_was(change, net):
    before = state(net)
    with pytest.raises(SymlossError):
        change(net)
    assert state(net) == before
    data = [np.ones((3, 4)), np.ones((3, 3)), np.ones((3, 1))]
    net.train(data, algo="sgd", epochs=1, verbose=0)


def test_a_loss_of_the_users_is_as_it_was_after_a_refusal():
    loss, net = Loss("mae"), symloss.Regressor([4, 2], mode="PYTHON")
    for asked in ({"output_name": "nowhere"}, {"weight": 3, "output_name": "nowhere"}):
        with pytest.raises(SymlossError):
            net.set_loss(loss, **asked)
        assert (loss.weight, loss.output_name, loss.anywhere, loss.owner) == (1, "out:out", True, None)
    net.set_loss(loss)
    with pytest.raises(SymlossError):
        net.set_loss(loss, output_name="nowhere")  # it is the one that trains
    assert net.losses == [loss]
    net.train([np.ones((3, 4)), np.ones((3, 2))], algo="sgd", epochs=1, verbose=0)


def test_a_model_says_what_is_wrong_with_a_list_of_losses_although_it_cannot_train(net):
    net.losses.append("mse")
    assert "'mse'" in repr(net)
    with pytest.raises(symloss.SpecError, match=r"net.losses\[2\] is 'mse'"):
        net.variables  # noqa: B018
