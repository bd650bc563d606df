"""The insides of loops: each compiled function has its own."""

import numpy as np
import pytensor
import pytest

import symloss
from symloss.compiling import function, resolve
from symloss.regularizers import Contractive

X = np.random.default_rng(0).normal(size=(6, 4, 1))


@pytest.mark.parametrize("layer", [{"form": "mrnn", "size": 3, "direction": "backward"}, (4, "birnn")], ids=str)
def test_compiling_a_jacobian_leaves_its_loop_as_it_was(layer):
    net = symloss.recurrent.Regressor([1, layer, 2], mode="PYTHON")
    penalty = Contractive().loss(net.graph, net.graph.outputs()[0])
    values = [function(net.inputs, [penalty], resolve("PYTHON"))(*net_inputs(net))[0] for _ in range(2)]
    assert values[0] == values[1] > 0
    assert pytensor.grad(penalty, net.params[0]) is not None


def net_inputs(net):
    """The data, and a mask where a layer wants one."""
    return [X, np.ones(X.shape[:2], "int8")][: len(net.inputs)]
