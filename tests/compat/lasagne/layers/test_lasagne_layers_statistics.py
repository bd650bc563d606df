"""Noise, normalisation, and layers of one operation."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from computing import draws, value
from numpy.random import RandomState

from symloss.compat import lasagne, theano
from symloss.compat.lasagne import layers as ll
from symloss.compat.lasagne.layers import dnn

# --------------------------------------------------------------------------------------------------------------- noise


@pytest.fixture(autouse=True)
def seeded():
    before = lasagne.random.get_rng()
    lasagne.random.set_rng(RandomState(1))
    yield
    lasagne.random.set_rng(before)


@pytest.mark.parametrize("p, rescale, high", [(0.5, True, 2.0), (0.2, True, 1.25), (0.5, False, 1.0)])
def test_dropout(p, rescale, high):
    layer = ll.DropoutLayer(ll.InputLayer((None, 100)), p=p, rescale=rescale)
    x = np.ones((100, 100), pytensor.config.floatX)
    found = value(ll.get_output(layer, x))
    np.testing.assert_allclose(np.unique(found), [0, high])
    assert abs((found > 0).mean() - (1 - p)) < 0.02
    assert ll.get_output(layer, deterministic=True) is layer.input_layer.input_var
    assert ll.DropoutLayer((2, 3), p=0).get_output_for(x) is x


@pytest.mark.parametrize("make, shared", [
    (lambda s: ll.DropoutLayer(s, shared_axes=(-1, 0)), (0, 3)), (ll.dropout_channels, (2, 3)),
    (ll.spatial_dropout, (2, 3)), (ll.dropout_locations, (1,))])
def test_masks_that_are_shared(make, shared):
    x = pt.constant(np.ones((4, 5, 6, 7)))
    found = value(make((4, 5, 6, 7)).get_output_for(x))
    assert (found == found.mean(axis=shared, keepdims=True)).all()
    assert 0 < found.mean() < 2


def test_one_seed_makes_one_noise_and_each_call_a_new_one():
    x = pt.constant(np.zeros((50, 40)))
    for make in (lambda: ll.GaussianNoiseLayer((50, 40), sigma=0.5), lambda: ll.DropoutLayer((50, 40))):
        found = []
        for seed in (3, 3, 4):
            lasagne.random.set_rng(RandomState(seed))
            found.append(value(make().get_output_for(x + 1)))
        assert (found[0] == found[1]).all()
        assert (found[0] != found[2]).any()
    lasagne.random.set_rng(RandomState(1))
    noise = value(ll.GaussianNoiseLayer((50, 40), sigma=0.5).get_output_for(x))
    assert abs(noise.std() - 0.5) < 0.03


def test_dtypes_stay():
    x = pt.matrix(dtype="float32")
    assert ll.DropoutLayer((2, 3), p=np.float32(0.5)).get_output_for(x).dtype == "float32"
    assert ll.DropoutLayer((2, 3), rescale=False).get_output_for(pt.imatrix()).dtype == "int32"
    with pytest.raises(ValueError, match="p=1.5"):
        ll.DropoutLayer((2, 3), p=1.5)


# ------------------------------------------------------------------------------------------------------- normalisation


@pytest.mark.parametrize("kind", [ll.BatchNormLayer, dnn.BatchNormDNNLayer])
@pytest.mark.parametrize("deterministic, use, update", [
    (False, None, None), (True, None, None), (False, True, None), (True, False, None), (True, None, True),
    (False, None, False), (False, True, True)])
def test_batch_normalisation_and_its_averages(kind, deterministic, use, update):
    x, (beta, gamma, mean) = draws(20, 3, 4) + 1, draws(3, 3, seed=1)
    inv_std = abs(draws(3, seed=2)) + 0.1
    layer = kind(x.shape, beta=beta, gamma=gamma, mean=mean, inv_std=inv_std, alpha=0.3)
    options = {"batch_norm_use_averages": use, "batch_norm_update_averages": update}
    found = value(layer.get_output_for(pt.constant(x), deterministic=deterministic, **options))
    own = x.mean((0, 2)), 1 / np.sqrt(x.var((0, 2)) + layer.epsilon)
    m, s = (mean, inv_std) if (deterministic if use is None else use) else own
    wanted = (x - m[:, None]) * (gamma * s)[:, None] + beta[:, None]
    share = 0.3 if (not deterministic if update is None else update) else 0
    np.testing.assert_allclose(found, wanted)
    np.testing.assert_allclose(layer.mean.get_value(), (1 - share) * mean + share * own[0])
    np.testing.assert_allclose(layer.inv_std.get_value(), (1 - share) * inv_std + share * own[1])


def test_averages_that_move_in_place_are_read_before():
    x = draws(20, 3)
    layer = ll.BatchNormLayer(x.shape, mean=np.full(3, 2.0), alpha=0.5)
    out = layer.get_output_for(pt.constant(x), deterministic=True, batch_norm_update_averages=True)
    found = pytensor.function([], out, mode=pytensor.compile.mode.Mode("py", "fast_run"))()
    np.testing.assert_allclose(found, x - 2)
    np.testing.assert_allclose(layer.mean.get_value(), 1 + x.mean(0) / 2)


@pytest.mark.parametrize("mode", ["PYTHON", "C", "CVM"])
def test_one_function_of_both_outputs_reads_the_averages_before_they_move(mode):
    x = draws(20, 3)
    variable = pt.matrix("x")
    layer = ll.BatchNormLayer(ll.InputLayer((None, 3), variable), mean=np.full(3, 2.0), alpha=0.5)
    outputs = [ll.get_output(layer), ll.get_output(layer, deterministic=True)]
    _, found = theano.function([variable], outputs, mode=mode)(x)
    np.testing.assert_allclose(found, x - 2)
    np.testing.assert_allclose(layer.mean.get_value(), 1 + x.mean(0) / 2)


def test_parameters_of_batch_normalisation():
    layer = ll.BatchNormLayer((None, 3, 5), name="bn")
    assert [p.name for p in layer.get_params()] == ["bn.beta", "bn.gamma", "bn.mean", "bn.inv_std"]
    assert layer.get_params(trainable=True) == [layer.beta, layer.gamma]
    assert layer.get_params(regularizable=True) == [layer.gamma]
    assert layer.get_params(batch_norm_stat=True) == [layer.mean, layer.inv_std]
    assert len(ll.BatchNormLayer((None, 3), beta=None, gamma=None).get_params()) == 2
    assert ll.BatchNormLayer((2, 3, 4), axes=0).beta.get_value().shape == (3, 4)
    with pytest.raises(ValueError, match=r"needs specified input sizes.*\(64, None, 3\)"):
        ll.BatchNormLayer((64, None, 3))
    with pytest.raises(ValueError, match="BatchNormDNNLayer only supports"):
        dnn.BatchNormDNNLayer((2, 3, 4), axes=(1, 2))


@pytest.mark.parametrize("make, ending", [(ll.batch_norm, "bn"), (dnn.batch_norm_dnn, "bn"), (ll.layer_norm, "ln"),
                                          (ll.instance_norm, "in")])
def test_normalisation_goes_before_the_nonlinearity(make, ending):
    dense = ll.Conv1DLayer(ll.InputLayer((None, 3, 8)), 4, 3, name="c")
    made = make(dense)
    assert isinstance(made, ll.NonlinearityLayer)
    assert made.nonlinearity is lasagne.nonlinearities.rectify
    assert dense.nonlinearity is lasagne.nonlinearities.identity
    assert dense.b is None
    assert len(dense.params) == 1
    assert made.name == f"c_{ending}_nonlin"
    assert [layer.name for layer in ll.get_all_layers(made)][2] == f"c_{ending}"
    assert make(ll.DenseLayer((2, 3), 4, nonlinearity=None, name="d"), name="mine").name is not None
    assert value(ll.get_output(made, draws(2, 3, 8))).shape == (2, 4, 6)


@pytest.mark.parametrize("axes, over", [("auto", (2, 3)), ("spatial", (2, 3)), ("features", (1, 2, 3)), (1, (1,))])
def test_standardization(axes, over):
    x = draws(4, 3, 5, 6)
    found = value(ll.StandardizationLayer(x.shape, axes=axes, epsilon=1e-3).get_output_for(pt.constant(x)))
    np.testing.assert_allclose(found, (x - x.mean(over, keepdims=True)) / np.sqrt(x.var(over, keepdims=True) + 1e-3))
    assert ll.StandardizationLayer((4, 3)).axes == (1,)


def test_local_response_normalisation():
    x = draws(2, 9, 3, 4)
    scale = np.stack([(x[:, max(c - 2, 0) : c + 3] ** 2).sum(1) for c in range(9)], axis=1)
    layer = ll.LocalResponseNormalization2DLayer(ll.InputLayer((None, 9, 3, 4)), alpha=1.5, k=2, beta=0.75, n=5)
    np.testing.assert_allclose(value(ll.get_output(layer, x)), x / (2 + 1.5 * scale) ** 0.75)
    with pytest.raises(NotImplementedError, match="must be odd"):
        ll.LocalResponseNormalization2DLayer((2, 9, 3, 4), n=4)


# ---------------------------------------------------------------------------------------------- layers of one operation


@pytest.mark.parametrize("axes, shape, at", [("auto", (3,), (None, slice(None), None)), (0, (3, 4), None),
                                             ((1, 2), (2,), (slice(None), None, None))])
def test_biases_scales_and_slopes(axes, shape, at):
    x, p = draws(2, 3, 4), draws(*shape, seed=1)
    spread = p[at] if at else p
    bent = np.where(x > 0, x, x * spread)
    for layer, wanted in ((ll.BiasLayer(x.shape, b=p, shared_axes=axes), x + spread),
                          (ll.ScaleLayer(x.shape, scales=p, shared_axes=axes), x * spread),
                          (ll.ParametricRectifierLayer(x.shape, alpha=p, shared_axes=axes), bent)):
        np.testing.assert_allclose(value(layer.get_output_for(pt.constant(x))), wanted)
        assert layer.get_params(regularizable=True) == []
    assert ll.BiasLayer(x.shape, b=None).get_output_for(x) is x
    assert ll.ParametricRectifierLayer(x.shape, shared_axes="all").alpha.get_value().shape == ()
    for kind in (ll.BiasLayer, ll.ScaleLayer, ll.ParametricRectifierLayer):
        with pytest.raises(ValueError, match="needs specified input sizes"):
            kind((64, None, 3), shared_axes=(0, 2))


def test_standardize_and_rectifiers_in_a_layers_place():
    x = draws(50, 3)
    layer = ll.standardize(ll.InputLayer((None, 3)), x.mean(0), x.std(0), shared_axes=0)
    np.testing.assert_allclose(value(ll.get_output(layer, x)), (x - x.mean(0)) / x.std(0))
    assert ll.get_all_params(layer, trainable=True) == []
    for make in (ll.prelu, ll.rrelu):
        dense = ll.DenseLayer((None, 3), 4)
        made = make(dense)
        assert dense.nonlinearity is lasagne.nonlinearities.identity
        assert made.input_layer is dense


def test_slopes_that_are_drawn():
    x = -np.ones((3, 4, 5))
    layer = ll.RandomizedRectifierLayer(ll.InputLayer((None, 4, 5)), lower=0.4, upper=0.6)
    found = -value(ll.get_output(layer, x))
    assert found.min() >= 0.4
    assert found.max() <= 0.6
    assert (found == found[:1, :, :1]).all()
    assert found.std() > 0
    np.testing.assert_allclose(value(ll.get_output(layer, x, deterministic=True)), -0.5)
    np.testing.assert_allclose(ll.RandomizedRectifierLayer(x.shape, lower=0.5, upper=0.5).get_output_for(x), -0.5)
    with pytest.raises(ValueError, match="lower=0.9 and upper=0.1"):
        ll.RandomizedRectifierLayer((2, 3), lower=0.9, upper=0.1)


@pytest.mark.parametrize("function, shape", [(lambda x: x**2, (2, 3, 4)), (lambda x: x.mean(-1), (2, 3)),
                                             (lambda x: x.sum(), ())])
def test_expressions(function, shape):
    x = draws(2, 3, 4)
    for asked in (shape, lambda input_shape: shape, "auto"):
        layer = ll.ExpressionLayer(ll.InputLayer((2, 3, 4)), function, output_shape=asked)
        assert layer.get_output_shape_for((2, 3, 4)) == shape
        np.testing.assert_allclose(value(ll.get_output(layer, x)), function(x))
    assert ll.ExpressionLayer((1, None, 5), lambda x: x.sum(2), output_shape="auto").output_shape == (1, None)
    assert ll.ExpressionLayer((1, None, 5), abs).output_shape == (1, None, 5)


def test_inverses():
    x = draws(5, 4)
    dense = ll.DenseLayer(ll.InputLayer((5, 4)), 3, b=None, nonlinearity=None)
    layer = ll.InverseLayer(dense, dense)
    w = dense.W.get_value()
    assert layer.output_shape == (5, 4)
    np.testing.assert_allclose(value(ll.get_output(layer, pt.constant(x))), x @ w @ w.T)
    image = draws(1, 1, 4, 4)
    pool = ll.MaxPool2DLayer(ll.InputLayer((1, 1, 4, 4)), 2)
    back = value(ll.get_output(ll.InverseLayer(pool, pool), pt.constant(image)))
    high = image.reshape(2, 2, 2, 2).max((1, 3)).repeat(2, 0).repeat(2, 1)
    np.testing.assert_allclose(back[0, 0], np.where(image[0, 0] == high, high, 0))


# --------------------------------------------------------------------------------------------------------- transformers


@pytest.mark.parametrize("border", ["nearest", "mirror", "wrap"])
@pytest.mark.parametrize("rows", [6, None])
def test_a_transformer_moves_images(border, rows):
    x = draws(2, 3, 6, 8)
    images, moves = ll.InputLayer((None, 3, rows, 8)), ll.InputLayer((None, 6))
    layer = ll.TransformerLayer(images, moves, border_mode=border)
    assert layer.output_shape == (None, 3, rows, 8)
    theta = np.tile([1.0, 0, 2 * 2 / 7, 0, 1, 0], (2, 1))  # two pixels to the right
    found = value(ll.get_output(layer, {images: x, moves: theta}))
    columns = [2, 3, 4, 5, 6, 7, *{"nearest": [7, 7], "mirror": [6, 5], "wrap": [0, 1]}[border]]
    np.testing.assert_allclose(found, x[..., columns], atol=1e-9)


@pytest.mark.parametrize("rows, precompute", [(6, "auto"), (6, False), (None, "auto")])
def test_a_spline_that_is_not_moved_changes_nothing(rows, precompute):
    x = draws(2, 3, 6, 8)
    images, moves = ll.InputLayer((None, 3, rows, 8)), ll.InputLayer((None, 32))
    layer = ll.TPSTransformerLayer(images, moves, precompute_grid=precompute)
    np.testing.assert_allclose(value(ll.get_output(layer, {images: x, moves: np.zeros((2, 32))})), x, atol=1e-6)
    same = ll.TPSTransformerLayer((2, 3, 6, 8), moves)
    known = value(ll.get_output(same, {None: pt.constant(x), moves: draws(2, 32) / 9}))
    bent = value(ll.get_output(layer, {images: x, moves: draws(2, 32) / 9}))
    np.testing.assert_allclose(bent, known, atol=1e-9)
    assert abs(bent - x).max() > 0.01


def test_sizes_of_transformers():
    layer = ll.TransformerLayer((2, 3, 28, 28), ll.InputLayer((2, 6)), downsample_factor=(0.7, 2.3))
    assert layer.output_shape == (2, 3, 40, 12)
    found = value(layer.get_output_for([pt.constant(draws(2, 3, 28, 28)), pt.constant(draws(2, 6))]))
    assert found.shape == (2, 3, 40, 12)
    for make, words in (
        (lambda: ll.TransformerLayer((2, 3, 5, 5), (2, 5), name="t"), r"'t'.*\(batch_size, 6\), but it has \(2, 5\)"),
        (lambda: ll.TransformerLayer((2, 3, 5), (2, 6)), "4-dimensional"),
        (lambda: ll.TransformerLayer((2, 3, 5, 5), (2, 6), border_mode="other"), "must be one of"),
        (lambda: ll.TPSTransformerLayer((2, 3, 5, 5), (2, 30), control_points=15), "perfect square"),
        (lambda: ll.TPSTransformerLayer((2, 3, None, 5), (2, 32), precompute_grid=True), "pre-specified"),
    ):
        with pytest.raises(ValueError, match=words):
            make()
