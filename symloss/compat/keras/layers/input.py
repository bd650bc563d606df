"""Inputs of models."""

from ....errors import SpecError
from ..backend import standardize_dtype
from .base import Layer, automatic_name
from .tensors import KerasTensor


class InputLayer(Layer):
    """The layer of an input.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of an item; None for any length.
    batch_size : int or None
        Accepted but not needed: a model takes batches of any size.
    dtype : str or None
    name : str or None
    """

    def __init__(self, shape=None, batch_size=None, dtype=None, name=None, batch_shape=None, input_shape=None,
                 sparse=None, input_tensor=None, **keywords):
        super().__init__(name=name or automatic_name("input_layer"), **keywords)
        for key, value in (("sparse", sparse), ("input_tensor", input_tensor)):
            if value:
                raise SpecError(f"Input: {key}={value!r} is not supported. Pass dense arrays to fit, or use "
                                f"symloss.Network with {{'form': 'input', 'sparse': 'csr'}}")
        if input_shape is not None:
            shape = input_shape
        if batch_shape is not None:
            if shape is not None:
                raise SpecError(f"Input: got both shape={shape!r} and batch_shape={batch_shape!r}; pass only one of "
                                f"them")
            shape = tuple(batch_shape)[1:]
        if shape is None:
            raise SpecError("Input: shape is missing; write keras.Input(shape=(8,)) for items of 8 numbers")
        if isinstance(shape, int):
            raise SpecError(f"Input: shape={shape!r} must be a tuple: shape=({shape},)")
        self.shape = tuple(None if n is None else int(n) for n in shape)
        if not self.shape:
            raise SpecError("Input: shape=() is not supported, since items need an axis; write shape=(1,)")
        if dtype == "string":
            raise SpecError("Input: dtype='string' is not supported. Turn the words into indices first, and use an "
                            "Embedding")
        self.kind = standardize_dtype(dtype)
        self.built = True
        self.tensor = KerasTensor((None, *self.shape), self.kind, self.name)
        self.tensor.layer = self

    @property
    def input(self):
        return self.tensor

    output = input

    @property
    def batch_shape(self) -> tuple:
        """Shape of a batch."""
        return (None, *self.shape)

    def call(self, inputs):
        return inputs

    def get_config(self):
        return {"name": self.name, "shape": self.shape, "dtype": self.kind}


def Input(shape=None, batch_size=None, dtype=None, sparse=None, batch_shape=None, name=None, tensor=None):  # noqa: N802
    """Return a tensor for the items of an input: ``keras.Input(shape=(784,))``.

    Parameters
    ----------
    shape : tuple of int or None
        Shape of an item; None for any length.
    batch_size : int or None
        Accepted but not needed: a model takes batches of any size.
    dtype, name : str or None
    batch_shape : tuple
        Instead of `shape`, including the first axis.
    """
    return InputLayer(shape, batch_size, dtype, name, batch_shape, sparse=sparse, input_tensor=tensor).tensor
