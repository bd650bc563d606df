"""Layers without parameters that combine several outputs into one."""

import math

import pytensor.tensor as pt

from ..errors import SpecError
from .base import Layer


class _Merging(Layer, abstract=True):
    """What `Product` and `Concatenate` have in common."""

    default_activation = "linear"

    def setup(self, sources):
        if len(sources) < 2:
            raise SpecError(
                f"layer {self.name!r}: it needs at least two inputs. Write 'inputs': ['hid1', 'hid2'], for example"
            )
        shape = self.merged_shape([s.shape for s in sources])
        if shape is None:
            found = ", ".join(f"{s.name} {s.shape}" for s in sources)
            raise SpecError(f"layer {self.name!r}: its inputs do not fit together: {found}. They must have "
                            f"{self.wanted}")
        if self.shape not in (None, shape, shape[-1:]):
            raise SpecError(f"layer {self.name!r}: got size={self.size}, but its inputs give {shape[-1]} units. Leave "
                            "size out")
        self.shape = shape

    def connect(self, values):
        axes = {value.ndim for value in values}
        if len(axes) > 1:
            found = ", ".join(f"{name} {v.ndim}" for name, v in zip(self.inputs, values, strict=True))
            raise SpecError(f"layer {self.name!r}: all its inputs must have the same number of axes, but got {found}")
        return {"out": self.activate(self.merge(values))}

    wanted = ""

    def merged_shape(self, shapes) -> tuple | None:
        """Return the shape of an item, or None if the shapes cannot be combined."""
        raise NotImplementedError

    def merge(self, values):
        """Return one expression for several."""
        raise NotImplementedError


class Product(_Merging):
    """The product of its inputs, element by element. It is a gate if one of them ends in a sigmoid."""

    forms = ("product", "prod")
    wanted = "equal shapes"

    def merged_shape(self, shapes):
        return shapes[0] if len(set(shapes)) == 1 else None

    def merge(self, values):
        return math.prod(values[1:], start=values[0])


class Concatenate(_Merging):
    """Its inputs concatenated along the last axis."""

    forms = ("concatenate", "concat")
    wanted = "shapes that differ only in the last axis"

    def merged_shape(self, shapes):
        if len({shape[:-1] for shape in shapes}) > 1:
            return None
        return (*shapes[0][:-1], sum(shape[-1] for shape in shapes))

    def merge(self, values):
        return pt.concatenate(values, axis=-1)
