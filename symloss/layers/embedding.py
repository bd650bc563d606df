"""Vectors for integers: rows of a table."""

import numpy as np

from ..errors import SpecError
from .base import Layer


class Embedding(Layer):
    """A learned vector for each id: row i of a table for the id i.

    Parameters
    ----------
    ids : int
        Number of ids. The inputs are integers from 0 to ``ids - 1``.
    size : int
        Length of the vectors.

    Notes
    -----
    Its input is a layer of integers, ``{"size": 1, "dtype": "int32"}``. Items with one id become vectors (size,). Items
    with several ids become one vector for each id, (k, size). In a recurrent network, each step has one id.

    The table is the parameter 'w' (ids, size). By default it starts with normal numbers with the standard deviation
    1 / sqrt(size). You can change that with 'init' or 'std'. If the update rule allows it, a training step updates only
    the rows that it reads: see ``compiling.table_rows``.
    """

    forms = ("embedding",)
    looks_up = True
    default_activation = "linear"

    def __init__(self, *, ids=None, **options):
        super().__init__(**options)
        if isinstance(ids, bool) or not isinstance(ids, int | np.integer) or ids < 1:
            raise SpecError(f"layer {self.name!r}: ids={ids!r} is not valid; it must be the number of different ids, "
                            "an integer of at least 1")
        self.ids = int(ids)

    def setup(self, sources):
        source, size = self.one_source(sources), self.need_size()
        self._squeezed = source.shape[-1] == 1  # one id an item, or a step
        shape = (*(source.shape[:-1] if self._squeezed else source.shape), size)
        if self.shape not in ((size,), shape):
            raise SpecError(f"layer {self.name!r}: got shape={self.shape}, but its input gives items of shape "
                            f"{shape}. Write a size instead")
        self.shape = shape
        drawing = self._drawing("w", shared=True)
        if not set(drawing) & {"init", "mean", "std", "diagonal"}:
            drawing["std"] = size**-0.5
        self._add("w", (self.ids, size), "glorot", drawing)
        self.weight_names.add("w")

    def connect(self, values):
        (found,) = values
        if not found.dtype.startswith(("int", "uint")):
            raise SpecError(f"layer {self.name!r}: its input {self.inputs[0]!r} has dtype {found.dtype}, but ids must "
                            "be integers. Write the input as {'size': 1, 'dtype': 'int32'}")
        ids = found[..., 0] if self._squeezed else found
        rows = self.params["w"][ids.ravel()]
        lengths = [ids.shape[axis] if n is None else n for axis, n in enumerate(ids.type.shape)]
        return {"out": self.activate(rows.reshape((*lengths, self.size), ndim=ids.ndim + 1))}

    def to_spec(self):
        spec = {name: value for name, value in super().to_spec().items() if name != "shape"}
        return spec | {"size": self.size, "ids": self.ids}
