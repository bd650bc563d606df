"""How parameters start."""

import numpy as np
import pytest

import symloss
from symloss import initializers
from symloss.layers.graph import Graph


def weights(net, layer="hid1", param="w"):
    return net.find(layer, param).get_value()


@pytest.mark.parametrize("activation", ["relu", "rect:max", "prelu", "elu", "relu+norm:z"])
def test_weights_before_a_rectifier_have_the_variance_of_he(activation):
    w = weights(symloss.Regressor([300, (200, activation), 2]))
    np.testing.assert_allclose(w.var(), 2 / 300, rtol=0.05)
    np.testing.assert_allclose(w.mean(), 0, atol=0.002)


@pytest.mark.parametrize("activation", ["tanh", "linear", "sigmoid", "softmax", "maxout:2"])
def test_other_weights_have_the_variance_of_glorot(activation):
    w = weights(symloss.Regressor([300, (200, activation), 2]))
    np.testing.assert_allclose(w.var(), 2 / 500, rtol=0.05)


def test_biases_start_at_zero():
    net = symloss.Classifier([4, 5, (6, "tanh"), 3])
    assert all(not p.get_value().any() for p in net.params if p.name.endswith(".b"))


def test_equal_layers_start_with_different_weights():
    net = symloss.Regressor([6, 6, 6, 6])
    first, second, third = (weights(net, i) for i in (1, 2, 3))
    assert not np.array_equal(first, second)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.6
    assert not np.array_equal(second, third)


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    one, two, other = (symloss.Regressor([4, (5, "maxout:2"), 2], seed=s) for s in (3, 3, 4))
    for a, b, c in zip(one.params, two.params, other.params, strict=True):
        assert np.array_equal(a.get_value(), b.get_value())
        if not a.name.endswith(".b"):
            assert not np.array_equal(a.get_value(), c.get_value())


def test_a_layer_keeps_its_stream_when_another_one_grows():
    narrow, wide = symloss.Regressor([4, 5, 6, 2]), symloss.Regressor([4, (5, "maxout:3"), 6, 2])
    assert np.array_equal(weights(narrow, "out"), weights(wide, "out"))


def test_options_of_a_layer_reach_its_weights():
    graph = Graph([100, {"size": 80, "mean": 2.0, "std": 0.5, "init_b": "ones"}, 2])
    w = graph.find("hid1", "w").get_value()
    np.testing.assert_allclose([w.mean(), w.std()], [2, 0.5], rtol=0.03)
    assert np.array_equal(graph.find("hid1", "b").get_value(), np.ones(80))


def test_options_for_one_parameter():
    graph = Graph([10, {"size": 8, "mean_b": 3.0, "std_b": 0.1, "std_w": 1e-9}, 2])
    assert abs(graph.find("hid1", "b").get_value().mean() - 3) < 0.2
    assert np.abs(graph.find("hid1", "w").get_value()).max() < 1e-7


def test_draw_takes_values_names_and_functions(rng):
    assert initializers.draw((2,), rng, init=[1, 2]).tolist() == [1, 2]
    assert initializers.draw((2, 2), rng, init="ones").tolist() == [[1, 1], [1, 1]]
    assert initializers.draw((2,), rng, init=lambda shape, rng: np.full(shape, 7)).tolist() == [7, 7]


def test_draw_mean_and_std(rng):
    values = initializers.draw((500, 40), rng, mean=3.0)
    np.testing.assert_allclose([values.mean(), values.std()], [3, 1 / np.sqrt(500)], rtol=0.03)
    values = initializers.draw((500, 40), rng, std=2.0)
    np.testing.assert_allclose(values.std(), 2, rtol=0.03)
    assert abs(values.mean()) < 0.1


def test_draw_sparsity_is_a_share_of_zeros(rng):
    values = initializers.draw((100, 100), rng, sparsity=0.9)
    assert abs((values == 0).mean() - 0.9) < 0.02
    with pytest.raises(symloss.SpecError, match="sparsity"):
        initializers.draw((2, 2), rng, sparsity=1.0)


def test_draw_diagonal(rng):
    assert initializers.draw((2, 3), rng, diagonal=2).tolist() == [[2, 0, 0], [0, 2, 0]]
    with pytest.raises(symloss.SpecError, match=r"\(3,\)"):
        initializers.draw((3,), rng, diagonal=2)


def test_draw_refuses_an_array_of_another_shape(rng):
    with pytest.raises(symloss.SpecError, match=r"\(2,\).*\(3,\)"):
        initializers.draw((3,), rng, init=[1, 2])


def test_draw_names_the_nearest_initializer(rng):
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'glorot'"):
        initializers.draw((3, 3), rng, init="glorott")


@pytest.mark.parametrize("shape", [(20, 30), (30, 20), (10, 10)])
def test_orthogonal_is_orthogonal(shape, rng):
    q = initializers.draw(shape, rng, init="orthogonal")
    small = q @ q.T if shape[0] <= shape[1] else q.T @ q
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-12)


@pytest.mark.parametrize(("name", "variance"), [("he", 2 / 400), ("glorot", 2 / 500), ("lecun", 1 / 400)])
def test_variance_of_the_named_ones(name, variance, rng):
    np.testing.assert_allclose(initializers.draw((400, 100), rng, init=name).var(), variance, rtol=0.05)


def test_parameters_are_of_floatx():
    import pytensor

    with pytensor.config.change_flags(floatX="float32"):
        net = symloss.Regressor([4, (5, "maxout:2"), 2])
    assert {p.dtype for p in net.params} == {"float32"}
