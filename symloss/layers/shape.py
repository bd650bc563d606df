"""Layers that change the shape of items, without computing anything."""

import math

import numpy as np

from ..errors import SpecError
from .base import Layer


class _Shaping(Layer, abstract=True):
    """What `Reshape` and `Flatten` have in common: axes before those of the item, such as time, stay as they are."""

    default_activation = "linear"

    def _connect(self, x, source_axes):
        kept = x.ndim - source_axes
        return {"out": self.activate(x.reshape((*(x.shape[i] for i in range(kept)), *self.shape), ndim=kept
                                               + len(self.shape)))}

    def setup(self, sources):
        self._axes = len(self.one_source(sources).shape)
        self.reshape_from(sources[0])

    def reshape_from(self, source):
        """Set the shape that the items of `source` get."""
        raise NotImplementedError

    def connect(self, values):
        return self._connect(values[0], self._axes)


class Reshape(_Shaping):
    """Items in another `shape`, in row-major order. One length may be -1, and is then computed from the others."""

    forms = ("reshape",)

    def _shape(self, size, shape):
        if shape is not None:
            self._check_shape(shape)
            shape = tuple(shape)
            if sum(_is_rest(n) for n in shape) > 1:
                raise SpecError(f"layer {self.name!r}: shape={shape} is not valid; at most one length may be -1")
            known = super()._shape(size, tuple(1 if _is_rest(n) else n for n in shape))
            return tuple(-1 if _is_rest(n) else k for n, k in zip(shape, known, strict=True))
        return super()._shape(size, shape)

    def reshape_from(self, source):
        if self.shape is None:
            raise SpecError(f"layer {self.name!r}: it has no shape. Write {{'form': 'reshape', 'shape': (28, 28, "
                            "1)}, for example")
        have, known = math.prod(source.shape), math.prod(n for n in self.shape if n != -1)
        if (have % known) if -1 in self.shape else (have != known):
            raise SpecError(
                f"layer {self.name!r}: the items of {source.name!r} have {have} values in the shape {source.shape}, "
                f"which do not fit into {self.shape}"
            )
        self.shape = tuple(have // known if n == -1 else n for n in self.shape)


class Flatten(_Shaping):
    """Each item as a flat vector of values."""

    forms = ("flatten", "flat")

    def reshape_from(self, source):
        size = math.prod(source.shape)
        if self.shape not in (None, (size,)):
            raise SpecError(f"layer {self.name!r}: got size={self.size}, but the items of {source.name!r} have {size} "
                            "values. Leave size out")
        self.shape = (size,)


def _is_rest(n) -> bool:
    return isinstance(n, int | np.integer) and not isinstance(n, bool) and n == -1
