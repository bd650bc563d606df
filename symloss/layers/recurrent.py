"""Recurrent layers: the loop through time that all of them share, and the layers without gates."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .. import initializers
from .._checks import is_number
from ..errors import SpecError
from .base import Layer

DIRECTIONS = {"forward": False, "back": True, "backward": True, "backwards": True}
RATES = ("matrix", "vector", "uniform", "log")


class Recurrent(Layer, abstract=True):
    """Base of layers with a loop over time. Inputs and outputs have the shape (batch, time, variables).

    Parameters
    ----------
    direction : 'forward' or 'backward'
        'backward' means that a step sees its future instead of its past. Outputs stay aligned with the inputs in time.
    bptt_limit : int or None
        Truncated backpropagation: time is divided into stretches of this many steps, and gradients do not flow from one
        stretch back into the one before. The loss of every step counts whatever the limit is.
    radius : float or None
        Initial spectral radius (the greatest absolute value of an eigenvalue) of matrices between hidden units.
    h_0 : str or None
        Name of a layer whose output is the initial state: one for each sequence (batch, size), or the last step of
        (batch, time, size). With None it is 0.
    """

    starts: tuple[str, ...] = ("h_0",)  # options that name initial states

    def __init__(self, *, direction="forward", bptt_limit=None, radius=None, h_0=None, **options):
        super().__init__(**options)
        if not isinstance(direction, str) or direction not in DIRECTIONS:
            raise SpecError(f"layer {self.name!r}: direction={direction!r} is not valid; it must be 'forward' or "
                            "'backward'")
        self.direction = "backward" if DIRECTIONS[direction] else "forward"
        self.bptt_limit = None if bptt_limit in (None, -1) else self._positive("bptt_limit", bptt_limit)
        if radius is not None and not (is_number(radius) and radius > 0):
            raise SpecError(f"layer {self.name!r}: radius={radius!r} is not valid; it must be a finite number greater "
                            "than 0")
        self.radius = radius
        self._add_start("h_0", h_0)

    def _add_start(self, option, source):
        if source is not None and not isinstance(source, str):
            raise SpecError(
                f"layer {self.name!r}: {option} has the type {type(source).__name__}, but it must be the name of a "
                "layer. To pass the state as data, name an input such as {'form': 'input', 'name': 'start', 'size': "
                f"20, 'ndim': 2}}. Without {option}, the state begins with 0"
            )
        source = None if source is None else source.removesuffix(":out")
        setattr(self, option, source)
        if source is not None and source not in self.inputs:
            self.inputs = (*self.inputs, source)

    def _positive(self, option, value) -> int:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise SpecError(f"layer {self.name!r}: {option}={value!r} is not valid; it must be an integer of at least "
                            "1")
        return int(value)

    @property
    def wants_mask(self) -> bool:
        """Whether this layer needs to know where a sequence ends and its padding begins."""
        return self.direction == "backward" or any(getattr(self, option) for option in self.starts)

    @property
    def backward_units(self) -> int:
        """How many of its last units run backward in time."""
        return self.size if self.direction == "backward" else 0

    # ------------------------------------------------------------------------------------------ building

    def setup(self, sources):
        size = self.need_size()
        known = {s.name: s for s in sources}
        given = {option: getattr(self, option) for option in self.starts}
        plain = [name for name in self.inputs if name not in given.values()] or self.inputs[:1]
        self.one_source([known[name] for name in plain])
        self.build(known[self.inputs[0]].size, size)
        for option, source in given.items():
            if source is not None and known[source].size != self.state_size(option):
                raise SpecError(
                    f"layer {self.name!r}: {option}={source!r} has {known[source].size} units, but it must have "
                    f"{self.state_size(option)}"
                )

    def build(self, inputs: int, size: int) -> None:
        """Create the parameters, for this number of `inputs` and units."""
        raise NotImplementedError

    def state_size(self, option: str) -> int:
        """Return the length of the state whose initial value `option` names."""
        return self.size

    def add_recurrent(self, short: str, blocks: int = 1) -> None:
        """Create a matrix (size, blocks * size) between hidden units: orthogonal blocks of a given spectral radius."""
        options = self._drawing(short, shared=True)
        n = self.size
        if isinstance(options.get("init"), np.ndarray | list | tuple):
            parts = np.split(initializers.draw((n, blocks * n), self._rng, **options), blocks, axis=1)
        else:
            parts = [initializers.draw((n, n), self._rng, default="orthogonal", **options) for _ in range(blocks)]
        self._share(short, np.concatenate([self._with_radius(part, short) for part in parts], axis=1))
        self.weight_names.add(short)

    def _with_radius(self, matrix, short):
        if self.radius is None:
            return matrix
        found = np.abs(np.linalg.eigvals(matrix)).max()
        if found < 1e-12:
            raise SpecError(f"layer {self.name!r}: radius={self.radius} is not possible, because all eigenvalues of "
                            f"{short!r} are 0")
        return matrix * (self.radius / found)

    def _share(self, short, value):
        value = np.ascontiguousarray(value, pytensor.config.floatX)
        self.params[short] = pytensor.shared(value, name=f"{self.name}.{short}", shape=value.shape)

    # ------------------------------------------------------------------------------------------ running

    def connect(self, values):
        if values[0].ndim != 3:
            raise SpecError(
                f"layer {self.name!r}: its input {self.inputs[0]!r} has {values[0].ndim} axes, but it needs (batch, "
                "time, variables). Use a model of symloss.recurrent, and put layers that reduce over time after the "
                "last recurrent layer"
            )
        return self.run(values[0], {option: self._start(option, values) for option in self.starts})

    def run(self, x, starts: dict) -> dict:
        """Return the expressions of this layer by short name for the sequences `x` and the initial states."""
        raise NotImplementedError

    def _start(self, option, values):
        source, x = getattr(self, option), values[0]
        if source is None:
            return pt.zeros((x.shape[0], self.state_size(option)), dtype=pytensor.config.floatX)
        value = values[self.inputs.index(source)]
        if value.ndim == 2:
            return value
        last = pt.neq(self.mask, 0).sum(axis=1) - 1  # the last step before the filling
        return value[pt.arange(value.shape[0]), last]

    def loop(self, step, sequences: list, starts: list, constants=(), extras: int = 0) -> list:
        """Run `step` over time.

        Parameters
        ----------
        step : callable
            ``step(*sequences, *states, *constants)`` returns the new states and then the extras, for one time step.
        sequences : list of tensor (batch, time, ...)
            Values that do not depend on the states, computed for all steps at once.
        starts : list of tensor (batch, n)
            Initial states.
        constants : list of tensor
        extras : int
            How many results are not states.

        Returns
        -------
        list of tensor (batch, time, ...)
            States and extras at every step.
        """
        backward, count = self.direction == "backward", len(starts)
        guards = [pt.neq(self.mask, 0)[..., None]] if backward else []
        over = [s.dimshuffle(1, 0, *range(2, s.ndim)) for s in (*guards, *sequences)]
        if backward:
            over = [s[::-1] for s in over]
        if self.bptt_limit is not None:
            over.insert(0, pt.eq(pt.arange(over[0].shape[0]) % self.bptt_limit, 0))

        def one(*arguments):
            rest = list(arguments)
            cut = rest.pop(0) if self.bptt_limit is not None else None
            real = rest.pop(0) if backward else None
            before = rest[len(sequences) : len(sequences) + count]
            states = before if cut is None else [pt.switch(cut, disconnected_grad(s), s) for s in before]
            made = list(step(*rest[: len(sequences)], *states, *rest[len(sequences) + count :]))
            if real is not None:  # before a sequence begins, at its filled up end, nothing moves
                made[:count] = [pt.switch(real, new, old) for new, old in zip(made, states, strict=False)]
            return made

        found = pytensor.scan(one, sequences=over, outputs_info=[*starts, *[None] * extras],
                              non_sequences=list(constants), return_list=True, return_updates=False, name=self.name)
        if backward:
            found = [s[::-1] for s in found]
        return [s.dimshuffle(1, 0, *range(2, s.ndim)) for s in found]

    def to_spec(self):
        own = set(type(self).options()) - set(Layer.options())
        spec = super().to_spec() | {option: getattr(self, option) for option in sorted(own)}
        starts = {getattr(self, option) for option in self.starts}
        return spec | {"inputs": [name for name in self.inputs if name not in starts] or list(self.inputs[:1])}


class RNN(Recurrent):
    r"""The simple layer: h_t = act(x_t xh + h_{t-1} hh + b). Elman (1990), Cognitive Science 14(2).

    The parameters are 'xh', 'hh' and 'b', the outputs 'pre' and 'out'.
    """

    forms = ("rnn",)

    def build(self, inputs, size):
        self.add_weights("xh", (inputs, size))
        self.add_recurrent("hh")
        self.add_bias("b", (size,))

    def run(self, x, starts):
        def step(x_t, h, hh):
            pre = x_t + pt.dot(h, hh)
            return self.activate(pre), pre

        moved = pt.dot(x, self.params["xh"]) + self.params["b"]
        out, pre = self.loop(step, [moved], [starts["h_0"]], [self.params["hh"]], extras=1)
        return {"pre": pre, "out": out}


class RRNN(Recurrent):
    r"""Units with rates: h_t = (1 - r) h_{t-1} + r act(x_t xh + h_{t-1} hh + b).

    The parameters are 'xh', 'hh' and 'b', 'r' with the rate 'vector' or 'matrix', and 'xr' with 'matrix'. The outputs
    are 'pre', 'hid' (before the rate), 'rate' and 'out'. See Bengio et al. (2012), arXiv:1212.0901, and Jaeger et al.
    (2007).

    Parameters
    ----------
    rate : str, or list of numbers in (0, 1]
        'matrix': sigmoid(x_t xr + r), computed from the input. 'vector': sigmoid(r), which is learned. 'uniform' and
        'log': drawn once and then fixed, uniformly from (0, 1), or with logarithms that are uniform between -6 and 0.
        Numbers: one fixed rate for each unit.
    """

    forms = ("rrnn",)

    def __init__(self, *, rate="matrix", **options):
        super().__init__(**options)
        self.rate = checked_rate(self.name, rate, RATES)

    def build(self, inputs, size):
        self.add_weights("xh", (inputs, size))
        self.add_recurrent("hh")
        self.add_bias("b", (size,))
        if self.rate in ("vector", "matrix"):
            self.add_bias("r", (size,))
        if self.rate == "matrix":
            self.add_weights("xr", (inputs, size))
        self.rate = drawn_rate(self.name, self.rate, size, self._rng)

    def run(self, x, starts):
        def step(x_t, r, h, hh):
            pre = x_t + pt.dot(h, hh)
            hid = self.activate(pre)
            return (1 - r) * h + r * hid, pre, hid

        moved = pt.dot(x, self.params["xh"]) + self.params["b"]
        if self.rate == "matrix":
            rate = pt.sigmoid(pt.dot(x, self.params["xr"]) + self.params["r"])
            out, pre, hid = self.loop(step, [moved, rate], [starts["h_0"]], [self.params["hh"]], extras=2)
        else:
            fixed = fixed_rate(self.rate, self.params)
            out, pre, hid = self.loop(lambda x_t, h, hh, r: step(x_t, r, h, hh), [moved], [starts["h_0"]],
                                      [self.params["hh"], fixed], extras=2)
            rate = fixed + pt.zeros_like(out)
        return {"pre": pre, "hid": hid, "rate": rate, "out": out}


def checked_rate(name, rate, known):
    """Return `rate` as a known word or a list of floats, or raise SpecError."""
    if isinstance(rate, str) and rate.strip().lower() in known:
        return rate.strip().lower()
    if isinstance(rate, list | tuple | np.ndarray) and len(rate) and all(is_number(r) and 0 < r <= 1 for r in rate):
        return [float(r) for r in rate]
    raise SpecError(f"layer {name!r}: rate={rate!r} is not valid; it must be {', '.join(known)}, or a list of numbers "
                    "greater than 0 and at most 1")


def drawn_rate(name, rate, size, rng):
    """Return the rates drawn for 'uniform' and 'log' as a list of floats, and other rates unchanged."""
    least = 1e-4  # keeps units from standing still
    if rate == "uniform":
        return rng.uniform(least, 1 - least, size=size).tolist()
    if rate == "log":
        return np.exp(rng.uniform(-6, -least, size=size)).tolist()
    if isinstance(rate, list) and len(rate) != size:
        raise SpecError(f"layer {name!r}: got {len(rate)} rates for {size} units. Pass one rate per unit")
    return rate


def fixed_rate(rate, params):
    """Return the rates that do not depend on the input, as a vector."""
    return pt.sigmoid(params["r"]) if rate == "vector" else pt.constant(np.asarray(rate, pytensor.config.floatX))


class MRNN(Recurrent):
    r"""Multiplicative recurrent layer: h_t = act(((x_t xf) * (h_{t-1} hf)) fh + x_t xh + b).

    The parameters are 'xh', 'xf', 'hf', 'fh' and 'b', the outputs 'pre', 'factors' (x xf) and 'out'. See Sutskever et
    al. (2011), "Generating text with recurrent neural networks", ICML.

    Parameters
    ----------
    factors : int or None
        Number of factors. None means the square root of the size, rounded up.
    """

    forms = ("mrnn",)

    def __init__(self, *, factors=None, **options):
        super().__init__(**options)
        self.factors = None if factors is None else self._positive("factors", factors)

    def build(self, inputs, size):
        self.factors = self.factors or int(np.ceil(np.sqrt(size)))
        self.add_weights("xh", (inputs, size))
        self.add_weights("xf", (inputs, self.factors))
        self.add_weights("hf", (size, self.factors))
        self.add_weights("fh", (self.factors, size))
        self.add_bias("b", (size,))
        if self.radius is not None:  # hf and fh take the place of a matrix between hidden units
            raise SpecError(f"layer {self.name!r}: radius={self.radius} has no effect, because an mrnn has no matrix "
                            "hh. Leave it out")

    def run(self, x, starts):
        def step(x_t, f, h, hf, fh):
            pre = x_t + pt.dot(f * pt.dot(h, hf), fh)
            return self.activate(pre), pre

        moved, factors = pt.dot(x, self.params["xh"]) + self.params["b"], pt.dot(x, self.params["xf"])
        constants = [self.params["hf"], self.params["fh"]]
        out, pre = self.loop(step, [moved, factors], [starts["h_0"]], constants, extras=1)
        return {"pre": pre, "factors": factors, "out": out}
