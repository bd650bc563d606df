"""Convolution, pooling and what enlarges, against scipy, against each other and by hand."""

import itertools

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.signal
from computing import draws, value

from symloss.compat.lasagne import init, nonlinearities
from symloss.compat.lasagne import layers as ll
from symloss.compat.lasagne.layers import corrmm, dnn
from symloss.compat.lasagne.layers.conv import conv_input_length, conv_output_length

SIZES = {1: (11,), 2: (11, 8), 3: (6, 5, 7)}
CONV = {1: ll.Conv1DLayer, 2: ll.Conv2DLayer, 3: ll.Conv3DLayer}


def convolved(x, w, pad=0, stride=1, flip=True):
    """The convolution of (n, c, ...) with (f, c, ...) by scipy."""
    axes = x.ndim - 2
    window = w.shape[2:]
    around = [{"full": k - 1, "same": k // 2}.get(pad, pad) for k in window]
    x = np.pad(x, [(0, 0), (0, 0), *[(a, a) for a in around]])
    w = w if flip else w[(slice(None), slice(None), *[slice(None, None, -1)] * axes)]
    out = np.array([[sum(scipy.signal.convolve(image, part, "valid") for image, part in zip(item, kernel, strict=True))
                     for kernel in w] for item in x])
    return out[(slice(None), slice(None), *[slice(None, None, stride)] * axes)]


@pytest.mark.parametrize("axes, pad, stride, flip, known", [
    (1, 0, 1, True, True), (1, "same", 2, False, True), (1, 2, 3, True, False), (2, 0, 1, True, True),
    (2, "full", 2, True, True), (2, "same", 1, False, False), (2, 1, 3, True, False), (3, 0, 1, True, True),
    (3, "same", 2, False, True), (3, 1, 1, True, False)])
def test_convolution_is_scipys(axes, pad, stride, flip, known):
    x, w = draws(2, 3, *SIZES[axes]), draws(4, 3, *[3] * axes, seed=1)
    shape = x.shape if known else (None, 3, *[None] * axes)
    layer = CONV[axes](ll.InputLayer(shape), 4, 3, stride=stride, pad=pad, flip_filters=flip, W=w, b=init.Normal(),
                       nonlinearity=None)
    wanted = convolved(x, w, pad, stride, flip) + layer.b.get_value()[(slice(None), *[None] * axes)]
    assert layer.get_output_shape_for(x.shape) == wanted.shape
    assert layer.output_shape == (wanted.shape if known else (None, 4, *[None] * axes))
    np.testing.assert_allclose(value(ll.get_output(layer, x)), wanted)


def test_groups_see_their_own_channels():
    x, w = draws(2, 4, 5, 6), draws(6, 2, 3, 3, seed=1)
    wanted = np.concatenate([convolved(x[:, :2], w[:3]), convolved(x[:, 2:], w[3:])], axis=1)
    for shape in (x.shape, (None, 4, None, None)):
        layer = ll.Conv2DLayer(shape, 6, 3, W=w, b=None, num_groups=2, nonlinearity=None)
        np.testing.assert_allclose(value(layer.get_output_for(pt.constant(x))), wanted)


@pytest.mark.parametrize("known", [True, False])
def test_gradients_of_convolution(known):
    x, w = draws(2, 2, 5, 4), draws(3, 2, 3, 2, seed=1)
    shape = x.shape if known else (None, 2, None, None)
    layer = ll.Conv2DLayer(ll.InputLayer(shape), 3, (3, 2), stride=(2, 1), pad=1, W=w, nonlinearity=nonlinearities.tanh)
    total = pt.sqr(ll.get_output(layer)).sum()
    at = layer.input_layer.input_var
    slopes = value(pytensor.grad(total, [layer.W, at]), {at: x})
    for slope, moved in zip(slopes, (layer.W, None), strict=True):
        step = draws(*slope.shape, seed=2)
        ends = []
        for sign in (1e-5, -1e-5):
            layer.W.set_value(w + (sign * step if moved is layer.W else 0))
            ends.append(value(total, {at: x + (0 if moved is layer.W else sign * step)}))
        layer.W.set_value(w)
        np.testing.assert_allclose((slope * step).sum(), (ends[0] - ends[1]) / 2e-5, rtol=1e-6)


def test_biases_of_each_place_and_none():
    x, w = draws(2, 3, 5, 4), draws(4, 3, 3, 3, seed=1)
    layer = ll.Conv2DLayer(x.shape, 4, 3, W=w, b=init.Normal(), untie_biases=True, nonlinearity=None)
    assert layer.b.get_value().shape == (4, 3, 2)
    np.testing.assert_allclose(value(layer.get_output_for(pt.constant(x))), convolved(x, w) + layer.b.get_value())
    assert ll.Conv2DLayer(x.shape, 4, 3, b=None).b is None
    assert ll.Conv2DLayer(x.shape, 4, 3).get_params(regularizable=True)[0].get_value().shape == (4, 3, 3, 3)


@pytest.mark.parametrize("layer, kernel", [(dnn.Conv2DDNNLayer, 2), (dnn.Conv3DDNNLayer, 3), (corrmm.Conv2DMMLayer, 2)])
def test_names_of_gpu_libraries_correlate(layer, kernel):
    x, w = draws(2, 3, *SIZES[kernel]), draws(4, 3, *[3] * kernel, seed=1)
    found = value(layer(x.shape, 4, 3, W=w, b=None, nonlinearity=None).get_output_for(pt.constant(x)))
    np.testing.assert_allclose(found, convolved(x, w, flip=False))
    assert isinstance(layer(x.shape, 4, 3), CONV[kernel])


def test_a_convolution_of_your_own():
    seen = {}

    def mine(input, filters, input_shape, filter_shape, **options):
        seen.update(options, shapes=(input_shape, filter_shape))
        return input

    ll.Conv2DLayer((1, 2, 5, 5), 2, 3, pad="same", b=None, convolution=mine).get_output_for(pt.tensor4())
    assert seen == {"subsample": (1, 1), "border_mode": "half", "filter_flip": True,
                    "shapes": ((1, 2, 5, 5), (2, 2, 3, 3))}


@pytest.mark.parametrize("make, kind, words", [
    (lambda: ll.Conv2DLayer((1, 2, 3), 4, 3, name="c"), ValueError, r"'c'.*\(1, 2, 3\).*Expected 4 input dimensions"),
    (lambda: ll.Conv2DLayer((1, 2, 3, 3), 4, 4, pad="same"), NotImplementedError, "requires odd filter size"),
    (lambda: ll.Conv2DLayer((1, 2, 3, 3), 4, 3, pad="some"), TypeError, "iterable of int"),
    (lambda: ll.Conv2DLayer((1, 3, 3, 3), 4, 3, num_groups=2), ValueError, "evenly divide"),
    (lambda: ll.Conv2DLayer((1, None, 3, 3), 4, 3), ValueError, "number of channels"),
    (lambda: ll.Conv2DLayer((1, 2, 5, 5), 4, 3, name="c").get_output_for(pt.constant(draws(1, 3, 5, 5))), ValueError,
     r"'c'.*\(1, 3, 5, 5\), but the layer was made for shape \(1, 2, 5, 5\)"),
    (lambda: ll.Conv2DLayer((1, 2, 2, 5), 4, 3, b=None).get_output_for(pt.tensor4()), ValueError, "larger than the in"),
    (lambda: ll.DilatedConv2DLayer((1, 2, 5, 5), 4, 3, pad="same"), NotImplementedError, "requires pad=0"),
    (lambda: ll.DilatedConv2DLayer((1, 2, 5, 5), 4, 3, flip_filters=True), NotImplementedError, "flip_filters=False"),
    (lambda: ll.LocallyConnected2DLayer((1, 2, 5, 5), 4, 3, pad=1), NotImplementedError, "requires pad='same'"),
    (lambda: ll.LocallyConnected2DLayer((1, 2, 5, 5), 4, 3, stride=2), NotImplementedError, r"stride=1 / \(1, 1\)"),
    (lambda: ll.LocallyConnected2DLayer((1, 2, None, 5), 4, 3), ValueError, "requires a fixed input shape"),
    (lambda: ll.LocallyConnected2DLayer((1, 2, 5, 5), 4, 3, channelwise=True), ValueError, "channels should match"),
    (lambda: conv_output_length(13, 5, 3, "some"), ValueError, "Invalid pad: "),
    (lambda: ll.TransposedConv2DLayer((1, 2, 5, 5), 4, 3, num_groups=2), NotImplementedError, "num_groups=2"),
])
def test_convolutions_that_cannot_be(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_lengths_of_convolutions():
    assert [conv_output_length(13, 5, 3, pad) for pad in ("valid", 0, "full", "same", 2)] == [3, 3, 6, 5, 5]
    assert [conv_input_length(3, 3, 2, pad) for pad in ("valid", "full", "same", 2)] == [7, 3, 5, 3]
    assert conv_output_length(None, 5, 3) is conv_input_length(None, 5, 3) is None


@pytest.mark.parametrize("axes, crop, stride, flip, known", [
    (2, 0, 1, False, True), (2, "full", 2, True, True), (2, "same", 3, False, False), (2, 1, 2, True, False),
    (3, 0, 2, False, True), (3, "same", 1, True, False)])
def test_transposed_convolution_is_the_adjoint(axes, crop, stride, flip, known):
    y = draws(2, 3, *SIZES[axes])
    kind = ll.TransposedConv2DLayer if axes == 2 else ll.TransposedConv3DLayer
    layer = kind(ll.InputLayer(y.shape if known else (None, 3, *[None] * axes)), 4, 3, stride=stride, crop=crop,
                 flip_filters=flip, b=None, nonlinearity=None)
    shape = layer.get_output_shape_for(y.shape)
    found, x = value(ll.get_output(layer, y)), draws(*shape, seed=1)
    assert found.shape == shape
    w = layer.W.get_value()
    assert w.shape == (3, 4, *[3] * axes)
    np.testing.assert_allclose((found * x).sum(), (y * convolved(x, w, crop, stride, not flip)).sum())


@pytest.mark.parametrize("symbolic", [False, True])
@pytest.mark.parametrize("known", [False, True])
def test_transposed_convolution_of_a_given_size(symbolic, known):
    y, size = draws(2, 3, 4, 5), (9, 12)
    asked = pytensor.shared(np.array(size)) if symbolic else size
    shape = y.shape if known else (None, 3, None, None)
    layer = ll.Deconv2DLayer(ll.InputLayer(shape), 4, (2, 3), stride=2, output_size=asked, b=None, nonlinearity=None)
    found = value(ll.get_output(layer, y))
    least = value(ll.Deconv2DLayer(y.shape, 4, (2, 3), stride=2, W=layer.W, b=None, nonlinearity=None).get_output_for(
        pt.constant(y)))
    assert layer.output_shape[2:] == ((None, None) if symbolic else size)
    np.testing.assert_allclose(found, np.pad(least, [(0, 0), (0, 0), (0, 1), (0, 1)]), atol=1e-12)


@pytest.mark.parametrize("known", [True, False])
def test_dilated_convolution(known):
    x, w = draws(2, 3, 9, 8), draws(3, 4, 3, 2, seed=1)
    apart = np.zeros((4, 3, 5, 4))
    apart[:, :, ::2, ::3] = w.transpose(1, 0, 2, 3)
    layer = ll.DilatedConv2DLayer(x.shape if known else (None, 3, None, None), 4, (3, 2), dilation=(2, 3), W=w, b=None,
                                  nonlinearity=None)
    wanted = convolved(x, apart, flip=False)
    assert layer.get_output_shape_for(x.shape) == wanted.shape
    np.testing.assert_allclose(value(layer.get_output_for(pt.constant(x))), wanted)


@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("channelwise", [True, False])
def test_filters_of_each_place(flip, channelwise):
    x = draws(2, 3, 4, 5)
    layer = ll.LocallyConnected2DLayer(x.shape, 3, (3, 1), flip_filters=flip, channelwise=channelwise, b=None,
                                       nonlinearity=None)
    w, wide = layer.W.get_value(), np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 0)])
    wanted = np.zeros((2, 3, 4, 5))
    for cell in range(3):
        part = w[..., 2 - cell if flip else cell, 0, :, :]
        seen = wide[:, :, cell : cell + 4]
        wanted += seen * part if channelwise else np.einsum("ncij,fcij->nfij", seen, part)
    assert layer.output_shape == wanted.shape
    np.testing.assert_allclose(value(layer.get_output_for(pt.constant(x))), wanted)


# ------------------------------------------------------------------------------------------------------------- pooling


def pooled(x, window, stride, pad, ignore_border, mode):
    """What windows over the last axes of (n, c, ...) pool, window by window."""
    axes = x.ndim - 2
    counts = []
    for n in x.shape[2:]:
        full = (n + 2 * pad - window) // stride + 1
        rest = -(-(n - window) // stride) + 1 if stride < window else -(-n // stride)
        counts.append(full if ignore_border else max(1, rest))
    out = np.zeros((*x.shape[:2], *counts))
    for place in itertools.product(*map(range, counts)):
        starts = [p * stride - pad for p in place]
        seen = x[(slice(None), slice(None), *(slice(max(s, 0), s + window) for s in starts))]
        over = tuple(range(2, axes + 2))
        cells = np.prod([min(s + window, n + pad) - s for s, n in zip(starts, x.shape[2:], strict=True)])
        found = {"max": seen.max(over), "sum": seen.sum(over), "average_exc_pad": seen.mean(over),
                 "average_inc_pad": seen.sum(over) / cells}
        out[(slice(None), slice(None), *place)] = found[mode]
    return out


@pytest.mark.parametrize("axes, window, stride, pad, ignore_border, mode, known", [
    (1, 3, 2, 0, True, "max", True), (1, 2, 3, 1, True, "max", False), (1, 3, 2, 0, False, "average_inc_pad", True),
    (2, 2, 2, 0, True, "max", True), (2, 3, 2, 1, True, "max", False), (2, 3, 2, 0, False, "max", True),
    (2, 2, 3, 0, False, "max", False), (2, 3, 2, 1, True, "average_inc_pad", True),
    (2, 3, 2, 1, True, "average_exc_pad", False), (2, 3, 1, 0, True, "sum", True), (3, 2, 2, 0, True, "max", True),
    (3, 2, 1, 1, True, "average_exc_pad", False), (3, 2, 2, 0, False, "average_exc_pad", True)])
def test_pooling(axes, window, stride, pad, ignore_border, mode, known):
    x = draws(2, 3, *SIZES[axes])
    kind = {1: ll.Pool1DLayer, 2: ll.Pool2DLayer, 3: ll.Pool3DLayer}[axes]
    wanted = pooled(x, window, stride, pad, ignore_border, mode)
    layer = kind(x.shape if known else (None, 3, *[None] * axes), window, stride, pad, ignore_border, mode)
    assert layer.get_output_shape_for(x.shape) == wanted.shape
    at = pt.constant(x) if known else pt.TensorType("float64", shape=(None,) * x.ndim)()
    found = value(layer.get_output_for(at), {} if known else {at: x})
    np.testing.assert_allclose(found, wanted)


def test_the_gradient_of_a_maximum_goes_to_all_that_are_greatest():
    x = pt.tensor4()
    total = ll.MaxPool2DLayer((1, 1, 2, 4), 2).get_output_for(x).sum()
    slope = value(pytensor.grad(total, x), {x: np.array([[[[1.0, 3.0, 0.0, 0.0], [3.0, 2.0, 0.0, -1.0]]]])})
    assert (slope == [[[[0, 1, 1, 1], [1, 0, 1, 0]]]]).all()


@pytest.mark.parametrize("make, kind, words", [
    (lambda: ll.MaxPool1DLayer((10, 20), 3), ValueError, "Expected 3 input dimensions"),
    (lambda: ll.MaxPool2DLayer((10, 20, 30), 3, name="p"), ValueError, r"'p'.*\(10, 20, 30\).*Expected 4 input"),
    (lambda: ll.Pool2DLayer((1, 2, 5, 5), 3, mode="median"), ValueError, "mode='median'"),
    (lambda: ll.Pool2DLayer((1, 2, 5, 5), 3, pad=3).get_output_for(pt.tensor4()), NotImplementedError, "smaller than"),
    (lambda: ll.Pool2DLayer((1, 2, 5, 5), 3, pad=1, ignore_border=False).get_output_for(pt.tensor4()),
     NotImplementedError, "ignore_border=True"),
    (lambda: dnn.MaxPool2DDNNLayer((1, 2, 5, 5), 2, ignore_border=False), NotImplementedError,
     "Pool2DDNNLayer does not support ignore_border=False"),
    (lambda: dnn.MaxPool3DDNNLayer((1, 2, 5, 5), 2), ValueError, "Expected 5 input dimensions"),
    (lambda: ll.Upscale2DLayer((1, 2, 5, 5), (0, 2)), ValueError, "Scale factor must be >= 1"),
    (lambda: ll.Upscale2DLayer((1, 2, 5, 5), 2, mode="other"), ValueError, "Mode must be either"),
    (lambda: ll.FeaturePoolLayer((1, 3, 5), 2), ValueError, r"\(1, 3, 5\).*\(3\).*pool_size=2"),
    (lambda: ll.FeatureWTALayer((1, 3, 5), 2), ValueError, "not a multiple"),
    (lambda: ll.SpatialPyramidPoolingLayer((1, 2, 3)), ValueError, "Expected 4 input dimensions"),
    (lambda: ll.SpatialPyramidPoolingLayer((1, 2, 3, 4), mode="other", implementation="kaiming").get_output_for(
        pt.tensor4()), ValueError, "Mode must be either"),
])
def test_pooling_that_cannot_be(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


@pytest.mark.parametrize("kind, axes", [(ll.Upscale1DLayer, 1), (ll.Upscale2DLayer, 2), (ll.Upscale3DLayer, 3)])
def test_enlarging(kind, axes):
    x, factors = draws(2, 3, *SIZES[axes]), (2, 3, 1)[:axes]
    repeated, dilated = x, np.zeros((2, 3, *(n * f for n, f in zip(x.shape[2:], factors, strict=True))))
    for axis, factor in enumerate(factors, start=2):
        repeated = repeated.repeat(factor, axis=axis)
    dilated[(slice(None), slice(None), *(slice(None, None, f) for f in factors))] = x
    for mode, wanted in (("repeat", repeated), ("dilate", dilated)):
        layer = kind(x.shape, factors, mode=mode)
        assert layer.output_shape == wanted.shape
        assert (value(layer.get_output_for(pt.constant(x))) == wanted).all()
        assert kind((None, 3, *[None] * axes), factors, mode=mode).output_shape == (None, 3, *[None] * axes)


def test_pooling_of_channels_and_of_everything():
    x = draws(2, 6, 4, 5)
    parts = x.reshape(2, 3, 2, 4, 5)
    found = [value(layer.get_output_for(pt.constant(x))) for layer in (
        ll.FeaturePoolLayer(x.shape, 2), ll.FeatureWTALayer(x.shape, 2), ll.GlobalPoolLayer(x.shape),
        ll.GlobalPoolLayer(x.shape, pool_function=pt.max),
        ll.FeaturePoolLayer(x.shape, 5, axis=-1, pool_function=pt.sum))]
    np.testing.assert_allclose(found[0], parts.max(2))
    np.testing.assert_allclose(found[1], (parts * (parts == parts.max(2, keepdims=True))).reshape(x.shape))
    np.testing.assert_allclose(found[2], x.mean((2, 3)))
    np.testing.assert_allclose(found[3], x.max((2, 3)))
    np.testing.assert_allclose(found[4], x.sum(3, keepdims=True))
    assert ll.FeaturePoolLayer(x.shape, 2).output_shape == (2, 3, 4, 5)
    assert ll.GlobalPoolLayer(x.shape).output_shape == (2, 6)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("how", ["fast", "kaiming"])
@pytest.mark.parametrize("mode", ["max", "average_exc_pad"])
def test_spatial_pyramids(known, how, mode):
    x = draws(2, 3, 7, 9)
    shape = x.shape if known else (None, 3, None, None)
    layer = ll.SpatialPyramidPoolingLayer(shape, [3, 1], mode=mode, implementation=how)
    found = value(layer.get_output_for(pt.constant(x)))
    wanted = []
    for parts in (3, 1):
        for row, column in itertools.product(range(parts), repeat=2):
            ends = []
            for place, n in ((row, 7), (column, 9)):
                first = place * n // parts if how == "kaiming" else place * (n // parts)
                ends.append(slice(first, -(-(place + 1) * n // parts) if how == "kaiming" else first + -(-n // parts)))
            seen = x[:, :, ends[0], ends[1]]
            wanted.append(seen.max((2, 3)) if mode == "max" else seen.mean((2, 3)))
    assert layer.output_shape[2] == 10
    np.testing.assert_allclose(found, np.stack(wanted, axis=2))
