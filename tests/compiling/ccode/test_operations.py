"""Which operations losses, metrics, layers and rules are made of, and which of them go to the other compiler."""

import sys
from pathlib import Path

import numpy as np
import pytest
from pytensor.graph.traversal import toposort

import symloss
from symloss import activations, metrics, regularizers, updates
from symloss.compiling import Backend, resolve
from symloss.compiling.ccode.importing import TABLE
from symloss.training import trainer
from symloss.training.options import Options

sys.path.insert(0, str(Path(__file__).parents[2]))
from losses.case import CASES, gradient

LOOPS = {"Scan", "AllocEmpty"}  # a loop, and the memory of its results: PyTensor compiles what has one
WITH_LOOPS = ("ctc", "sinkhorn")


def names(outputs) -> set:
    return {type(node.op).__name__ for node in toposort(list(outputs))}


def unknown(outputs) -> set:
    return names(outputs) - set(TABLE)


def of_step(model, algo="sgd", **options):
    """The operations of a whole training step."""
    asked = Options.split(algo, options, model.graph)
    step, _ = trainer.compiled(model, asked, validated=False)
    return unknown(step._changes.values() if step._own is not None else ()) if step.backend.own else {step.why}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_losses_are_made_of_operations_that_the_compiler_knows(case):
    variables = case.variables(case.sample())
    values = case.graph(variables)
    found = unknown([values, *gradient(values.sum(), [variables[port] for port in case.by])])
    assert found == (LOOPS if case.row.name in WITH_LOOPS else set())


@pytest.mark.c
def test_steps_of_all_activations_rules_and_penalties_are_known():
    layers = [4, *((3, name) for name in activations.registry if "maxout" not in name), 2]
    assert not of_step(symloss.Regressor(layers, mode="C"))
    for rule in updates.registry:
        assert not of_step(symloss.Regressor([3, 4, 2], mode="C"), rule), rule
    for name in regularizers.registry:
        if not name.startswith("recurrent"):
            assert not of_step(symloss.Regressor([3, 4, 2], mode="C"), **{name: 0.1}), name


@pytest.mark.c
def test_what_goes_to_the_other_compiler_is_said(monkeypatch):
    monkeypatch.setattr(Backend, "otherwise", lambda self: resolve("PYTHON"))  # in place of a minute of g++
    assert of_step(symloss.recurrent.Regressor([3, (4, "rnn"), 2], mode="C")) == {"loops through time"}
    rng = np.random.default_rng(0)
    net = symloss.recurrent.Regressor([3, (4, "rnn"), 2], mode="C")
    net.predict(rng.normal(size=(2, 3, 3)))
    assert "compiler of symloss does not know loops through time" in str(net.explain())


@pytest.mark.c
def test_metrics_that_are_sums_are_known():
    known = 0
    for name in metrics.names():
        model = symloss.Classifier([4, 3], mode="C")
        try:
            found = of_step(model, metrics=[name])
        except symloss.SymlossError:  # it is of other models
            continue
        assert not found, name
        known += 1
    assert known > 15
