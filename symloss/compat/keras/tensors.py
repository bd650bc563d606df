"""Results of operations: numpy arrays with a method `numpy`; and variables, in which metrics keep their sums."""

import numpy as np
from pytensor.graph.basic import Variable as Expression

from ...data import as_array
from ...errors import DataError, ShapeError
from .backend import floatx, standardize_dtype


class Tensor(np.ndarray):
    """A numpy array with Keras' method `numpy`. Results computed from it are of this class, too.

    >>> float(as_tensor([1.0, 2.0]).sum())
    3.0
    """

    __array_priority__ = 1

    def numpy(self):
        """Return the plain array; of no axes, the number."""
        return self.view(np.ndarray)[()]

    def __array_wrap__(self, array, context=None, return_scalar=False):
        """Keep single numbers arrays of this class."""
        return np.asarray(array).view(Tensor)

    def __getitem__(self, key):
        """Keep single numbers arrays of this class."""
        return np.asarray(super().__getitem__(key)).view(Tensor)

    def __hash__(self):
        return id(self)


def is_expression(x) -> bool:
    """Return whether `x` is a PyTensor variable, or a list with one in it."""
    if isinstance(x, list | tuple):
        return any(is_expression(one) for one in x)
    return isinstance(x, Expression)


def as_tensor(x, dtype=None, who: str = "convert_to_tensor") -> Tensor:
    """Return numbers as a `Tensor`: Python's floats as `floatx`, its integers as int32, arrays in their own dtype.

    Raises
    ------
    DataError
        For what holds no numbers.
    """
    own = isinstance(x, bool | int | float) or (isinstance(x, list | tuple) and not _has_dtype(x))
    if isinstance(x, Variable):
        x = x.value
    array = x if isinstance(x, np.ndarray | np.generic) else as_array(_plain(x), who)
    if array.dtype.kind not in "biufc" and array.dtype.name != "bfloat16":
        raise DataError(f"{who}: got {type(x).__name__} of dtype {array.dtype}; pass numbers")
    if dtype is None and own:
        dtype = {"f": floatx(), "i": "int32"}.get(array.dtype.kind)
        if dtype == "int32" and array.size and np.abs(array).max() > np.iinfo("int32").max:
            dtype = "int64"
    if dtype is not None:
        array = np.asarray(array).astype(standardize_dtype(dtype), copy=False)
    return np.asarray(array).view(Tensor)


def _has_dtype(x) -> bool:
    while isinstance(x, list | tuple) and len(x):
        x = x[0]
    return hasattr(x, "dtype")


def _plain(x):
    """Return nested lists in which nothing is a `Variable`."""
    if isinstance(x, list | tuple):
        parts = [_plain(one) for one in x]
        lengths = {len(part) if isinstance(part, list | tuple) else np.shape(part) for part in parts}
        if len(lengths) > 1:
            raise ShapeError(f"convert_to_tensor: the parts of the list have different lengths, "
                             f"{sorted(map(str, lengths))}; pad them to one length")
        return parts
    return x.numpy() if isinstance(x, Variable) else x


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that can be assigned: what metrics keep their sums in.

    Parameters
    ----------
    initializer : array, or function of (shape, dtype)
    shape : tuple of int or None
    dtype : str or None
        None: that of an array; `floatx` where a function makes it.
    trainable : bool
    name : str or None
    """

    def __init__(self, initializer, shape=None, dtype=None, trainable=True, name=None):
        made = initializer(shape, dtype=dtype) if callable(initializer) else initializer
        self._value = as_tensor(made, dtype).copy()
        self.trainable, self.name = trainable, name or "variable"

    @property
    def value(self) -> Tensor:
        """The array that it holds."""
        return self._value

    @property
    def shape(self) -> tuple:
        """Shape of the array."""
        return self._value.shape

    @property
    def dtype(self) -> str:
        """Name of the dtype of the array."""
        return str(self._value.dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._value.ndim

    def assign(self, value) -> Tensor:
        """Make `value` the array, of the shape and dtype of the one before, and return it."""
        if is_expression(value):
            self._value = value
            return value
        value = as_tensor(value, self.dtype)
        if value.shape != self.shape:
            raise ShapeError(f"variable {self.name} has shape {self.shape}, but the new value has shape {value.shape}")
        self._value = value.copy()
        return self._value

    def assign_add(self, value) -> Tensor:
        """Add `value`."""
        return self.assign(self._value + (value if is_expression(value) else as_tensor(value)))

    def assign_sub(self, value) -> Tensor:
        """Subtract `value`."""
        return self.assign(self._value - (value if is_expression(value) else as_tensor(value)))

    def numpy(self):
        """Return the plain array; of no axes, the number."""
        return self._value.numpy()

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self._value, dtype=dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        plain = [x.value if isinstance(x, Variable) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **keywords)

    def __getitem__(self, key):
        return self._value[key]

    def __float__(self) -> float:
        return float(self._value)

    def __int__(self) -> int:
        return int(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __repr__(self) -> str:
        return f"<Variable {self.name}, shape={self.shape}, dtype={self.dtype}, value={self.numpy()}>"
