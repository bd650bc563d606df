"""Layers that go through time, against loops of numpy."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from computing import draws, value
from numpy.random import RandomState
from scipy.special import expit

from symloss.compat import lasagne
from symloss.compat.lasagne import layers as ll

BATCH, STEPS, INPUTS, UNITS = 3, 4, 2, 5
X = draws(BATCH, STEPS, INPUTS)
MASK = (np.arange(STEPS) < [[4], [2], [3]]).astype(pytensor.config.floatX)
KINDS = {"plain": ll.RecurrentLayer, "lstm": ll.LSTMLayer, "gru": ll.GRULayer}


@pytest.fixture(autouse=True)
def seeded():
    before = lasagne.random.get_rng()
    lasagne.random.set_rng(RandomState(1))
    yield
    lasagne.random.set_rng(before)


def made(kind, **options):
    lasagne.random.set_rng(RandomState(2))
    if kind == "plain":
        options = {"W_in_to_hid": lasagne.init.Normal(0.5), "W_hid_to_hid": lasagne.init.Normal(0.5),
                   "nonlinearity": lasagne.nonlinearities.tanh} | options
    return KINDS[kind](ll.InputLayer((None, None, INPUTS)), UNITS, hid_init=draws(1, UNITS, seed=3), **options)


def by_hand(layer, x, mask=None, backwards=False):
    """Return the states (batch, time, units) that a layer goes through."""
    w = {name: p.get_value() for name, p in vars(layer).items() if hasattr(p, "get_value")}

    def gate(name, now, h):
        return now @ w[f"W_in_to_{name}"] + h @ w[f"W_hid_to_{name}"] + w[f"b_{name}"]

    def plain(now, h, c):
        return np.tanh(now @ w["W_in_to_hid"] + h @ w["W_hid_to_hid"] + w["b"]), c

    def lstm(now, h, c):
        peep = {name: w[f"W_cell_to_{name}"] if layer.peepholes else 0 for name in ("ingate", "forgetgate", "outgate")}
        new = expit(gate("forgetgate", now, h) + c * peep["forgetgate"]) * c
        new = new + expit(gate("ingate", now, h) + c * peep["ingate"]) * np.tanh(gate("cell", now, h))
        return expit(gate("outgate", now, h) + new * peep["outgate"]) * np.tanh(new), new

    def gru(now, h, c):
        reset, update = expit(gate("resetgate", now, h)), expit(gate("updategate", now, h))
        moved = h @ w["W_hid_to_hidden_update"]
        new = np.tanh(now @ w["W_in_to_hidden_update"] + w["b_hidden_update"] + reset * moved)
        return (1 - update) * h + update * new, c

    step = {ll.RecurrentLayer: plain, ll.LSTMLayer: lstm, ll.GRULayer: gru}[type(layer)]
    h, c = np.repeat(w["hid_init"], len(x), axis=0), np.repeat(w.get("cell_init", w["hid_init"]), len(x), axis=0)
    states = np.zeros((*x.shape[:2], UNITS))
    for t in reversed(range(x.shape[1])) if backwards else range(x.shape[1]):
        new, cell = step(x[:, t], h, c)
        going = np.ones((len(x), 1)) if mask is None else mask[:, t, None]
        h, c = np.where(going, new, h), np.where(going, cell, c)
        states[:, t] = h
    return states


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", [{}, {"backwards": True, "masked": True}, {"precompute_input": False},
                                     {"unroll_scan": True, "masked": True, "backwards": True},
                                     {"only_return_final": True, "masked": True}, {"grad_clipping": 0.1}],
                         ids=lambda options: "-".join(options) or "plain")
def test_states_are_those_of_a_loop_by_hand(kind, options):
    options = dict(options)
    mask = ll.InputLayer((BATCH, STEPS)) if options.pop("masked", False) else None
    final, backwards = options.get("only_return_final", False), options.get("backwards", False)
    layer = made(kind, mask_input=mask, **options) if not options.get("unroll_scan") else None
    if layer is None:
        lasagne.random.set_rng(RandomState(2))
        more = {} if kind != "plain" else {"nonlinearity": lasagne.nonlinearities.tanh}
        layer = KINDS[kind](ll.InputLayer(X.shape), UNITS, mask_input=mask, hid_init=draws(1, UNITS, seed=3), **more,
                            **options)
    given = {layer.input_layers[0]: X} | ({mask: MASK} if mask else {})
    shapes = {each: array.shape for each, array in given.items()}
    wanted = by_hand(layer, X, MASK if mask else None, backwards)
    wanted = wanted[:, 0 if backwards else -1] if final else wanted
    found = value(ll.get_output(layer, given))
    assert ll.get_output_shape(layer, shapes) == found.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_in_their_order(kind):
    layer = made(kind, name="r")
    names = {
        "plain": ["hid_init", "input_to_hidden.W", "input_to_hidden.b", "hidden_to_hidden.W"],
        "lstm": [f"{part}_{gate}" for gate in ("ingate", "forgetgate", "cell", "outgate")
                 for part in ("W_in_to", "W_hid_to", "b")]
        + ["W_cell_to_ingate", "W_cell_to_forgetgate", "W_cell_to_outgate", "cell_init", "hid_init"],
        "gru": [f"{part}_{gate}" for gate in ("updategate", "resetgate", "hidden_update")
                for part in ("W_in_to", "W_hid_to", "b")] + ["hid_init"],
    }[kind]
    assert [p.name for p in layer.get_params()] == [f"r.{name}" for name in names]
    learnt = len(layer.get_params(trainable=True))
    assert len(made(kind, learn_init=True).get_params(trainable=True)) == learnt + (2 if kind == "lstm" else 1)
    assert len(ll.LSTMLayer((2, 3, 4), 5, peepholes=False).get_params()) == 14


@pytest.mark.parametrize("kind", KINDS)
def test_states_of_other_layers_begin(kind):
    start = ll.InputLayer((None, UNITS))
    lasagne.random.set_rng(RandomState(2))
    names = ("hid_init", "cell_init") if kind == "lstm" else ("hid_init",)
    layer = KINDS[kind](ll.InputLayer((None, None, INPUTS)), UNITS, **dict.fromkeys(names, start))
    h = draws(1, UNITS, seed=5)
    found = value(ll.get_output(layer, {layer.input_layers[0]: X, start: np.repeat(h, BATCH, axis=0)}))
    lasagne.random.set_rng(RandomState(2))
    same = KINDS[kind](ll.InputLayer((None, None, INPUTS)), UNITS, **dict.fromkeys(names, h))
    np.testing.assert_allclose(found, value(ll.get_output(same, X)))
    assert start in ll.get_all_layers(layer)
    assert not [p for p in layer.get_params() if p.name in names]


def test_gradients_go_so_many_steps_back_and_are_clipped():
    """The last state depends on the first input by as many steps as there are."""
    slopes = {}
    for steps in (-1, 2):
        layer = made("plain", gradient_steps=steps, only_return_final=True)
        at = layer.input_layers[0].input_var
        slopes[steps] = value(pytensor.grad(ll.get_output(layer).sum(), at), {at: X})
    assert (slopes[2][:, :2] == 0).all()
    np.testing.assert_allclose(slopes[2][:, 2:], slopes[-1][:, 2:])
    assert (slopes[-1] != 0).all()


def test_clipping_cuts_gradients_of_each_step():
    layer = made("plain", grad_clipping=1e-3)
    at = layer.input_layers[0].input_var
    slope = value(pytensor.grad(ll.get_output(layer).sum(), layer.b), {at: X})
    assert abs(slope).max() <= 1e-3 * BATCH * STEPS * (1 + 1e-9)
    layer = made("plain")
    at = layer.input_layers[0].input_var
    assert abs(value(pytensor.grad(ll.get_output(layer).sum(), layer.b), {at: X})).max() > 1


def test_steps_that_are_networks():
    """A convolution at each step."""
    step_in = ll.Conv1DLayer(ll.InputLayer((None, 2, 6)), 3, 3, pad="same", nonlinearity=None)
    step_hid = ll.Conv1DLayer(ll.InputLayer((None, 3, 6)), 3, 3, pad="same", nonlinearity=None)
    x = draws(2, 3, 2, 6)
    found = []
    for precompute in (True, False):
        layer = ll.CustomRecurrentLayer(ll.InputLayer(x.shape), step_in, step_hid, precompute_input=precompute)
        assert layer.output_shape == (2, 3, 3, 6)
        assert len(layer.get_params()) == 5
        found.append(value(ll.get_output(layer, x)))
    h = np.zeros((2, 3, 6))
    for t in range(3):
        moved = value(ll.get_output(step_in, x[:, t])) + value(ll.get_output(step_hid, h))
        h = np.maximum(moved, 0)
        np.testing.assert_allclose(found[0][:, t], h)
    np.testing.assert_allclose(found[1], found[0])


@pytest.mark.parametrize("make, words", [
    (lambda: ll.LSTMLayer((2, 3, 4), 5, gradient_steps=3, unroll_scan=True, name="l"), "'l'.*gradient_steps=3"),
    (lambda: ll.GRULayer((2, None, 4), 5, unroll_scan=True), r"\(2, None, 4\)"),
    (lambda: ll.CustomRecurrentLayer((2, 3, 4), ll.DenseLayer((None, 4), 5), ll.DenseLayer(ll.InputLayer((2, 5)), 5)),
     "`input_to_hidden` must have exactly one InputLayer"),
    (lambda: ll.CustomRecurrentLayer((2, 3, 4), ll.DenseLayer(ll.InputLayer((2, 4)), 5),
                                     ll.DenseLayer(ll.InputLayer((2, 5)), 5)), r"\(2, 5\), but its first length.* 6"),
    (lambda: ll.CustomRecurrentLayer((2, 3, 4), ll.DenseLayer(ll.InputLayer((None, 4)), 6),
                                     ll.DenseLayer(ll.InputLayer((2, 5)), 5)), r"\(None, 6\), and hidden_to_hidden's"),
    (lambda: ll.CustomRecurrentLayer((2, 3, 4), ll.DenseLayer(ll.InputLayer((None, 4)), 5),
                                     ll.DenseLayer(ll.InputLayer((2, 6)), 5)), "hidden_to_hidden's input"),
])
def test_loops_that_cannot_be(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_noise_within_a_loop_is_new_at_each_call():
    step_hid = ll.DropoutLayer(ll.DenseLayer(ll.InputLayer((None, 5)), 5, nonlinearity=None))
    step_in = ll.DenseLayer(ll.InputLayer((None, 4)), 5, nonlinearity=None)
    layer = ll.CustomRecurrentLayer(ll.InputLayer((2, 3, 4)), step_in, step_hid, hid_init=np.ones((1, 5)))
    x = pt.tensor3()
    compiled = lasagne.utils.theano.function([x], ll.get_output(layer, x), mode="FAST_COMPILE")
    given = draws(2, 3, 4)
    assert (compiled(given) != compiled(given)).any()
