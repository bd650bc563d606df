"""The objective: named terms, one scalar, exact figures; and the registry that finds things by name."""

import numpy as np
import pytest

import symloss
from symloss import Regressor
from symloss._registry import Registry
from symloss.objective import Objective


def test_every_term_is_named_raw_and_weighted(points):
    net = Regressor([5, 4, 3], loss="mae")
    net.add_loss("mse", weight=0.25)
    record = net.train(points, algo="sgd", learning_rate=0.0, epochs=1, verbose=0, weight_l2=0.1, hidden_l1=0.2)[0]
    assert list(record["weighted"]) == ["mae", "mse", "weight_l2", "hidden_l1"]
    for name, weight in (("mae", 1), ("mse", 0.25), ("weight_l2", 0.1), ("hidden_l1", 0.2)):
        np.testing.assert_allclose(record["weighted"][name], weight * record[name])
    assert record["loss"] == sum(record["weighted"].values())


def test_a_metric_is_shown_and_not_added(labelled):
    record = symloss.Classifier([4, 3]).train(labelled, epochs=1, verbose=0)[0]
    assert "acc" in record and set(record["weighted"]) == {"xe"}
    assert record["loss"] == record["xe"]


def test_a_term_is_called_as_the_user_called_it(points):
    for name in ("mse", "l2", "MeanSquaredError", "squared_error"):
        assert name in Regressor([5, 3], loss=name).train(points, epochs=1, verbose=0)[0]


def test_the_total_is_what_training_goes_down_on(points):
    """Its value is the sum of the weighted terms, whatever the batch."""
    from symloss.compiling import function, resolve

    net = Regressor([5, 3], loss="mae")
    net.add_loss("mse", weight=3)
    objective = Objective(net.graph, net.losses)
    total = function(objective.variables, [objective.total], resolve("PYTHON"))(*points)[0]
    e = net.predict(points[0]) - points[1]
    np.testing.assert_allclose(total, np.abs(e).mean() + 3 * (e**2).mean())


def test_an_objective_needs_a_loss():
    with pytest.raises(symloss.SpecError, match="no loss"):
        Objective(Regressor([5, 3]).graph, [])


# ----------------------------------------------------------------------------------------------------------- registry


def test_names_are_found_whatever_their_case_hyphens_and_underscores():
    registry = Registry("thing")
    registry.add("long_name", 1, ("other-name",))
    for name in ("long_name", "LongName", "LONG-NAME", "other_name", "OtherName", "long name"):
        assert registry.get(name) == 1 and name in registry
    assert "short" not in registry and 5 not in registry
    assert list(registry) == ["long_name"] and len(registry) == 1
    assert registry.aliases("long_name") == ["other-name"]


def test_a_name_is_not_taken_twice_unless_replaced():
    registry = Registry("thing")
    registry.add("one", 1, ("uno",))
    for name, aliases in (("one", ()), ("Uno", ()), ("two", ("one",)), ("two", ("UNO",))):
        with pytest.raises(symloss.SpecError, match="taken by 'one'"):
            registry.add(name, 2, aliases)
    assert "two" not in registry
    registry.add("one", 3, replace=True)
    assert registry.get("uno") == 3


@pytest.mark.parametrize("name", [5, None, ["one"]])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(symloss.SpecError, match="string"):
        Registry("thing").get(name)


def test_errors_are_also_of_the_usual_kinds():
    for error, usual in ((symloss.UnknownNameError, LookupError), (symloss.ShapeError, ValueError),
                         (symloss.SpecError, ValueError), (symloss.DataError, ValueError),
                         (symloss.TrainingError, RuntimeError), (symloss.SymlossWarning, UserWarning)):
        assert issubclass(error, usual)
        assert issubclass(error, symloss.SymlossError) or error is symloss.SymlossWarning
