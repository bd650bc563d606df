"""Theano's names: what old scripts call is there, computes what it did, and what is not there says where it went."""

import importlib
import itertools

import numpy as np
import pytest

from symloss.compat import theano
from symloss.errors import SpecError

T = theano.tensor
RNG = np.random.default_rng(0)


def run(expression, given=None, **options):
    given = given or {}
    return theano.function(list(given), expression, mode="PYTHON", **options)(*given.values())


# ------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize("name", [
    "tensor", "tensor.nnet", "tensor.nnet.conv", "tensor.nnet.abstract_conv", "tensor.nnet.neighbours",
    "tensor.nnet.bn", "tensor.signal.pool", "tensor.signal.downsample", "tensor.shared_randomstreams",
    "tensor.extra_ops", "tensor.nlinalg", "tensor.slinalg", "sandbox.rng_mrg", "sandbox.cuda.dnn", "gof", "gof.graph",
    "compile", "compile.nanguardmode", "compile.sharedvalue", "ifelse", "printing", "gradient", "scan_module",
    "scan_module.scan_utils", "updates", "misc", "scalar", "sparse",
])
def test_its_modules_are_there(name):
    assert importlib.import_module(f"symloss.compat.theano.{name}")


@pytest.mark.parametrize("name", [
    "matrix", "fmatrix", "tensor4", "ftensor4", "ivector", "lscalar", "col", "row", "dot", "exp", "log", "sqr", "sqrt",
    "abs_", "inv", "maximum", "clip", "cast", "concatenate", "stack", "switch", "eq", "neq", "gt", "mean", "sum",
    "prod", "argmax", "max", "zeros_like", "ones", "arange", "alloc", "eye", "set_subtensor", "inc_subtensor",
    "tensordot", "batched_dot", "grad", "jacobian", "nonzero", "repeat", "tile", "sort", "argsort", "outer",
    "shape_padright", "patternbroadcast", "addbroadcast", "TensorType", "TensorVariable", "constant",
    "as_tensor_variable", "diag",
])
def test_its_functions_are_there(name):
    assert getattr(T, name) is not None


def test_a_name_that_moved_says_where_to():
    with pytest.raises(AttributeError, match=r"PyTensor has pytensor.tensor.linalg.matrix_inverse"):
        _ = T.matrix_inverse
    with pytest.raises(AttributeError, match=r"theano.gof has no 'Optimizer'; PyTensor has .*GraphRewriter"):
        _ = theano.gof.Optimizer
    with pytest.raises(AttributeError, match=r"no GPU arrays"):
        _ = theano.sandbox.cuda.CudaNdarrayType
    with pytest.raises(AttributeError, match="did you mean 'tensordot'"):
        _ = T.tensordott
    assert not hasattr(theano, "nothing_of_that_name")


def test_there_is_no_gpu():
    assert theano.config.device == "cpu"
    assert not theano.sandbox.cuda.cuda_enabled
    assert not theano.sandbox.cuda.dnn.dnn_available()
    theano.config.device = "cpu"
    with pytest.raises(SpecError, match="mode='JAX'"):
        theano.config.device = "cuda0"


def test_settings_are_those_of_pytensor():
    assert theano.config.floatX in ("float32", "float64")
    before = theano.config.floatX
    theano.config.floatX = "float32"
    assert T.matrix().dtype == "float32"
    theano.config.floatX = before
    theano.config.compute_test_value = "off"
    assert isinstance(theano.config.blas.ldflags, str)
    with pytest.raises(AttributeError, match="no 'nonsense'"):
        _ = theano.config.nonsense
    with pytest.raises(AttributeError, match="GPU"):
        _ = theano.config.gpuarray


# ------------------------------------------------------------------------------------------ functions


def test_a_function_with_all_it_took():
    x, y, unused = T.fscalar("x"), T.fscalar("y"), T.fscalar("unused")
    total = theano.shared(np.float32(1), name="total")
    f = theano.function([x, theano.In(y, name="y"), unused], [x * y, total], updates=[(total, total + x)],
                        on_unused_input="ignore", allow_input_downcast=True, name="f", mode="PYTHON")
    assert [float(v) for v in f(3.0, 2.0, 0)] == [6, 1]
    assert [float(v) for v in f(3.0, y=5, unused=0)] == [15, 4]
    assert float(total.get_value()) == 7
    g = theano.function([], x * y, givens={x: np.float32(2), y: total}, mode="PYTHON")
    assert float(g()) == 14


def test_inputs_that_nothing_uses_are_errors_as_they_were():
    with pytest.raises(Exception, match="not part of the computational graph"):
        theano.function([T.scalar(), T.scalar("z")], [], mode="PYTHON")


@pytest.mark.parametrize("mode", ["FAST_RUN", "FAST_COMPILE", None])
def test_its_modes_have_a_meaning(mode):
    x = T.vector()
    assert theano.function([x], x.sum(), mode=mode)([1, 2]) == 3


def test_shared_variables_keep_their_axes_of_one_apart_unless_they_are_told():
    assert theano.shared(np.zeros((3, 1))).broadcastable == (False, False)
    assert theano.shared(np.zeros((3, 1)), broadcastable=(False, True)).broadcastable == (False, True)


def test_the_type_of_a_tensor_by_its_pattern():
    kind = T.TensorType("float32", (False, True, False))
    assert kind("x").broadcastable == (False, True, False)
    assert T.tensor("float64", (False, True)).ndim == 2


# ------------------------------------------------------------------------------------------ graphs


def test_inputs_of_a_graph_in_its_order():
    x, y, z = T.scalars("xyz")
    assert theano.gof.graph.inputs([(x + y) * z]) == [x, y, z]
    assert theano.gof.graph.inputs([x, y * z]) == [y, z, x]


def test_a_variable_may_be_made_of_its_type_alone():
    made = theano.Variable(T.dvector, name="x")
    assert (made.type, made.owner, made.index, made.name) == (T.dvector, None, None, "x")
    for one in (made, T.vector(), theano.shared(1.0), T.constant(2)):
        assert isinstance(one, theano.Variable)
        assert isinstance(one, theano.gof.graph.Variable)
    assert not isinstance(2.0, theano.Variable)
    assert issubclass(theano.Constant, theano.Variable)
    with pytest.raises(TypeError, match="pytensor.graph.basic.Variable"):
        type("Mine", (theano.Variable,), {})


def test_a_clone_with_other_variables():
    x, y = T.scalars("xy")
    assert run(theano.clone(x * 2, replace={x: y + 1}), {y: 3.0}) == 8
    assert [float(v) for v in run(theano.clone([x, x * x], {x: y}), {y: 3.0})] == [3, 9]


def test_the_gradient_of_a_logarithm_written_by_hand_is_exact():
    z, t = T.matrix("z"), T.ivector("t")
    p = T.nnet.softmax(z)
    cost = -T.mean(T.log(p)[T.arange(t.shape[0]), t])
    found = run(theano.grad(cost, z), {z: [[1000.0, 0], [0, 2000]], t: [1, 0]})
    assert found.tolist() == [[0.5, -0.5], [-0.5, 0.5]]


def test_a_gradient_by_something_within_the_graph():
    x = T.vector("x")
    inner = x**2
    assert run(theano.grad((3 * inner).sum(), inner), {x: [1.0, 2]}).tolist() == [3, 3]


def test_a_scan_returns_updates_that_can_be_added():
    streams = theano.sandbox.rng_mrg.MRG_RandomStreams(1)
    out, updates = theano.scan(lambda s, a: a + s + 0 * streams.uniform(()), sequences=T.arange(4.0),
                               outputs_info=T.constant(np.asarray(0.0)))
    assert isinstance(updates + {}, theano.OrderedUpdates)
    assert theano.function([], out, updates=updates, mode="PYTHON")().tolist() == [0, 1, 3, 6]
    total, _ = theano.reduce(lambda s, a: a + s, T.arange(5.0), T.constant(np.asarray(0.0)))
    squares, _ = theano.map(lambda s: s**2, T.arange(3.0))
    assert run(total) == 10
    assert run(squares).tolist() == [0, 1, 4]


def test_updates_refuse_what_cannot_be_updated():
    with pytest.raises(TypeError, match="shared variables"):
        theano.OrderedUpdates()[T.scalar()] = 1
    a = theano.shared(1.0, name="a")
    with pytest.raises(KeyError, match="two new values"):
        theano.OrderedUpdates({a: a + 1}) + {a: a + 2}


def test_if_and_print():
    x = T.scalar("x")
    assert run(theano.ifelse.ifelse(x > 0, x, -x), {x: -3.0}) == 3
    assert "x" in theano.printing.pp(x * 2)


# ------------------------------------------------------------------------------------------ functions of tensors


def test_forms_that_pytensor_changed():
    a, b = RNG.normal(size=(4, 2, 3)), RNG.normal(size=(4, 3, 5))
    np.testing.assert_allclose(run(T.batched_dot(a, b)), a @ b)
    np.testing.assert_allclose(run(T.batched_dot(a[:, 0], b)), (a[:, :1] @ b)[:, 0])
    np.testing.assert_allclose(run(T.batched_dot(a, b[:, :, 0])), (a @ b[:, :, :1])[..., 0])
    np.testing.assert_allclose(run(T.batched_tensordot(a, b, [[2], [1]])), a @ b)
    assert run(T.stack(T.constant(1), T.constant(2))).tolist() == [1, 2]
    assert run(T.stack([T.constant([1]), T.constant([2])], axis=1)).tolist() == [[1, 2]]
    assert run(T.inv(T.constant(4.0))) == 0.25
    assert T.flatten(T.tensor4(), outdim=2).ndim == 2
    assert run(T.extra_ops.to_one_hot(T.constant([1, 0]), 3)).tolist() == [[0, 1, 0], [1, 0, 0]]
    parts = T.split(T.constant([1, 2, 3]), [1, 2], 2)
    assert [run(p).tolist() for p in parts] == [[1], [2, 3]]
    assert run(T.topk(T.constant([3.0, 1, 2]), 2)).tolist() == [3, 2]


def test_axes_that_may_be_stretched():
    x = T.matrix("x")
    assert T.addbroadcast(x, 1).broadcastable == (False, True)
    assert T.patternbroadcast(x, (True, False)).broadcastable == (True, False)
    column = T.col("c")
    assert T.unbroadcast(column, 1).broadcastable == (False, False)
    slope = theano.grad(T.unbroadcast(column, 1).sum(), column)
    assert run(slope, {column: [[1.0], [2]]}).tolist() == [[1], [1]]


# ------------------------------------------------------------------------------------------ random streams


@pytest.mark.parametrize("kind", [theano.sandbox.rng_mrg.MRG_RandomStreams,
                                  T.shared_randomstreams.RandomStreams])
def test_streams_draw_what_they_say(kind):
    streams = kind(3)
    made = [streams.uniform((200, 100), low=-1), streams.normal((200, 100), avg=2, std=0.5, dtype="float32"),
            streams.binomial((200, 100), p=0.3, dtype="float32"), streams.binomial((200, 100), n=5, p=0.5),
            streams.multinomial(pvals=np.array([[0.2, 0.8]] * 500))]
    draw = theano.function([], made, mode="PYTHON")
    uniform, normal, coin, coins, several = draw()
    assert uniform.min() < -0.99 < 0.99 < uniform.max()
    assert (normal.dtype, coin.dtype) == ("float32", "float32")
    np.testing.assert_allclose([normal.mean(), normal.std(), coin.mean(), coins.mean()], [2, 0.5, 0.3, 2.5], atol=0.03)
    assert (several.sum(axis=1) == 1).all()
    assert not (draw()[0] == uniform).all()
    streams.seed(3)
    assert (draw()[0] == uniform).all()


@pytest.mark.parametrize("mode", ["PYTHON", "C"])
def test_streams_that_are_seeded_again_draw_the_same_numbers_again(mode):
    streams = theano.sandbox.rng_mrg.MRG_RandomStreams(7)
    draw = theano.function([], [streams.uniform((2, 3)), streams.normal((2, 2))], mode=mode)
    first = [draw() for _ in range(2)]
    assert not np.array_equal(first[0][0], first[1][0])
    streams.seed(7)
    np.testing.assert_equal([draw() for _ in range(2)], first)
    streams.seed(8)
    assert not np.array_equal(draw()[0], first[0][0])


def test_streams_of_one_seed_are_alike_and_a_shape_may_be_an_expression():
    x = T.matrix("x")
    f, g = (theano.function([x], theano.sandbox.rng_mrg.MRG_RandomStreams(9).binomial(x.shape, p=0.5), mode="PYTHON")
            for _ in range(2))
    assert (f(np.zeros((4, 5))) == g(np.zeros((4, 5)))).all()


# ------------------------------------------------------------------------------------------ convolution


def convolved(x, w, around=((0, 0), (0, 0)), stride=(1, 1), dilation=(1, 1), flip=True):
    """Return a convolution cell by cell."""
    x = np.pad(x, ((0, 0), (0, 0), *around))
    w = w[:, :, ::-1, ::-1] if flip else w
    size = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilation,
                                                                strict=True)]
    out = np.zeros((len(x), len(w), *size))
    for i, j in itertools.product(*map(range, size)):
        rows, columns = (np.arange(k) * d + p * s for k, d, p, s in zip(w.shape[2:], dilation, (i, j), stride,
                                                                       strict=True))
        out[:, :, i, j] = np.einsum("nchw,ochw->no", x[:, :, rows[:, None], columns], w)
    return out


X, W = RNG.normal(size=(2, 2, 7, 6)), RNG.normal(size=(4, 2, 3, 2))


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("mode", "around"), [
    ("valid", ((0, 0), (0, 0))), ("full", ((2, 2), (1, 1))), ("half", ((1, 1), (1, 1))), (1, ((1, 1), (1, 1))),
    ((2, 0), ((2, 2), (0, 0))), (((0, 1), (2, 0)), ((0, 1), (2, 0))),
])
def test_images_are_convolved(mode, around, known):
    x, w = T.tensor4("x"), T.tensor4("w")
    told = {"input_shape": X.shape, "filter_shape": W.shape} if known else {}
    found = run(T.nnet.conv2d(x, w, border_mode=mode, **told), {x: X, w: W})
    np.testing.assert_allclose(found, convolved(X, W, around), atol=1e-12)


@pytest.mark.parametrize("options", [{"subsample": (2, 3)}, {"filter_dilation": (2, 2)}, {"filter_flip": False}])
def test_strides_dilation_and_correlation(options):
    told = {"subsample": "stride", "filter_dilation": "dilation", "filter_flip": "flip"}
    found = run(T.nnet.conv2d(T.constant(X), theano.shared(W), **options))
    np.testing.assert_allclose(found, convolved(X, W, **{told[k]: v for k, v in options.items()}), atol=1e-12)


def test_groups_of_channels():
    found = run(T.nnet.conv2d(T.constant(X), theano.shared(W[:, :1]), num_groups=2))
    wanted = np.concatenate([convolved(X[:, :1], W[:2, :1]), convolved(X[:, 1:], W[2:, :1])], axis=1)
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_filters_of_each_place():
    w = RNG.normal(size=(3, 5, 5, 2, 3, 2))
    found = run(T.nnet.conv2d(T.constant(X), T.constant(w), unshared=True))
    wanted = [[convolved(X[:, :, i : i + 3, j : j + 2], w[:, i, j])[:, :, 0, 0] for j in range(5)] for i in range(5)]
    np.testing.assert_allclose(found, np.transpose(wanted, (2, 3, 0, 1)), atol=1e-12)


def test_volumes_are_convolved():
    x, w = RNG.normal(size=(1, 2, 4, 5, 3)), RNG.normal(size=(3, 2, 2, 1, 1))
    found = run(T.nnet.conv3d(T.constant(x), theano.shared(w), border_mode="half"))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (0, 0), (0, 0)))
    wanted = sum(np.einsum("nc...,oc->no...", padded[:, :, k : k + 5], w[:, :, 1 - k, 0, 0]) for k in range(2))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"border_mode": "half"}, {"border_mode": 1, "subsample": (2, 2)},
                                     {"filter_flip": False, "filter_dilation": (2, 1)}])
def test_the_adjoints_are_the_gradients(options):
    x, w = T.tensor4("x"), T.tensor4("w")
    made = T.nnet.conv2d(x, w, X.shape, W.shape, **options)
    shape = run(made, {x: X, w: W}).shape
    g = RNG.normal(size=shape)
    slopes = run(theano.grad((made * g).sum(), [x, w]), {x: X, w: W})
    conv = T.nnet.abstract_conv
    by_input = run(conv.conv2d_grad_wrt_inputs(T.constant(g), w, X.shape, W.shape, **options), {w: W})
    by_filters = run(conv.conv2d_grad_wrt_weights(x, T.constant(g), W.shape, X.shape, **options), {x: X})
    np.testing.assert_allclose(by_input, slopes[0], atol=1e-12)
    np.testing.assert_allclose(by_filters, slopes[1], atol=1e-12)


def test_the_shape_of_a_convolution_is_foretold():
    assert T.nnet.abstract_conv.get_conv_output_shape((None, 2, 7, None), (4, 2, 3, 2), "half", (2, 1)) == (
        None, 4, 4, None)
    with pytest.raises(ValueError, match="invalid border_mode 'same'"):
        T.nnet.conv2d(T.constant(X), theano.shared(W), border_mode="same")


# ------------------------------------------------------------------------------------------ pooling


def pooled(x, ws, stride, pad, mode, ignore_border):
    """Return what windows pool, one by one."""
    size = []
    for n, w, s, p in zip(x.shape[2:], ws, stride, pad, strict=True):
        whole = (n + 2 * p - w) // s + 1
        size.append(whole if ignore_border else -(-n // s) if s >= w else -(-(n - w) // s) + 1)
    out = np.zeros((*x.shape[:2], *size))
    for place in itertools.product(*map(range, size)):
        edges = [(i * s - p, i * s - p + w) for i, s, p, w in zip(place, stride, pad, ws, strict=True)]
        inside = [slice(max(a, 0), min(b, n)) for (a, b), n in zip(edges, x.shape[2:], strict=True)]
        cells = x[(..., *inside)]
        count = np.prod([min(b, n + p) - a for (a, b), n, p in zip(edges, x.shape[2:], pad, strict=True)])
        out[(..., *place)] = {
            "max": cells.max(axis=(2, 3)), "sum": cells.sum(axis=(2, 3)), "average_exc_pad": cells.mean(axis=(2, 3)),
            "average_inc_pad": cells.sum(axis=(2, 3)) / count}[mode]
    return out


@pytest.mark.parametrize("mode", ["max", "sum", "average_inc_pad", "average_exc_pad"])
@pytest.mark.parametrize(("ws", "stride", "pad", "ignore_border"), [
    ((2, 2), (2, 2), (0, 0), True), ((2, 2), (2, 2), (0, 0), False), ((3, 2), (2, 1), (1, 0), True),
    ((3, 3), (2, 2), (0, 0), False), ((2, 2), (3, 3), (0, 0), False), ((3, 3), (2, 2), (1, 1), True),
])
def test_windows_pool(mode, ws, stride, pad, ignore_border):
    x = T.tensor4("x")
    made = T.signal.pool.pool_2d(x, ws, ignore_border, stride, pad, mode)
    np.testing.assert_allclose(run(made, {x: X}), pooled(X, ws, stride, pad, mode, ignore_border), atol=1e-12)
    made = T.signal.pool.pool_2d(T.constant(X), ws, ignore_border, stride, pad, mode)
    np.testing.assert_allclose(run(made), pooled(X, ws, stride, pad, mode, ignore_border), atol=1e-12)


def test_pooling_of_other_ranks_and_by_older_names():
    matrix = run(T.signal.downsample.max_pool_2d(T.constant(X[0, 0]), (2, 2), ignore_border=True))
    np.testing.assert_allclose(matrix, pooled(X, (2, 2), (2, 2), (0, 0), "max", True)[0, 0])
    volume = RNG.normal(size=(2, 1, 4, 4, 4))
    found = run(T.signal.pool.pool_3d(T.constant(volume), (2, 2, 2), ignore_border=True))
    np.testing.assert_allclose(found, volume.reshape(2, 1, 2, 2, 2, 2, 2, 2).max(axis=(3, 5, 7)))


def test_the_gradient_of_a_maximum_goes_to_all_equals():
    x = T.tensor4("x")
    slope = theano.grad(T.signal.pool.pool_2d(x, (2, 2), ignore_border=True).sum(), x)
    assert run(slope, {x: np.array([[[[1.0, 1], [0, 1]]]])}).tolist() == [[[[1, 1], [0, 1]]]]


def test_modes_and_padding_that_pooling_does_not_take():
    with pytest.raises(ValueError, match="Pool mode"):
        T.signal.pool.pool_2d(T.tensor4(), (2, 2), mode="median")
    with pytest.raises(NotImplementedError, match="ignore_border"):
        T.signal.pool.pool_2d(T.tensor4(), (2, 2), ignore_border=False, pad=(1, 1))


# ------------------------------------------------------------------------------------------ the rest of nnet


def test_activations_of_nnet():
    x = np.array([-3.0, -0.5, 0, 2])
    nnet = T.nnet
    for made, wanted in [
        (nnet.relu(x), np.maximum(x, 0)), (nnet.relu(x, 0.1), np.where(x > 0, x, 0.1 * x)),
        (run(nnet.elu(T.constant(x))), np.where(x > 0, x, np.expm1(x))),
        (run(nnet.hard_sigmoid(T.constant(x))), np.clip(0.2 * x + 0.5, 0, 1)),
        (run(nnet.softplus(T.constant(x))), np.log1p(np.exp(x))),
        (run(nnet.logsoftmax(T.constant(x))), x - np.log(np.exp(x).sum())),
    ]:
        np.testing.assert_allclose(made, wanted)
    np.testing.assert_allclose(run(nnet.ultra_fast_sigmoid(T.constant(x))), 1 / (1 + np.exp(-x)), atol=0.1)


def test_batch_normalisation_of_nnet():
    x = RNG.normal(2, 3, size=(50, 3))
    out, mean, inverse, new_mean, new_var = T.nnet.bn.batch_normalization_train(
        T.constant(x), T.constant(np.ones(3)), T.constant(np.zeros(3)), running_mean=T.constant(np.zeros(3)),
        running_var=T.constant(np.ones(3)))
    found = run([out, new_mean, new_var])
    np.testing.assert_allclose(found[0], (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-4))
    np.testing.assert_allclose(found[1][0], 0.1 * x.mean(0))
    np.testing.assert_allclose(found[2][0], 0.9 + 0.1 * x.var(0, ddof=1))
    still = T.nnet.bn.batch_normalization_test(T.constant(x), T.constant(np.ones(3)), T.constant(np.zeros(3)),
                                               T.constant(x.mean(0)), T.constant(x.var(0)))
    np.testing.assert_allclose(run(still), found[0])


def test_patches_of_images_as_rows():
    found = run(T.nnet.neighbours.images2neibs(T.constant(X), (2, 3), (2, 3), mode="ignore_borders"))
    assert found.shape == (2 * 2 * 3 * 2, 6)
    np.testing.assert_allclose(found[0], X[0, 0, :2, :3].ravel())
    np.testing.assert_allclose(found[7], X[0, 1, :2, 3:6].ravel())


def test_a_cross_entropy_with_its_softmax():
    z, t = T.matrix("z"), T.ivector("t")
    loss, p = T.nnet.crossentropy_softmax_1hot(z, t)
    found = run([loss, p], {z: [[0.0, np.log(3)]], t: [1]})
    np.testing.assert_allclose(found[0], -np.log(0.75))
    np.testing.assert_allclose(found[1], [[0.25, 0.75]])
    np.testing.assert_allclose(run(T.nnet.sigmoid_binary_crossentropy(z, z * 0 + 1), {z: [[-800.0]]}), [[800]])
