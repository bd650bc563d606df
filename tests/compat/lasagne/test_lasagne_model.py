"""A graph of Lasagne's layers as a model of symloss: trained, validated, saved and loaded."""

import numpy as np
import pytest

import symloss
from symloss.compat import lasagne, theano
from symloss.compat.lasagne import layers
from symloss.compat.lasagne.nonlinearities import softmax
from symloss.errors import SpecError

T = theano.tensor
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype(theano.config.floatX)
Y = (X[:, 0] > X[:, 1]).astype("int32")


def plain(dropout=0.0):
    net = layers.InputLayer((None, 4))
    net = layers.DenseLayer(net, 5, name="hidden")
    if dropout:
        net = layers.DropoutLayer(net, dropout)
    return layers.DenseLayer(net, 2, nonlinearity=softmax)


@lasagne.network
def normalised():
    net = layers.batch_norm(layers.DenseLayer(layers.InputLayer((None, 4)), 5, name="hidden"))
    return layers.DenseLayer(net, 2, nonlinearity=softmax)


def classifier(output, **options):
    return symloss.Classifier(lasagne.as_layers(output), mode="PYTHON", **options)


def test_it_predicts_what_the_graph_puts_out():
    output = plain()
    x = T.matrix()
    wanted = theano.function([x], layers.get_output(output, x), mode="PYTHON")(X)
    np.testing.assert_allclose(classifier(output).predict_proba(X), wanted, rtol=1e-6)


def test_training_moves_the_parameters_of_the_layers_as_a_loop_of_ones_own_does():
    first, second = plain(), plain()
    layers.set_all_param_values(second, layers.get_all_param_values(first))
    x, t = T.matrix(), T.ivector()
    loss = lasagne.objectives.categorical_crossentropy(layers.get_output(second, x), t).mean()
    step = theano.function([x, t], loss, mode="PYTHON",
                           updates=lasagne.updates.sgd(loss, layers.get_all_params(second, trainable=True), 0.1))
    for _ in range(3):
        step(X, Y)
    classifier(first).train([X, Y], algo="sgd", learning_rate=0.1, epochs=3, batch_size=60, verbose=0)
    for a, b in zip(layers.get_all_param_values(first), layers.get_all_param_values(second), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_parameters_have_names_and_weights_are_those_that_lasagne_regularizes():
    net = classifier(normalised())
    assert list(net.graph.parameters) == ["out.hidden.W", "out.hidden_bn.beta", "out.hidden_bn.gamma", "out.dense4.W",
                                          "out.dense4.b"]
    assert list(net.graph.weights()) == ["out.hidden.W", "out.hidden_bn.gamma", "out.dense4.W"]
    assert net.find("out", "hidden.W").get_value().shape == (4, 5)


def test_losses_regularizers_metrics_and_validation_apply():
    net = classifier(plain())
    history = net.train([X, Y], [X, Y], algo="adam", learning_rate=0.05, weight_l2=1e-3, hidden_l1=0, epochs=20,
                        metrics=["accuracy"], verbose=0)
    assert history[-1]["valid_loss"] < history[0]["valid_loss"]
    assert net.score(X, Y) > 0.9


def test_a_layer_of_the_graph_is_an_output_for_losses():
    net = symloss.Network(lasagne.as_layers(plain()), loss=None, mode="PYTHON")
    net.add_loss("mse", output_name="out:hidden")
    net.train([X, RNG.normal(size=(60, 5)).astype(X.dtype)], epochs=1, verbose=0)


def test_dropout_acts_in_training_alone():
    net = classifier(plain(dropout=0.5))
    assert (net.predict_proba(X) == net.predict_proba(X)).all()
    history = net.train([X, Y], [X, Y], algo="sgd", learning_rate=1e-9, epochs=2, batch_size=60, verbose=0)
    losses = [record["loss"] for record in history]
    assert losses[0] != losses[1]  # other units were dropped
    assert history[0]["valid_loss"] == pytest.approx(history[1]["valid_loss"], rel=1e-6)


def test_averages_of_batch_normalisation_move_in_training():
    output = normalised()
    net = classifier(output)
    before = layers.get_all_param_values(output, trainable=False)
    net.train([X, Y], epochs=2, verbose=0)
    after = layers.get_all_param_values(output, trainable=False)
    assert all((a != b).all() for a, b in zip(before, after, strict=True))


def test_a_registered_network_is_saved_and_loaded(tmp_path):
    net = classifier("normalised")
    net.train([X, Y], epochs=3, verbose=0)
    net.save(tmp_path / "model.safetensors", training=True)
    other = symloss.load(tmp_path / "model.safetensors")
    assert (other.predict_proba(X) == net.predict_proba(X)).all()
    other.mode = "PYTHON"
    other.train([X, Y], epochs=4, resume=True, verbose=0)
    assert len(other.history) == 4


def test_a_graph_that_no_function_makes_cannot_be_saved(tmp_path):
    with pytest.raises(SpecError, match=r"@lasagne.network"):
        classifier(plain()).save(tmp_path / "model.safetensors")


def test_images_and_sequences_and_several_inputs():
    images = layers.Conv2DLayer(layers.InputLayer((None, 1, 6, 6)), 2, 3)
    images = layers.DenseLayer(layers.MaxPool2DLayer(images, 2), 2, nonlinearity=softmax)
    assert lasagne.as_layers(images)[0]["shape"] == (1, 6, 6)
    assert classifier(images).predict_proba(np.zeros((3, 1, 6, 6))).shape == (3, 2)
    a, b = (layers.InputLayer((None, n), name=f"in {n}") for n in (2, 3))
    both = layers.DenseLayer(layers.ConcatLayer([a, b]), 1, nonlinearity=None)
    net = symloss.Regressor(lasagne.as_layers(both), mode="PYTHON")
    x = [np.ones((4, 2)), np.ones((4, 3))]
    net.train([*x, np.zeros((4, 1))], epochs=1, verbose=0)
    assert net.predict(x).shape == (4, 1)


@pytest.mark.parametrize(("output", "match"), [
    (3, "an output layer"), (lambda: None, "not registered"), ("normalized", "normalised"),
])
def test_what_is_no_graph(output, match):
    with pytest.raises((SpecError, LookupError), match=match):
        lasagne.as_layers(output)


def test_inputs_that_do_not_fit_are_told():
    with pytest.raises(SpecError, match=r"items of shape \(7,\).*\(None, 4\)"):
        symloss.Classifier([7, {"form": "lasagne", "network": plain()}])
    with pytest.raises(SpecError, match="last axis"):
        lasagne.as_layers(layers.InputLayer((None, None)))
