"""A few losses in the backends that users train with: the numbers are those of the reference table."""

import numpy as np
import pytensor
import pytest

from symloss.compiling import function, resolve

from .case import CASES, gradient

BY_ID = {case.id: case for case in CASES}
IN_C = [
    "huber-real-real", "cross_entropy-softmax-label", "cross_entropy-softmax-simplex",
    "binary_cross_entropy-sigmoid-unit", "multiclass_hinge-real-label", "gaussian_nll-real-positive-real",
]
MODES = [*(("C", name) for name in IN_C), *(("CVM", name) for name in IN_C[1::2]),
         ("NUMBA", "cross_entropy-softmax-label"), ("JAX", "cross_entropy-softmax-label"), ("JAX", "huber-real-real")]
FIRST = list({case.row.name: case for case in reversed(CASES)}.values())


@pytest.mark.parametrize("mode, name", MODES)
def test_backend_gives_the_value_and_the_gradient_of_the_reference(mode, name):
    case = BY_ID[name]
    fed = case.sample()
    variables = case.variables(fed, "float32", static=True)
    by = [variables[p] for p in case.by]
    with pytensor.config.change_flags(floatX="float32"):
        values = case.graph(variables)
        run = function(list(variables.values()), [values, *gradient(values.sum(), by)], resolve(mode))
    near = {"rtol": 2e-5, "atol": 2e-6}

    found, *slopes = run(*(a.astype(variables[p].dtype) for p, a in fed.items()))
    expected, exact = case.at(fed)[0]
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, case.reference(fed), **near)
    for port, slope in zip(case.by, slopes, strict=True):
        np.testing.assert_allclose(slope, exact[port], err_msg=port, **near)

    for port in case.ports:
        for extreme in case.edges(port):
            at = fed | {port: extreme}
            results = run(*(a.astype(variables[p].dtype) for p, a in at.items()))
            assert all(np.isfinite(r).all() for r in results), f"{port} = {extreme.ravel()[:4]}"


@pytest.mark.parametrize("case", FIRST, ids=lambda case: case.row.name)
@pytest.mark.parametrize("mode", ["JAX"])
def test_every_loss_in_jax(mode, case):
    """JAX wants every length known, and these variables have none."""
    fed = case.sample()
    variables = case.variables(fed)
    by = [variables[p] for p in case.by]
    values = case.graph(variables, **case.row.options[0])
    run = function(list(variables.values()), [values, *gradient(values.sum(), by)], resolve(mode))
    found, *slopes = run(*fed.values())
    expected, exact = case.at(fed)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    for port, slope in zip(case.by, slopes, strict=True):
        np.testing.assert_allclose(slope, exact[port], rtol=1e-8, atol=1e-10, err_msg=port)
