"""lasagne.utils: conversions, checks and parameters."""

import inspect
import numbers

import numpy as np
import pytensor.tensor as pt

from ...errors import ShapeError, SpecError
from .. import theano

int_types = (numbers.Integral, np.integer)


def floatX(arr):  # noqa: N802 (Lasagne's name)
    """Return numbers as an array in the dtype ``theano.config.floatX``."""
    return np.asarray(arr, dtype=theano.config.floatX)


def shared_empty(dim=2, dtype=None):
    """Return a shared variable with `dim` axes of length 1, which hold 0."""
    return theano.shared(np.zeros((1,) * dim, dtype=theano.config.floatX if dtype is None else dtype))


def as_theano_expression(input):
    """Return `input` as an expression: numbers and arrays become constants.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(input, theano.Variable):
        return input
    try:
        return pt.constant(input)
    except Exception as error:
        raise TypeError(f"Input of type {type(input)} is not a Theano expression and cannot be wrapped as a Theano "
                        f"constant (original exception: {error})") from error


def collect_shared_vars(expressions):
    """Return the shared variables that expressions depend on, each once, from left to right.

    Parameters
    ----------
    expressions : expression or iterable of them
    """
    several = [expressions] if isinstance(expressions, theano.Variable) else list(expressions)
    leaves = theano.gof.graph.inputs(several[::-1])
    return [v for v in leaves if isinstance(v, theano.compile.SharedVariable)]


def one_hot(x, m=None):
    """Return a matrix with a row for each integer in the vector `x`: 1 at its place, 0 elsewhere.

    Parameters
    ----------
    x : vector of integers from 0 to m - 1
    m : int
        Length of the rows; None: one more than the greatest of `x`.
    """
    count = pt.cast(pt.max(x) + 1, "int32") if m is None else m
    return pt.eye(count)[pt.cast(x, "int32")]


def unique(l):  # noqa: E741 (Lasagne's name)
    """Return the elements of `l` without repetitions, in their order."""
    return list(dict.fromkeys(l))


def as_tuple(x, N, t=None):  # noqa: N803 (Lasagne's name)
    """Return `x` as a tuple of length `N`: an iterable as it is, anything else `N` times.

    Parameters
    ----------
    x : value or iterable
    N : int
    t : type
        Type that all elements must have.

    Raises
    ------
    TypeError
        If an element is no `t`.
    ValueError
        If an iterable has another length.
    """
    try:
        found = tuple(x)
    except TypeError:
        found = (x,) * N
    if t is not None and not all(isinstance(v, t) for v in found):
        wanted = " or ".join(one.__name__ for one in t) if isinstance(t, tuple) else t.__name__
        if t == int_types:
            wanted = "int"
        raise TypeError(f"expected a single value or an iterable of {wanted}, got {x} instead")
    if len(found) != N:
        raise ValueError(f"expected a single value or an iterable with length {N}, got {x} instead")
    return found


def inspect_kwargs(func):
    """Return the names of all arguments of `func` that have a default."""
    return [p.name for p in inspect.signature(func).parameters.values() if p.default is not p.empty]


def _summed_axes(array, norm_axes):
    """Return the axes over which the norm of a unit's incoming weights runs."""
    if norm_axes is not None:
        return tuple(norm_axes)
    if array.ndim not in (1, 2, 3, 4, 5):
        raise ValueError(f"Unsupported tensor dimensionality {array.ndim}. Must specify `norm_axes`")
    return {1: (), 2: (0,)}.get(array.ndim, tuple(range(1, array.ndim)))


def compute_norms(array, norm_axes=None):
    """Return the L2 norms of the weights that go into each unit.

    Parameters
    ----------
    array : array or expression
    norm_axes : sequence of int
        Axes to sum over. None: the first of a matrix, all but the first of what has 3 to 5 axes; of a vector none, so
        that the norms are absolute values.

    Raises
    ------
    RuntimeError
        If `array` is neither an array nor an expression.
    ValueError
        For other numbers of axes, without `norm_axes`.
    """
    if not isinstance(array, theano.Variable | np.ndarray):
        raise RuntimeError(f"Unsupported type {type(array)}. Only theano variables and numpy arrays are supported")
    axes = _summed_axes(array, norm_axes)
    if not axes:
        return abs(array)
    return pt.sqrt(pt.sum(array**2, axis=axes)) if isinstance(array, theano.Variable) else np.sqrt(
        np.sum(array**2, axis=axes))


def create_param(spec, shape, name=None):
    """Return a parameter: a new shared variable, or the expression that `spec` is.

    Parameters
    ----------
    spec : number, array, expression, shared variable, or callable
        Initial values; an expression to be used as it is; or a function of the shape that returns one of these.
    shape : iterable of int
    name : str
        Given to the parameter if it has no name yet.

    Raises
    ------
    ValueError
        If a length is not positive, or `spec` has another shape or number of axes.
    TypeError
        If `spec` is none of these.
    """
    shape = tuple(shape)
    if any(length <= 0 for length in shape):
        raise SpecError(f"Cannot create param with a non-positive shape dimension. Tried to create param with "
                        f"shape={shape!r}, name={name!r}")
    made = callable(spec) and not isinstance(spec, theano.Variable)
    who = f"cannot initialize parameter {name}: the {{}}{' returned by the provided callable' if made else ' provided'}"
    if made:
        spec = spec(shape)
    if isinstance(spec, numbers.Number | np.generic) and np.asarray(spec).dtype.kind in "biufc":
        spec = np.asarray(spec)
    if isinstance(spec, np.ndarray):
        if spec.shape != shape:
            raise ShapeError(f"{who.format('numpy array')} has shape {spec.shape}, should be {shape}")
        spec = theano.shared(spec, shape=shape)  # shapes are known from here on, as PyTensor infers what depends on it
    if not isinstance(spec, theano.Variable):
        rest = "is not a numpy array or a Theano expression" + ("" if made else ", or a callable")
        raise TypeError(f"{who.format(f'value {spec!r}')} {rest}")
    if spec.ndim != len(shape):
        raise ShapeError(f"{who.format('Theano variable')} has {spec.ndim} dimensions, should be {len(shape)}")
    if not spec.name:
        spec.name = name
    return spec


def unroll_scan(fn, sequences, outputs_info, non_sequences, n_steps, go_backwards=False):
    """Return the outputs of a loop, written out step by step: a list with a tensor (time, ...) for each.

    Parameters
    ----------
    fn : function
        Of the sequences' elements, the previous outputs and `non_sequences`, in this order.
    sequences : variable or list of variables
        Indexed along their first axis.
    outputs_info : list of variables
        Outputs before the first step.
    non_sequences : list of variables
    n_steps : int
    go_backwards : bool
        Whether to begin at the last step; outputs come in the order in which they are computed.
    """
    sequences = list(sequences) if isinstance(sequences, list | tuple) else [sequences]
    before, steps = list(outputs_info), []
    for step in reversed(range(n_steps)) if go_backwards else range(n_steps):
        made = fn(*(s[step] for s in sequences), *before, *non_sequences)
        before = list(made) if isinstance(made, list | tuple) else [made]
        steps.append(before)
    return [pt.stack([step[index] for step in steps]) for index in range(len(steps[0]))]
