"""Convolution and pooling: values of scipy and torch, gradients by finite differences, shapes and mistakes."""

import json
import pathlib

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from scipy import signal

import symloss
from symloss.compiling import function, resolve
from symloss.layers.windows import covered, covering, fold, unfold

TORCH = json.loads((pathlib.Path(__file__).with_name("convolution_torch.json")).read_text(encoding="utf-8"))
LINEAR = {"activation": "linear"}


def network(image, *layers, size=1, **options):
    """Return a model of images with these layers, then a flat output."""
    return symloss.convolution.Regressor([tuple(image), *layers, {"form": "flatten", "name": "flat"}, size], **options)


def layer(form, **options):
    return {"form": form, "name": "it", **LINEAR, **options}


def values(net, x, param="w"):
    return net.feed_forward(x)["it:out"], net.find("it", param).get_value()


def by_scipy(function, x, w, mode):
    """Return (n, rows, columns, filters): scipy's sum over channels."""
    n, channels, filters = len(x), w.shape[2], w.shape[3]
    return np.stack([np.stack([sum(function(x[i, ..., c], w[..., c, f], mode=mode) for c in range(channels))
                               for f in range(filters)], axis=-1) for i in range(n)])


# ---------------------------------------------------------------------------------------------------- convolution


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize("flip", [True, False])
def test_values_are_scipys(mode, flip, rng):
    """Convolution runs through a filter backwards, correlation does not."""
    net = network((7, 6, 2), layer("conv2", size=3, filter_size=(3, 5), border_mode=mode, flip_filters=flip))
    x = rng.normal(size=(2, 7, 6, 2))
    got, w = values(net, x)
    wanted = by_scipy(signal.convolve if flip else signal.correlate, x, w, mode)
    np.testing.assert_allclose(got, wanted, atol=1e-12)


def test_conv1_is_scipys_convolution_over_time(rng):
    net = network((9, 2), layer("conv1", size=3, filter_size=4))
    x = rng.normal(size=(5, 9, 2))
    got, w = values(net, x)
    assert w.shape == (4, 2, 3)
    wanted = [[sum(signal.convolve(x[i, :, c], w[:, c, f], "valid") for c in range(2)) for f in range(3)]
              for i in range(5)]
    np.testing.assert_allclose(got, np.moveaxis(np.array(wanted), 1, 2), atol=1e-12)


def test_a_stride_leaves_places_out(rng):
    options = dict(size=2, filter_size=3, init=rng.normal(size=(3, 3, 1, 2)))
    dense, sparse = (network((9, 8, 1), layer("conv2", **options, stride=s)) for s in (1, (2, 3)))
    x = rng.normal(size=(4, 9, 8, 1))
    np.testing.assert_allclose(values(sparse, x)[0], values(dense, x)[0][:, ::2, ::3], atol=1e-12)


def test_half_and_numbers_are_zeros_on_both_sides(rng):
    x, init = rng.normal(size=(3, 5, 6, 1)), rng.normal(size=(4, 3, 1, 2))
    around = np.pad(x, ((0, 0), (2, 2), (1, 1), (0, 0)))
    plain = values(network((9, 8, 1), layer("conv2", size=2, filter_size=(4, 3), init=init)), around)[0]
    for border in ("half", (2, 1)):
        net = network((5, 6, 1), layer("conv2", size=2, filter_size=(4, 3), init=init, border_mode=border))
        np.testing.assert_allclose(values(net, x)[0], plain, atol=1e-12)


def graph_of(case):
    """Return a model of the case's layer alone, with torch's parameters."""
    options = dict(case["options"])
    if case["form"].startswith("conv"):
        options |= {"flip_filters": False}
    net = network(case["image"], layer(case["form"], **options))
    for short in ("w", "b"):
        if short in case:
            net.find("it", short).set_value(np.array(case[short]))
    return net


@pytest.mark.parametrize("case", TORCH["cases"], ids=lambda c: f"{c['form']} {c['options']}")
def test_values_and_gradients_are_torchs(case):
    net = graph_of(case)
    expression = net.graph.outputs()[0]["it:out"]
    x, params = net.inputs[0], list(net.graph["it"].params.values())
    slopes = pytensor.grad((expression * np.array(case["slope"])).sum(), [x, *params])
    got = function([x], [expression, *slopes], resolve("PYTHON"))(np.array(case["x"]))
    wanted = [case[key] for key in ("out", "grad_x", "grad_w", "grad_b") if key in case]
    for one, other in zip(got, wanted, strict=True):
        np.testing.assert_allclose(one, np.array(other), atol=1e-12)
    assert got[0].shape[1:] == net.graph["it"].shape


# ------------------------------------------------------------------------------------------------------ gradients


@pytest.mark.parametrize("made", [
    layer("conv2", size=2, filter_size=(2, 3), stride=(1, 2), border_mode="same"),
    layer("conv2", size=2, filter_size=2, stride=3, border_mode=1),
    layer("pool2", pool_size=(3, 2), stride=2),
    layer("pool2", pool_size=3, stride=2, pooling="mean", ignore_border=False),
], ids=lambda made: f"{made['form']} {made.get('stride')}")
def test_gradients_are_finite_differences(made, rng):
    net = network((5, 6, 2), made)
    x = net.inputs[0]
    params = list(net.graph["it"].params.values())
    out = net.graph.outputs()[0]["it:out"]
    weighed = (out * pt.as_tensor_variable(rng.normal(size=net.graph["it"].shape))).sum()
    run = function([x], [weighed, *pytensor.grad(weighed, [x, *params])], resolve("PYTHON"))
    point = rng.normal(size=(2, 5, 6, 2))
    slopes = run(point)[1:]
    step = 1e-6
    for index in np.ndindex(point.shape):
        away = point.copy()
        away[index] += step
        back = point.copy()
        back[index] -= step
        np.testing.assert_allclose(slopes[0][index], (run(away)[0] - run(back)[0]) / (2 * step), atol=1e-7)
    for param, slope in zip(params, slopes[1:], strict=True):
        value = param.get_value()
        for index in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[index] += sign * step
                param.set_value(moved)
                ends.append(run(point)[0])
            np.testing.assert_allclose(slope[index], (ends[0] - ends[1]) / (2 * step), atol=1e-7)
        param.set_value(value)


def test_the_product_with_the_hessian_is_a_difference_of_gradients(rng):
    """The gradient of a gradient goes through patches forward and backward."""
    net = network((5, 5, 1), layer("conv2", size=2, filter_size=3), {"form": "conv2", "size": 2, "filter_size": 2,
                                                                     "activation": "tanh"})
    x, w = net.inputs[0], net.find("it", "w")
    slope = pytensor.grad((net.graph.outputs()[0]["flat:out"] ** 2).sum(), w)
    direction = rng.normal(size=(3, 3, 1, 2))
    product = pytensor.grad((slope * direction).sum(), w)
    run = function([x], [slope, product], resolve("PYTHON"))
    point, start = rng.normal(size=(2, 5, 5, 1)), w.get_value()
    exact = run(point)[1]
    ends = []
    for sign in (1, -1):
        w.set_value(start + sign * 1e-5 * direction)
        ends.append(run(point)[0])
    np.testing.assert_allclose(exact, (ends[0] - ends[1]) / 2e-5, rtol=1e-6, atol=1e-6)


def test_fold_is_the_transpose_of_unfold(rng):
    """<unfold x, g> = <x, fold g>, with cells that windows reach often, once and never."""
    numbers = covered((5, 7), (2, 3), (3, 2))
    x, g = pt.tensor(shape=(None, 35, 2), dtype="float64"), pt.tensor(shape=(None, 12), dtype="float64")
    run = function([x, g], [unfold(x, numbers), fold(g, x, numbers)], resolve("PYTHON"))
    a, b = rng.normal(size=(3, 35, 2)), rng.normal(size=(3 * len(numbers), 12))
    patches, folded = run(a, b)
    np.testing.assert_allclose((patches * b).sum(), (a * folded).sum())
    assert (folded[:, 14:21] == 0).all()  # the third row lies between two places


def test_covering_finds_every_use_of_a_cell():
    numbers = covered((4, 4), (3, 3), (1, 1))
    found = covering(numbers, 16)
    used = found[found < numbers.size]
    assert sorted(used) == list(range(numbers.size))
    assert all(numbers.ravel()[k] == cell for cell in range(16) for k in found[:, cell] if k < numbers.size)


# -------------------------------------------------------------------------------------------------------- pooling


def slope_of_pool(image, **options):
    net = network(np.shape(image)[1:], layer("pool2", **options))
    out = net.graph.outputs()[0]["it:out"]
    run = function(net.inputs, [out, pytensor.grad(out.sum(), net.inputs[0])], resolve("PYTHON"))
    return run(np.array(image, float))


def test_of_equal_maxima_the_first_gets_the_gradient():
    """Row by row: the first in the upper row, and not the first of the left column."""
    out, slope = slope_of_pool(np.reshape([[0, 5], [5, 5]], (1, 2, 2, 1)), pool_size=2)
    assert out.item() == 5
    assert slope[0, ..., 0].tolist() == [[0, 1], [0, 0]]


def test_a_window_over_the_end_pools_what_there_is():
    image = np.arange(-25.0, 0).reshape(1, 5, 5, 1)
    out, slope = slope_of_pool(image, pool_size=2, ignore_border=False)
    assert out[0, ..., 0].tolist() == [[-19, -17, -16], [-9, -7, -6], [-4, -2, -1]]
    assert slope.sum() == 9
    out, _ = slope_of_pool(image, pool_size=2, ignore_border=False, pooling="mean")
    assert out[0, 2, 2, 0] == -1 and out[0, 2, 0, 0] == -4.5


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_maximum_does_not_hide_nan(at):
    image = np.arange(4.0)
    image[at] = np.nan
    assert np.isnan(slope_of_pool(image.reshape(1, 2, 2, 1), pool_size=2)[0]).all()


# --------------------------------------------------------------------------------------------- shapes and mistakes


@pytest.mark.parametrize(("image", "made", "shape"), [
    ((28, 28, 1), {"form": "conv2", "size": 32, "filter_size": 5}, (24, 24, 32)),
    ((28, 27, 1), {"form": "conv2", "size": 4, "filter_size": (5, 2), "stride": 2, "border_mode": "same"}, (14, 14, 4)),
    ((28, 28, 1), {"form": "conv2", "size": 4, "filter_size": 4, "border_mode": "half"}, (29, 29, 4)),
    ((100, 3), {"form": "conv1", "size": 8, "filter_size": 5, "stride": 3}, (32, 8)),
    ((9, 10, 3), {"form": "pool2"}, (4, 5, 3)),
    ((9, 10, 3), {"form": "pool2", "ignore_border": False}, (5, 5, 3)),
    ((9, 10, 3), {"form": "pool2", "pool_size": 3, "stride": 2, "ignore_border": False}, (4, 5, 3)),
    ((4, 4, 3), {"form": "pool2", "pool_size": 1, "stride": 3, "ignore_border": False}, (2, 2, 3)),
    ((2, 2, 3), {"form": "pool2", "pool_size": 3, "ignore_border": False}, (1, 1, 3)),
    ((9, 3), {"form": "pool1", "pool_size": 4, "stride": 2}, (3, 3)),
])
def test_shapes_are_known_when_the_layer_is_made(image, made, shape, rng):
    net = network(image, made | {"name": "it"})
    assert net.graph["it"].shape == shape
    x = rng.normal(size=(2, *image))
    assert net.feed_forward(x)["it:out"].shape == (2, *shape)
    assert net.graph.outputs()[0]["it:out"].type.shape[1:] == shape


CONV = {"form": "conv2", "size": 2, "filter_size": 3}


@pytest.mark.parametrize(("image", "made", "words"), [
    ((2, 9, 1), CONV, "filter_size 3 is larger than its input 'in', which is 2 x 9"),
    ((9, 9, 1), {"form": "pool2", "pool_size": 10}, "pool_size 10 is larger.*9 x 9"),
    ((28, 28), CONV, r"'in' has items of shape \(28, 28\).*\(28, 28, 1\)"),
    ((784,), CONV, "reshape"),
    ((28, 28, 1), {"form": "conv1", "size": 2, "filter_size": 3}, "series"),
    ((9, 9, 1), CONV | {"filter_size": 0}, "filter_size=0"),
    ((9, 9, 1), CONV | {"filter_size": (3, 3, 3)}, "pair"),
    ((9, 9, 1), CONV | {"stride": 1.5}, "stride=1.5"),
    ((9, 9, 1), CONV | {"border_mode": "vaild"}, "'valid', 'same'"),
    ((9, 9, 1), CONV | {"border_mode": -1}, "border_mode=-1"),
    ((9, 9, 1), CONV | {"flip_filters": "yes"}, "flip_filters='yes'"),
    ((9, 9, 1), {"form": "conv2", "filter_size": 3}, "no size"),
    ((9, 9, 1), {"form": "pool2", "pooling": "median"}, "'max' or 'mean'"),
    ((9, 9, 1), {"form": "pool2", "size": 2}, "Leave size out"),
    ((9, 9, 1), {"form": "pool2", "ignore_border": 2}, "ignore_border=2"),
])
def test_a_layer_that_cannot_be_says_why(image, made, words):
    with pytest.raises(symloss.SpecError, match=words):
        network(image, made)


def test_a_forgotten_filter_size_is_asked_for():
    with pytest.raises(symloss.SpecError, match="filter_size"):
        network((9, 9, 1), {"form": "conv2", "size": 3})


# ------------------------------------------------------------------------------------------------- other backends


LAYERS = ({"form": "conv2", "size": 2, "filter_size": (2, 3), "border_mode": "same", "stride": 2},
          {"form": "conv2", "size": 3, "filter_size": 2}, "pool2")


def both_gradients(mode, layers):
    """Return what a mode makes of layers of convolution and pooling, and of their gradients."""
    net = network((8, 9, 1), *layers, seed=3)
    total = (net.graph.outputs()[0]["out:out"] ** 2).mean()
    run = function(net.inputs, [total, *pytensor.grad(total, [*net.inputs, *net.params])], resolve(mode))
    return run(np.random.default_rng(0).normal(size=(4, 8, 9, 1)))


@pytest.mark.parametrize("mode", ["C", "NUMBA", "JAX"])
def test_every_backend_gives_the_same_numbers(mode):
    layers = ({"form": "conv2", "size": 2, "filter_size": (2, 3)}, "pool2") if mode == "NUMBA" else LAYERS  # a minute
    for got, wanted in zip(both_gradients(mode, layers), both_gradients("PYTHON", layers), strict=True):
        np.testing.assert_allclose(np.asarray(got), wanted, rtol=1e-9, atol=1e-12)
