"""Images read at places that are computed: grids, interpolation and thin plate splines."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ....errors import SpecError

BORDERS = ("nearest", "mirror", "wrap")


def grid(height, width):
    """Return (3, height * width): x from -1 to 1, y from -1 to 1, and 1, of each pixel of an image, row by row."""
    across, down = _line(width), _line(height)
    x, y = pt.tile(across, height), pt.repeat(down, width)
    return pt.stack([x, y, pt.ones_like(x)])


def _line(count):
    """Return `count` numbers from -1 to 1."""
    count = pt.as_tensor_variable(count)
    float_x = pytensor.config.floatX
    return pt.arange(count).astype(float_x) * (2 / (count - 1).astype(float_x)) - 1


def interpolate(images, x, y, height, width, border_mode):
    """Return images, read between their pixels.

    Parameters
    ----------
    images : tensor (batch, channels, rows, columns)
    x, y : tensor (batch, height * width)
        Place at which each pixel is read, from -1 to 1.
    height, width : int or scalar tensor
        Size of the result, (batch, channels, height, width).
    border_mode : 'nearest', 'mirror' or 'wrap'
        How to read pixels outside of the image.
    """
    if border_mode not in BORDERS:
        raise SpecError(f"border_mode={border_mode!r}; border_mode must be one of {', '.join(map(repr, BORDERS))}")
    batch, channels, rows, columns = (images.shape[axis] for axis in range(4))
    float_x = pytensor.config.floatX
    x = (x.ravel() + 1) / 2 * (columns - 1).astype(float_x)
    y = (y.ravel() + 1) / 2 * (rows - 1).astype(float_x)
    left, top = pt.floor(x), pt.floor(y)
    flat = images.dimshuffle(0, 2, 3, 1).reshape((-1, channels))
    first = pt.repeat(pt.arange(batch) * (rows * columns), height * width)
    total = 0
    for down in (0, 1):
        row = _inside(top + down, rows, border_mode)
        for right in (0, 1):
            column = _inside(left + right, columns, border_mode)
            weight = (x - left if right else left + 1 - x) * (y - top if down else top + 1 - y)
            total = total + weight[:, None] * flat[first + row * columns + column]
    return total.reshape((batch, height, width, channels)).dimshuffle(0, 3, 1, 2)


def _inside(places, count, border_mode):
    """Return whole numbers from 0 to `count` - 1 for whole numbers that may lie outside."""
    places = places.astype("int64")
    if border_mode == "nearest":
        return pt.clip(places, 0, count - 1)
    if border_mode == "wrap":
        return places % count
    period = pt.maximum(2 * (count - 1), 1)
    return pt.minimum(places % period, -places % period)


def spline_system(count: int):
    """Return (control points (2, count) on a square grid from -1 to 1, inverse matrix of the spline's equations)."""
    line = np.linspace(-1, 1, round(np.sqrt(count)))
    points = np.stack([part.ravel() for part in np.meshgrid(line, line)])
    system = np.zeros((count + 3, count + 3))
    system[0, 3:] = system[3:, 0] = 1
    system[1:3, 3:] = points
    system[3:, 1:3] = points.T
    squares = ((points[:, :, None] - points[:, None, :]) ** 2).sum(axis=0)
    system[3:, 3:] = squares * np.log(np.where(squares > 0, squares, 1))
    return points, np.linalg.inv(system)


def spline_terms(where, points):
    """Return (3 + control points, pixels): 1, x, y, and r^2 log(r^2) by the distance r to each control point.

    Parameters
    ----------
    where : tensor (2, pixels)
    points : array (2, control points)
    """
    squares = ((where[:, None, :] - points[:, :, None]) ** 2).sum(axis=0)
    bends = squares * pt.log(pt.switch(squares > 0, squares, 1))
    return pt.concatenate([pt.ones_like(where[:1]), where, bends])
