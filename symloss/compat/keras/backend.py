"""Settings of the whole package: the dtype of floats, epsilon, and the order of image axes."""

import collections
import importlib.util

import numpy as np
from pytensor.graph.basic import Variable

from ...errors import SpecError
from .errors import NoSuchAttributeError, no_such

FLOATS = ("float16", "float32", "float64")
FORMATS = ("channels_last", "channels_first")
EPSILON = 1e-7
DTYPES = (*FLOATS, "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool", "complex64",
          "complex128", "bfloat16")
_settings = {"floatx": "float32", "image_data_format": "channels_last"}
_numbers: collections.Counter = collections.Counter()


def __getattr__(name):
    """Raise an error that says where Keras 3 has the functions of older versions."""
    if name.startswith("_"):
        raise AttributeError(name)
    raise NoSuchAttributeError(f"keras.backend.{name} is not available. Keras 3 has its operations in keras.ops, "
                               f"so look for {name} there, keras.ops.{name}")


def backend() -> str:
    """Return the name of the backend: 'symloss'."""
    return "symloss"


def floatx() -> str:
    """Return the dtype of floats that are made of Python's numbers: 'float32' unless it is set."""
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Set the dtype of floats: 'float16', 'float32' or 'float64'."""
    if value == "bfloat16":
        raise SpecError("set_floatx: numpy has no dtype bfloat16; write 'float16', 'float32' or 'float64'")
    if value not in FLOATS:
        raise no_such("dtype of floats:", value, FLOATS)
    _settings["floatx"] = value


def epsilon() -> float:
    """Return the small number that keeps logarithms and quotients finite: 1e-7."""
    return EPSILON


def set_epsilon(value: float) -> None:
    """Raise an error unless `value` is 1e-7, which is built into the losses."""
    if value != EPSILON:
        raise SpecError(f"set_epsilon: epsilon={value!r} cannot be set, since the losses use 1e-7. Give the model "
                        f"softmax or sigmoid as its last activation, or pass from_logits=True. No epsilon is needed "
                        f"then")


def image_data_format() -> str:
    """Return where the channels of images are: 'channels_last' unless it is set."""
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set where the channels of images are: 'channels_last' or 'channels_first'."""
    if data_format not in FORMATS:
        raise no_such("data format:", data_format, FORMATS)
    _settings["image_data_format"] = data_format


def standardize_dtype(dtype=None) -> str:
    """Return the name of a dtype: ``standardize_dtype(np.float32)`` is 'float32'; None is `floatx`."""
    if dtype is None:
        return floatx()
    name = {int: "int32", float: floatx(), bool: "bool", "int": "int32", "float": floatx()}.get(dtype)
    if name is None:
        name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    if name is None:
        name = np.dtype(dtype).name
    if name not in DTYPES:
        raise no_such("dtype", name, DTYPES)
    if name == "bfloat16" and importlib.util.find_spec("ml_dtypes") is None:
        raise SpecError("bfloat16 needs the package ml_dtypes. Install it, or write 'float16' or 'float32'")
    if name == "bfloat16":
        importlib.import_module("ml_dtypes")  # which tells numpy of it
    return name


def is_float_dtype(dtype) -> bool:
    """Return whether a dtype is one of floating-point numbers."""
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype) -> bool:
    """Return whether a dtype is one of integers."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes) -> str:
    """Return the dtype of an operation: as in Keras, floats win over integers of any size.

    >>> result_type("int64", "float32"), result_type("int32", float)
    ('float32', 'float32')
    """
    names = [standardize_dtype(dtype) for dtype in dtypes] or [floatx()]
    for kinds in ("complex", ("float", "bfloat")):
        floats = [name for name in names if name.startswith(kinds)]
        if floats:
            return np.result_type(*floats).name
    joined = np.result_type(*names)
    return floatx() if joined.kind == "f" else joined.name


def is_keras_tensor(x) -> bool:
    """Return whether `x` is an expression that has no value yet."""
    return isinstance(x, Variable)


def get_uid(prefix: str = "") -> int:
    """Return the number of calls with this `prefix`, starting at 1."""
    _numbers[prefix] += 1
    return _numbers[prefix]


def clear_session(free_memory: bool = True) -> None:
    """Restart the numbers in automatic names at their first value; `free_memory` has no effect."""
    _numbers.clear()
