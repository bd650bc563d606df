"""Recurrent layers with gates, which decide at every step what to keep and what to take in."""

import numpy as np
import pytensor.tensor as pt

from .recurrent import Recurrent, checked_rate, drawn_rate, fixed_rate


def _split(value, size, count):
    return pt.split(value, [size] * count, n_splits=count, axis=-1)


class LSTM(Recurrent):
    r"""Long short-term memory, with peepholes.

    .. math::
        i &= \sigma(x_t W_i + h_{t-1} U_i + c_{t-1} * p_i + b_i) \\
        f &= \sigma(x_t W_f + h_{t-1} U_f + c_{t-1} * p_f + b_f) \\
        c_t &= f c_{t-1} + i \tanh(x_t W_c + h_{t-1} U_c + b_c) \\
        o &= \sigma(x_t W_o + h_{t-1} U_o + c_t * p_o + b_o) \\
        h_t &= o \tanh(c_t)

    The parameters are 'xh' (W), 'hh' (U) and 'b', each for i, f, c, o in this order, and 'ci', 'cf', 'co' (p). The
    outputs are 'cell' and 'out'. If you choose an activation, it replaces both tanh. The bias of f starts at 1, the
    others at 0. See Graves (2013), arXiv:1308.0850, page 5.

    Parameters
    ----------
    c_0 : str or None
        Name of a layer whose output is the initial state of the cells, like `h_0`.
    """

    forms = ("lstm",)
    default_activation = "tanh"
    starts = ("h_0", "c_0")

    def __init__(self, *, c_0=None, **options):
        super().__init__(**options)
        self._add_start("c_0", c_0)

    def build(self, inputs, size):
        self.add_weights("xh", (inputs, 4 * size))
        self.add_recurrent("hh", blocks=4)
        self.add_bias("b", (4 * size,))
        if not self._drawing("b", shared=False):  # cells that remember from the start: Jozefowicz et al. (2015)
            self._share("b", np.repeat([0.0, 1.0, 0.0, 0.0], size))
        for short in ("ci", "cf", "co"):
            self.add_bias(short, (size,))

    def run(self, x, starts):
        def step(x_t, h, c, hh, ci, cf, co):
            i, f, new, o = _split(x_t + pt.dot(h, hh), self.size, 4)
            c = pt.sigmoid(f + c * cf) * c + pt.sigmoid(i + c * ci) * self.activate(new)
            return pt.sigmoid(o + c * co) * self.activate(c), c

        moved = pt.dot(x, self.params["xh"]) + self.params["b"]
        constants = [self.params[short] for short in ("hh", "ci", "cf", "co")]
        out, cell = self.loop(step, [moved], [starts["h_0"], starts["c_0"]], constants)
        return {"cell": cell, "out": out}


class GRU(Recurrent):
    r"""Gated recurrent unit.

    .. math::
        r &= \sigma(x_t W_r + h_{t-1} U_r + b_r), \quad z = \sigma(x_t W_z + h_{t-1} U_z + b_z) \\
        g &= \mathrm{act}(x_t W_h + (r * h_{t-1}) U_h + b_h), \quad h_t = (1 - z) h_{t-1} + z g

    The parameters are 'hh', 'hr', 'hz' (U), 'w' and 'b' (each for h, r, z in this order). The outputs are 'pre', 'hid'
    (g), 'rate' (z) and 'out'. See Chung et al. (2014), arXiv:1412.3555.
    """

    forms = ("gru",)
    default_activation = "tanh"

    def build(self, inputs, size):
        for short in ("hh", "hr", "hz"):
            self.add_recurrent(short)
        self.add_weights("w", (inputs, 3 * size))
        self.add_bias("b", (3 * size,))

    def run(self, x, starts):
        def step(x_h, x_gates, h, hh, gates):
            r, z = _split(pt.sigmoid(x_gates + pt.dot(h, gates)), self.size, 2)
            pre = x_h + pt.dot(r * h, hh)
            hid = self.activate(pre)
            return (1 - z) * h + z * hid, pre, hid, z

        moved = pt.dot(x, self.params["w"]) + self.params["b"]
        sequences = [moved[..., : self.size], moved[..., self.size :]]
        constants = [self.params["hh"], pt.concatenate([self.params["hr"], self.params["hz"]], axis=1)]
        out, pre, hid, rate = self.loop(step, sequences, [starts["h_0"]], constants, extras=3)
        return {"pre": pre, "hid": hid, "rate": rate, "out": out}


class MUT1(Recurrent):
    r"""The first of three cells found by evolution.

    .. math::
        r &= \sigma(x_t W_r + h_{t-1} U_r + b_r), \quad z = \sigma(x_t W_z + b_z) \\
        g &= \tanh(\tanh(x_t W_h) + (r * h_{t-1}) U_h + b_h), \quad h_t = (1 - z) h_{t-1} + z g

    The parameters are 'xh', 'xr', 'xz' (W), 'hh', 'hr' (U), 'bh', 'br' and 'bz'. The outputs are 'pre', 'hid' (g),
    'rate' (z) and 'out'. If you choose an activation, it replaces both tanh. See Jozefowicz et al. (2015), "An
    Empirical Exploration of Recurrent Network Architectures", ICML, page 7.
    """

    forms = ("mut1",)
    default_activation = "tanh"

    def build(self, inputs, size):
        for short in ("xh", "xr", "xz"):
            self.add_weights(short, (inputs, size))
        for short in ("hh", "hr"):
            self.add_recurrent(short)
        for short in ("bh", "br", "bz"):
            self.add_bias(short, (size,))

    def run(self, x, starts):
        def step(x_h, x_r, z, h, hh, hr):
            pre = x_h + pt.dot(pt.sigmoid(x_r + pt.dot(h, hr)) * h, hh)
            hid = self.activate(pre)
            return (1 - z) * h + z * hid, pre, hid

        p = self.params
        moved = self.activate(pt.dot(x, p["xh"])) + p["bh"]
        rate = pt.sigmoid(pt.dot(x, p["xz"]) + p["bz"])
        sequences = [moved, pt.dot(x, p["xr"]) + p["br"], rate]
        out, pre, hid = self.loop(step, sequences, [starts["h_0"]], [p["hh"], p["hr"]], extras=2)
        return {"pre": pre, "hid": hid, "rate": rate, "out": out}


class SCRN(Recurrent):
    r"""A simple recurrent layer beside a slow context s.

    .. math::
        s_t &= (1 - r) s_{t-1} + r (x_t W_s), \quad h_t = \mathrm{act}(x_t W_h + h_{t-1} U + s_t P) \\
        o_t &= h_t U_o + s_t V_o + b

    The parameters are 'w' (for h and then s), 'sh' (P), 'hh' (U), 'ho', 'so', 'b', and 'r' with the rate 'vector'. The
    outputs are 'pre', 'hid' (h), 'state' (s), 'rate' and 'out' (o). See Mikolov et al. (2015), "Learning Longer Memory
    in Recurrent Neural Networks", arXiv:1412.7753.

    Parameters
    ----------
    rate : str, or list of numbers in (0, 1]
        'vector': sigmoid(r), which is learned. 'uniform', 'log' or numbers: as in an rrnn, one for each unit of the
        context.
    context_size : int or None
        Number of units of the context. None means 1 + the square root of the size, rounded down.
    s_0 : str or None
        Name of a layer whose output is the initial state of the context, like `h_0`.
    """

    forms = ("scrn",)
    default_activation = "sigmoid"
    starts = ("h_0", "s_0")

    def __init__(self, *, rate="vector", context_size=None, s_0=None, **options):
        super().__init__(**options)
        self.rate = checked_rate(self.name, rate, ("vector", "uniform", "log"))
        self.context_size = None if context_size is None else self._positive("context_size", context_size)
        self._add_start("s_0", s_0)

    def state_size(self, option):
        return self.context_size if option == "s_0" else self.size

    def build(self, inputs, size):
        context = self.context_size = self.context_size or int(1 + np.sqrt(size))
        self.add_weights("w", (inputs, size + context))
        self.add_weights("sh", (context, size))
        self.add_recurrent("hh")
        self.add_weights("ho", (size, size))
        self.add_weights("so", (context, size))
        self.add_bias("b", (size,))
        if self.rate == "vector":
            self.add_bias("r", (context,))
        self.rate = drawn_rate(self.name, self.rate, context, self._rng)

    def run(self, x, starts):
        def slow(x_s, s, r):
            return [(1 - r) * s + r * x_s]

        def fast(x_h, h, hh):
            pre = x_h + pt.dot(h, hh)
            return self.activate(pre), pre

        p, rate = self.params, fixed_rate(self.rate, self.params)
        moved = pt.dot(x, p["w"])
        (state,) = self.loop(slow, [moved[..., self.size :]], [starts["s_0"]], [rate])
        moved = moved[..., : self.size] + pt.dot(state, p["sh"])  # the context does not depend on h: out of its loop
        hid, pre = self.loop(fast, [moved], [starts["h_0"]], [p["hh"]], extras=1)
        out = pt.dot(hid, p["ho"]) + pt.dot(state, p["so"]) + p["b"]
        return {"pre": pre, "hid": hid, "state": state, "rate": rate + pt.zeros_like(state), "out": out}
