"""Functions of whole networks: outputs, shapes and parameters, from one or several output layers."""

import contextlib
import warnings
from difflib import get_close_matches

import numpy as np

from ....errors import ShapeError, SpecError
from .. import utils
from .base import Layer, MergeLayer, told
from .input import InputLayer

__all__ = ["count_params", "get_all_layers", "get_all_param_values", "get_all_params", "get_output", "get_output_shape",
           "set_all_param_values"]


class _KeyError(SpecError, TypeError):
    """An entry of a dict of inputs that is for no layer."""


def _several(layer):
    """Return (layers, whether they were several)."""
    try:
        return list(layer), True
    except TypeError:
        return [layer], False


def _before(layer) -> list:
    """Return the layers that feed one."""
    if hasattr(layer, "input_layers"):
        return list(layer.input_layers)
    return [layer.input_layer] if hasattr(layer, "input_layer") else []


def get_all_layers(layer, treat_as_input=None):
    """Return one or several layers and all layers that feed them, each after those that feed it.

    Parameters
    ----------
    layer : Layer or list of Layer
    treat_as_input : iterable of Layer or None
        Layers whose inputs are left out, unless another layer needs them.

    >>> from symloss.compat.lasagne.layers import DenseLayer, InputLayer
    >>> l_in = InputLayer((100, 20))
    >>> l1 = DenseLayer(l_in, num_units=50)
    >>> get_all_layers(l1) == [l_in, l1], get_all_layers(l1, treat_as_input=[l1]) == [l1]
    (True, True)
    """
    waiting = _several(layer)[0][::-1]
    opened, done = set(treat_as_input or ()), {}
    while waiting:
        each = waiting[-1]
        if each is None or each in opened:
            waiting.pop()
            if each is not None:
                done.setdefault(each)
        else:
            opened.add(each)
            waiting.extend(reversed(_before(each)))
    return list(done)


def _propagated(layers, found, what, compute):
    """Fill `found`, a dict by layer, with what `compute` makes of the values of the layers before each."""
    for layer in layers:
        if layer in found:
            continue
        try:
            several = isinstance(layer, MergeLayer)
            before = [found[each] for each in layer.input_layers] if several else found[layer.input_layer]
        except KeyError:
            raise SpecError(f"{told(layer)}: got no {what} for it. The layer was made from a shape, so no other layer "
                            f"feeds it. Pass a dict with {what}s by layer, in which the key None stands for the input "
                            f"of this layer") from None
        found[layer] = compute(layer, before)


def _start(layers, given, what, own, convert):
    """Return what is known before anything is computed, by layer: of input layers, or as it was given."""
    mapped = isinstance(given, dict)
    found = {layer: None for layer in layers if isinstance(layer, InputLayer) and not (mapped and layer in given)}
    if given is None or mapped:
        found = {layer: own(layer) for layer in found}
        return found | {layer: convert(value) for layer, value in (given or {}).items()}
    if len(found) > 1:
        raise SpecError(f"got one {what}, but the network has {len(found)} input layers; pass a dict with {what}s by "
                        f"layer")
    return dict.fromkeys(found, convert(given))


def get_output(layer_or_layers, inputs=None, **kwargs):
    """Return the output expressions of one or several layers.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
        If you pass several layers in one call, they share common parts, such as a dropout mask.
    inputs : None, expression, array, or dict
        The inputs. None means the variables of the input layers. A single expression is the input of a network with one
        input layer. A dict sets the output of any layer.
    **kwargs
        Passed to every layer's `get_output_for`: ``deterministic=True`` turns dropout and noise off.

    Returns
    -------
    expression, or list of them

    Raises
    ------
    SpecError
        If inputs are missing or ambiguous. It is a ValueError, and if keys are not layers, also a TypeError.

    Warns
    -----
    UserWarning
        If no layer takes a keyword; the warning suggests the nearest name.
    """
    if isinstance(inputs, dict):
        for key in inputs:
            if key is not None and not isinstance(key, Layer):
                raise _KeyError(f"get_output: the key {key!r} of inputs is of type {type(key).__name__}, but keys must "
                                f"be layers, or None for the input of a layer made from a shape")
    wanted, several = _several(layer_or_layers)
    layers = get_all_layers(wanted, inputs.keys() if isinstance(inputs, dict) else ())
    found = _start(layers, inputs, "input expression", lambda layer: layer.input_var, utils.as_theano_expression)
    known = {"deterministic"}

    def compute(layer, before):
        made = layer.get_output_for(before, **kwargs)
        with contextlib.suppress(TypeError, ValueError):  # which say that it cannot be looked into
            known.update(utils.inspect_kwargs(layer.get_output_for))
        known.update(layer.get_output_kwargs)
        return made

    _propagated(layers, found, "input expression", compute)
    _warn_of_unused(set(kwargs) - known, known)
    return [found[layer] for layer in wanted] if several else found[wanted[0]]


def _warn_of_unused(unused, known):
    if unused:
        lines = []
        for keyword in sorted(unused):
            near = get_close_matches(keyword, sorted(known))
            lines.append(f"{keyword} (perhaps you meant {near[0]})" if near else keyword)
        warnings.warn("get_output() was called with unused kwargs:\n\t" + "\n\t".join(lines), stacklevel=3)


def get_output_shape(layer_or_layers, input_shapes=None):
    """Return the output shapes of one or several layers.

    Parameters
    ----------
    layer_or_layers : Layer or list of Layer
    input_shapes : None, tuple, or dict
        As the `inputs` of `get_output`, with shapes.

    Returns
    -------
    tuple, or list of them
    """
    wanted, several = _several(layer_or_layers)
    if input_shapes is None or input_shapes == {}:
        shapes = [layer.output_shape for layer in wanted]
    else:
        layers = get_all_layers(wanted, input_shapes.keys() if isinstance(input_shapes, dict) else ())
        found = _start(layers, input_shapes, "input shape", lambda layer: layer.shape, lambda shape: shape)
        _propagated(layers, found, "input shape", lambda layer, before: layer.get_output_shape_for(before))
        shapes = [found[layer] for layer in wanted]
    return shapes if several else shapes[0]


def get_all_params(layer, unwrap_shared=True, **tags):
    """Return the parameters of a whole network, each once, in the order of its layers.

    Parameters
    ----------
    layer : Layer or list of Layer
    unwrap_shared : bool
        Whether to replace a parameter that is an expression by the shared variables in it.
    **tags : bool
        ``trainable=True`` selects the parameters for an optimizer; ``regularizable=True`` leaves out biases.
    """
    params = []
    for each in get_all_layers(layer):
        params += each.get_params(unwrap_shared=unwrap_shared, **tags)
    return utils.unique(params)


def count_params(layer, **tags):
    """Return the number of values in the parameters of a whole network; `tags` as in `get_all_params`."""
    return int(sum(np.prod(p.get_value(borrow=True).shape) for p in get_all_params(layer, **tags)))


def get_all_param_values(layer, **tags):
    """Return the values of the parameters of a whole network, a list of arrays in the order of `get_all_params`."""
    return [p.get_value() for p in get_all_params(layer, **tags)]


def set_all_param_values(layer, values, **tags):
    """Set the parameters of a whole network, all or none.

    Parameters
    ----------
    layer : Layer or list of Layer
    values : list of array
        In the order of `get_all_params`, as `get_all_param_values` returns them.
    **tags : bool
        As in `get_all_params`.

    Raises
    ------
    ShapeError
        If there are more or fewer values than parameters, or one has another shape; in this case, nothing is set.
    """
    params = get_all_params(layer, **tags)
    if len(params) != len(values):
        raise ShapeError(f"mismatch: got {len(values)} values to set {len(params)} parameters")
    for number, (param, value) in enumerate(zip(params, values, strict=True)):
        shape = param.get_value(borrow=True).shape
        if shape != np.shape(value):
            raise ShapeError(f"mismatch: parameter {param.name!r}, number {number}, has shape {shape!r} but value to "
                             f"set has shape {np.shape(value)!r}")
    for param, value in zip(params, values, strict=True):
        param.set_value(value)
