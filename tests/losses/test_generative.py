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


def test_a_number_without_a_weight_is_in_no_density_of_a_mixture():
    mean, variance = RNG.normal(size=(4, 3, 2)), RNG.uniform(0.5, 2, (4, 3, 2))
    target, weights = RNG.normal(size=(4, 2)), np.array([[1.0, 0.0]] * 4)
    target[:, 1] = np.nan
    expected = symloss.evaluate.value("mdn", MIXTURE, mean[..., :1], variance[..., :1], target[:, :1])
    found = symloss.evaluate.value("mdn", MIXTURE, mean, variance, target, weights=weights)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_mixture_takes_targets_of_unknown_width():
    target = pt.matrix("target")
    values = symloss.losses.mixture_density(*map(pt.constant, (MIXTURE, MEAN, VARIANCE)), target)
    np.testing.assert_allclose(values.eval({target: TARGET[:, None]}), by_hand(), rtol=1e-12)
