"""lasagne.updates: update rules, as ordered dicts of new value by shared variable.

All take ``(loss_or_grads, params, ...)``: a scalar expression, or a list of gradients, and a list of shared variables.
Hyperparameters may be numbers or scalar expressions. The formulas are those of `symloss.updates`, which has more rules.
"""

import collections

import numpy as np
import pytensor.tensor as pt

from ... import updates as formulas
from ...errors import SpecError
from .. import theano
from . import utils

__all__ = ["adadelta", "adagrad", "adam", "adamax", "amsgrad", "apply_momentum", "apply_nesterov_momentum", "momentum",
           "nesterov_momentum", "norm_constraint", "rmsprop", "sgd", "total_norm_constraint"]


class _NoLossError(SpecError, AttributeError):
    """Something that is neither a loss nor a list of gradients."""


def get_or_compute_grads(loss_or_grads, params):
    """Return the gradients of `params`: those that are passed as a list, or else those of the loss.

    Raises
    ------
    ValueError
        If a parameter is no shared variable, or there are more or fewer gradients than parameters.
    TypeError
        If the loss is no scalar.
    """
    if any(not isinstance(p, theano.compile.SharedVariable) for p in params):
        raise ValueError("params must contain shared variables only. If it contains arbitrary parameter expressions, "
                         "then lasagne.utils.collect_shared_vars() may help you.")
    if isinstance(loss_or_grads, list):
        if len(loss_or_grads) != len(params):
            raise ValueError(f"Got {len(loss_or_grads)} gradient expressions for {len(params)} parameters")
        return loss_or_grads
    if not isinstance(loss_or_grads, theano.Variable):
        raise _NoLossError(f"updates: got a {type(loss_or_grads).__name__}, which is neither a loss nor a list of "
                           f"gradients. Pass a scalar expression, or list(gradients)")
    return theano.grad(loss_or_grads, params)


def _state(parameter):
    """Return a shared variable of zeros, of the type and shape of a parameter."""
    value = parameter.get_value(borrow=True)
    return theano.shared(np.zeros(value.shape, dtype=value.dtype), shape=parameter.type.shape)


def _pairs(loss_or_grads, params):
    params = list(params)
    return zip(params, get_or_compute_grads(loss_or_grads, params), strict=True)


def sgd(loss_or_grads, params, learning_rate):
    """Gradient descent: ``p - learning_rate * g``."""
    updates = collections.OrderedDict()
    for p, g in _pairs(loss_or_grads, params):
        updates[p] = formulas.downhill(p, g, learning_rate)
    return updates


def _moving(updates, params, factor, ahead):
    """Return `updates` with velocities: of `params`, or of everything that they update."""
    params = list(updates) if params is None else list(params)
    updates = collections.OrderedDict(updates)
    for p in params:
        v = _state(p)
        moved = updates[p]
        updates[v] = formulas.velocity(v, p - moved, factor)
        updates[p] = factor * updates[v] + moved if ahead else p + updates[v]
    return updates


def apply_momentum(updates, params=None, momentum=0.9):
    """Return `updates` with momentum: ``v = momentum * v + updates[p] - p``, and p becomes ``p + v``.

    Parameters
    ----------
    updates : dict of new value by shared variable
    params : list of shared variables or None
        Whose steps gather momentum. None: all that are updated, also the running means of a rule.
    momentum : float or scalar
        Share of the last step that is repeated.
    """
    return _moving(updates, params, momentum, ahead=False)


def momentum(loss_or_grads, params, learning_rate, momentum=0.9):
    """Gradient descent with momentum: ``v = momentum * v - learning_rate * g``, and p becomes ``p + v``."""
    return apply_momentum(sgd(loss_or_grads, params, learning_rate), momentum=momentum)


def apply_nesterov_momentum(updates, params=None, momentum=0.9):
    """Return `updates` with Nesterov's momentum: as `apply_momentum`, but p becomes ``momentum * v + updates[p]``."""
    return _moving(updates, params, momentum, ahead=True)


def nesterov_momentum(loss_or_grads, params, learning_rate, momentum=0.9):
    """Gradient descent with Nesterov's momentum: p becomes ``p + momentum * v - learning_rate * g``."""
    return apply_nesterov_momentum(sgd(loss_or_grads, params, learning_rate), momentum=momentum)


def adagrad(loss_or_grads, params, learning_rate=1.0, epsilon=1e-6):
    """Adagrad: ``p - learning_rate * g / sqrt(sum of g^2 + epsilon)`` (Duchi et al. 2011)."""
    updates = collections.OrderedDict()
    for p, g in _pairs(loss_or_grads, params):
        total = _state(p)
        updates[total] = total + g**2
        updates[p] = p - learning_rate * g / formulas.root(updates[total], epsilon, inside=True)
    return updates


def rmsprop(loss_or_grads, params, learning_rate=1.0, rho=0.9, epsilon=1e-6):
    """RMSprop: ``p - learning_rate * g / sqrt(running mean of g^2 + epsilon)`` (Tieleman & Hinton 2012)."""
    updates = collections.OrderedDict()
    for p, g in _pairs(loss_or_grads, params):
        mean = _state(p)
        updates[mean] = formulas.running_mean(mean, g**2, rho)
        updates[p] = p - learning_rate * g / formulas.root(updates[mean], epsilon, inside=True)
    return updates


def adadelta(loss_or_grads, params, learning_rate=1.0, rho=0.95, epsilon=1e-6):
    """Adadelta: steps in the units of the parameter, times `learning_rate` (Zeiler 2012)."""
    updates = collections.OrderedDict()
    for p, g in _pairs(loss_or_grads, params):
        squares, steps = _state(p), _state(p)
        updates[squares] = formulas.running_mean(squares, g**2, rho)
        step = formulas.equal_units(g, steps, updates[squares], epsilon)
        updates[p] = formulas.downhill(p, step, learning_rate)
        updates[steps] = formulas.running_mean(steps, step**2, rho)
    return updates


def _adam(loss_or_grads, params, learning_rate, beta1, beta2, epsilon, greatest):
    before, updates = theano.shared(utils.floatX(0.0)), collections.OrderedDict()
    now = before + 1
    rate = learning_rate * pt.sqrt(_bias(beta2, now)) / _bias(beta1, now)
    for p, g in _pairs(loss_or_grads, params):
        m, v = _state(p), _state(p)
        updates[m] = formulas.running_mean(m, g, beta1)
        updates[v] = squares = formulas.running_mean(v, g**2, beta2)
        if greatest:
            peak = _state(p)
            updates[peak] = squares = pt.maximum(peak, squares)
        updates[p] = p - rate * updates[m] / formulas.root(squares, epsilon)
    updates[before] = now
    return updates


def _bias(beta, step):
    return formulas.without_bias(beta, step)


def adam(loss_or_grads, params, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Adam (Kingma & Ba 2015): ``p - a m / (sqrt(v) + epsilon)``, m and v the running means of g and g^2.

    a is ``learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t)`` at step t. The paper calls this `epsilon` "epsilon hat":
    `symloss.updates.adam` adds it to the root of v without its bias.
    """
    return _adam(loss_or_grads, params, learning_rate, beta1, beta2, epsilon, greatest=False)


def amsgrad(loss_or_grads, params, learning_rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """`adam` with the greatest v so far (Reddi et al. 2018)."""
    return _adam(loss_or_grads, params, learning_rate, beta1, beta2, epsilon, greatest=True)


def adamax(loss_or_grads, params, learning_rate=0.002, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Adam with the infinity norm: ``p - learning_rate / (1 - beta1^t) * m / (u + epsilon)``, u = max(beta2 u, |g|)."""
    before, updates = theano.shared(utils.floatX(0.0)), collections.OrderedDict()
    now = before + 1
    rate = learning_rate / _bias(beta1, now)
    for p, g in _pairs(loss_or_grads, params):
        m, u = _state(p), _state(p)
        updates[m] = formulas.running_mean(m, g, beta1)
        updates[u] = pt.maximum(beta2 * u, abs(g))
        updates[p] = p - rate * updates[m] / (updates[u] + epsilon)
    updates[before] = now
    return updates


def _scale(norm, max_norm, epsilon):
    """Return what to multiply with, so that a norm is at most `max_norm`."""
    return pt.clip(norm, 0, utils.floatX(max_norm)) / (utils.floatX(epsilon) + norm)


def norm_constraint(tensor_var, max_norm, norm_axes=None, epsilon=1e-7):
    """Return weights whose norms, for each unit, are at most `max_norm`.

    Parameters
    ----------
    tensor_var : expression
        Weights, mostly their new values: ``updates[l.W] = norm_constraint(updates[l.W], 3)``.
    max_norm : float
    norm_axes : sequence of int or None
        Axes that a unit's weights run along. None: the first of a matrix; all but the first of 3 to 5 axes.
    epsilon : float
        Keeps a norm of 0 from dividing.

    Raises
    ------
    ValueError
        For other numbers of axes, without `norm_axes`.
    """
    if norm_axes is None and tensor_var.ndim not in (2, 3, 4, 5):
        raise ValueError(f"Unsupported tensor dimensionality {tensor_var.ndim}. Must specify `norm_axes`")
    axes = utils._summed_axes(tensor_var, norm_axes)
    norms = pt.sqrt(pt.sum(pt.sqr(tensor_var), axis=axes, keepdims=True))
    return tensor_var * _scale(norms, max_norm, epsilon)


def total_norm_constraint(tensor_vars, max_norm, epsilon=1e-7, return_norm=False):
    """Return tensors, mostly gradients, scaled so that their norm as one vector is at most `max_norm`.

    Parameters
    ----------
    tensor_vars : list of expressions
    max_norm, epsilon : float
    return_norm : bool
        Whether to return the norm before scaling as well.

    Returns
    -------
    list, or list and scalar
    """
    norm = pt.sqrt(sum(pt.sum(x**2) for x in tensor_vars))
    factor = _scale(norm, max_norm, epsilon)
    scaled = [x * factor for x in tensor_vars]
    return (scaled, norm) if return_norm else scaled
