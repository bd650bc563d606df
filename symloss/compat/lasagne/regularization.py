"""lasagne.regularization: penalties, and the sums of them over the parameters of layers.

``loss + 1e-4 * regularize_network_params(layer, l2)`` penalizes what is tagged as regularizable: weights, and the gamma
of batch normalization; no biases.
"""

import pytensor.tensor as pt

from .. import theano
from .layers import Layer, get_all_params

__all__ = ["apply_penalty", "l1", "l2", "regularize_layer_params", "regularize_layer_params_weighted",
           "regularize_network_params"]

REGULARIZABLE = {"regularizable": True}


def l1(x):
    """Return the sum of absolute values; its slope at 0 is 0."""
    return pt.sum(abs(x))


def l2(x):
    """Return the sum of squares: no half of it, and no root."""
    return pt.sum(x**2)


def apply_penalty(tensor_or_tensors, penalty, **kwargs):
    """Return the sum of a penalty over tensors.

    Parameters
    ----------
    tensor_or_tensors : expression or list of them
    penalty : function
        Of a tensor, which returns a scalar: `l1`, `l2` or yours.
    **kwargs
        Passed to `penalty`.

    Returns
    -------
    scalar
        Of an empty list 0.
    """
    if isinstance(tensor_or_tensors, theano.Variable):  # a vector of known length could be walked through as well
        return penalty(tensor_or_tensors, **kwargs)
    try:
        return sum(penalty(x, **kwargs) for x in tensor_or_tensors)
    except (TypeError, ValueError):  # it is one thing, or the penalty fails, which it then does again
        return penalty(tensor_or_tensors, **kwargs)


def regularize_layer_params(layer, penalty, tags=None, **kwargs):
    """Return the sum of a penalty over the parameters of a layer, or of several.

    Parameters
    ----------
    layer : Layer or list of them
    penalty : function
    tags : dict
        Tags that parameters must have (True) or lack (False). None: those that are regularizable.
    **kwargs
        Passed to `penalty`.
    """
    layers = [layer] if isinstance(layer, Layer) else layer
    wanted = REGULARIZABLE if tags is None else tags
    return apply_penalty([p for each in layers for p in each.get_params(**wanted)], penalty, **kwargs)


def regularize_layer_params_weighted(layers, penalty, tags=None, **kwargs):
    """Return the sum of a penalty over the parameters of layers, each times a factor.

    Parameters
    ----------
    layers : dict of factor by Layer
    penalty, tags, **kwargs
        As in `regularize_layer_params`.
    """
    wanted = REGULARIZABLE if tags is None else tags
    return sum(factor * apply_penalty(layer.get_params(**wanted), penalty, **kwargs)
               for layer, factor in layers.items())


def regularize_network_params(layer, penalty, tags=None, **kwargs):
    """Return the sum of a penalty over the parameters of a layer, or of several, and of all layers below.

    Parameters
    ----------
    layer, penalty, tags, **kwargs
        As in `regularize_layer_params`.
    """
    return apply_penalty(get_all_params(layer, **(REGULARIZABLE if tags is None else tags)), penalty, **kwargs)
