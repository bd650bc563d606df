"""Every loss of the reference table as C: values and gradients."""

import sys
from pathlib import Path

import numpy as np
import pytensor
import pytest

from symloss.compiling.ccode.ir import Unsupported
from symloss.compiling.ccode.program import Program

sys.path.insert(0, str(Path(__file__).parents[2]))
from losses.case import CASES, gradient

pytestmark = pytest.mark.c
LOOPS = ("ctc", "sinkhorn")  # through time, or until something converges: not ours yet
NEAR = {"float64": {"rtol": 1e-9, "atol": 1e-11}, "float32": {"rtol": 5e-5, "atol": 5e-6}}
FIRST = {case.row.name: case for case in reversed(CASES)}
SAMPLES = [(case, "float64") for case in CASES] + [(case, "float32") for case in list(FIRST.values())[::4]]


@pytest.mark.parametrize("case, dtype", SAMPLES, ids=lambda x: getattr(x, "id", x))
def test_a_loss_has_the_value_and_the_gradient_of_the_reference(case, dtype):
    fed = case.sample()
    with pytensor.config.change_flags(floatX=dtype):
        variables = case.variables(fed, dtype)
        by = [variables[port] for port in case.by]
        values = case.graph(variables)
        outputs = [values, *gradient(values.sum(), by)]
        arrays = [np.asarray(a).astype(variables[port].dtype) for port, a in fed.items()]
        if case.row.name in LOOPS:
            with pytest.raises(Unsupported):
                Program(list(variables.values()), outputs)
            return
        program = Program(list(variables.values()), outputs)
        found, *slopes = program(*arrays)
    expected, exact = case.at(fed)[0]
    np.testing.assert_allclose(found, expected, **NEAR[dtype])
    for port, slope in zip(case.by, slopes, strict=True):
        np.testing.assert_allclose(slope, exact[port], err_msg=port, **NEAR[dtype])
