"""Recurrent layers against plain numpy loops written from their formulas; directions, masks, limits, starts."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy.special import expit as sigmoid

import symloss
from symloss.compiling import function, resolve
from symloss.layers.graph import Graph

BATCH, STEPS, INPUTS = 3, 6, 2


def graph(layer, seed=1, last=2):
    """A graph of a recurrent layer between input and output, whose parameters are all drawn, biases as well."""
    made = Graph([INPUTS, layer, last], input_ndim=3, seed=seed)
    rng = np.random.default_rng(seed)
    for shared in made.parameters.values():
        value = shared.get_value(borrow=True)
        shared.set_value((0.7 * rng.normal(size=value.shape)).astype(value.dtype))
    return made


def values(made, x, mask=None, mode="PYTHON"):
    """The outputs of layer 1 for sequences, by short name."""
    outputs = {k.removeprefix("hid1:"): v for k, v in made.outputs()[0].items() if k.startswith("hid1:")}
    arrays = [x] if made.mask is None else [x, np.ones(x.shape[:2], "int8") if mask is None else mask]
    compiled = function(list(made.input_variables().values()), list(outputs.values()), resolve(mode))
    return dict(zip(outputs, compiled(*arrays), strict=True))


def parameters(layer):
    return {short: shared.get_value() for short, shared in layer.params.items()}


# ------------------------------------------------------------------------------- the formulas, a sequence at a time


def rnn(x, p, layer, h, act=np.tanh):
    for x_t in x:
        pre = x_t @ p["xh"] + h @ p["hh"] + p["b"]
        h = act(pre)
        yield {"pre": pre, "out": h}


def rrnn(x, p, layer, h):
    for x_t in x:
        rate = layer.rate
        if rate == "matrix":
            rate = sigmoid(x_t @ p["xr"] + p["r"])
        elif rate == "vector":
            rate = sigmoid(p["r"])
        pre = x_t @ p["xh"] + h @ p["hh"] + p["b"]
        hid = np.tanh(pre)
        rate = np.asarray(rate)
        h = (1 - rate) * h + rate * hid
        yield {"pre": pre, "hid": hid, "rate": rate, "out": h}


def clockwork(x, p, layer, h):
    """Modules of 2 units with the periods 1, 2, 3; units feed those of their own module and of faster ones."""
    period, pre = np.array([1, 1, 2, 2, 3, 3]), np.zeros(6)
    mask = period[:, None] >= period
    for t, x_t in enumerate(x):
        new = x_t @ p["xh"] + h @ (p["hh"] * mask) + p["b"]
        pre = np.where(t % period == 0, new, pre)
        h = np.tanh(pre)
        yield {"pre": pre, "out": h}


def bcrnn(x, p, layer, h):
    """Modules of 3 units; the faster one is hardly slowed down, the slower one hardly moves."""
    rate, pre = np.repeat([1 - 10**-0.0001, 1 - 10**-6.0], 3), np.zeros(6)
    mask = np.kron([[1, 0], [1, 1]], np.ones((3, 3)))
    for x_t in x:
        pre = rate * pre + (1 - rate) * (x_t @ p["xh"] + h @ (p["hh"] * mask) + p["b"])
        h = np.tanh(pre)
        yield {"pre": pre, "rate": rate, "out": h}


def mrnn(x, p, layer, h):
    for x_t in x:
        factors = x_t @ p["xf"]
        pre = (factors * (h @ p["hf"])) @ p["fh"] + x_t @ p["xh"] + p["b"]
        h = np.tanh(pre)
        yield {"pre": pre, "factors": factors, "out": h}


def lstm(x, p, layer, h):
    c = np.zeros_like(h)
    for x_t in x:
        i, f, g, o = np.split(x_t @ p["xh"] + h @ p["hh"] + p["b"], 4)
        i, f = sigmoid(i + c * p["ci"]), sigmoid(f + c * p["cf"])
        c = f * c + i * np.tanh(g)
        h = sigmoid(o + c * p["co"]) * np.tanh(c)
        yield {"cell": c, "out": h}


def gru(x, p, layer, h):
    for x_t in x:
        x_h, x_r, x_z = np.split(x_t @ p["w"] + p["b"], 3)
        r, z = sigmoid(x_r + h @ p["hr"]), sigmoid(x_z + h @ p["hz"])
        pre = x_h + (r * h) @ p["hh"]
        h = (1 - z) * h + z * np.tanh(pre)
        yield {"pre": pre, "hid": np.tanh(pre), "rate": z, "out": h}


def mut1(x, p, layer, h):
    for x_t in x:
        r, z = sigmoid(x_t @ p["xr"] + h @ p["hr"] + p["br"]), sigmoid(x_t @ p["xz"] + p["bz"])
        pre = np.tanh(x_t @ p["xh"]) + (r * h) @ p["hh"] + p["bh"]
        h = (1 - z) * h + z * np.tanh(pre)
        yield {"pre": pre, "hid": np.tanh(pre), "rate": z, "out": h}


def scrn(x, p, layer, h):
    size = len(h)
    rate = sigmoid(p["r"]) if "r" in p else np.asarray(layer.rate)
    s = np.zeros(p["sh"].shape[0])
    for x_t in x:
        s = (1 - rate) * s + rate * (x_t @ p["w"][:, size:])
        pre = x_t @ p["w"][:, :size] + h @ p["hh"] + s @ p["sh"]
        h = sigmoid(pre)
        yield {"pre": pre, "hid": h, "state": s, "rate": rate, "out": h @ p["ho"] + s @ p["so"] + p["b"]}


LAYERS = {
    "rnn": (rnn, {"activation": "tanh"}),
    "rrnn matrix": (rrnn, {"activation": "tanh"}),
    "rrnn vector": (rrnn, {"activation": "tanh", "rate": "vector"}),
    "rrnn uniform": (rrnn, {"activation": "tanh", "rate": "uniform"}),
    "rrnn log": (rrnn, {"activation": "tanh", "rate": "log"}),
    "clockwork": (clockwork, {"activation": "tanh", "periods": [3, 1, 2]}),
    "bcrnn": (bcrnn, {"activation": "tanh", "num_modules": 2}),
    "mrnn": (mrnn, {"activation": "tanh"}),
    "lstm": (lstm, {}),
    "gru": (gru, {}),
    "mut1": (mut1, {}),
    "scrn": (scrn, {}),
    "scrn log": (scrn, {"rate": "log", "context_size": 2}),
}


def described(name, **options):
    return {"form": name.split()[0], "size": 6, **LAYERS[name][1], **options}


def by_hand(name, made, x):
    """What `values` should be: the formula, for each sequence of a batch."""
    formula, layer = LAYERS[name][0], made.layers[1]
    runs = [list(formula(sequence, parameters(layer), layer, np.zeros(6))) for sequence in x]
    return {k: np.array([[step[k] for step in run] for run in runs]) for k in runs[0][0]}


@pytest.fixture
def x(rng):
    return rng.normal(size=(BATCH, STEPS, INPUTS))


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_its_formula_step_by_step(name, x):
    made = graph(described(name))
    got, wanted = values(made, x), by_hand(name, made, x)
    assert set(got) == set(wanted)
    for short, value in wanted.items():
        np.testing.assert_allclose(got[short], value, rtol=1e-10, atol=1e-12, err_msg=short)


@pytest.mark.parametrize("name", LAYERS)
def test_backward_is_forward_on_the_sequence_turned_round(name, x):
    made = graph(described(name, direction="backward"))
    wanted = by_hand(name, made, x[:, ::-1])
    for short, value in values(made, x).items():
        np.testing.assert_allclose(value, wanted[short][:, ::-1], rtol=1e-10, atol=1e-12, err_msg=short)


@pytest.mark.parametrize("name", LAYERS)
def test_what_fills_a_sequence_up_changes_nothing_backward(name, x):
    """The outputs of a short sequence are those it has alone, whatever stands in the steps behind it."""
    made = graph(described(name, direction="backward"))
    counts = np.array([4, STEPS, 1])
    mask = (np.arange(STEPS) < counts[:, None]).astype("int8")
    got = values(made, np.where(mask[..., None], x, 99.0), mask)
    for row, count in enumerate(counts):
        alone = by_hand(name, made, x[row : row + 1, :count][:, ::-1])
        np.testing.assert_allclose(got["out"][row, :count], alone["out"][0, ::-1], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", LAYERS)
def test_gradients_are_those_of_finite_differences(name, rng, x):
    made = graph(described(name))
    direction = rng.normal(size=(BATCH, STEPS, 6))
    scalar = (made.outputs()[0]["hid1:out"] * direction).sum()
    layer, variable = made.layers[1], made.inputs[0].variable
    slopes = pytensor.grad(scalar, [variable, *layer.params.values()])
    compiled = function([variable], [scalar, *slopes], resolve("PYTHON"))
    exact = compiled(x)[2:]
    for (short, shared), slope in zip(layer.params.items(), exact, strict=True):
        start = shared.get_value()
        along = rng.normal(size=start.shape)
        ends = []
        for step in (1e-6, -1e-6):
            shared.set_value(start + step * along)
            ends.append(compiled(x)[0])
        shared.set_value(start)
        np.testing.assert_allclose((slope * along).sum(), (ends[0] - ends[1]) / 2e-6, rtol=2e-5, atol=1e-8,
                                   err_msg=short)


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name, x):
    with pytensor.config.change_flags(floatX="float32"):
        made = graph(described(name, direction="backward", bptt_limit=2))
        outputs = made.outputs()[0]
        slopes = pytensor.grad(outputs["out:out"].sum(), list(made.parameters.values()), disconnected_inputs="ignore")
        assert {v.dtype for v in [*outputs.values(), *slopes]} == {"float32"}
        wanted = by_hand(name, made, x.astype("float32")[:, ::-1])["out"][:, ::-1]
        np.testing.assert_allclose(values(made, x.astype("float32"))["out"], wanted, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_a_description_rebuilds_the_layer(name):
    made = Graph([INPUTS, described(name, bptt_limit=3, radius=None if name == "mrnn" else 0.9), 2], input_ndim=3)
    again = Graph(made.to_spec(), input_ndim=3)
    assert again.to_spec() == made.to_spec()
    for ours, theirs in zip(made.parameters.values(), again.parameters.values(), strict=True):
        assert np.array_equal(ours.get_value(), theirs.get_value())
    assert getattr(made.layers[1], "rate", None) == getattr(again.layers[1], "rate", None)


# ------------------------------------------------------------------------------------------------- bidirectional


@pytest.mark.parametrize("name", ["rnn", "lstm", "clockwork", "scrn", "rrnn uniform"])
def test_both_directions_are_aligned_in_time(name, x):
    made = graph(described(name) | {"form": "bidirectional", "worker": name.split()[0], "size": 12})
    got = values(made, x)
    for side, order in (("fw", slice(None)), ("bw", slice(None, None, -1))):
        half = made.layers[1].halves[side]
        p = {short: shared.get_value() for short, shared in half.params.items()}
        runs = [list(LAYERS[name][0](sequence[order], p, half, np.zeros(6))) for sequence in x]
        wanted = np.array([[step["out"] for step in run] for run in runs])[:, order]
        np.testing.assert_allclose(got[f"{side}_out"], wanted, rtol=1e-10, atol=1e-12)
    assert np.array_equal(got["out"], np.concatenate([got["fw_out"], got["bw_out"]], axis=-1))
    assert {k.removeprefix("fw_") for k in got if k.startswith("fw_")} <= set(got)


def test_the_halves_start_with_different_weights():
    layer = Graph([INPUTS, (8, "bilstm"), 2], input_ndim=3).layers[1]
    assert not np.array_equal(layer.params["fw_hh"].get_value(), layer.params["bw_hh"].get_value())
    assert layer.params["fw_hh"].name == "hid1.fw_hh"
    assert {"fw_xh", "bw_xh", "fw_hh", "bw_hh"} == layer.weight_names


@pytest.mark.parametrize(("short", "worker"), [("birnn", "rnn"), ("bilstm", "lstm"), ("bigru", "gru")])
def test_short_names_of_bidirectional_layers(short, worker):
    long = Graph([INPUTS, {"form": "bidirectional", "worker": worker, "size": 4}, 2], input_ndim=3)
    made = Graph([INPUTS, (4, short), 2], input_ndim=3)
    assert made.layers[1].activate.name == long.layers[1].activate.name == ("relu" if worker == "rnn" else "tanh")
    for ours, theirs in zip(made.parameters.values(), long.parameters.values(), strict=True):
        assert np.array_equal(ours.get_value(), theirs.get_value())
    assert Graph(made.to_spec(), input_ndim=3).to_spec() == made.to_spec()


def test_fixed_rates_of_both_halves_are_in_the_description():
    made = Graph([INPUTS, {"form": "bidirectional", "worker": "rrnn", "rate": "uniform", "size": 6}, 2], input_ndim=3)
    again = Graph(made.to_spec(), input_ndim=3, seed=5)
    for side in ("fw", "bw"):
        assert made.layers[1].halves[side].rate == again.layers[1].halves[side].rate
    assert made.layers[1].halves["fw"].rate != made.layers[1].halves["bw"].rate


# ------------------------------------------------------------------------------------------------- options


@pytest.mark.parametrize("form", ["rnn", "lstm", "gru", "mut1", "scrn", "clockwork", "rrnn"])
def test_the_radius_is_the_greatest_eigenvalue(form):
    options = {"periods": [1, 2]} if form == "clockwork" else {}
    layer = Graph([3, {"form": form, "size": 8, "radius": 1.3, **options}, 2], input_ndim=3).layers[1]
    for short in {"hh", "hr", "hz"} & set(layer.params):
        for block in np.split(layer.params[short].get_value(), layer.params[short].get_value().shape[1] // 8, axis=1):
            np.testing.assert_allclose(np.abs(np.linalg.eigvals(block)).max(), 1.3)


def test_a_matrix_between_units_starts_orthogonal_or_as_told():
    made = Graph([3, {"form": "rnn", "size": 5}, {"form": "rnn", "size": 5, "diagonal_hh": 0.5}, 2], input_ndim=3)
    first, second = (layer.params["hh"].get_value() for layer in made.layers[1:3])
    np.testing.assert_allclose(first @ first.T, np.eye(5), atol=1e-12)
    np.testing.assert_allclose(second, 0.5 * np.eye(5))
    given = np.arange(12.0).reshape(3, 4)
    made = Graph([3, {"form": "rnn", "size": 4, "init_xh": given, "std_hh": 0.1, "mean_b": 2, "std_b": 0}, 2],
                 input_ndim=3)
    assert np.array_equal(made.layers[1].params["xh"].get_value(), given)
    assert np.array_equal(made.layers[1].params["b"].get_value(), np.full(4, 2.0))


def test_the_cells_of_an_lstm_remember_from_the_start():
    bias = Graph([3, (2, "lstm"), 2], input_ndim=3).layers[1].params["b"].get_value()
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_a_limit_cuts_gradients_and_no_step_loses_its_own(limit):
    """h_t = sum of x up to t. Cut into stretches, x_s reaches the steps from s to the end of its stretch.

    scan's own truncate_gradient leaves all steps but the last few without any gradient.
    """
    layer = {"form": "rnn", "size": 1, "activation": "linear", "init_xh": [[1.0]], "init_hh": [[1.0]]}
    made = Graph([1, layer | {"bptt_limit": limit}, 1], input_ndim=3)
    variable, out = made.inputs[0].variable, made.outputs()[0]["hid1:out"]
    compiled = function([variable], [out, pytensor.grad(out.sum(), variable)], resolve("PYTHON"))
    out, slope = compiled(np.ones((1, 7, 1)))
    assert out.ravel().tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert slope.ravel().tolist() == [min(7, s - s % limit + limit) - s for s in range(7)]


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_another_layer_makes_the_initial_state(direction, x):
    layers = [INPUTS, {"form": "input", "name": "start", "size": 6, "ndim": 2},
              {"form": "lstm", "name": "hid1", "size": 6, "inputs": "in", "h_0": "start", "c_0": "start:out",
               "direction": direction}, 2]
    made = Graph(layers, input_ndim=3, seed=1)
    start = np.random.default_rng(3).normal(size=(BATCH, 6))
    p, layer = parameters(made["hid1"]), made["hid1"]
    out = made.outputs()[0]["hid1:out"]
    compiled = function(list(made.input_variables().values()), [out], resolve("PYTHON"))
    got = compiled(x, start, np.ones((BATCH, STEPS), "int8"))[0]
    order = slice(None, None, 1 if direction == "forward" else -1)
    for row in range(BATCH):
        h = c = start[row]
        for t, x_t in enumerate(x[row, order]):
            i, f, g, o = np.split(x_t @ p["xh"] + h @ p["hh"] + p["b"], 4)
            c = sigmoid(f + c * p["cf"]) * c + sigmoid(i + c * p["ci"]) * np.tanh(g)
            h = sigmoid(o + c * p["co"]) * np.tanh(c)
            np.testing.assert_allclose(got[row, order][t], h, rtol=1e-10)
    assert layer.to_spec()["inputs"] == ["in"]
    assert Graph(made.to_spec(), input_ndim=3).to_spec() == made.to_spec()


def test_the_last_step_of_a_sequence_can_be_the_initial_state(x):
    """An encoder's last step, before the filling, is where the decoder starts."""
    layers = [INPUTS, {"form": "rnn", "name": "code", "size": 6, "activation": "tanh"},
              {"form": "rnn", "name": "hid1", "size": 6, "inputs": "in", "h_0": "code", "activation": "tanh"}, 2]
    made = Graph(layers, input_ndim=3, seed=1)
    counts = [2, STEPS, 4]
    mask = (np.arange(STEPS) < np.array(counts)[:, None]).astype("int8")
    outputs = made.outputs()[0]
    compiled = function(list(made.input_variables().values()), [outputs["code:out"], outputs["hid1:out"]],
                        resolve("PYTHON"))
    code, got = compiled(x, mask)
    p = parameters(made["hid1"])
    for row, count in enumerate(counts):
        wanted = [step["out"] for step in rnn(x[row], p, None, code[row, count - 1])]
        np.testing.assert_allclose(got[row], wanted, rtol=1e-10)


def test_activations_with_parameters_learn_inside_the_loop(x):
    made = graph({"form": "rnn", "size": 6, "activation": "prelu"})
    slopes = pytensor.grad(made.outputs()[0]["out:out"].sum(), list(made.layers[1].params.values()))
    assert len(slopes) == 4
    compiled = function([made.inputs[0].variable], slopes, resolve("PYTHON"))
    assert all(np.abs(slope).max() > 0 for slope in compiled(x))


def test_the_input_product_is_outside_of_the_loop(x):
    """The loop takes x xh + b for all steps as it is, and one product of the state."""
    made = graph({"form": "lstm", "size": 6})
    scans = [a.owner for a in pytensor.graph.traversal.ancestors([made.outputs()[0]["hid1:out"]])
             if a.owner is not None and type(a.owner.op).__name__ == "Scan"]
    inner = scans[0].op.fgraph.toposort()
    assert sum(isinstance(node.op, pt.math.Dot) for node in inner) == 1


# ------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"form": "rnn"}, "hid1.*no size"),
        ({"form": "rnn", "size": 5, "direction": "up"}, "direction='up'.*'forward' or 'backward'"),
        ({"form": "rnn", "size": 5, "direction": ["back"]}, "direction=.*'forward' or 'backward'"),
        ({"form": "rnn", "size": 5, "radius": np.inf}, "radius=inf is not valid; it must be a finite number"),
        ({"form": "rnn", "size": 5, "radius": True}, "radius=True is not valid; it must be a finite number"),
        ({"form": "rrnn", "size": 1, "rate": ["a"]}, "rate=.*matrix, vector, uniform, log, or a list of numbers"),
        ({"form": "rnn", "size": 5, "h_0": 0}, "h_0 has the type int.* the name of a layer.*'form': 'input'"),
        ({"form": "lstm", "size": 5, "c_0": np.zeros(5)}, "c_0 has the type ndarray.* the name of a layer"),
        ({"form": "scrn", "size": 5, "s_0": pytensor.shared(1.0)}, "s_0 has the type .*SharedVariable.* the name"),
        ({"form": "bilstm", "size": 6, "h_0": 0}, "h_0 has the type int.* the name of a layer"),
        ({"form": "rnn", "size": 5, "bptt_limit": 0}, "bptt_limit=0.*at least 1"),
        ({"form": "rnn", "size": 5, "radius": -1}, "radius=-1.*greater than 0"),
        ({"form": "rnn", "size": 5, "radius": 0.5, "init_hh": np.eye(5, k=1)}, "all eigenvalues of 'hh' are 0"),
        ({"form": "mrnn", "size": 5, "radius": 0.5}, "no matrix hh"),
        ({"form": "rnn", "size": 5, "inputs": ["in", "in"], "h_0": "in"}, "h_0='in' has 2 units, but it must have 5"),
        ({"form": "rrnn", "size": 5, "rate": "fast"}, "rate='fast' .* matrix, vector, uniform, log"),
        ({"form": "rrnn", "size": 5, "rate": [0.5, 0.5]}, "2 rates for 5 units"),
        ({"form": "rrnn", "size": 2, "rate": [0.5, 0.0]}, "numbers greater than 0"),
        ({"form": "scrn", "size": 5, "rate": "matrix"}, "vector, uniform, log"),
        ({"form": "clockwork", "size": 5}, "periods=None is not valid; it must be a list"),
        ({"form": "clockwork", "size": 5, "periods": [1, 2]}, "size=5 is not a multiple of its 2 modules. Use 4"),
        ({"form": "clockwork", "size": 4, "periods": [1, 0]}, "periods=0"),
        ({"form": "bcrnn", "size": 5, "num_modules": 3}, "not a multiple of its 3 modules"),
        ({"form": "bidirectional", "size": 5}, "half of the units read each way. Use 6"),
        ({"form": "bidirectional", "size": 4, "worker": "feedforward"}, "one of the recurrent forms .*lstm"),
        ({"form": "bidirectional", "size": 4, "direction": "backward"}, "reads both ways"),
        ({"form": "bidirectional", "size": 4, "worker": "rnn", "rate": "log"}, "rnn both ways.*'rate'"),
        ({"form": "rnn", "size": 5, "periods": [1]}, "periods"),
        ({"form": "rnn", "size": 5, "name": "mask", "direction": "backward"}, "'mask'.*Give the layer another"),
    ],
)
def test_a_layer_that_cannot_be_says_why(layer, words):
    with pytest.raises(symloss.SymlossError, match=words):
        Graph([2, layer, 3], input_ndim=3)


def test_a_recurrent_layer_in_a_model_without_time_says_which_model_has_it():
    with pytest.raises(symloss.SpecError, match=r"'in' has 2 axes.*symloss\.recurrent"):
        symloss.Regressor([2, (5, "rnn"), 3])


# ------------------------------------------------------------------------------------------------- backends


# between them, these have all operations that stand in a loop of any layer, and loops of one state and of two; C trains
# an LSTM in tests/models/test_recurrent.py, and NUMBA compiles one loop for as long as all others
IN_JAX = ("rrnn matrix", "clockwork", "bcrnn", "mrnn", "lstm", "scrn log")


@pytest.mark.parametrize(("mode", "name"), [("C", "clockwork"), ("NUMBA", "rnn"), *(("JAX", name) for name in IN_JAX)])
def test_values_and_gradients_of_other_backends(mode, name, x):
    made = graph(described(name, bptt_limit=None if mode == "NUMBA" else 4, direction="backward"))
    outputs, variables = made.outputs()[0], list(made.input_variables().values())
    slopes = pytensor.grad(outputs["out:out"].sum(), list(made.layers[1].params.values()), disconnected_inputs="ignore")
    wanted = [outputs["hid1:out"], *slopes]
    mask = (np.arange(STEPS) < np.array([4, STEPS, 1])[:, None]).astype("int8")
    plain, other = (function(variables, wanted, resolve(m))(x, mask) for m in ("PYTHON", mode))
    for a, b in zip(plain, other, strict=True):
        np.testing.assert_allclose(np.asarray(b), a, rtol=1e-6, atol=1e-8)
