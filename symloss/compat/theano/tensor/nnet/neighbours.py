"""theano.tensor.nnet.neighbours: patches of images as rows of a matrix."""

from .....errors import SpecError
from .....layers.windows import sliced
from ...names import forwarding

__all__ = ["images2neibs"]


def images2neibs(ten4, neib_shape, neib_step=None, mode="valid"):
    """Return (items * channels * places, cells): each row is a patch of one channel of one image.

    Parameters
    ----------
    ten4 : tensor (items, channels, rows, columns)
    neib_shape, neib_step : pairs of int
        Size of the patches, and cells from one to the next (by default they neither overlap nor leave gaps).
    mode : 'valid' or 'ignore_borders'
        Cells at the end that fill no patch are left out.
    """
    if mode not in ("valid", "ignore_borders"):
        raise SpecError(f"images2neibs: mode={mode!r} is not supported; it must be 'valid' or 'ignore_borders'. Pad "
                        f"the images for other modes")
    step = neib_shape if neib_step is None else neib_step
    images = ten4.reshape((ten4.shape[0] * ten4.shape[1], ten4.shape[2], ten4.shape[3], 1))
    seen = sliced(images, tuple(map(int, neib_shape)), tuple(map(int, step)))
    return seen.reshape((-1, seen.shape[-1]))


__getattr__ = forwarding("theano.tensor.nnet.neighbours")
