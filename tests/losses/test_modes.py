"""A few losses in the backends that users train with: the numbers are those of the reference table."""

import numpy as np
import pytensor
import pytest

from symloss.compiling import resolve

from .case import CASES, compiled, gradient

BY_ID = {case.id: case for case in CASES}
IN_C = [
    "huber-real-real", "cross_entropy-softmax-label", "cross_entropy-softmax-simplex",
    "binary_cross_entropy-sigmoid-unit", "multiclass_hinge-real-label", "gaussian_nll-real-positive-real",
]
MODES = [pytest.param("C", name, marks=pytest.mark.c) for name in IN_C]
MODES += [pytest.param("NUMBA", "cross_entropy-softmax-label", marks=pytest.mark.numba)]


@pytest.mark.parametrize("mode, name", MODES)
def test_backend_gives_the_value_and_the_gradient_of_the_reference(mode, name):
    case = BY_ID[name]
    fed = case.sample()
    variables = case.variables(fed, "float32", static=True)
    by = [variables[p] for p in case.by]
    with pytensor.config.change_flags(floatX="float32"):
        values = case.graph(variables)
        function = compiled(list(variables.values()), [values, *gradient(values.sum(), by)], resolve(mode).mode)
    near = {"rtol": 2e-5, "atol": 2e-6}

    found, *slopes = function(*(a.astype(variables[p].dtype) for p, a in fed.items()))
    expected, exact, _ = case.at(fed)[0]
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, case.reference(fed), **near)
    for port, slope in zip(case.by, slopes, strict=True):
        np.testing.assert_allclose(slope, exact[port], err_msg=port, **near)

    for port in case.ports:
        for extreme in case.edges(port):
            at = fed | {port: extreme}
            results = function(*(a.astype(variables[p].dtype) for p, a in at.items()))
            assert all(np.isfinite(r).all() for r in results), f"{port} = {extreme.ravel()[:4]}"
