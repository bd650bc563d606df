"""Spatial transformers: layers that read images at places that another layer computes."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from ..utils import as_tuple
from . import _resampling as resampling
from .base import MergeLayer, told

__all__ = ["TPSTransformerLayer", "TransformerLayer"]


class _Transformer(MergeLayer):
    """Shared code of both: an image, what moves it, and the size of what comes out."""

    def __init__(self, incoming, localization_network, downsample_factor, border_mode, count, **kwargs):
        super().__init__([incoming, localization_network], **kwargs)
        self.downsample_factor = as_tuple(downsample_factor, 2)
        if border_mode not in resampling.BORDERS:
            raise SpecError(f"{told(self)}: border_mode={border_mode!r} is not valid; border_mode must be one of "
                            f"{', '.join(map(repr, resampling.BORDERS))}")
        self.border_mode = border_mode
        images, moves = self.input_shapes
        if len(moves) != 2 or moves[-1] != count:
            raise ShapeError(f"{told(self)}: the localization network must have output shape: (batch_size, {count}), "
                             f"but it has {moves}")
        if len(images) != 4:
            raise ShapeError(f"{told(self)}: the input network must have a 4-dimensional output shape: (batch_size, "
                             f"num_input_channels, input_rows, input_columns), but it has {images}")

    def get_output_shape_for(self, input_shapes):
        shape = input_shapes[0]
        sizes = zip(shape[2:], self.downsample_factor, strict=True)
        return (*shape[:2], *(None if n is None else int(n // factor) for n, factor in sizes))

    def _size(self, images, known=True):
        """Return height and width of what comes out, numbers where they are known."""
        known = self.output_shape[2:] if known else (None, None)
        return [n if n is not None else (images.shape[axis + 2] // self.downsample_factor[axis]).astype("int64")
                for axis, n in enumerate(known)]


class TransformerLayer(_Transformer):
    """A spatial transformer (Jaderberg et al. 2015): moves, rotates, scales and shears images.

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, rows, columns)
    localization_network : Layer
        (batch, 6): for each image, the matrix (2, 3) that maps the place of a pixel to the place where it is read, both
        from -1 to 1; ``[1, 0, 0, 0, 1, 0]`` changes nothing.
    downsample_factor : float, or pair of float
        Factor by which the result is smaller.
    border_mode : 'nearest', 'mirror' or 'wrap'
        How to read pixels outside of the image.
    name : str or None

    Raises
    ------
    ShapeError
        If the shapes of the two do not fit.
    """

    def __init__(self, incoming, localization_network, downsample_factor=1, border_mode="nearest", **kwargs):
        super().__init__(incoming, localization_network, downsample_factor, border_mode, 6, **kwargs)

    def get_output_for(self, inputs, **kwargs):
        images, theta = inputs
        height, width = self._size(images)
        where = pt.dot(theta.reshape((-1, 2, 3)), resampling.grid(height, width))
        return resampling.interpolate(images, where[:, 0], where[:, 1], height, width, self.border_mode)


class TPSTransformerLayer(_Transformer):
    """A spatial transformer that bends images: a thin plate spline through shifted control points.

    Parameters
    ----------
    incoming : Layer or tuple
        (batch, channels, rows, columns)
    localization_network : Layer
        (batch, 2 * control_points): the shift of each point, first all x and then all y.
    downsample_factor : float, or pair of float
        Factor by which the result is smaller.
    control_points : int
        Number of control points, a square number; they lie on a grid.
    precompute_grid : 'auto' or bool
        Whether to compute everything that does not depend on the data once, when a function is compiled, instead of at
        each call. 'auto' means yes if rows and columns are known.
    border_mode : 'nearest', 'mirror' or 'wrap'
        How to read pixels outside of the image.
    name : str or None

    Raises
    ------
    ShapeError
        For other shapes of the two, or if the grid cannot be precomputed.
    SpecError
        If `control_points` is not a square number.
    """

    def __init__(self, incoming, localization_network, downsample_factor=1, control_points=16, precompute_grid="auto",
                 border_mode="nearest", **kwargs):
        super().__init__(incoming, localization_network, downsample_factor, border_mode, 2 * control_points, **kwargs)
        self.control_points = control_points
        if round(np.sqrt(control_points)) ** 2 != control_points:
            raise SpecError(f"{told(self)}: control_points={control_points} is not valid; the number of control points "
                            f"must be a perfect square")
        can = None not in self.input_shapes[0][2:]
        if precompute_grid and not can and precompute_grid != "auto":
            raise ShapeError(f"{told(self)}: its input has shape {self.input_shapes[0]}, but the grid can only be "
                             f"precomputed if the input height and width are pre-specified")
        self.precompute_grid = can if precompute_grid == "auto" else precompute_grid
        points, inverse = resampling.spline_system(control_points)
        self.source_points = points.astype(pytensor.config.floatX)
        self.L_inv = inverse.astype(pytensor.config.floatX)

    def get_output_for(self, inputs, **kwargs):
        images, moves = inputs
        height, width = self._size(images, known=self.precompute_grid)
        terms = resampling.spline_terms(resampling.grid(height, width)[:2], self.source_points)
        ends = self.source_points + moves.reshape((-1, 2, self.control_points))
        coefficients = pt.dot(ends, self.L_inv[:, 3:].T)
        where = pt.dot(coefficients, terms)
        return resampling.interpolate(images, where[:, 0], where[:, 1], height, width, self.border_mode)
