"""Optimal transport between two samples."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import align, number, shape_text
from ..errors import ShapeError, SpecError
from .embedding import root
from .masking import mean_of_counted
from .option_ranges import Range
from .reduction import divide
from .registration import loss
from .similarity import item_weights, log_sum


@loss("wasserstein_distance", "wasserstein1d", "earth_movers_distance", target="same", per="item",
      unit="the unit of the target to the power", absent={"prediction": 1e30, "target": 1e30},
      ranges={"power": "[1, inf)"})
def wasserstein_1d(prediction, target, *, power=1.0, weights=None):
    r"""Wasserstein distance between two samples of numbers, per item, to the given power.

    .. math:: \ell = \frac1k \sum_{j=1}^{k} |p_{(j)} - t_{(j)}|^q

    Parameters
    ----------
    prediction, target : float tensor (n, k)
        Each row holds k numbers that were drawn for one item, in any order, in the same unit.
    power : float, at least 1
        The power q of the distances.
    weights : float tensor or None
        Numbers with weight 0 belong to neither sample.

    Returns
    -------
    float tensor (n,)
        At least 0, in the unit of `target` to the power q; 0 for rows of the same numbers.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for models that draw several values for each item. The cost is not brought back to the unit of `target` by a
    root.

    References
    ----------
    Ramdas, Garcia & Cuturi (2017), "On Wasserstein Two-Sample Testing and Related Families of Nonparametric Tests",
    Entropy 19(2).

    >>> symloss.evaluate.value("wasserstein_1d", [[1.0, 5.0]], [[5.0, 3.0]]).tolist()
    [1.0]
    """
    p, t = align(prediction, target, "wasserstein_1d")
    gaps = pt.abs(pt.sort(p, axis=-1) - pt.sort(t, axis=-1))
    return mean_of_counted(gaps if power == 1 else gaps ** number(power, gaps), weights)


@loss("SinkhornLoss", "entropic_optimal_transport", "entropic_wasserstein", target="same", per="item",
      unit="the unit of the target to the power",
      absent={"prediction": 0, "target": 0},
      ranges={"epsilon": "(0, inf)", "power": "[1, inf)", "norm": "[1, inf)",
              "iterations": Range("[1, inf)", whole=True)})
def sinkhorn(prediction, target, *, epsilon=0.1, power=2.0, norm=2.0, iterations=50, debiased=False, weights=None):
    r"""Entropic optimal transport between the batch of predictions and the batch of targets; per item a share.

    .. math:: \frac1n \sum_i \ell_i = \min_P \sum_{ij} P_{ij} C_{ij} - \epsilon \big(H(P) - H(a) - H(b)\big),
              \quad C_{ij} = \|p_i - t_j\|_r^q, \quad P 1 = a, \ P^T 1 = b

    Parameters
    ----------
    prediction, target : float tensor (n, d)
        Two samples in the same unit. Row i of one is not paired with row i of the other.
    epsilon : float > 0
        Weight of the entropy, in the unit of `target` to the power q. Near 0 the plan P approaches that of optimal
        transport, and you need more iterations.
    power : float, at least 1
        The power q of the distances.
    norm : float, at least 1
        The norm r of the distances: 1 adds up the differences of the columns, 2 is the Euclidean distance.
    iterations : int, at least 1
        How often the marginals of P are brought to a and b in turn. During the first half, the weight of the entropy
        falls from the largest cost to epsilon. There is no other stopping rule.
    debiased : bool
        Whether to subtract half of the cost of transporting each sample to itself. The result is the Sinkhorn
        divergence.
    weights : float tensor (n,) or (n, d), or None
        Weight of each item, in both samples (averaged over d). a and b are the weights divided by their sum.

    Returns
    -------
    float tensor (n,)
        The mean over items is the cost, in the unit of `target` to the power q. Once the iterations have converged it
        is at least 0 (if debiased: with norm 2 and a power of 2 or less). If debiased, it is 0 for equal samples. The
        value of a single item can be negative.

    Raises
    ------
    ShapeError
        If the ranks are not 2, or the static shapes can never agree.
    SpecError
        If `iterations` is not an integer of at least 1.

    Notes
    -----
    Use it for generators whose samples should lie where the data do. Its gradient reaches across gaps where
    `maximum_mean_discrepancy` has none. Without `debiased` the best prediction is narrower than the target. If you add
    H(a) + H(b), which is 2 log n without weights, an item of weight 2 counts the same as that item twice. The
    iterations run on logarithms, in a scan. The gradient treats P as constant (the envelope theorem): it is exact at
    convergence, and costs as much as one iteration. Time grows with n * n * iterations, memory with n * n * d.

    References
    ----------
    Cuturi (2013), "Sinkhorn Distances: Lightspeed Computation of Optimal Transport", NeurIPS. Debiased: Feydy et al.
    (2019), "Interpolating between Optimal Transport and MMD using Sinkhorn Divergences", AISTATS.

    >>> float(symloss.evaluate.value("sinkhorn", [[0.0], [4.0]], [[5.0], [1.0]]).mean().round(6))
    1.069315
    >>> float(symloss.evaluate.value("sinkhorn", [[0.0], [4.0]], [[5.0], [1.0]], debiased=True).mean().round(6))
    1.0
    """
    p, t = align(prediction, target, "sinkhorn")
    if p.ndim != 2:
        raise ShapeError(f"sinkhorn: the prediction has shape {shape_text(prediction)} and the target "
                         f"{shape_text(t)}, but both must have 2 axes, (n, d)")
    if int(iterations) != iterations or iterations < 1:
        raise SpecError(f"sinkhorn: iterations={iterations!r} is not valid; it must be an integer of at least 1")
    shares = item_weights(weights, p, "sinkhorn")
    shares = divide(shares, shares.sum())
    how = {"shares": shares, "epsilon": number(epsilon, p), "iterations": int(iterations)}
    values = _transport(_costs(p, t, power, norm), **how)
    if not debiased:
        return values
    own = [_transport(_costs(x, x, power, norm), itself=True, **how) for x in (p, t)]
    return values - 0.5 * (own[0] + own[1])


def _costs(x, y, power, norm):
    """Return the distances between the rows of `x` and `y` to a power; where they are equal the gradient is 0."""
    gaps = x[:, None, :] - y[None, :, :]
    sizes = pt.abs(gaps)
    powers = (sizes if norm == 1 else pt.sqr(gaps) if norm == 2 else sizes ** number(norm, gaps)).sum(axis=-1)
    if power == norm:
        return powers
    return root(powers) if 2 * power == norm else root(powers) ** number(2 * power / norm, powers)


def _transport(costs, shares, epsilon, iterations, itself=False):
    """Return each item's share of the dual value, the sum of its two potentials; the gradient holds the plan still."""

    def answer(costs, potential, shares, epsilon):
        """Return the best potential of the rows, given that of the columns: a soft minimum of what is left."""
        return -epsilon * log_sum((potential[None, :] - costs) / epsilon, shares)

    def step(epsilon, potential, costs, shares):
        rows = answer(costs, potential, shares, epsilon)
        return 0.5 * (potential + rows) if itself else answer(costs.T, rows, shares, epsilon)

    counted = pt.gt(shares[:, None] * shares[None, :], 0)
    heat = pt.maximum(pt.switch(counted, costs, 0).max() / epsilon, 1)
    cooling = number(np.maximum(0, 1 - 2 * np.arange(1, iterations + 1) / iterations), costs)
    found = pytensor.scan(step, sequences=[epsilon * heat**cooling], outputs_info=[pt.zeros_like(costs[0])],
                          non_sequences=[costs, shares], return_updates=False)
    columns = disconnected_grad(found[-1])
    return answer(costs, columns, shares, epsilon) + columns
