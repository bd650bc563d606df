"""Recurrent layers of theanets; (batch, time, variables) in and out."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..util import ConfigurationError, random_matrix
from .base import Layer


def _swap(x):
    return x.dimshuffle(1, 0, *range(2, x.ndim))


class Recurrent(Layer):
    """Shared code of layers with a loop over time.

    Parameters
    ----------
    h_0 : str or None
        Output that is the initial state. None means 0.
    radius : float
        Largest singular value of the initial square weights.
    direction : str
        If it contains 'back', time runs backwards. As in theanets, outputs are in the order of their computation.
    bptt_limit : int
        Number of steps that gradients go back.
    """

    STARTS = ("h_0",)
    SIZED = True

    _fixed = None  # rates that do not learn

    def __init__(self, h_0=None, **kwargs):
        super().__init__(**kwargs)
        self.h_0 = h_0

    @property
    def fixed(self):
        return [] if self._fixed is None else [self._fixed]

    def resolve_inputs(self, layers):
        super().resolve_inputs(layers)
        for option in self.STARTS:
            if getattr(self, option) is not None:
                setattr(self, option, self._resolve(getattr(self, option), layers)[0])

    def add_weights(self, name, nin, nout, mean=0, std=0, sparsity=0, radius=0, diagonal=0):
        """Make a matrix. If it has as many rows as this layer has units, it consists of square blocks."""
        given = dict(mean=mean, std=std or 1 / np.sqrt(nin + nout), sparsity=sparsity)
        options = {option: self._option(option, name, value) for option, value in given.items()}
        if nin == self.output_size and nout % nin == 0:
            options |= {option: self._option(option, name, value)
                        for option, value in (("radius", radius), ("diagonal", diagonal))}
            blocks = [random_matrix(nin, nin, rng=self.rng, **options) for _ in range(nout // nin)]
            self._share(name, np.concatenate(blocks, axis=1))
        else:
            self._share(name, random_matrix(nin, nout, rng=self.rng, **options))

    def _sequences(self, inputs):
        return _swap(self._only_input(inputs))

    def _start(self, option, inputs, x):
        source = getattr(self, option)
        if source in inputs:
            return inputs[source]
        zeros = np.zeros((1, self.output_size), pytensor.config.floatX)
        # As many rows as the batch has items, and 0 even where those are NaN. pt.zeros would look for constants in its
        # shape, back through all loops before this one.
        return pt.second(x[0, :, 0][:, None], zeros)

    def _scan(self, step, sequences, starts, constants=()):
        """Return what `step` makes over time, each (batch, time, ...); starts are None for what is no state."""
        found = pytensor.scan(step, sequences=sequences, outputs_info=starts, non_sequences=list(constants),
                              go_backwards="back" in (self.kwargs.get("direction") or "").lower(),
                              truncate_gradient=self.kwargs.get("bptt_limit", -1), name=self._fmt("scan"),
                              return_list=True, return_updates=False)
        return [_swap(f) for f in found]

    def _rates(self, size):
        """Return the rates that do not learn, drawn once."""
        draw = np.random.RandomState(self.rng.randint(2**31 - 1)).uniform
        rates = draw(1e-4, 1 - 1e-4, size=size) if self.rate == "uniform" else np.exp(draw(-6, -1e-4, size=size))
        return pytensor.shared(rates.astype(pytensor.config.floatX), name=self._fmt("rate"), shape=rates.shape)

    def to_spec(self):
        return super().to_spec() | {option: getattr(self, option) for option in self.STARTS}


class RNN(Recurrent):
    """h_t = act(x_t xh + h_(t-1) hh + b)."""

    def setup(self):
        self.add_weights("xh", self.input_size, self.output_size)
        self.add_weights("hh", self.output_size, self.output_size)
        self.add_bias("b", self.output_size)

    def transform(self, inputs):
        def step(x_t, h, hh):
            pre = x_t + pt.dot(h, hh)
            return [pre, self.activate(pre)]

        x = self._sequences(inputs)
        moved = pt.dot(x, self.find("xh")) + self.find("b")
        pre, out = self._scan(step, [moved], [None, self._start("h_0", inputs, x)], [self.find("hh")])
        return {"pre": pre, "out": out}, []


class RRNN(RNN):
    """h_t = (1 - r) h_(t-1) + r act(...), with a `rate` r: 'matrix', 'vector', 'uniform' or 'log'."""

    def __init__(self, rate="matrix", **kwargs):
        self.rate = "matrix" if rate is None else rate.lower().strip()
        super().__init__(**kwargs)

    def setup(self):
        super().setup()
        if self.rate in ("vector", "matrix"):
            self.add_bias("r", self.output_size)
        else:
            self._fixed = self._rates(self.output_size)
        if self.rate == "matrix":
            self.add_weights("xr", self.input_size, self.output_size)

    def transform(self, inputs):
        def step(x_t, r, h, hh):
            pre = x_t + pt.dot(h, hh)
            hid = self.activate(pre)
            return [pre, hid, (1 - r) * h + r * hid]

        def still(x_t, h, hh, r):
            return step(x_t, r, h, hh)

        x = self._sequences(inputs)
        moved, starts = pt.dot(x, self.find("xh")) + self.find("b"), [None, None, self._start("h_0", inputs, x)]
        if self.rate == "matrix":
            rate = pt.sigmoid(pt.dot(x, self.find("xr")) + self.find("r"))
            pre, hid, out = self._scan(step, [moved, rate], starts, [self.find("hh")])
        else:
            rate = pt.sigmoid(self.find("r")) if self.rate == "vector" else self._fixed
            pre, hid, out = self._scan(still, [moved], starts, [self.find("hh"), rate])
        return {"pre": pre, "hid": hid, "rate": rate, "out": out}, []  # the rate has time first, as it had


class MRNN(Recurrent):
    """h_t = act(((x_t xf) * (h_(t-1) hf)) fh + x_t xh + b)."""

    def __init__(self, factors=None, **kwargs):
        super().__init__(**kwargs)
        self.factors = factors or int(np.ceil(np.sqrt(self.output_size)))

    def setup(self):
        self.add_weights("xh", self.input_size, self.output_size)
        self.add_weights("xf", self.input_size, self.factors)
        self.add_weights("hf", self.output_size, self.factors)
        self.add_weights("fh", self.factors, self.output_size)
        self.add_bias("b", self.output_size)

    def transform(self, inputs):
        def step(x_t, f_t, h, hf, fh):
            pre = x_t + pt.dot(f_t * pt.dot(h, hf), fh)
            return [pre, self.activate(pre)]

        x = self._sequences(inputs)
        moved, factors = pt.dot(x, self.find("xh")) + self.find("b"), pt.dot(x, self.find("xf"))
        pre, out = self._scan(step, [moved, factors], [None, self._start("h_0", inputs, x)],
                              [self.find("hf"), self.find("fh")])
        return {"pre": pre, "factors": factors, "out": out}, []

    def to_spec(self):
        return super().to_spec() | {"factors": self.factors}


class LSTM(Recurrent):
    """Long short-term memory with peepholes; gates in the order input, forget, cell, output."""

    STARTS = ("h_0", "c_0")

    def __init__(self, c_0=None, **kwargs):
        super().__init__(**kwargs)
        self.c_0 = c_0

    def setup(self):
        size = self.output_size
        self.add_weights("xh", self.input_size, 4 * size)
        self.add_weights("hh", size, 4 * size)
        self.add_bias("b", 4 * size, mean=2)
        for name in ("ci", "cf", "co"):
            self.add_bias(name, size)

    def transform(self, inputs):
        n = self.output_size

        def step(x_t, h, c, hh, ci, cf, co):
            z = x_t + pt.dot(h, hh)
            i, f, new, o = (z[:, k * n : (k + 1) * n] for k in range(4))
            c_t = pt.sigmoid(f + c * cf) * c + pt.sigmoid(i + c * ci) * pt.tanh(new)
            return [pt.sigmoid(o + c_t * co) * pt.tanh(c_t), c_t]

        x = self._sequences(inputs)
        moved = pt.dot(x, self.find("xh")) + self.find("b")
        out, cell = self._scan(step, [moved], [self._start(option, inputs, x) for option in self.STARTS],
                               [self.find(name) for name in ("hh", "ci", "cf", "co")])
        return {"cell": cell, "out": out}, []


class GRU(Recurrent):
    """Gated recurrent unit; 'w' and 'b' are for h, r and z in this order."""

    def setup(self):
        for name in ("hh", "hr", "hz"):
            self.add_weights(name, self.output_size, self.output_size)
        self.add_weights("w", self.input_size, 3 * self.output_size)
        self.add_bias("b", 3 * self.output_size)

    def transform(self, inputs):
        n = self.output_size

        def step(x_t, h, hh, hr, hz):
            r = pt.sigmoid(x_t[:, n : 2 * n] + pt.dot(h, hr))
            z = pt.sigmoid(x_t[:, 2 * n :] + pt.dot(h, hz))
            pre = x_t[:, :n] + pt.dot(r * h, hh)
            hid = self.activate(pre)
            return [pre, hid, z, (1 - z) * h + z * hid]

        x = self._sequences(inputs)
        moved = pt.dot(x, self.find("w")) + self.find("b")
        pre, hid, rate, out = self._scan(step, [moved], [None, None, None, self._start("h_0", inputs, x)],
                                         [self.find(name) for name in ("hh", "hr", "hz")])
        return {"pre": pre, "hid": hid, "rate": rate, "out": out}, []


class MUT1(Recurrent):
    """A gated cell found by evolution; its activation is always tanh."""

    def setup(self):
        for name in ("xh", "xr", "xz"):
            self.add_weights(name, self.input_size, self.output_size)
        for name in ("hh", "hr"):
            self.add_weights(name, self.output_size, self.output_size)
        for name in ("bh", "br", "bz"):
            self.add_bias(name, self.output_size)

    def transform(self, inputs):
        def step(x_h, x_r, z, h, hh, hr):
            pre = x_h + pt.dot(pt.sigmoid(x_r + pt.dot(h, hr)) * h, hh)
            hid = pt.tanh(pre)
            return [pre, hid, (1 - z) * h + z * hid]

        x = self._sequences(inputs)
        moved = [pt.dot(x, self.find(f"x{gate}")) + self.find(f"b{gate}") for gate in "hrz"]
        sequences = [pt.tanh(moved[0]), moved[1], pt.sigmoid(moved[2])]
        pre, hid, out = self._scan(step, sequences, [None, None, self._start("h_0", inputs, x)],
                                   [self.find("hh"), self.find("hr")])
        return {"pre": pre, "hid": hid, "rate": _swap(sequences[2]), "out": out}, []


class SCRN(Recurrent):
    """A recurrent layer with a slow context, which has a `rate`, and as many units as the layer.

    As in theanets, `context_size` is stored but has no effect.
    """

    STARTS = ("h_0", "s_0")

    def __init__(self, rate="vector", s_0=None, context_size=None, **kwargs):
        self.rate = "vector" if rate is None else rate.lower().strip()
        super().__init__(**kwargs)
        self.context_size = context_size or int(1 + np.sqrt(self.output_size))
        self.s_0 = s_0

    def setup(self):
        size = self.output_size
        self.add_weights("w", self.input_size, 2 * size)
        self.add_weights("sh", size, size)
        self.add_weights("hh", size, size)
        self.add_weights("ho", size, size)
        self.add_weights("so", size, size)
        self.add_bias("b", size)
        if self.rate == "vector":
            self.add_bias("r", size)
        else:
            self._fixed = self._rates(size)

    def transform(self, inputs):
        n = self.output_size

        def step(x_t, h, s, hh, sh, r):
            s_t = (1 - r) * s + r * x_t[:, n:]
            pre = x_t[:, :n] + pt.dot(h, hh) + pt.dot(s_t, sh)
            return [pre, self.activate(pre), s_t]

        x = self._sequences(inputs)
        rate = pt.sigmoid(self.find("r")) if self.rate == "vector" else self._fixed
        starts = [None, *(self._start(option, inputs, x) for option in self.STARTS)]
        pre, hid, state = self._scan(step, [pt.dot(x, self.find("w"))], starts,
                                     [self.find("hh"), self.find("sh"), rate])
        out = pt.dot(hid, self.find("ho")) + pt.dot(state, self.find("so")) + self.find("b")
        return {"pre": pre, "hid": hid, "state": state, "rate": rate, "out": out}, []

    def to_spec(self):
        return super().to_spec() | {"context_size": self.context_size}


class _Modules(RNN):
    """Units in modules; the slower ones feed the faster ones, and not the other way round."""

    def _mask(self, count):
        n = self.output_size // count
        module = np.arange(self.output_size) // n
        return (module[:, None] >= module).astype(pytensor.config.floatX)

    def _check(self, count):
        if self.output_size % count:
            raise ConfigurationError(f"layer {self.name!r}: its size {self.output_size} is not a multiple of {count} "
                                     f"modules")


class Clockwork(_Modules):
    """Modules with `periods`: each changes only when its clock ticks."""

    def __init__(self, periods, **kwargs):
        self.periods = np.asarray(sorted(periods))
        super().__init__(**kwargs)
        self._check(len(self.periods))

    def transform(self, inputs):
        period = np.repeat(self.periods, self.output_size // len(self.periods))

        def step(t, x_t, pre_before, h, hh):
            pre = pt.switch(pt.eq(t % period, 0), x_t + pt.dot(h, hh), pre_before)
            return [pre, self.activate(pre)]

        x = self._sequences(inputs)
        moved = pt.dot(x, self.find("xh")) + self.find("b")
        start = self._start("h_0", inputs, x)
        pre, out = self._scan(step, [pt.arange(x.shape[0]), moved], [start, start],
                              [self.find("hh") * self._mask(len(self.periods))])
        return {"pre": pre, "out": out}, []

    def to_spec(self):
        return super().to_spec() | {"periods": tuple(self.periods.tolist())}


class BCRNN(_Modules):
    """`num_modules` modules that leak, from fast to slow."""

    def __init__(self, num_modules=1, **kwargs):
        self.num_modules = num_modules
        super().__init__(**kwargs)
        self._check(num_modules)

    def transform(self, inputs):
        # Both in double precision first: the slowest rate is a millionth, of which 1 - r keeps one digit in float32.
        moving = np.repeat(np.logspace(-1e-4, -6, self.num_modules), self.output_size // self.num_modules)
        new, old = (rates.astype(pytensor.config.floatX) for rates in (moving, 1 - moving))

        def step(x_t, pre_before, h, hh):
            pre = old * pre_before + new * (x_t + pt.dot(h, hh))
            return [pre, self.activate(pre)]

        x = self._sequences(inputs)
        moved = pt.dot(x, self.find("xh")) + self.find("b")
        start = self._start("h_0", inputs, x)
        pre, out = self._scan(step, [moved], [start, start], [self.find("hh") * self._mask(self.num_modules)])
        return {"pre": pre, "out": out}, []

    def to_spec(self):
        return super().to_spec() | {"num_modules": self.num_modules}


class Bidirectional(Layer):
    """Two layers of the form `worker` with half the units each; outputs of the backward one stay reversed."""

    SIZED = True

    def __init__(self, worker="rnn", **kwargs):
        kwargs.pop("direction", None)
        super().__init__(**kwargs)
        self.worker = worker
        half = {"size": self.output_size // 2} | {k: v for k, v in kwargs.items() if k not in ("name", "size")}
        self.forward, self.backward = (
            Layer.build(worker, name=f"{self.name}_{side}", direction=direction, **half)
            for side, direction in (("fw", "forward"), ("bw", "backward"))
        )

    @property
    def params(self):
        """The parameters of both halves."""
        return self.forward.params + self.backward.params

    @property
    def fixed(self):
        return self.forward.fixed + self.backward.fixed

    def find(self, key):
        """Return a parameter by position, or by name with its half: 'fw.xh'."""
        for index, parameter in enumerate(self.params):
            if key == index or parameter.name == f"{self.name}_{key}":
                return parameter
        raise KeyError(key)

    def bind(self, graph, reset=True, initialize=True):
        super().bind(graph, reset, initialize)
        self.forward.bind(graph, reset, initialize)
        self.backward.bind(graph, reset, initialize)

    def transform(self, inputs):
        made = {"fw": self.forward.transform(inputs), "bw": self.backward.transform(inputs)}
        outputs = {f"{side}_{name}": value for side, (outs, _) in made.items() for name, value in outs.items()}
        for name in ("out", "pre", "cell"):
            if f"fw_{name}" in outputs:
                outputs[name] = pt.concatenate([outputs[f"fw_{name}"], outputs[f"bw_{name}"]], axis=2)
        return outputs, made["fw"][1] + made["bw"][1]

    def to_spec(self):
        return super().to_spec() | {"worker": self.worker}

    def arguments(self):
        return self.forward.arguments() | super().arguments()
