"""Penalties, activations, initial values, the generator, utilities and files of lasagne."""

import numpy as np
import pytensor
import pytest
from lasagne_golden import close, results

from symloss.compat import lasagne, theano
from symloss.compat.lasagne import init, nonlinearities, regularization, utils
from symloss.compat.lasagne.layers import (
    BatchNormLayer,
    DenseLayer,
    InputLayer,
    get_all_param_values,
    get_all_params,
    set_all_param_values,
)
from symloss.compat.lasagne.theano_extensions import conv, padding
from symloss.errors import DataError, ShapeError

T = theano.tensor
DTYPES = ["float64", "float32"]


def value(expression):
    return theano.function([], expression, mode="PYTHON")()


# ------------------------------------------------------------------------------------------ nonlinearities


@pytest.mark.parametrize("dtype", DTYPES)
def test_activations_and_their_gradients_are_those_of_lasagne(dtype):
    golden = results("nonlinearities", dtype)
    x = np.array(golden["x"]["data"], dtype).reshape(golden["x"]["shape"])
    weights = (np.arange(30).reshape(6, 5) / 10).astype(dtype)
    cases = [case for case in golden["cases"] if "grad_of_weighted_sum" in case]
    assert len(cases) == 18
    with pytensor.config.change_flags(floatX=dtype):
        z = T.matrix("z")
        made = [activation(case["name"])(z) for case in cases]
        slopes = [theano.grad((one * weights).sum(), z) for one in made]
        found = theano.function([z], [*made, *slopes], mode="PYTHON")(x)
    for case, one, slope in zip(cases, found, found[len(cases):], strict=False):
        assert one.dtype == case["value"]["dtype"], case["name"]
        close(one, case["value"]["data"], dtype)
        close(slope, case["grad_of_weighted_sum"]["data"], dtype)


def activation(name):
    made = {
        "ScaledTanH()": lambda: nonlinearities.ScaledTanH(),
        "ScaledTanH(0.5,2.27)": lambda: nonlinearities.ScaledTanH(0.5, 2.27),
        "ScaledTanh(2./3,1.7159)": lambda: nonlinearities.ScaledTanh(2.0 / 3, 1.7159),
        "LeakyRectify(0)": lambda: nonlinearities.LeakyRectify(0),
        "LeakyRectify(0.2)": lambda: nonlinearities.LeakyRectify(0.2),
        "SELU()": lambda: nonlinearities.SELU(),
        "SELU(1.21,0.12)": lambda: nonlinearities.SELU(1.21, 0.12),
    }
    return made[name]() if name in made else getattr(nonlinearities, name)


def test_rectify_of_an_array_is_an_array():
    assert isinstance(nonlinearities.rectify(np.array([-1.0, 2])), np.ndarray)
    assert nonlinearities.rectify(np.array([-1.0, 2])).tolist() == [0, 2]


def test_softmax_is_over_the_last_axis_for_every_rank():
    for shape in ((3,), (2, 3), (2, 2, 3)):
        found = value(nonlinearities.softmax(T.constant(np.arange(np.prod(shape), dtype=float).reshape(shape))))
        assert found.shape == shape
        close(found.sum(axis=-1), np.ones(shape[:-1]), "float64")


# ------------------------------------------------------------------------------------------ regularization


def network(golden, dtype):
    given = {name: np.array(golden[name]["data"], dtype).reshape(golden[name]["shape"])
             for name in ("W1", "b1", "gamma", "beta", "W2", "b2")}
    l_in = InputLayer((None, 4))
    l1 = DenseLayer(l_in, 3, W=given["W1"], b=given["b1"], nonlinearity=None)
    bn = BatchNormLayer(l1, gamma=given["gamma"], beta=given["beta"])
    return l1, bn, DenseLayer(bn, 2, W=given["W2"], b=given["b2"])


@pytest.mark.parametrize("dtype", DTYPES)
def test_penalties_are_those_of_lasagne(dtype):
    r = regularization
    with pytensor.config.change_flags(floatX=dtype):
        golden = results("regularization", dtype)
        l1, bn, l2 = network(golden, dtype)
        made = {
            "l1(W1)": r.l1(l1.W), "l2(W1)": r.l2(l1.W),
            "apply_penalty(list,l2)": r.apply_penalty([l1.W, l2.W], r.l2),
            "apply_penalty(single,l2)": r.apply_penalty(l1.W, r.l2),
            "apply_penalty(tuple,l1)": r.apply_penalty((l1.W, l2.W), r.l1),
            "layer_params(l1,l2)": r.regularize_layer_params(l1, r.l2),
            "layer_params([l1,l2],l1)": r.regularize_layer_params([l1, l2], r.l1),
            "layer_params(bn,l2)": r.regularize_layer_params(bn, r.l2),
            "layer_params(l1,l2,tags={})": r.regularize_layer_params(l1, r.l2, tags={}),
            "layer_params(l1,l2,tags={regularizable:False})":
                r.regularize_layer_params(l1, r.l2, tags={"regularizable": False}),
            "weighted({l1:.1,l2:.5},l2)": r.regularize_layer_params_weighted({l1: 0.1, l2: 0.5}, r.l2),
            "network(l2,l2)": r.regularize_network_params(l2, r.l2),
            "network(l2,l1)": r.regularize_network_params(l2, r.l1),
            "network(l2,l2,{trainable:True})": r.regularize_network_params(l2, r.l2, {"trainable": True}),
            "network([l1,l2],l2)": r.regularize_network_params([l1, l2], r.l2),
        }
        found = theano.function([], list(made.values()), mode="PYTHON")()
        for name, one in zip(made, found, strict=True):
            close(one, golden[name]["data"], dtype)
        assert r.apply_penalty([], r.l2) == 0
        x = T.vector("x")
        slopes = theano.function([x], [theano.grad(p(x), x) for p in (r.l1, r.l2)], mode="PYTHON")
        for slope, name in zip(slopes([-2, 0, 3]), ("grad_l1", "grad_l2"), strict=True):
            close(slope, golden[name]["data"], dtype)


def test_a_vector_of_known_length_is_penalized_as_one():
    b = theano.shared(np.zeros(3), shape=(3,))
    assert theano.gof.graph.is_same_graph(regularization.apply_penalty(b, regularization.l2), regularization.l2(b))


# ------------------------------------------------------------------------------------------ init and random


@pytest.fixture
def seeded():
    before = lasagne.random.get_rng()
    lasagne.random.set_rng(np.random.RandomState(7))
    yield
    lasagne.random.set_rng(before)


@pytest.mark.parametrize(("initializer", "shape", "std"), [
    (init.Normal(0.3, mean=1), (60, 70), 0.3),
    (init.Uniform(std=0.2, mean=0.5), (60, 70), 0.2),
    (init.Uniform((0, 1)), (60, 70), 1 / np.sqrt(12)),
    (init.GlorotNormal(), (60, 70), np.sqrt(2 / 130)),
    (init.GlorotUniform("relu"), (60, 70), np.sqrt(4 / 130)),
    (init.GlorotUniform(), (16, 8, 5, 5), np.sqrt(2 / (24 * 25))),
    (init.GlorotNormal(c01b=True), (8, 5, 5, 16), np.sqrt(2 / (24 * 25))),
    (init.HeNormal(), (60, 70), np.sqrt(1 / 60)),
    (init.HeUniform("relu"), (16, 8, 5, 5), np.sqrt(2 / 200)),
    (init.HeNormal(c01b=True), (8, 5, 5, 16), np.sqrt(1 / 200)),
])
def test_initial_values_have_their_spread(initializer, shape, std, seeded):
    found = initializer(shape)
    assert (found.shape, found.dtype) == (shape, theano.config.floatX)
    assert found.std() == pytest.approx(std, rel=0.06)


def test_constant_sparse_and_orthogonal(seeded):
    assert init.Constant(2)((2, 3)).tolist() == [[2] * 3] * 2
    assert ((init.Sparse(0.2)((20, 5)) != 0).sum(axis=0) == 4).all()
    q = init.Orthogonal("relu")((4, 3, 2))
    close(q.reshape(4, 6) @ q.reshape(4, 6).T, 2 * np.eye(4), "float32")


@pytest.mark.parametrize(("initializer", "shape"), [
    (init.GlorotUniform(), (3,)), (init.HeNormal(), (3,)), (init.Orthogonal(), (3,)), (init.Sparse(), (3,)),
    (init.GlorotNormal(c01b=True), (3, 4)), (init.HeNormal(c01b=True), (3, 4)),
])
def test_a_shape_that_an_initializer_cannot_fill(initializer, shape):
    with pytest.raises(RuntimeError, match="length"):
        initializer(shape)


def test_a_generator_repeats_what_it_gave():
    before = lasagne.random.get_rng()
    found = []
    for _ in range(2):
        lasagne.random.set_rng(np.random.RandomState(3))
        found.append(init.GlorotUniform()((4, 5)))
    lasagne.random.set_rng(before)
    assert (found[0] == found[1]).all()


# ------------------------------------------------------------------------------------------ utils


def test_parameters_are_made_of_whatever_tells_their_values():
    for spec in (1.5, np.full((2, 1), 1.5), lambda shape: np.full(shape, 1.5), np.float32(1.5) * np.ones((2, 1))):
        made = utils.create_param(spec if np.ndim(spec) or callable(spec) else np.full((2, 1), spec), (2, 1), name="p")
        assert (made.name, made.broadcastable, made.get_value().tolist()) == ("p", (False, True), [[1.5], [1.5]])
    shared = theano.shared(np.zeros((2, 3)))
    assert utils.create_param(shared, (2, 3)) is shared
    assert utils.create_param(lambda shape: shared * 2, (2, 3)).owner is not None


@pytest.mark.parametrize(("spec", "shape", "kind"), [
    (np.zeros((2, 3)), (3, 2), ValueError), (theano.shared(np.zeros((2, 3))), (2, 3, 4), ValueError),
    ({}, (1, 2), TypeError), (lambda shape: {}, (1, 2), TypeError), (lambda shape: np.array(1), (1, 2), ValueError),
    (np.zeros, (0, 2), ValueError), (np.zeros, (-1, 2), ValueError),
])
def test_parameters_that_cannot_be_made(spec, shape, kind):
    with pytest.raises(kind):
        utils.create_param(spec, shape, name="W")


def test_shared_variables_are_found_from_left_to_right():
    x, y, z = (theano.shared(0, name=n) for n in "xyz")
    for expressions in ([x, y, z], [x, y, x, z], (x + y) + z, x + (y + z), [x**2, y * z * np.ones(10)]):
        assert utils.collect_shared_vars(expressions) == [x, y, z]
    assert utils.collect_shared_vars([T.matrix()]) == []


def test_small_utilities():
    assert utils.floatX([1, 2]).dtype == theano.config.floatX
    assert utils.shared_empty(3).get_value().shape == (1, 1, 1)
    assert utils.unique([3, 1, 3]) == [3, 1]
    assert utils.as_tuple(2, 3) == (2, 2, 2)
    assert utils.inspect_kwargs(lambda a, b=1, *c, d=2: 0) == ["b", "d"]
    assert value(utils.one_hot(T.constant(np.array([1, 0, 2])))).tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    with pytest.raises(ValueError, match="length 4"):
        utils.as_tuple([1, 2], 4)
    with pytest.raises(TypeError, match="int"):
        utils.as_tuple("ab", 2, int)
    with pytest.raises(TypeError, match="not a Theano expression"):
        utils.as_theano_expression({})


def test_norms_of_weights_are_by_unit():
    x = np.random.default_rng(0).normal(size=(4, 3, 2))
    for array, axes in ((x[:, :, 0], 0), (x, (1, 2))):
        wanted = np.sqrt((array**2).sum(axis=axes))
        close(utils.compute_norms(array), wanted, "float64")
        close(value(utils.compute_norms(theano.shared(array))), wanted, "float64")
    close(utils.compute_norms(x[:, 0, 0]), abs(x[:, 0, 0]), "float64")
    close(utils.compute_norms(x, norm_axes=(0, 2)), np.sqrt((x**2).sum(axis=(0, 2))), "float64")
    with pytest.raises(RuntimeError, match="Unsupported type"):
        utils.compute_norms([[1.0]])
    with pytest.raises(ValueError, match="Unsupported tensor dimensionality 6"):
        utils.compute_norms(np.zeros((1,) * 6))


@pytest.mark.parametrize("backwards", [False, True])
def test_a_loop_written_out_is_that_of_scan(backwards):
    steps = T.arange(4).astype("float64")

    def step(s, before, factor):
        return before * factor + s

    one, two = (T.constant(np.asarray(v)) for v in (1.0, 2.0))
    made = utils.unroll_scan(step, steps, [one], [two], 4, go_backwards=backwards)[0]
    scanned, _ = theano.scan(step, sequences=steps, outputs_info=[one], non_sequences=[two], go_backwards=backwards)
    found = theano.function([], [made, scanned], mode="PYTHON")()
    close(found[0], found[1], "float64")


# ------------------------------------------------------------------------------------------ files


@pytest.fixture
def saved(tmp_path):
    layer = deep()
    np.savez(tmp_path / "model.npz", *get_all_param_values(layer))
    return layer, tmp_path / "model.npz"


def deep(units=3):
    return DenseLayer(BatchNormLayer(DenseLayer(InputLayer((None, 4), name="in"), units, name="hidden")), 2)


def test_a_file_of_lasagne_is_read_back(saved):
    layer, path = saved
    other = deep()
    lasagne.load_npz(other, path)
    for a, b in zip(get_all_param_values(layer), get_all_param_values(other), strict=True):
        assert (a == b).all()


def test_nothing_is_set_unless_all_fits(saved):
    _, path = saved
    other = deep(units=5)
    before = get_all_param_values(other)
    with pytest.raises(DataError, match=r"layer 'hidden', parameter 'hidden.W' has shape \(4, 5\).*\(4, 3\)"):
        lasagne.load_npz(other, path)
    assert all((a == b).all() for a, b in zip(before, get_all_param_values(other), strict=True))


def test_more_or_fewer_arrays_than_parameters(saved):
    _, path = saved
    with pytest.raises(ValueError, match=r"8 arrays, but the network has 2 parameters; array 2 of shape \(3,\)"):
        lasagne.load_npz(DenseLayer(InputLayer((None, 4)), 3), path)
    more = DenseLayer(deep(), 2, name="top")
    with pytest.raises(ValueError, match=r"first parameter without an array is layer 'top', parameter 'top.W'"):
        lasagne.load_npz(more, path)


def test_arrays_may_have_the_names_of_parameters(tmp_path):
    layer = DenseLayer(InputLayer((None, 4)), 3, name="out")
    arrays = {p.name: np.full(p.get_value().shape, 2, "float32") for p in get_all_params(layer)}
    np.savez_compressed(tmp_path / "named.npz", **arrays)
    lasagne.load_npz(layer, tmp_path / "named.npz")
    assert (layer.W.get_value() == 2).all()
    assert layer.W.get_value().dtype == theano.config.floatX
    with pytest.raises(DataError, match="be named after the parameters"):
        lasagne.load_npz(DenseLayer(layer, 2, name="top"), tmp_path / "named.npz")


def test_a_pickle_is_refused_with_the_way_out(tmp_path):
    (tmp_path / "model.npz").write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(DataError, match=r"pickle.*np.savez"):
        lasagne.load_npz(deep(), tmp_path / "model.npz")
    with pytest.raises(DataError, match="no file"):
        lasagne.load_npz(deep(), tmp_path / "none.npz")


def test_values_go_in_by_order_as_well():
    layer = deep()
    values = [np.ones_like(v) for v in get_all_param_values(layer)]
    set_all_param_values(layer, values)
    assert all((v == 1).all() for v in get_all_param_values(layer))


# ------------------------------------------------------------------------------------------ theano_extensions


@pytest.mark.parametrize("way", ["conv1d_sc", "conv1d_mc0", "conv1d_mc1", "conv1d_unstrided", "conv1d_sd", "conv1d_md"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("known", [True, False])
def test_series_are_convolved(way, stride, known):
    if not known and stride == 2 and way in ("conv1d_unstrided", "conv1d_sd", "conv1d_md"):
        pytest.skip("these want to know the filters' length")
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 1, 12)), rng.normal(size=(3, 1, 4))
    a, b = T.tensor3(), T.tensor3()
    shapes = (x.shape, w.shape) if known else ()
    made = getattr(conv, way)(a, b, *shapes, subsample=(stride,))
    found = theano.function([a, b], made, mode="PYTHON")(x, w)
    wanted = [[np.convolve(item[0], f[0], mode="valid")[::stride] for f in w] for item in x]
    close(found, wanted, "float64")


def test_series_with_borders_and_what_is_not_taken():
    x, w = np.ones((1, 1, 5)), np.ones((1, 1, 3))
    found = value(conv.conv1d_mc0(T.constant(x), T.constant(w), border_mode=1))
    close(found, [[np.convolve(x[0, 0], w[0, 0], mode="same")]], "float64")
    with pytest.raises(RuntimeError, match="border_mode for conv1d_sc"):
        conv.conv1d_sc(T.tensor3(), T.tensor3(), border_mode="full")
    with pytest.raises(RuntimeError, match="stride for conv1d_md"):
        conv.conv1d_md(T.tensor3(), T.tensor3(), (1, 1, 10), (2, 1, 3), subsample=(2,))


@pytest.mark.parametrize(("width", "pairs"), [(2, ((2, 2), (2, 2))), ((1, (0, 3)), ((1, 1), (0, 3)))])
def test_cells_of_one_value_go_around(width, pairs):
    x = np.arange(6.0).reshape(1, 2, 3)
    found = value(padding.pad(T.constant(x), width, 7))
    close(found, np.pad(x, ((0, 0), *pairs), constant_values=7), "float64")


def test_shapes_that_do_not_fit_are_told():
    with pytest.raises(ShapeError, match="2 channels, but the filters .* are made for 3"):
        T.nnet.conv2d(T.TensorType("float64", (False,) * 4)(), theano.shared(np.zeros((1, 3, 2, 2))),
                      input_shape=(1, 2, 5, 5))
