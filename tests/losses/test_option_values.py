"""Options of losses as shared scalars: what is set acts, at once and in every loss; what cannot act raises."""

import numpy as np
import pytensor.tensor as pt
import pytest
from pytensor.graph.replace import clone_replace

import symloss
from symloss import Loss, schedules
from symloss.losses.option_values import OptionValues

from .case import CASES, compiled

WITH_NUMBERS = list({case.row.name: case for case in CASES
                     if any(isinstance(v, float) for v in case.spec.options.values())}.values())
TRIED = (0.0, 1.0, 2.0, 0.3, 0.7)  # where functions have formulas of their own, and where they have none
ONCE = dict(epochs=1, learning_rate=0, batch_size=0, verbose=0, algo="sgd")


def allowed(spec, name, value):
    try:
        spec.check_options({name: value})
    except symloss.SymlossError:
        return False
    return True


@pytest.mark.parametrize("case", WITH_NUMBERS, ids=lambda case: case.row.name)
def test_a_shared_option_gives_what_the_number_gives(case):
    fed = case.sample()
    variables = case.variables(fed)
    ports = list(case.through(variables).values())

    def build(options):
        return case.spec.function(*ports, **options)

    values = OptionValues(case.spec, case.row.options[0])
    with np.errstate(all="ignore"):
        shared, pairs = values.for_function(build), []
        for name, scalar in values.scalars.items():
            for value in [v for v in TRIED if allowed(case.spec, name, v)]:
                number = np.asarray(value, scalar.dtype)
                pairs += [clone_replace(shared, {scalar: pt.constant(number)}),
                          build(dict(case.row.options[0]) | {name: value})]
        found = compiled(list(variables.values()), pairs)(*fed.values()) if pairs else []
    for moved, fixed in zip(found[::2], found[1::2], strict=True):
        np.testing.assert_allclose(moved, fixed, rtol=1e-7, atol=1e-10)


def test_most_numbers_can_be_set_while_training():
    movable = [name for case in WITH_NUMBERS for name in made(case).scalars]
    assert len(movable) > 0.8 * sum(isinstance(v, float) for c in WITH_NUMBERS for v in c.spec.options.values())


def made(case):
    values = OptionValues(case.spec, case.row.options[0])
    ports = list(case.through(case.variables(case.sample())).values())
    values.for_function(lambda options: case.spec.function(*ports, **options))
    return values


@pytest.fixture
def huber(points):
    net = symloss.Regressor([5, 4, 3], loss="huber", mode="PYTHON")
    return net, lambda delta: symloss.evaluate.value("huber", net.predict(points[0]), points[1], delta=delta).mean()


def test_setting_an_option_acts_and_compiles_nothing(points, huber, compilations):
    net, expected = huber
    first = net.train(points, **ONCE)[-1]["loss"]
    before = len(compilations)
    net.losses[0].delta = 0.1
    second = net.train(points, **ONCE)[-1]["loss"]
    assert len(compilations) == before
    np.testing.assert_allclose([first, second], [expected(1.0), expected(0.1)])
    assert net.losses[0].delta == net.losses[0].options["delta"] == 0.1


def test_an_option_set_in_a_callback_acts_in_the_next_epoch(points, huber):
    net, expected = huber

    def lower(record):
        net.losses[0].options["delta"] = 0.2

    records = net.train(points, **ONCE | {"epochs": 2}, callbacks=lower)
    np.testing.assert_allclose([r["loss"] for r in records[-2:]], [expected(1.0), expected(0.2)])


def test_a_schedule_moves_an_option_and_a_file_keeps_it(points, huber, tmp_path):
    net, expected = huber
    net.set_loss("huber", delta=schedules.linear(1.0, 0.1, steps=3))
    net.train(points, **ONCE | {"epochs": 4})
    np.testing.assert_allclose([r["loss"] for r in net.history[-4:]], [expected(d) for d in (1.0, 0.7, 0.4, 0.1)])
    net.save(tmp_path / "model")
    assert symloss.load(tmp_path / "model").losses[0].options == {"delta": schedules.linear(1.0, 0.1, steps=3)}


def test_an_option_that_decides_the_formula_is_compiled_anew(labelled):
    net = symloss.Classifier([4, 3], mode="PYTHON")
    net.train(labelled, **ONCE)
    net.losses[0].smoothing = 0.2
    found = net.train(labelled, **ONCE)[-1]["loss"]
    expected = symloss.evaluate.value("xe", net.predict_proba(labelled[0]), labelled[1], smoothing=0.2).mean()
    np.testing.assert_allclose(found, expected)
    with pytest.raises(symloss.SpecError, match="cannot change during training.*Pass a number"):
        net.losses[0].options["smoothing"] = schedules.linear(0.0, 0.5, steps=3)


@pytest.mark.parametrize(("name", "value", "message"), [
    ("wieght", 0, "did you mean 'weight'"), ("delt", 0.1, "did you mean 'delta'"), ("delta", -1.0, "greater than 0")])
def test_what_cannot_act_raises(name, value, message):
    with pytest.raises(symloss.SymlossError, match=message):
        setattr(Loss("huber"), name, value)


@pytest.mark.parametrize("change", [
    lambda loss: loss.costs.__setitem__(1000, 5.0), lambda loss: loss.inner["deep"].__setitem__(0, 5.0),
    lambda loss: setattr(loss, "power", 4)], ids=["long array", "within an attribute", "number"])
def test_what_a_loss_of_ones_own_is_made_of_acts_at_the_next_training(points, registered, change):
    class Costly(Loss):
        def __init__(self, **options):
            super().__init__(**options)
            self.costs, self.inner, self.power = np.ones(2001), {"deep": [1.0]}, 2

        def __call__(self, outputs):
            error = abs(outputs[self.output_name] - self._target)
            return (self.costs[1000] * self.inner["deep"][0] * error**self.power).mean()

    net = symloss.Regressor([5, 3], loss=Costly, mode="PYTHON")
    first = net.train(points, **ONCE)[-1]["loss"]
    change(net.losses[0])
    error = abs(net.predict(points[0]) - points[1])
    expected = {4: (error**4).mean()}.get(net.losses[0].power, 5 * first)
    np.testing.assert_allclose(net.train(points, **ONCE)[-1]["loss"], expected)
