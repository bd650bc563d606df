"""Input, fully connected and tied layers."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor import sparse

from ..errors import SpecError
from .base import Layer


class Input(Layer):
    """An input: the layer where data enter the model.

    Parameters
    ----------
    ndim : int
        Number of axes of a batch: 2 for (item, variable), 3 with time between them.
    dtype : str or None
        Type of the data. The default is floatX.
    sparse : 'csr', 'csc' or None
        Format of sparse matrices. They stay sparse up to the product with the first weights. Only fully connected
        layers can take them.
    """

    forms = ("input",)
    default_activation = "linear"
    no_names = ":*?["  # it may stand for a layer within another one: encoder.hid1

    def __init__(self, *, ndim=2, dtype=None, sparse=None, **options):
        super().__init__(**options)
        if isinstance(ndim, bool) or not isinstance(ndim, int | np.integer) or ndim < 2:
            raise SpecError(f"layer {self.name!r}: ndim={ndim!r} is not valid; it must be the number of axes of a "
                            "batch, an integer of at least 2")
        self.ndim = ndim
        self.dtype = dtype or pytensor.config.floatX
        self.sparse = sparse or None
        if self.sparse not in (None, "csr", "csc"):
            raise SpecError(f"layer {self.name!r}: sparse={sparse!r} is not valid; it must be 'csr', 'csc' or None")
        if self.inputs:
            raise SpecError(f"layer {self.name!r}: an input layer cannot have inputs, but got {', '.join(self.inputs)}")

    def setup(self, sources):
        self.need_size()
        if len(self.shape) > 1:
            self.ndim = len(self.shape) + 1
        free = (None,) * (self.ndim - len(self.shape))
        self.batch_shape = (*free, *self.shape)
        if self.sparse is None:
            self.variable = pt.tensor(name=self.name, dtype=self.dtype, shape=self.batch_shape)
            return
        if self.ndim != 2:
            raise SpecError(f"layer {self.name!r}: sparse={self.sparse!r} does not work with items of shape "
                            f"{self.shape}, because sparse matrices contain one row per item. Write a size")
        self.variable = sparse.SparseTensorType(self.sparse, self.dtype)(self.name)

    def connect(self, values):
        return {"out": self.variable}

    def to_spec(self):
        spec = super().to_spec() | {"ndim": self.ndim, "dtype": self.dtype}
        spec |= {"sparse": self.sparse} if self.sparse else {}
        del spec["inputs"]
        return spec


class Feedforward(Layer):
    """act(x w + b), over the last axis. With several inputs, each has its own weights, and the products are added."""

    forms = ("feedforward", "ff")
    takes_sparse = True

    def setup(self, sources):
        if not sources:
            raise SpecError(f"layer {self.name!r}: it needs at least one input")
        size = self.need_size()
        self._set_shape(sources, size)
        for source, short in zip(sources, self._weights(), strict=True):
            self.add_weights(short, (source.size, size))
        self.add_bias("b", (size,))

    def _set_shape(self, sources, size):
        """Keep the axes of the sources before the last, such as rows and columns of images."""
        before = {source.shape[:-1] for source in sources}
        if len(before) > 1:
            found = ", ".join(f"{s.name} {s.shape}" for s in sources)
            raise SpecError(f"layer {self.name!r}: its inputs may differ only in the last axis, but got {found}")
        shape = (*before.pop(), size)
        if self.shape not in ((size,), shape):
            raise SpecError(f"layer {self.name!r}: got shape={self.shape}, but its input gives items of shape "
                            f"{shape}. Write a size instead")
        self.shape = shape

    def _weights(self):
        return ["w"] if len(self.inputs) == 1 else [f"w_{name}" for name in self.inputs]

    def connect(self, values):
        pre = sum(_product(x, self.params[short]) for x, short in zip(values, self._weights(), strict=True))
        pre = pre + self.params["b"]
        return {"pre": pre, "out": self.activate(pre)}


def _product(x, w):
    """Return x w, a dense matrix also where x is a sparse one."""
    return sparse.dot(x, w) if isinstance(x.type, sparse.SparseTensorType) else pt.dot(x, w)


class Classifier(Feedforward):
    """A fully connected layer that ends in a softmax."""

    forms = ("classifier", "softmax")
    default_activation = "softmax"


class Tied(Layer):
    """act(x w.T + b) with the weights w of an earlier layer, its partner.

    Parameters
    ----------
    partner : str or None
        Name of the layer whose weights are used. None means the matching layer, counted back from here as brackets
        match.
    """

    forms = ("tied",)

    def __init__(self, *, partner=None, **options):
        super().__init__(**options)
        self.partner = partner

    def find_partner(self, earlier: list[Layer]) -> Layer:
        """Return the partner among the `earlier` layers, or raise SpecError."""
        with_w = [layer for layer in earlier if "w" in layer.params]
        if self.partner is not None:
            found = [layer for layer in with_w if layer.name == self.partner]
            if not found:
                names = ", ".join(layer.name for layer in with_w)
                raise SpecError(f"layer {self.name!r}: there is no layer {self.partner!r} with a weight w to tie it "
                                f"to. Choose one of {names}")
            return found[0]
        tied = sum(isinstance(layer, Tied) for layer in earlier)
        if tied >= len(with_w):
            raise SpecError(f"layer {self.name!r}: there are {tied + 1} tied layers, but only {len(with_w)} layers "
                            "with a weight w. Leave tied layers out")
        return with_w[len(with_w) - 1 - tied]

    def bind(self, sources, rng):
        self.one_source(sources)
        return super().bind(sources, rng)

    def take_instead(self, old, new):
        super().take_instead(old, new)
        self._w = new if self._w is old else self._w

    def meet(self, graph) -> None:
        """Get the weights of the partner."""
        partner = self.find_partner(graph.layers)
        self.partner, self._w = partner.name, partner.params["w"]

    def setup(self, sources):
        size, inputs = self._w.get_value(borrow=True).shape
        if self.shape not in (None, (size,)):
            raise SpecError(
                f"layer {self.name!r}: got size={self.size}, but its partner {self.partner!r} has {size} inputs. "
                "Leave size out"
            )
        if sources[0].size != inputs:
            raise SpecError(
                f"layer {self.name!r}: its input {sources[0].name!r} has {sources[0].size} units, but its partner "
                f"{self.partner!r} has {inputs}. Tie the layers in reverse order, or name a partner"
            )
        self.shape = (size,)
        self.add_bias("b", (size,))

    def connect(self, values):
        pre = pt.dot(values[0], self._w.T) + self.params["b"]
        return {"pre": pre, "out": self.activate(pre)}

    def to_spec(self):
        return super().to_spec() | {"partner": self.partner}
