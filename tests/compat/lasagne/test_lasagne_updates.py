"""lasagne.updates: five steps of every rule as Lasagne made them, the order of the dict, and constraints of norms."""

import numpy as np
import pytensor
import pytest
from lasagne_golden import close, results

from symloss import updates as ours
from symloss.compat import lasagne, theano
from symloss.compat.lasagne.updates import (
    apply_momentum,
    apply_nesterov_momentum,
    get_or_compute_grads,
    norm_constraint,
    total_norm_constraint,
)

T = theano.tensor
GOLDEN = {dtype: results("updates", dtype) for dtype in ("float64", "float32")}
RUNS = [(dtype, run["name"]) for dtype, found in GOLDEN.items() for run in found["runs"] if "trajectory" in run]


def problem(dtype):
    told = GOLDEN[dtype]["problem"]
    shared = [theano.shared(np.asarray(told[name], dtype), name=name[0], shape=np.shape(told[name]))
              for name in ("W0", "b0", "s0")]
    w, b, s = shared
    curved, flat = np.asarray(told["cW"], dtype), np.asarray(told["cb"], dtype)
    return 0.5 * T.sum(curved * w**2) + 0.5 * T.sum(flat * (b - 1) ** 2) + 0.25 * s**4, shared


def special(name, loss, params, dtype):
    """Return the updates of a run that is no plain call of a rule."""
    rules, grads = lasagne.updates, theano.grad(loss, params)
    rate = theano.shared(np.asarray(0.01 if "adam" in name else 0.1, "float64" if "float64" in name else dtype))
    if name == "total_norm_sgd":
        return rules.sgd(total_norm_constraint(grads, 1.0), params, 0.1)
    if name == "sgd_norm_constraint_W":
        made = rules.sgd(loss, params, 0.1)
        made[params[0]] = norm_constraint(made[params[0]], 1.0)
        return made
    return {
        "sgd_grads_list": lambda: rules.sgd(grads, params, 0.1),
        "rmsprop_apply_momentum": lambda: apply_momentum(rules.rmsprop(loss, params, 0.01), momentum=0.9),
        "rmsprop_apply_momentum_params": lambda: apply_momentum(rules.rmsprop(loss, params, 0.01), params, 0.9),
        "adagrad_apply_nesterov": lambda: apply_nesterov_momentum(rules.adagrad(loss, params, 0.1), params, 0.9),
        "sgd_symbolic_lr": lambda: rules.sgd(loss, params, rate),
        "adam_symbolic_lr": lambda: rules.adam(loss, params, rate),
        "adam_float64_lr_shared": lambda: rules.adam(loss, params, rate),
    }[name]()


def label(variable, params):
    return f"param:{variable.name}" if variable in params else f"state{variable.get_value().shape}"


@pytest.mark.parametrize(("dtype", "name"), RUNS)
def test_steps_and_order_are_those_of_lasagne(dtype, name):
    with pytensor.config.change_flags(floatX=dtype):
        run = next(r for r in GOLDEN[dtype]["runs"] if r["name"] == name)
        loss, params = problem(dtype)
        rule = name.split("_learning")[0].split("_beta")[0].split("_epsilon")[0]
        made = (getattr(lasagne.updates, rule)(loss, params, **run["kwargs"]) if run["kwargs"] is not None
                else special(name, loss, params, dtype))
        assert [label(v, params) for v in made] == run["key_order"]
        assert [v.dtype for v in made] == run["state_dtypes"]
        assert [v.dtype for v in made.values()] == run["update_expr_dtypes"]
        step = theano.function([], loss, updates=made, mode="PYTHON")
        for told in run["trajectory"]:
            close(step(), told["loss_before"], dtype)
            for parameter in params:
                close(parameter.get_value(), told[parameter.name], dtype)
        for variable, wanted in zip(made, run["final_state"], strict=True):
            close(variable.get_value(), wanted["data"], dtype)


@pytest.mark.parametrize("dtype", GOLDEN)
def test_constrained_norms_are_those_of_lasagne(dtype):
    with pytensor.config.change_flags(floatX=dtype):
        for case in GOLDEN[dtype]["norm"]:
            told = [case["x"]] if "x" in case else case["xs"]
            values = [np.array(x["data"], dtype).reshape(x["shape"]) for x in told]
            if case["func"] == "norm_constraint":
                if values[0].ndim == 1 and not case["kwargs"]:
                    with pytest.raises(ValueError, match="Unsupported tensor dimensionality 1"):
                        norm_constraint(T.vector(), 1.5)
                    continue
                found = norm_constraint(T.constant(values[0]), case["max_norm"], **case["kwargs"])
                close(theano.function([], found, mode="PYTHON")(), case["value"]["data"], dtype)
                continue
            found, norm = total_norm_constraint([T.constant(v) for v in values], case["max_norm"], return_norm=True)
            made = theano.function([], [*found, norm], mode="PYTHON")()
            for one, wanted in zip(made, [*case["value"], case["norm"]], strict=True):
                close(one, wanted["data"] if isinstance(wanted, dict) else wanted, dtype)


def test_a_list_is_gradients_and_anything_else_a_loss():
    loss, params = problem("float64")
    grads = theano.grad(loss, params)
    assert get_or_compute_grads(grads, params) is grads
    with pytest.raises(ValueError, match="Got 2 gradient expressions for 3 parameters"):
        lasagne.updates.sgd(grads[:2], params, 0.1)
    with pytest.raises(AttributeError, match=r"list\(gradients\)"):
        lasagne.updates.sgd(tuple(grads), params, 0.1)
    with pytest.raises(TypeError):
        lasagne.updates.sgd(loss * T.ones(3), params, 0.1)


def test_only_shared_variables_are_updated():
    loss, params = problem("float64")
    for other in (T.matrix(), params[0] * 2):
        with pytest.raises(ValueError, match=r"params must contain shared variables only.*collect_shared_vars"):
            lasagne.updates.adam(loss, [other])


def test_state_may_be_stretched_where_its_parameter_may():
    p = theano.shared(np.zeros((3, 1)), broadcastable=(False, True))
    made = lasagne.updates.momentum(T.sum(p**2), [p], 0.1)
    assert [v.broadcastable for v in made] == [(False, True)] * 2
    assert lasagne.updates.sgd(T.sum(p), [p], 0.1)[p].broadcastable == (False, True)


def test_a_rate_of_float64_for_a_parameter_of_float32_is_an_error_that_names_both():
    with pytensor.config.change_flags(floatX="float32"):
        loss, params = problem("float32")
        made = special("adam_float64_lr_shared", loss, params, "float32")
        assert made[params[0]].dtype == "float64"
        with pytest.raises(TypeError, match=r"'W' has dtype float32.*float64.*theano.config.floatX"):
            theano.function([], [], updates=made, mode="PYTHON")


def test_params_may_be_an_iterator():
    loss, params = problem("float64")
    assert list(lasagne.updates.sgd(loss, iter(params), 0.1)) == params


@pytest.mark.parametrize(("name", "same"), [("sgd", "sgd"), ("momentum", "momentum"), ("nesterov_momentum", "nag"),
                                            ("adadelta", "adadelta"), ("adamax", "adamax")])
def test_rules_that_are_the_same_in_the_core_go_the_same_way(name, same):
    ways = []
    for rule in (lambda loss, p: getattr(lasagne.updates, name)(loss, p, 0.05),
                 lambda loss, p: getattr(ours, same)(dict(zip(p, theano.grad(loss, p), strict=True)),
                                                     learning_rate=0.05)):
        loss, params = problem("float64")
        step = theano.function([], [], updates=rule(loss, params), mode="PYTHON")
        for _ in range(3):
            step()
        ways.append([p.get_value() for p in params])
    for a, b in zip(*ways, strict=True):
        close(a, b, "float64")
