"""What users register: a notebook's cell may run twice, and arguments are fed by their names."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
from symloss import activations, initializers, losses, metrics, updates

DEFINED = {
    "activation": (activations, "@symloss.activations.activation('shiny')\ndef shiny_cell(x):\n    return x * {}"),
    "initializer": (initializers, "@symloss.initializers.initializer()\ndef cell_start(shape, rng):\n    return {} + "
                                  "rng.normal(size=shape)"),
    "update": (updates, "@symloss.updates.update()\ndef cell_step(gradients, *, learning_rate=0.1):\n    return "
                        "{{p: p - {} * g for p, g in gradients.items()}}"),
    "loss": (losses, "@symloss.loss('cell')\ndef cell_loss(prediction, target):\n    return {} * prediction - target"),
    "metric": (metrics, "@symloss.metrics.metric()\ndef cell_metric(prediction, target):\n    return {} * target"),
}


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Leave the registries as they were."""
    for module in (activations, initializers, losses, metrics, updates):
        for name in ("_entries", "_names", "_spelt"):
            monkeypatch.setattr(module.registry, name, dict(getattr(module.registry, name)))


@pytest.mark.parametrize("kind", DEFINED)
def test_a_cell_that_runs_twice_replaces_what_it_registered(kind):
    module, text = DEFINED[kind]
    name = text.split("def ")[1].split("(")[0]
    for number in (2, 3):
        cell = {"symloss": symloss, "__name__": "__main__"}
        exec(text.format(number), cell)
        found = module.registry.get(name)
        assert getattr(found, "function", found) is cell[name]
    with pytest.raises(symloss.SpecError, match="taken"):
        exec(text.format(4), {"symloss": symloss, "__name__": "elsewhere"})


@pytest.mark.parametrize("names", ["y_true, y_pred", "target, prediction", "t, p", "labels, logits", "y, y_hat"])
def test_a_function_whose_target_comes_first_gets_it_first(names, rng):
    space = {"pt": pt, "__name__": "cell"}
    exec(f"def over({names}):\n    return {names.split(', ')[1]} - 3 * {names.split(', ')[0]}", space)
    net = symloss.Regressor([2, 1], loss=space["over"], mode="PYTHON")
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    right = np.mean(net.predict(x) - 3 * y)
    record = net.train([x, y], metrics=[space["over"]], epochs=1, algo="sgd", learning_rate=0, verbose=0)[-1]
    np.testing.assert_allclose(record["loss"], right)
    registered = symloss.loss(f"first {names}")(space["over"])
    assert registered is space["over"]
    np.testing.assert_allclose(symloss.evaluate.value(f"first {names}", net.predict(x), y).mean(), right)


def test_a_function_whose_prediction_comes_first_keeps_its_order(rng):
    def over(y, t):  # y for what a network returns, as in the textbooks
        return y - 3 * t

    net = symloss.Regressor([2, 1], loss=over, mode="PYTHON")
    x, y = rng.normal(size=(5, 2)), rng.normal(size=(5, 1))
    right = np.mean(net.predict(x) - 3 * y)
    record = net.train([x, y], epochs=1, algo="sgd", learning_rate=0, verbose=0)[-1]
    np.testing.assert_allclose(record["loss"], right)
