"""The insides of loops and of other operations that are graphs: each compiled function has its own."""

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import predefined_linkers
from pytensor.link.c.op import COp
from pytensor.link.vm import VMLinker

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


@pytest.mark.parametrize("make", [
    lambda x: pt.special.softmax(x, axis=-1),
    lambda x: pytensor.grad(pt.special.log_softmax(x, axis=-1)[:, 0].sum(), x),
    lambda x: pytensor.scan(lambda row: pt.special.softmax(row, axis=0), sequences=[x], return_updates=False),
], ids=["softmax", "gradient", "loop"])
def test_nothing_is_compiled_in_python(make, monkeypatch):
    monkeypatch.setitem(predefined_linkers, "vm", VMLinker(use_cloop=False))  # PyTensor's own
    monkeypatch.setattr(COp, "make_c_thunk", lambda *args, **kwargs: pytest.fail("C is compiled"))
    x = pt.matrix("x", dtype="float64")
    with pytensor.config.change_flags(mode="FAST_RUN"):
        found = function([x], [make(x)], resolve("PYTHON"))(X[:, :, 0])[0]
    assert found.shape == (6, 4) and np.isfinite(found).all()
