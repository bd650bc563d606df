"""Layers as parts of networks: shapes, parameters, outputs, and layers without windows, noise or loops."""

import warnings
from unittest.mock import Mock

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
import scipy.special
from computing import draws, value

from symloss.compat import lasagne
from symloss.compat.lasagne import layers as ll


@pytest.fixture
def net():
    """x -> hidden (3, with dropout behind) -> out (2)."""
    l_in = ll.InputLayer((None, 4), name="x")
    hidden = ll.DenseLayer(l_in, 3, name="hidden")
    dropped = ll.DropoutLayer(hidden, name="drop")
    return l_in, hidden, dropped, ll.DenseLayer(dropped, 2, nonlinearity=lasagne.nonlinearities.softmax, name="out")


# ------------------------------------------------------------------------------------------------- layers and networks


def test_layers_come_behind_those_that_feed_them():
    a, b = ll.InputLayer((5, 4)), ll.InputLayer((5, 3))
    c, d = ll.DenseLayer(a, 3), ll.DenseLayer(b, 3)
    total = ll.ElemwiseSumLayer([c, d])
    assert ll.get_all_layers(total) == [a, c, b, d, total]
    assert ll.get_all_layers([d, total]) == [b, d, a, c, total]
    assert ll.get_all_layers(total, treat_as_input=[c]) == [c, b, d, total]
    assert ll.get_all_layers([total, c], treat_as_input=[total]) == [total, a, c]
    assert ll.get_all_layers([]) == []


def test_parameters_have_names_tags_and_an_order(net):
    *_, out = net
    assert [p.name for p in ll.get_all_params(out)] == ["hidden.W", "hidden.b", "out.W", "out.b"]
    assert [p.name for p in ll.get_all_params(out, regularizable=True)] == ["hidden.W", "out.W"]
    assert [p.name for p in ll.get_all_params(out, regularizable=False)] == ["hidden.b", "out.b"]
    assert ll.get_all_params(out, trainable=False) == []
    assert ll.count_params(out) == 4 * 3 + 3 + 3 * 2 + 2
    assert ll.count_params(out, regularizable=True) == 4 * 3 + 3 * 2


def test_parameters_that_are_expressions_are_unwrapped():
    a, b = (pytensor.shared(draws(4, 3), shape=(4, 3)) for _ in range(2))
    layer = ll.DenseLayer((None, 4), 3, W=a * 2 - b, b=None)
    assert layer.get_params() == [a, b]
    assert layer.get_params(unwrap_shared=False) == [layer.W]


def test_values_are_set_all_or_none(net):
    *_, out = net
    before = ll.get_all_param_values(out)
    ll.set_all_param_values(out, [v + 1 for v in before])
    assert all((a == b + 1).all() for a, b in zip(ll.get_all_param_values(out), before, strict=True))
    with pytest.raises(ValueError, match="got 3 values to set 4 parameters"):
        ll.set_all_param_values(out, before[:3])
    with pytest.raises(ValueError, match=r"'out.W'.*\(3, 2\) but value to set has shape \(2, 3\)"):
        ll.set_all_param_values(out, [before[0], before[1], before[2].T, before[3]])
    assert (ll.get_all_param_values(out)[0] == before[0] + 1).all()


def test_outputs_of_data_variables_and_other_layers(net):
    l_in, hidden, dropped, out = net
    x = draws(5, 4)
    w1, b1, w2, b2 = ll.get_all_param_values(out)
    middle = np.maximum(x @ w1 + b1, 0)
    wanted = scipy.special.softmax(middle @ w2 + b2, axis=1)
    np.testing.assert_allclose(value(ll.get_output(out, x, deterministic=True)), wanted)
    variable = pt.matrix()
    np.testing.assert_allclose(value(ll.get_output(out, variable, deterministic=True), {variable: x}), wanted)
    np.testing.assert_allclose(value(ll.get_output(out, deterministic=True), {l_in.input_var: x}), wanted)
    np.testing.assert_allclose(value(ll.get_output(out, {hidden: middle}, deterministic=True)), wanted)
    np.testing.assert_allclose(value(ll.get_output(out, {dropped: middle})), wanted)
    assert ll.get_output(l_in) is l_in.input_var
    one, two = ll.get_output([hidden, out], x)
    assert one in pytensor.graph.traversal.ancestors([two])


def test_shapes_of_networks(net):
    l_in, hidden, _, out = net
    assert ll.get_output_shape(out) == (None, 2)
    assert ll.get_output_shape([hidden, out], (7, 4)) == [(7, 3), (7, 2)]
    assert ll.get_output_shape(out, {l_in: (6, 4)}) == (6, 2)


def test_an_unknown_keyword_is_warned_of_with_a_near_match(net):
    with pytest.warns(UserWarning, match="determinstic .perhaps you meant deterministic"):
        ll.get_output(net[-1], determinstic=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ll.get_output(net[-1], deterministic=True)


def test_inputs_that_are_missing_or_for_nobody_are_refused():
    a, b = ll.InputLayer((5, 4)), ll.InputLayer((5, 4))
    total = ll.ElemwiseSumLayer([a, b])
    with pytest.raises(ValueError, match="2 input layers"):
        ll.get_output(total, pt.matrix())
    with pytest.raises(ValueError, match="2 input layers"):
        ll.get_output_shape(total, (3, 4))
    floating = ll.DenseLayer((None, 4), 2, name="alone")
    with pytest.raises(ValueError, match="'alone'.*no other layer feeds it"):
        ll.get_output(floating)
    assert ll.get_output(floating, {None: pt.matrix()}).ndim == 2
    for kind in (TypeError, ValueError):
        with pytest.raises(kind, match="of type str"):
            ll.get_output(total, {"a": pt.matrix()})


def test_layers_of_users():
    class Doubling(ll.Layer):
        def get_output_for(self, input, twice=True, **kwargs):
            return input * (2 if twice else 1)

    class Wrong(ll.Layer):
        def get_output_shape_for(self, input_shape):
            return pt.vector().shape

    layer = Doubling(ll.InputLayer((None, 3)))
    assert layer.output_shape == (None, 3)
    np.testing.assert_allclose(value(ll.get_output(layer, draws(2, 3), twice=True)), 2 * draws(2, 3))
    with pytest.raises(ValueError, match="symbolic output shape"):
        _ = Wrong((None,)).output_shape
    with pytest.raises(NotImplementedError, match="'base'"):
        ll.Layer((2, 3), name="base").get_output_for(pt.matrix())


def test_a_layer_without_a_shape_can_be_mocked():
    layer = ll.MergeLayer([(2, 3), (2, 4)])
    assert not hasattr(layer, "output_shape")
    assert Mock(layer, output_shape=(2,)).output_shape == (2,)
    with pytest.raises(NotImplementedError, match="MergeLayer"):
        _ = layer.output_shape


@pytest.mark.parametrize("shape", [(None, 0), (-1, 3)])
def test_lengths_are_positive(shape):
    for make in (ll.InputLayer, lambda shape: ll.Layer(shape, name="l")):
        with pytest.raises(ValueError, match="positive"):
            make(shape)


def test_input_layers():
    assert ll.InputLayer((3, 2)).input_var.name == "input"
    assert ll.InputLayer((3, 1), name="x").input_var.name == "x.input"
    assert ll.InputLayer((3, 1)).input_var.type.broadcastable == (False, True)
    with pytest.raises(ValueError, match="shape has 2 dimensions, but variable has 4"):
        ll.InputLayer((3, 2), pt.tensor4())


# -------------------------------------------------------------------------------------------------- dense, NiN, vectors


@pytest.mark.parametrize("leading, inputs, output", [(1, 24, (2, 5)), (2, 12, (2, 2, 5)), (-1, 4, (2, 2, 3, 5)),
                                                     (-2, 12, (2, 2, 5))])
def test_a_dense_layer_joins_axes(leading, inputs, output):
    layer = ll.DenseLayer(ll.InputLayer((None, 2, 3, 4)), 5, num_leading_axes=leading, nonlinearity=None)
    x = draws(2, 2, 3, 4)
    assert layer.W.get_value().shape == (inputs, 5)
    assert layer.output_shape == (None, *output[1:])
    found = value(ll.get_output(layer, x))
    np.testing.assert_allclose(found, x.reshape(*output[:-1], inputs) @ layer.W.get_value() + layer.b.get_value())


@pytest.mark.parametrize("shape, leading, words", [
    ((None, 3), 2, "no trailing axes"), ((None, 3), -3, "more trailing axes"),
    ((None, None), 1, "requires a fixed input shape")])
def test_axes_that_cannot_be_joined(shape, leading, words):
    with pytest.raises(ValueError, match=words):
        ll.DenseLayer(shape, 5, num_leading_axes=leading)


def test_inputs_of_another_width_name_layer_and_shapes():
    layer = ll.DenseLayer(ll.InputLayer((None, 4)), 3, name="hidden")
    with pytest.raises(ValueError, match=r"'hidden'.*\(5, 6\).*\(4, 3\)"):
        ll.get_output(layer, draws(5, 6))


@pytest.mark.parametrize("untie", [False, True])
def test_network_in_network(untie):
    layer = ll.NINLayer(ll.InputLayer((2, 3, 4, 5)), 6, untie_biases=untie, b=lasagne.init.Normal(), nonlinearity=None)
    x, b = draws(2, 3, 4, 5), layer.b.get_value()
    wanted = np.einsum("ncij,cf->nfij", x, layer.W.get_value()) + (b if untie else b[:, None, None])
    assert layer.output_shape == wanted.shape
    np.testing.assert_allclose(value(ll.get_output(layer, x)), wanted)


def test_embedding():
    layer = ll.EmbeddingLayer(ll.InputLayer((None, 3), pt.lmatrix()), 7, 2)
    x = np.array([[0, 6, 3], [1, 1, 2]])
    assert layer.output_shape == (None, 3, 2)
    assert (value(ll.get_output(layer, x)) == layer.W.get_value()[x]).all()


# ----------------------------------------------------------------------------------------------------- merge and shape


def test_concatenation_and_sums_with_cropping():
    a, b = draws(5, 3, 8), draws(4, 6, 5, seed=1)
    joined = ll.ConcatLayer([a.shape, b.shape], axis=1, cropping=["lower", "upper", "center"])
    assert joined.output_shape == (4, 9, 5)
    found = value(joined.get_output_for([pt.constant(a), pt.constant(b)]))
    assert (found == np.concatenate([a[:4, :, 1:6], b], axis=1)).all()
    total = ll.ElemwiseSumLayer([a.shape, b.shape], coeffs=[2, -1], cropping=["upper", "lower", "center"])
    assert total.output_shape == (4, 3, 5)
    found = value(total.get_output_for([pt.constant(a), pt.constant(b)]))
    np.testing.assert_allclose(found, 2 * a[1:, :, 1:6] - b[:, :3])
    assert ll.ConcatLayer([(None, 2), (3, 5)]).output_shape == (3, 7)
    assert ll.ConcatLayer([(2, 3), (2, 4)], axis=-1).output_shape == (2, 7)
    largest = ll.ElemwiseMergeLayer([(2,), (2,)], pt.maximum).get_output_for([pt.constant([1, 5]), pt.constant([3, 4])])
    assert (value(largest) == [3, 5]).all()


@pytest.mark.parametrize("make, words", [
    (lambda: ll.ConcatLayer([(3, 2, 5), (3, 4, 6)], name="c").output_shape, r"'c'.*\(3, 2, 5\), \(3, 4, 6\)"),
    (lambda: ll.ElemwiseSumLayer([(3, 2), (3, 4)], name="s").output_shape, r"'s'.*\(3, 2\), \(3, 4\)"),
    (lambda: ll.ElemwiseSumLayer([(3, 2), (3, 2)], coeffs=[1, 2, 3]), "3 coeffs for 2 incomings"),
    (lambda: ll.ConcatLayer([(3, 2), (3, 2, 1)], cropping=["lower"]).output_shape, "dimensionality"),
    (lambda: ll.ElemwiseSumLayer([(3, 2), (3, 2)], cropping=["middle"]).output_shape, "Unknown crop mode 'middle'"),
])
def test_inputs_that_cannot_be_merged(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize("shape, known, found", [
    ((16, 3, 5, 7, 2, 5), (16, 3, 5, 7, 2, 5), (16, 3, 5, 7, 2, 5)),
    ((-1, [1], [2], [3], 2, 5), (16, 3, None, None, 2, 5), (16, 3, 5, 7, 2, 5)),
    ((-1, [1], [2], 7, 2, 5), (None, 3, None, 7, 2, 5), (16, 3, 5, 7, 2, 5)),
    (([0], [1], -1, [4]), (16, 3, None, 10), (16, 3, 35, 10)),
])
def test_reshape(shape, known, found):
    layer = ll.ReshapeLayer(ll.InputLayer((16, 3, None, None, 10)), shape)
    assert layer.output_shape == known
    assert value(ll.get_output(layer, draws(16, 3, 5, 7, 10))).shape == found


@pytest.mark.parametrize("shape", [(17, 3, [2], [3], -1), (-16, 3), (-1, -1), ([-1],), ([0, 1],), (None, 3), ([5],),
                                   (pt.vector(),)])
def test_shapes_that_cannot_be(shape):
    with pytest.raises(ValueError, match="'r'"):
        ll.ReshapeLayer((16, 3, None, None, 10), shape, name="r")


def test_other_changes_of_shape():
    x = draws(2, 3, 1, 5)
    for layer, wanted in [
        (ll.FlattenLayer(x.shape), x.reshape(2, 15)), (ll.FlattenLayer(x.shape, outdim=3), x.reshape(2, 3, 5)),
        (ll.DimshuffleLayer(x.shape, (3, "x", 1, 0)), x[:, :, 0].transpose(2, 1, 0)[:, None]),
        (ll.PadLayer(x.shape, [1, (0, 2)], val=7), np.pad(x, [(0, 0), (0, 0), (1, 1), (0, 2)], constant_values=7)),
        (ll.PadLayer(x.shape, 1, batch_ndim=1), np.pad(x, [(0, 0), (1, 1), (1, 1), (1, 1)])),
        (ll.SliceLayer(x.shape, slice(1, 4), axis=-1), x[..., 1:4]), (ll.SliceLayer(x.shape, -1, axis=1), x[:, -1]),
    ]:
        assert layer.output_shape == wanted.shape
        assert (value(layer.get_output_for(pt.constant(x))) == wanted).all()
    assert ll.FlattenLayer((2, None, 5)).output_shape == (2, None)
    assert ll.SliceLayer((2, None), slice(3), axis=1).output_shape == (2, None)
    assert ll.PadLayer((2, 3, None), 2).output_shape == (2, 3, None)


@pytest.mark.parametrize("make, words", [
    (lambda: ll.FlattenLayer((2, 3), outdim=0), "outdim=0"),
    (lambda: ll.DimshuffleLayer((2, 3), ["q"]), "'q'"),
    (lambda: ll.DimshuffleLayer((2, 3), [0, 0, 1]), "more than once"),
    (lambda: ll.DimshuffleLayer((2, 3), [0, 42]), "contains 42"),
    (lambda: ll.DimshuffleLayer((2, 3), [0]), r"dimension 1 of input shape \(2, 3\)"),
])
def test_changes_of_shape_that_cannot_be(make, words):
    with pytest.raises(ValueError, match=words):
        make()
