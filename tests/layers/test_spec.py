"""The layer language: what every form of a description becomes."""

import numpy as np
import pytest

import symloss
from symloss.layers.graph import Graph

WRONG = symloss.SpecError
NOTHING = pytest.param(None)


def layer(description, position=1):
    """The layer that a description makes between an input of 4 and an output of 2."""
    return Graph([4, description, 2] if position == 1 else [description, 2])[position]


@pytest.mark.parametrize(
    ("description", "size", "activation"),
    [
        (5, 5, "relu"),
        (np.int64(5), 5, "relu"),
        ((5,), 5, "relu"),
        ([5], 5, "relu"),
        ((5, "tanh"), 5, "tanh"),
        (("tanh", 5), 5, "tanh"),
        ([5, "tanh"], 5, "tanh"),
        (("ff", 5, "tanh"), 5, "tanh"),
        (("tanh", "feedforward", 5), 5, "tanh"),
        ((5, "maxout:3"), 5, "maxout:3"),
        ((5, "relu+norm:z"), 5, "relu+norm:z"),
        ((5, "softmax"), 5, "softmax"),
        (("classifier", 5), 5, "softmax"),
        ({"size": 5}, 5, "relu"),
        ({"shape": (5,)}, 5, "relu"),
        ({"size": 5, "activation": "tanh"}, 5, "tanh"),
        ({"form": "ff", "size": 5, "name": "middle"}, 5, "relu"),
        ({"form": "FeedForward", "size": 5}, 5, "relu"),
    ],
)
def test_every_form_of_a_layer(description, size, activation):
    made = layer(description)
    assert (made.shape, made.activation) == ((size,), activation)


def test_a_layer_name_wins_over_an_activation():
    assert type(layer((5, "softmax"))).__name__ == "Classifier"


def test_names_are_in_out_and_hid_by_position():
    assert Graph([4, 5, {"size": 6, "name": "mine"}, 7, 2]).names() == ["in", "hid1", "mine", "hid3", "out"]


def test_the_last_layer_has_the_activation_of_the_model():
    assert symloss.Regressor([4, 5, 2]).layers[-1].activation == "linear"
    assert symloss.Classifier([4, 5, 2]).layers[-1].activation == "softmax"
    assert symloss.Regressor([4, 5, (2, "tanh")]).layers[-1].activation == "tanh"


def test_the_first_layer_is_an_input_and_changes_nothing():
    assert layer(4, position=0).activation == "linear"
    assert not layer(4, position=0).params


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("relu", ["'relu'"]),
        (("relu",), ["size"]),
        ({"activation": "relu"}, ["size", "hid1"]),
        ("tanh", ["tanh", "it must be a form", "(20, 'tanh')"]),
        (0, ["0", "at least 1"]),
        (-3, ["-3"]),
        ((0,), ["0"]),
        ({"size": 0}, ["0", "at least 1"]),
        ({"size": 2.5}, ["2.5", "integer"]),
        ({"size": "20"}, ["'20'", "integer"]),
        (2.5, ["2.5"]),
        (True, ["True"]),
        (None, ["None"]),
        ((), ["()"]),
        ((5, 6, "relu"), ["5", "6", "size"]),
        ((5, "relu", "tanh"), ["relu", "tanh"]),
        ((5, None), ["None"]),
        ({"size": 5, "shape": (5,)}, ["size", "shape"]),
        ({"size": 5, "name": "a:b"}, ["a:b"]),
        ({"size": 5, "name": ""}, ["name"]),
        ({"size": 5, "activation": "maxout"}, ["maxout:3"]),
        ((5, "maxout:x"), ["maxout:3"]),
        ((5, "maxout:0"), ["maxout:3"]),
        ((5, "maxout:1000000000"), ["at most 1000"]),
        ({"size": 5, "activation": None}, ["hid1", "activation=None", "'linear' for none"]),
        ({"size": 5, "activation": 3}, ["hid1", "activation=3"]),
        ({"size": 5, "inputs": 3}, ["hid1", "inputs=3", "the name of an earlier layer"]),
        ({"size": 5, "inputs": {"in": 4}}, ["hid1", "inputs={'in': 4}"]),
        ({"size": 5, "inputs": ["in", 4]}, ["hid1", "inputs=['in', 4]"]),
        ({"shape": 4}, ["hid1", "shape=4", "(28, 28, 1)"]),
        ({"shape": ()}, ["hid1", "shape=()"]),
        ({"form": "reshape", "shape": 4}, ["hid1", "shape=4"]),
        ({5: "size"}, ["the key 5"]),
        ({"form": "input", "size": 3, "ndim": "2"}, ["ndim='2'", "at least 2"]),
        (symloss.layers.Feedforward(name="hid", size=3), ["Feedforward('hid'", "'form': 'feedforward', 'name': 'hid'"]),
    ],
)
def test_a_wrong_layer_says_what_it_is(description, words):
    with pytest.raises(WRONG) as caught:
        layer(description)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("description", "near"),
    [
        ((5, "rellu"), "relu"),
        ((5, "sigmoyd"), "sigmoid"),
        ((5, "relu+nrom_z"), "norm_z"),
        (("tiedd", 5), "tied"),
        ({"size": 5, "activation": "tahn"}, "tanh"),
        ({"form": "feedforwrd", "size": 5}, "feedforward"),
        ({"size": 5, "activaton": "tanh"}, "activation"),
        ({"size": 5, "sparsty": 0.5}, "sparsity"),
        ({"size": 5, "std_q": 0.5}, "std_w"),
    ],
)
def test_a_misspelt_word_names_the_nearest(description, near):
    with pytest.raises(symloss.UnknownNameError, match=f"did you mean .*'{near}'"):
        layer(description)


def test_a_misspelt_alias_names_the_nearest():
    with pytest.raises(symloss.UnknownNameError, match="did you mean .*logistic"):
        layer((5, "logistik"))


@pytest.mark.parametrize("layers", [[], [4], "abc", 4, (), NOTHING])
def test_a_model_without_input_and_output_is_refused(layers):
    with pytest.raises(WRONG, match="at least an input and an output"):
        symloss.Regressor(layers)


def test_a_first_layer_that_is_no_input_is_refused():
    with pytest.raises(WRONG, match="input"):
        symloss.Regressor([{"form": "ff", "size": 3}, 2])


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(WRONG, match="'a'"):
        Graph([4, {"size": 3, "name": "a"}, {"size": 3, "name": "a"}, 2])


def test_an_input_from_an_unknown_layer_names_the_nearest():
    with pytest.raises(symloss.UnknownNameError, match="did you mean 'hid1'"):
        Graph([4, 5, {"size": 3, "inputs": "hid11"}])


def test_a_description_is_not_changed_by_reading_it():
    mine = {"size": 5, "name": "middle", "form": "ff"}
    Graph([4, mine, 2])
    assert mine == {"size": 5, "name": "middle", "form": "ff"}
