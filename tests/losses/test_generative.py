"""Targets of mixtures, one number an item."""

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss

RNG = np.random.default_rng(0)
MIXTURE, MEAN, VARIANCE = RNG.dirichlet(np.ones(3), 4), RNG.normal(size=(4, 3)), RNG.uniform(0.5, 2, (4, 3))
TARGET = RNG.normal(size=4)


def by_hand():
    densities = np.exp(-0.5 * (TARGET[:, None] - MEAN) ** 2 / VARIANCE) / np.sqrt(2 * np.pi * VARIANCE)
    return -np.log((MIXTURE * densities).sum(axis=1))


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
@pytest.mark.parametrize("rows", [None, 4])
def test_column_of_targets_is_a_vector_of_targets_for_a_mixture(shape, rows):
    arrays = [MIXTURE, MEAN, VARIANCE, TARGET.reshape(shape)]
    ports = [pt.tensor(dtype="float64", shape=(rows, *a.shape[1:])) for a in arrays]
    found = symloss.losses.mixture_density(*ports).eval(dict(zip(ports, arrays, strict=True)))
    assert found.shape == (4,)
    np.testing.assert_allclose(found, by_hand(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(4, 3), (4, 2)])
def test_several_columns_of_targets_are_refused_by_a_mixture_of_numbers(shape):
    with pytest.raises(symloss.ShapeError, match="mixture_density"):
        symloss.evaluate.value("mixture_density", MIXTURE, MEAN, VARIANCE, np.zeros(shape))
