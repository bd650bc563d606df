"""What newcomers type in descriptions of layers gets the word they need."""

import pytest

import symloss
from symloss import UnknownNameError


@pytest.mark.parametrize(("layer", "word"), [
    ({"units": 5}, "size"),
    ({"size": 5, "dropout": 0.5}, "hidden_dropout"),
    ({"form": "Dropout", "rate": 0.5}, "'probability'"),
    ({"form": "noise", "stddev": 0.5}, "'deviation'"),
    ("batch_norm", "norm:z"),
    ((5, "BatchNorm"), "norm:z"),
    ({"form": "layer-norm"}, "norm:z"),
    ("attention", "bilstm"),
    ({"form": "lookup_table", "size": 5}, "embedding"),
    ((5, "dense"), "fully connected"),
    ({"size": 5, "kernel_regularizer": "l2"}, "weight_l2"),
    ({"size": 5, "input_shape": 4}, "first entry"),
    ({"size": 5, "use_bias": False}, "freeze"),
    ({"form": "lstm", "size": 5, "return_sequences": False}, "last"),
    ({"form": "bilstm", "size": 6, "num_layers": 2}, "one entry for each"),
    ((5, "Conv2D"), "conv2"),
])
def test_names_of_other_libraries_name_the_way(layer, word):
    with pytest.raises(UnknownNameError, match=word):
        symloss.Regressor([4, layer, 2], mode="PYTHON")


def test_what_works_as_advised():
    symloss.Regressor([4, (5, "norm:z+relu"), {"size": 5, "inputs": ["in", "hid1"]}, 2])
    symloss.recurrent.Regressor([4, {"form": "bidirectional", "worker": "lstm", "size": 6}, 2])


@pytest.mark.parametrize("layer", ["relux", (5, "relux"), {"form": "feedforwad", "size": 5}])
def test_misspelt_names_have_near_ones(layer):
    with pytest.raises(UnknownNameError, match="did you mean 'relu'|did you mean 'feedforward'"):
        symloss.Regressor([4, layer, 2])
