"""New tensors: of numbers, of zeros and ones, of ranges; and what is asked of a tensor."""

import numpy as np
import pytensor.tensor as pt

from ....errors import SpecError
from ..backend import floatx, standardize_dtype
from ..tensors import as_tensor, is_expression
from .dispatch import finished, named, one, operand


def convert_to_tensor(x, dtype=None, sparse=None, ragged=None):
    """Return numbers as a tensor; a PyTensor variable stays one."""
    if sparse or ragged:
        raise SpecError("convert_to_tensor: sparse and ragged tensors are not supported; pass a dense array, padded "
                        "to one length")
    return operand(x, is_expression(x), None if dtype is None else standardize_dtype(dtype))


def convert_to_numpy(x) -> np.ndarray:
    """Return a tensor as a plain array."""
    if is_expression(x):
        raise SpecError("convert_to_numpy: a PyTensor variable has no value yet; use operations of keras.ops")
    return np.asarray(as_tensor(x)).view(np.ndarray)


array = named(lambda x, dtype=None: convert_to_tensor(x, dtype), "array", convert_to_tensor.__doc__)


def is_tensor(x) -> bool:
    """Return whether `x` is a tensor: an array that an operation returned, or a PyTensor variable."""
    return is_expression(x) or isinstance(x, type(as_tensor(0)))


def shape(x) -> tuple:
    """Return the lengths of the axes; of a PyTensor variable, those that are not known are expressions."""
    if not is_expression(x):
        return as_tensor(x).shape
    x, _ = one(x)
    return tuple(x.shape[axis] if length is None else length for axis, length in enumerate(x.type.shape))


def ndim(x) -> int:
    """Return the number of axes."""
    return one(x)[0].ndim


def size(x):
    """Return the number of elements."""
    return one(x)[0].size


def dtype(x) -> str:
    """Return the name of the dtype."""
    return str(one(x)[0].dtype)


def _lengths(shape):
    """Return (lengths, np or pt): of expressions, where one of the lengths is one."""
    shape = shape if isinstance(shape, list | tuple) or is_expression(shape) else (shape,)
    symbolic = is_expression(shape) or any(is_expression(n) for n in shape)
    return (shape, pt) if symbolic else (tuple(int(n) for n in shape), np)


def zeros(shape, dtype=None):
    """Return zeros."""
    shape, library = _lengths(shape)
    return finished(library.zeros(shape, dtype=standardize_dtype(dtype)))


def ones(shape, dtype=None):
    """Return ones."""
    shape, library = _lengths(shape)
    return finished(library.ones(shape, dtype=standardize_dtype(dtype)))


def full(shape, fill_value, dtype=None):
    """Return one number everywhere."""
    value, _ = one(fill_value)
    return broadcast_to(value.astype(str(value.dtype) if dtype is None else standardize_dtype(dtype)), shape)


def broadcast_to(x, shape):
    """Return the tensor repeated to a shape."""
    x, library = one(x)
    shape, lengths = _lengths(shape)
    if library is np and lengths is np:
        return finished(np.broadcast_to(x, shape).copy())
    return pt.broadcast_to(operand(x, True), shape)


def _like(name: str, fill):
    def operation(x, dtype=None):
        x, library = one(x)
        kind = str(x.dtype) if dtype is None else standardize_dtype(dtype)
        return finished(getattr(library, f"{fill}_like")(x, dtype=kind))

    return named(operation, name, f"Return {fill} in the shape and the dtype of a tensor.")


zeros_like, ones_like = _like("zeros_like", "zeros"), _like("ones_like", "ones")
empty_like = _like("empty_like", "zeros")


def empty(shape, dtype=None):
    """Return zeros, which do for any numbers."""
    return zeros(shape, dtype)


def full_like(x, fill_value, dtype=None):
    """Return one number everywhere in the shape of a tensor."""
    x, _ = one(x)
    return zeros_like(x, dtype) + operand(fill_value, is_expression(x), dtype or str(x.dtype))


def arange(start, stop=None, step=None, dtype=None):
    """Return start, start + step, and so on, below stop; ``arange(n)`` counts from 0."""
    start, stop, step = (0, start, step) if stop is None else (start, stop, step)
    step = 1 if step is None else step
    if not any(is_expression(x) for x in (start, stop, step)):
        made = np.arange(start, stop, step)
        return as_tensor(made, dtype or ("int32" if made.dtype.kind == "i" else floatx()))
    return pt.arange(start, stop, step, dtype=standardize_dtype(dtype or "int32"))


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """Return `num` numbers at equal distances; with `retstep` the distance as well."""
    if any(is_expression(x) for x in (start, stop)):
        raise SpecError("linspace: start and stop must be numbers. Write start + (stop - start) * "
                        "keras.ops.linspace(0.0, 1.0, num)")
    made, step = np.linspace(as_tensor(start), as_tensor(stop), num, endpoint, True, None, axis)
    made = as_tensor(made, dtype or floatx())
    return (made, as_tensor(step, floatx())) if retstep else made


def logspace(start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """Return `num` powers of `base`, at equal ratios."""
    return as_tensor(np.logspace(start, stop, num, endpoint, base, None, axis), dtype or floatx())


def eye(N, M=None, k=0, dtype=None):  # noqa: N803 - Keras' names
    """Return ones on a diagonal, zeros elsewhere."""
    symbolic = is_expression(N) or is_expression(M)
    kind = standardize_dtype(dtype)
    return pt.eye(N, M, k, dtype=kind) if symbolic else as_tensor(np.eye(N, M, k, dtype=kind))


def identity(n, dtype=None):
    """Return the identity matrix."""
    return eye(n, dtype=dtype)


def tri(N, M=None, k=0, dtype=None):  # noqa: N803 - Keras' names
    """Return ones on a diagonal and below, zeros elsewhere."""
    return as_tensor(np.tri(N, M, k), standardize_dtype(dtype))


def meshgrid(*x, indexing="xy"):
    """Return coordinates over a grid."""
    return [finished(one_axis) for one_axis in np.meshgrid(*[as_tensor(a) for a in x], indexing=indexing)]
