"""Loops through time: the simple one, LSTM and GRU."""

import pytensor
import pytensor.tensor as pt

from ....errors import ShapeError, SpecError
from .. import activations, initializers, regularizers
from ..tensors import Tensor, as_tensor
from .base import Layer
from .basic import activity, as_floats, whole

NOT_HERE = {"dropout": "put a Dropout layer before it", "recurrent_dropout": "put a Dropout layer behind it",
            "stateful": "pass the whole sequence at once", "unroll": "leave it out", "return_state": None}


class _Recurrent(Layer):
    """Shared code of all loops.

    Parameters
    ----------
    units : int
    activation, recurrent_activation : str, function or None
    use_bias : bool
    kernel_initializer, recurrent_initializer, bias_initializer
    kernel_regularizer, recurrent_regularizer, bias_regularizer
    return_sequences : bool
        Whether to return the outputs of all steps, (n, steps, units), or only the last one.
    return_state : bool
        Whether to return the final states, too.
    go_backwards : bool
        Whether to run from the last step to the first.
    """

    blocks, gated = 1, False

    def __init__(self, units, activation="tanh", recurrent_activation="sigmoid", use_bias=True,
                 kernel_initializer="glorot_uniform", recurrent_initializer="orthogonal", bias_initializer="zeros",
                 kernel_regularizer=None, recurrent_regularizer=None, bias_regularizer=None, return_sequences=False,
                 return_state=False, go_backwards=False, dropout=0.0, recurrent_dropout=0.0, stateful=False,
                 unroll=False, **keywords):
        who = type(self).__name__
        refused = {"dropout": dropout, "recurrent_dropout": recurrent_dropout, "stateful": stateful, "unroll": unroll}
        for name, value in refused.items():
            if value:
                raise SpecError(f"{who}: {name}={value!r} is not supported; {NOT_HERE[name]}")
        keywords.pop("use_cudnn", None), keywords.pop("implementation", None)
        super().__init__(**keywords)
        self.units, self.use_bias = whole(who, "units", units), bool(use_bias)
        self.activation = activations.get(activation)
        self.recurrent_activation = activations.get(recurrent_activation)
        starts = (kernel_initializer, recurrent_initializer, bias_initializer)
        self._starts = [initializers.get(one) for one in starts]
        penalties = (kernel_regularizer, recurrent_regularizer, bias_regularizer)
        self._penalties = [regularizers.get(one) for one in penalties]
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards

    def _bias_shape(self) -> tuple:
        return (self.blocks * self.units,)

    def _bias_start(self):
        return self._starts[2]

    def build(self, input_shape):
        width = self.blocks * self.units
        kernel, recurrent, _ = self._starts
        self.kernel = self.add_weight((input_shape[-1], width), kernel, name="kernel", regularizer=self._penalties[0])
        self.recurrent_kernel = self.add_weight((self.units, width), recurrent, name="recurrent_kernel",
                                                regularizer=self._penalties[1])
        self.bias = self.add_weight(self._bias_shape(), self._bias_start(), name="bias",
                                    regularizer=self._penalties[2]) if self.use_bias else None

    def call(self, sequences, initial_state=None):
        x = as_floats(sequences)
        if x.ndim != 3:
            raise ShapeError(f"layer {self.name!r}: its input has shape {x.type.shape}, but it must have shape (n, "
                             f"steps, variables). For 10 steps of one number, write Input(shape=(10, 1)) and "
                             f"x.reshape(n, 10, 1)")
        x = x[:, ::-1] if self.go_backwards else x
        moved = pt.dot(x, self.kernel)
        moved = moved if self.bias is None else moved + self._input_bias()
        given = list(initial_state) if isinstance(initial_state, list | tuple) else \
            [initial_state] if initial_state is not None else []
        starts = given or [pt.zeros((x.shape[0], self.units), dtype=x.dtype) for _ in range(self.states)]
        weights = [self.recurrent_kernel, *([] if self.bias is None else [self.bias])]
        found = pytensor.scan(lambda *a: self.step(*a[: 1 + self.states], *a[1 + self.states :]),
                              sequences=[moved.dimshuffle(1, 0, 2)], outputs_info=starts, non_sequences=weights,
                              return_list=True, return_updates=False, name=self.name)
        known = x.type.shape[1]
        every = pt.specify_shape(found[0], (known, None, self.units)) if known is not None else found[0]
        out = every.dimshuffle(1, 0, 2) if self.return_sequences else every[-1]
        out = pt.specify_shape(out, (*(None,) * (out.ndim - 1), self.units)) if known is None else out
        if not self.return_state:
            return out
        return [out, *(pt.specify_shape(one[-1], (None, self.units)) for one in found)]

    states = 1

    def _input_bias(self):
        return self.bias

    def step(self, x, *rest):
        """Return the new states for what comes in at one time, the states and the weights."""
        raise NotImplementedError

    def _parts(self, x):
        return [x[:, i * self.units : (i + 1) * self.units] for i in range(self.blocks)]

    def get_config(self):
        names = ("kernel", "recurrent", "bias")
        found = {f"{n}_initializer": initializers.serialize(one) for n, one in zip(names, self._starts, strict=True)}
        found |= {f"{name}_regularizer": regularizers.serialize(one)
                  for name, one in zip(names, self._penalties, strict=True)}
        found |= {"recurrent_activation": activations.serialize(self.recurrent_activation)} if self.gated else {}
        return super().get_config() | found | {
            "units": self.units, "activation": activations.serialize(self.activation), "use_bias": self.use_bias,
            "return_sequences": self.return_sequences, "return_state": self.return_state,
            "go_backwards": self.go_backwards} | activity(self)


class SimpleRNN(_Recurrent):
    """h = activation(x W + h U + b)."""

    def step(self, x, h, kernel, bias=None):
        return self.activation(x + pt.dot(h, kernel))


class LSTM(_Recurrent):
    """Long short-term memory; the blocks of its weights are input gate, forget gate, cell and output gate.

    Parameters
    ----------
    unit_forget_bias : bool
        Whether the initial bias of the forget gate is 1.
    """

    blocks, states, gated = 4, 2, True

    def __init__(self, units, *arguments, unit_forget_bias=True, **keywords):
        super().__init__(units, *arguments, **keywords)
        self.unit_forget_bias = bool(unit_forget_bias)

    def _bias_start(self):
        plain = self._starts[2]
        if not self.unit_forget_bias:
            return plain

        def start(shape, dtype=None) -> Tensor:
            made = as_tensor(plain(shape, dtype=dtype)).copy()
            made[self.units : 2 * self.units] = 1
            return made

        return start

    def step(self, x, h, c, kernel, bias=None):
        i, f, g, o = self._parts(x + pt.dot(h, kernel))
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        return [gate(o) * self.activation(c), c]

    def get_config(self):
        return super().get_config() | {"unit_forget_bias": self.unit_forget_bias}


class GRU(_Recurrent):
    """Gated recurrent unit; the blocks of its weights are update gate, reset gate and candidate.

    Parameters
    ----------
    reset_after : bool
        Whether the reset gate acts after the product with the recurrent weights; the bias then has two rows.
    """

    blocks, gated = 3, True

    def __init__(self, units, *arguments, reset_after=True, **keywords):
        super().__init__(units, *arguments, **keywords)
        self.reset_after = bool(reset_after)

    def _bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _input_bias(self):
        return self.bias[0] if self.reset_after else self.bias

    def step(self, x, h, kernel, bias=None):
        gate, n = self.recurrent_activation, self.units
        x_z, x_r, x_h = self._parts(x)
        if self.reset_after:
            inner = pt.dot(h, kernel)
            inner = inner if bias is None else inner + bias[1]
            h_z, h_r, h_h = self._parts(inner)
            z, r = gate(x_z + h_z), gate(x_r + h_r)
            new = self.activation(x_h + r * h_h)
        else:
            h_z, h_r = (pt.dot(h, kernel[:, i * n : (i + 1) * n]) for i in (0, 1))
            z, r = gate(x_z + h_z), gate(x_r + h_r)
            new = self.activation(x_h + pt.dot(r * h, kernel[:, 2 * n :]))
        return z * h + (1 - z) * new

    def get_config(self):
        return super().get_config() | {"reset_after": self.reset_after}
