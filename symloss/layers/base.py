"""What every layer has: a name, inputs, a shape, parameters, and a description from which it can be rebuilt."""

import inspect

import numpy as np
import pytensor

from .. import initializers
from .._fingerprint import fingerprint
from .._registry import Registry
from ..activations import Activation
from ..errors import SpecError, SymlossError
from . import hints
from .context import takes_context

registry: Registry = Registry("layer")  # form -> subclass of Layer

DRAWS = ("init", "mean", "std", "sparsity", "diagonal")
START = ("draws", "_given", "_rng")  # attributes that say how parameters start, large arrays perhaps


def input_names(name, inputs) -> tuple[str, ...]:
    """Return the names of the input layers of a layer called `name`, or raise SpecError for an invalid name."""
    names = (inputs,) if isinstance(inputs, str) else inputs
    if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
        raise SpecError(f"layer {name!r}: inputs={inputs!r} is not valid; it must be the name of an earlier layer, or "
                        "a list of names")
    return tuple(one.removesuffix(":out") for one in names)


def form_of(layer: "Layer") -> str:
    """Return the name of such a layer in descriptions."""
    return next((form for form in registry if registry.get(form) is type(layer)), type(layer).__name__)


class Layer:
    """One layer of a graph. A subclass is registered under its class name and `forms`.

    Parameters
    ----------
    name : str
        Name that other layers, losses and patterns use.
    inputs : str or list of str
        Names of earlier layers.
    size : int
        Number of units: the length of the last axis of its output.
    shape : tuple of int
        Shape of one item, instead of a size.
    activation : str or callable
    **draws
        Options of the initial parameters: 'init', 'mean', 'std', 'sparsity', 'diagonal'. They apply to all weights, or
        to one parameter if its name follows: ``std_w=0.1``, ``init_b='ones'``. See `initializers.draw`.

    Notes
    -----
    A subclass overrides `setup` (shape and parameters, from the shapes of the inputs) and `connect` (expressions). If
    its output no longer has the time axis of its input, it sets ``keeps_time = False``.
    """

    forms: tuple[str, ...] = ()
    default_activation: str | None = None  # None: what the graph says
    wants_mask = False  # whether it matters where a sequence ends and its filling begins
    keeps_time = True  # whether, in a sequence, its output has a step for each step of its inputs
    follows_input = True  # whether its output has a step for each step of the data; set where it is added to a graph
    backward_units = 0  # how many of its last units go backward in time
    no_names = ":.*?["  # signs that mean something else in names
    sized = True  # whether a description has its size; else this follows from its inputs
    is_loss = False  # whether its numbers are there to be minimized
    compares = False  # whether it compares or computes with its inputs, so that layers that feed it alone are linear
    looks_up = False  # whether its weights are a table of which it takes rows, and no factor of a product
    takes_sparse = False  # whether its inputs may be sparse matrices
    sparse = None  # format of its output, where that is a sparse matrix
    mask = None  # then the graph's variable (batch, time), 0 for filling

    def __init_subclass__(cls, abstract=False, **keywords):
        super().__init_subclass__(**keywords)
        if abstract:  # a base that is no form of its own
            return
        first, *others = cls.__dict__.get("forms", ()) or (cls.__name__,)
        registry.add(first, cls, tuple(n for n in (*others, cls.__name__) if n.lower() != first), replace=True)

    def __init__(self, *, name, inputs=(), size=None, shape=None, activation="linear", **draws):
        if size is not None and shape is not None:
            raise SpecError(f"layer {name!r}: got size={size!r} and shape={shape!r}. Pass only one of them")
        if not isinstance(name, str) or not name or set(name) & set(self.no_names):
            raise SpecError(f"layer {name!r}: the name of a layer must be a string without any of the characters "
                            f"{' '.join(self.no_names)}")
        self.name = name
        if not isinstance(activation, str) and not callable(activation):
            raise SpecError(f"layer {name!r}: activation={activation!r} is not valid; it must be a name or a function "
                            "of a tensor. Write 'linear' for none")
        self.inputs = input_names(name, inputs)
        self.shape = self._shape(size, shape)
        self.activation = activation
        self.draws = draws
        self.params: dict[str, object] = {}  # short name -> shared variable
        self.weight_names: set[str] = set()  # those that weight penalties mean
        self._rng = None

    def _shape(self, size, shape):
        shape = (size,) if size is not None else shape
        if shape is None:
            return None
        self._check_shape(shape)
        for n in shape:
            if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
                raise SpecError(f"layer {self.name!r}: size={n!r} is not valid; it must be an integer of at least 1")
        return tuple(int(n) for n in shape)

    def _check_shape(self, shape):
        if not isinstance(shape, list | tuple) or not shape:
            raise SpecError(f"layer {self.name!r}: shape={shape!r} is not valid; it must contain the lengths of the "
                            "axes of an item, such as (28, 28, 1)")

    @classmethod
    def options(cls) -> list[str]:
        """Return the names of the options that this form takes."""
        found = []
        for base in cls.__mro__:
            if "__init__" in base.__dict__ and base is not object:
                parameters = inspect.signature(base.__init__).parameters.values()
                found += [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        return sorted({*found, *DRAWS})

    @classmethod
    def arranged(cls, keywords: dict) -> dict:
        """Return the options of a description in the form that ``__init__`` takes."""
        return keywords

    @classmethod
    def chosen_activation(cls, keywords: dict) -> str | None:
        """Return the activation of a layer with these options if you name none, or None to use the graph's default."""
        return cls.default_activation

    @property
    def size(self) -> int:
        """Length of the last axis of the output."""
        return self.shape[-1]

    # ------------------------------------------------------------------------------------------ building

    def bind(self, sources: list["Layer"], rng: np.random.Generator) -> "Layer":
        """Connect the input layers, create the parameters, and return the layer."""
        self._rng = rng
        self.source_shapes = [(source.name, source.shape) for source in sources]
        for source in sources:
            if source.sparse and not self.takes_sparse:
                raise SpecError(
                    f"layer {self.name!r}: its input {source.name!r} is sparse, but only fully connected layers can "
                    f"read sparse inputs. Put one between them, or leave out sparse={source.sparse!r}"
                )
        self.setup(sources)
        if self.shape is None:
            raise SpecError(f"layer {self.name!r}: it has no size. Write {{'name': {self.name!r}, 'size': 20}}, for "
                            "example")
        self.activate = Activation(self.activation, self.size, rng, prefix=f"{self.name}.")
        for short, shared in self.activate.params.items():
            self.params[short] = shared
        self._check_draws()
        return self

    def meet(self, graph) -> None:
        """Get what this layer needs from the graph that it will join. It is called before `bind`."""

    def setup(self, sources: list["Layer"]) -> None:
        """Set ``shape`` if it follows from the sources, and create parameters with `add_weights` and `add_bias`."""

    def connect(self, values: list) -> dict:
        """Return the expressions of this layer by short name ('out', 'pre', ...) for the `values` of its inputs.

        A method ``connect(self, values, context)`` also gets a `Context`, which knows whether this is for training, and
        draws random numbers.
        """
        raise SpecError(f"layer {self.name!r}: {type(self).__name__} has no method connect. Write one that returns "
                        "{'out': ...} for the values of its inputs")

    def connect_in_training(self, values: list) -> dict | None:
        """Return the expressions of `connect` for training, or None if they are the same as in prediction.

        Shared variables in them that have a default update are updated in each step.
        """
        return None

    @property
    def differs_in_training(self) -> bool:
        """Whether its outputs in training may differ from those in prediction."""
        return type(self).connect_in_training is not Layer.connect_in_training or takes_context(type(self))

    @property
    def inner_layers(self) -> list["Layer"]:
        """The layers that it contains."""
        return []

    def hidden_names(self) -> list[str]:
        """Return the full names of the main outputs of the layers in it, without its own."""
        return []

    def take_instead(self, old, new) -> None:
        """Replace a parameter of this layer by another shared variable."""
        holders = [self.params, self.activate.params, *(params for _, params in self.activate.steps)]
        for params in holders:
            for short, parameter in params.items():
                if parameter is old:
                    params[short] = new

    def need_size(self) -> int:
        """Return the size, or raise SpecError if there is none."""
        if self.shape is None:
            raise SpecError(f"layer {self.name!r}: it has no size. Write (20, {self.activation!r}) or {{'size': 20}}, "
                            "for example")
        return self.size

    def one_source(self, sources) -> "Layer":
        """Return the only source, or raise SpecError if there are several."""
        if len(sources) != 1:
            raise SpecError(
                f"layer {self.name!r}: it needs exactly one input, but got "
                f"{', '.join(s.name for s in sources) or 'none'}"
            )
        return sources[0]

    def add_weights(self, short: str, shape, gain_of: str | None = None) -> None:
        """Create a weight parameter, with He initialization before rectifiers and Glorot initialization otherwise."""
        rectifies = Activation(self.activation, 1, np.random.default_rng(0)).rectifies
        self._add(short, shape, "he" if rectifies else "glorot", self._drawing(short, shared=True))
        self.weight_names.add(short)

    def add_bias(self, short: str, shape, fill: float = 0.0) -> None:
        """Create a bias parameter with the initial value `fill`."""
        options = self._drawing(short, shared=False)
        self._add(short, shape, "zeros", options)
        if fill and not options:
            self.params[short].set_value(np.full(shape, fill, self.params[short].dtype))

    def _add(self, short, shape, default, options):
        try:
            value = initializers.draw(shape, self._rng, default=default, **options)
            value = np.ascontiguousarray(value, pytensor.config.floatX)  # as it is read from a file: bits depend on it
        except (MemoryError, OverflowError, ValueError) as error:
            if isinstance(error, SymlossError):
                raise
            raise SpecError(f"layer {self.name!r}: there is not enough memory for {short} of shape {tuple(shape)} "
                            f"({error}). Make the layer smaller") from None
        self.params[short] = pytensor.shared(value, name=f"{self.name}.{short}", shape=value.shape)

    def _drawing(self, short, shared):
        plain = {k: self.draws[k] for k in DRAWS if shared and k in self.draws}
        return plain | {k: self.draws[f"{k}_{short}"] for k in DRAWS if f"{k}_{short}" in self.draws}

    def _check_draws(self):
        known = {*DRAWS, *(f"{k}_{short}" for k in DRAWS for short in self.params)}
        for option in self.draws:
            if option not in known:
                raise hints.unknown(f"option of layer {self.name!r}:", option, {*self.options(), *known})

    # ------------------------------------------------------------------------------------------ describing

    def fingerprint(self) -> tuple:
        """Return a hashable value that changes whenever something changes that the expressions depend on."""
        return fingerprint({name: value for name, value in vars(self).items() if name not in START})

    def to_spec(self) -> dict:
        """Return a dict from which this layer can be rebuilt."""
        spec = {"form": form_of(self), "name": self.name, "inputs": list(self.inputs), "activation": self.activation}
        if self.sized:
            spec |= {"size": self.size} if len(self.shape) == 1 else {"shape": list(self.shape)}
        return spec | self.draws | self._own_options()

    def _own_options(self) -> dict:
        """Return the options of a user's subclass that does not override `to_spec`: the attributes with these names."""
        lineage = type(self).__mro__
        mine = lineage[: next(i for i, cls in enumerate(lineage) if "to_spec" in cls.__dict__)]
        made = [cls.__init__ for cls in mine if "__init__" in cls.__dict__]
        names = {p.name for one in made for p in inspect.signature(one).parameters.values() if p.kind is p.KEYWORD_ONLY}
        names -= {"name", "inputs", "size", "shape", "activation"}
        for name in sorted(names - set(vars(self))):
            raise SpecError(f"layer {self.name!r}: {type(self).__name__} does not keep its option {name!r}, so a file "
                            f"or a copy would lose it. Write self.{name} = {name} in its __init__")
        return {name: vars(self)[name] for name in sorted(names)}

    def __repr__(self):
        activation = getattr(self.activation, "__name__", self.activation)
        return f"{type(self).__name__}({self.name!r}, shape={self.shape}, activation={activation!r})"
