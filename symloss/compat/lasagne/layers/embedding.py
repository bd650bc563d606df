"""Vectors for integers."""

from .. import init
from .base import Layer

__all__ = ["EmbeddingLayer"]


class EmbeddingLayer(Layer):
    """A learned vector for each integer: ``W[x]``, with one axis more than `x`.

    Parameters
    ----------
    incoming : Layer or tuple
        A layer of integers from 0 to ``input_size - 1``. Give its InputLayer an ``input_var`` of an integer type.
    input_size : int
        Number of different integers.
    output_size : int
        Length of the vectors.
    W : array, initializer, shared variable or expression (input_size, output_size)
    name : str or None
    """

    def __init__(self, incoming, input_size, output_size, W=init.Normal(), **kwargs):  # noqa: B008, N803
        super().__init__(incoming, **kwargs)
        self.input_size = input_size
        self.output_size = output_size
        self.W = self.add_param(W, (input_size, output_size), name="W")

    def get_output_shape_for(self, input_shape):
        return (*input_shape, self.output_size)

    def get_output_for(self, input, **kwargs):
        return self.W[input]
