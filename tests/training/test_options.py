"""Options of training: each is declared once, and checks, documentation and error messages follow."""

import inspect
import io

import pytest

import symloss
from symloss import Regressor, schedules, updates
from symloss.training import options
from symloss.training.options import DECLARED, DEFAULTS, FORMER


def test_the_docstring_of_train_lists_every_option():
    text = inspect.getdoc(Regressor.train)
    assert options.MARKER not in text
    for name, declared in DECLARED.items():
        assert f"\n{name} : {declared.kind}" in text
        assert declared.text.split()[0] in text


@pytest.mark.parametrize("name", DECLARED)
def test_every_default_passes_its_own_check(name):
    DECLARED[name].check(name, DEFAULTS[name])
    assert DECLARED[name].text.endswith(".")


@pytest.mark.parametrize("rule", updates.registry)
def test_every_hyperparameter_of_every_rule_has_a_range(rule):
    function = updates.registry.get(rule)
    for name, declared in updates.hyperparameters(function).items():
        assert declared is not updates.Number
        declared.check(name, updates.options(function)[name])


def test_no_name_elsewhere_is_an_option_here():
    assert not set(FORMER) & set(DECLARED)


@pytest.mark.parametrize(("given", "words"), [
    ({"accumulate": 10**25}, "accumulate=1000.*integer of at least 1"),
    ({"epochs": 10**25}, "epochs"),
    ({"batch_size": 2**63}, "batch_size"),
    ({"verbose": "x"}, "verbose='x'"),
    ({"algo": "adam", "beta1": 2}, "beta1=2 is not valid; it must be a finite number of at least 0 and less than 1"),
    ({"algo": "adam", "beta2": -0.1}, "beta2"),
    ({"algo": "adamw", "decay": -1}, "decay"),
    ({"algo": "rprop", "learning_rate": 0}, "learning_rate=0 is not valid; it must be a finite number greater than 0"),
    ({"algo": "rprop", "increase": 0.5}, "increase"),
    ({"learning_rate": -0.1}, "learning_rate"),
    ({"learning_rate": {"*": -0.1}}, "learning_rate"),
    ({"learning_rate": schedules.linear(0.1, -0.1, 10)}, "learning_rate=-0.1"),
    ({"algo": "momentum", "momentum": schedules.warm_up(5, schedules.linear(0.5, 1.5, 10))}, "momentum=1.5"),
    ({"algo": "lbfgs", "tolerance": -1}, "tolerance=-1"),
    ({"algo": "lbfgs", "accumulate": 2}, "accumulate does not work with"),
    ({"save_progress": ""}, "path"),
    ({"save_every": -1, "save_progress": "f"}, "save_every"),
])
def test_a_value_out_of_range_is_refused_by_name_before_anything_is_compiled(given, words, points, compilations):
    with pytest.raises(symloss.SpecError, match=words):
        Regressor([5, 3]).train(points, **given)
    assert not compilations


def test_a_file_takes_the_progress(points):
    file = io.StringIO()
    Regressor([5, 3], mode="PYTHON").train(points, epochs=1, verbose=file)
    assert "epoch 1/1" in file.getvalue()


@pytest.mark.parametrize(("name", "word"), [
    ("lr", "learning_rate"), ("optimizer", "algo"), ("validation_data", "second"), ("sample_weight", "weighted=True"),
    ("nb_epoch", "epochs"), ("steps_per_epoch", "train_batches"), ("clipnorm", "max_parameter_gradient_norm"),
    ("random_state", "seed"), ("y", r"net.train\(\[x, y\]\)"), ("shuffle", "leave it out"),
])
def test_the_names_of_other_libraries_say_what_to_write(name, word, points):
    with pytest.raises(symloss.UnknownNameError, match=word):
        Regressor([5, 3]).train(points, **{name: 1})


def test_an_unknown_option_names_at_most_the_five_nearest(points):
    with pytest.raises(symloss.UnknownNameError) as caught:
        Regressor([5, 3]).train(points, qqqq=1)
    assert 1 <= sum(name in str(caught.value) for name in DECLARED) <= 5


def test_a_rule_of_ones_own_takes_any_number(points):
    def signs(gradients, *, learning_rate=0.1, slack: float = 1.0):
        return {p: p - learning_rate * g + 0 * slack for p, g in gradients.items()}

    Regressor([5, 3], mode="PYTHON").train(points, algo=signs, slack=-3, epochs=1, verbose=0)
    with pytest.raises(symloss.SpecError, match="slack"):
        Regressor([5, 3]).train(points, algo=signs, slack="x")
