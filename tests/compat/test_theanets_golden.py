"""Numbers that theanets itself made, with its defects: those of `symloss.compat.theanets`. Files say their origin."""

import json
import pathlib

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

from symloss.compat import theanets

GOLDEN = pathlib.Path(__file__).parent / "golden"
CLOSE = dict(rtol=1e-6, atol=1e-12)
MODELS = {"Regressor": theanets.Regressor, "recurrent.Regressor": theanets.recurrent.Regressor}


def cases(name):
    text = (GOLDEN / f"theanets_{name}.json").read_text(encoding="utf-8")
    return [pytest.param(case, id=case["id"]) for case in json.loads(text)["cases"]]


@pytest.fixture(autouse=True)
def double():
    with pytensor.config.change_flags(floatX="float64", mode="FAST_COMPILE"):
        yield


def evaluate(expressions, givens):
    return pytensor.function([], expressions, givens=givens, on_unused_input="ignore")()


@pytest.mark.parametrize("case", cases("activations"))
def test_activation(case):
    layer = theanets.layers.Feedforward(inputs="in", size=7, rng=13, name="l")
    layer.bind(theanets.Network([3]))
    activation = theanets.activations.build(case["name"], layer)
    assert activation.name == case["built_name"]
    assert {p.name for p in activation.params} == set(case["params"])
    for p in activation.params:
        np.testing.assert_allclose(p.get_value(), case["params"][p.name], **CLOSE)
    x = pt.constant(np.array(case["x"])).copy()
    y = activation(x)
    factors = np.cos(np.arange(np.size(case["x"]))).reshape(np.shape(case["x"]))
    value, slope = evaluate([y, pytensor.grad((y * factors).sum(), x)], {})
    np.testing.assert_allclose(value, case["y"], **CLOSE)
    np.testing.assert_allclose(slope, case["grad"], **CLOSE)


@pytest.mark.parametrize("case", cases("losses"))
def test_loss(case):
    keywords = dict(case["kwargs"])
    if case["id"].endswith("linear-kernel"):
        keywords["kernel"] = lambda x, y: x.dot(y.T)
    target = np.array(case["target"], case["target_dtype"])
    weighted = case["weights"] is not None
    loss = theanets.Loss.build(case["form"], target=target.ndim, weighted=weighted, **keywords)
    outputs = {name: pt.constant(np.array(value)).copy() for name, value in case["outputs"].items()}
    value = loss(outputs)
    slopes = pytensor.grad(value, list(outputs.values()), disconnected_inputs="ignore")
    accuracy = [loss.accuracy(outputs)] if "accuracy" in case else []
    arrays = [target, np.array(case["weights"], float)] if weighted else [target]
    compiled = pytensor.function(loss.variables, [value, *slopes, *accuracy], on_unused_input="ignore")
    found = compiled(*arrays)
    np.testing.assert_allclose(found[0], case["value"], **CLOSE)
    for name, slope in zip(outputs, found[1:], strict=False):
        np.testing.assert_allclose(slope, case["grads"][name], err_msg=name, **CLOSE)
    if accuracy:
        np.testing.assert_allclose(found[-1], case["accuracy"], **CLOSE)


@pytest.mark.parametrize("case", [p for p in cases("regularizers") if "statistics" not in p.id])
def test_regularizer(case):
    weighted = len(case["data"]) > 2
    net = MODELS[case["model"]]([tuple(x) if isinstance(x, list) else x for x in case["layers"]], weighted=weighted)
    if case["id"].startswith("two losses"):
        net.add_loss("mae", weight=2)
        net.losses[0].weight = 0.5
    for p in net.params:
        p.set_value(np.array(case["params"][p.name]))
    total, made = net.loss(**case["kwargs"]), theanets.regularizers.from_kwargs(net, **case["kwargs"])
    assert [(type(r).__name__, r.weight) for r in made] == [(r["cls"], r["weight"]) for r in case["regularizers"]]
    outputs, _ = net.build_graph(made)
    terms = [pt.as_tensor_variable(r.loss(net.layers, outputs)) for r in made]
    slopes = pytensor.grad(total, net.params, disconnected_inputs="ignore")
    compiled = pytensor.function(net.variables, [total, *terms, *slopes], on_unused_input="ignore")
    found = compiled(*(np.array(a, v.dtype) for a, v in zip(case["data"], net.variables, strict=True)))
    np.testing.assert_allclose(found[0], case["total_loss"], **CLOSE)
    np.testing.assert_allclose(found[1 : 1 + len(terms)], case["terms_unweighted"], **CLOSE)
    for p, slope in zip(net.params, found[1 + len(terms) :], strict=True):
        np.testing.assert_allclose(slope, case["grads"][p.name], err_msg=p.name, **CLOSE)


@pytest.mark.parametrize("case", [p for p in cases("regularizers") if "statistics" in p.id])
def test_noise(case):
    net = theanets.Regressor(case["layers"])
    outputs = net.feed_forward(np.ones((2000, 4)), **case["kwargs"])
    assert sorted(outputs) == case["output_names"]
    values = outputs["in:out"]
    assert abs(values.mean() - 1) < 4 * case["std"] / np.sqrt(values.size)
    assert abs(values.std() - case["std"]) < 0.02
    if "dropout" in case["id"]:
        np.testing.assert_allclose(np.unique(values), case["unique_values"], atol=1e-6)


@pytest.mark.parametrize("case", cases("optimizers"))
def test_optimizer(case):
    a, b = np.array(case["A"]), np.array(case["b"])
    w = pytensor.shared(np.array(case["w0"]), name="w")
    loss = pt.sqr(pt.dot(a, w) - b).mean()
    optimizer = theanets.downhill.build(case["algo"], loss, params=[w], inputs=[])
    step = pytensor.function([], loss, updates=optimizer.get_updates(**case["kwargs"]))
    for before, after in zip(case["loss_before_step"], case["w"], strict=True):
        np.testing.assert_allclose(step(), before, **CLOSE)
        np.testing.assert_allclose(w.get_value(), after, **CLOSE)
