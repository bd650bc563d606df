"""Layers that make one output of several inputs."""

import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from .basic import Named


class Merge(Named):
    """Shared code of all layers of several inputs."""

    least = 2

    def call(self, inputs):
        if not isinstance(inputs, list | tuple) or len(inputs) < self.least:
            raise SpecError(f"layer {self.name!r}: call it with a list of at least {self.least} tensors: "
                            f"{type(self).__name__}()([a, b])")
        self.check([one.type.shape for one in inputs])
        return self.merge(list(inputs))

    def check(self, shapes):
        """Raise ShapeError unless the lengths of all inputs are equal or 1."""
        for lengths in zip(*(shape[1:] for shape in shapes), strict=False):
            if len({n for n in lengths if n not in (1, None)}) > 1 or len({len(shape) for shape in shapes}) > 1:
                raise ShapeError(f"layer {self.name!r}: its inputs have shapes {', '.join(map(str, shapes))}, but they "
                                 f"must have the same shape")

    def merge(self, inputs):
        """Return one expression for several."""
        raise NotImplementedError


class Add(Merge):
    """The sum of its inputs."""

    def merge(self, inputs):
        return sum(inputs[1:], start=inputs[0])


class Subtract(Merge):
    """The first of two inputs minus the second."""

    def merge(self, inputs):
        if len(inputs) != 2:
            raise SpecError(f"layer {self.name!r}: it takes two inputs, but got {len(inputs)}")
        return inputs[0] - inputs[1]


class Multiply(Merge):
    """The product of its inputs, element by element."""

    def merge(self, inputs):
        made = inputs[0]
        for one in inputs[1:]:
            made = made * one
        return made


class Average(Merge):
    """The mean of its inputs, element by element."""

    def merge(self, inputs):
        return sum(inputs[1:], start=inputs[0]) / len(inputs)


class Maximum(Merge):
    """The maximum of its inputs, element by element."""

    def merge(self, inputs):
        return _folded(pt.maximum, inputs)


class Minimum(Merge):
    """The minimum of its inputs, element by element."""

    def merge(self, inputs):
        return _folded(pt.minimum, inputs)


def _folded(function, inputs):
    made = inputs[0]
    for one in inputs[1:]:
        made = function(made, one)
    return made


class Concatenate(Merge):
    """Concatenates its inputs along an axis."""

    least = 1
    arguments = ("axis",)

    def __init__(self, axis=-1, **keywords):
        super().__init__(**keywords)
        self.axis = axis

    def check(self, shapes):
        axis = self.axis % len(shapes[0])
        if axis == 0:
            raise SpecError(f"layer {self.name!r}: axis 0 is the axis of the items; concatenate along another axis")
        rests = {tuple(n for place, n in enumerate(shape) if place not in (0, axis)) for shape in shapes}
        if len(rests) > 1:
            raise ShapeError(f"layer {self.name!r}: its inputs have shapes {', '.join(map(str, shapes))}, but they may "
                             f"differ in axis {axis} only")

    def merge(self, inputs):
        return pt.concatenate(inputs, axis=self.axis)


class Dot(Merge):
    """The scalar products of two inputs along an axis. With `normalize`, inputs become unit vectors first.

    Parameters
    ----------
    axes : int or pair of int
        Axis of each input; items of one axis have axis 1.
    normalize : bool
    """

    arguments = ("axes", "normalize")

    def __init__(self, axes, normalize=False, **keywords):
        super().__init__(**keywords)
        self.axes, self.normalize = axes, normalize

    def check(self, shapes):
        pass

    def merge(self, inputs):
        if len(inputs) != 2:
            raise SpecError(f"layer {self.name!r}: it takes two inputs, but got {len(inputs)}")
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else tuple(self.axes)
        axes = [axis % one.ndim for axis, one in zip(axes, inputs, strict=True)]
        if self.normalize:
            inputs = [one / pt.sqrt(pt.maximum(pt.sqr(one).sum(axis=axis, keepdims=True), 1e-12)).astype(one.dtype)
                      for one, axis in zip(inputs, axes, strict=True)]
        first, second = inputs
        if first.ndim == second.ndim == 2:
            return (first * second).sum(axis=1, keepdims=True)
        if first.ndim == second.ndim == 3:
            left = first if axes[0] == 2 else first.dimshuffle(0, 2, 1)
            right = second if axes[1] == 1 else second.dimshuffle(0, 2, 1)
            return pt.matmul(left, right)
        raise ShapeError(f"layer {self.name!r}: its inputs have {first.ndim} and {second.ndim} axes, but both must "
                         f"have 2, or both 3")


def _function(cls):
    def merged(inputs, **keywords):
        return cls(**keywords)(inputs)

    merged.__name__ = cls.__name__.lower()
    merged.__doc__ = f"Return what `{cls.__name__}` makes of a list of tensors."
    return merged


add, subtract, multiply, average, maximum, minimum, concatenate = map(
    _function, (Add, Subtract, Multiply, Average, Maximum, Minimum, Concatenate))


def dot(inputs, axes=-1, **keywords):
    """Return what `Dot` makes of two tensors."""
    return Dot(axes, **keywords)(inputs)
