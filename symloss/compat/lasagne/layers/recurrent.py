"""Recurrent layers: plain, LSTM and GRU, and layers whose steps are networks."""

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import grad_clip

from ....errors import ShapeError, SpecError
from ... import theano
from .. import init, nonlinearities
from ..utils import unroll_scan
from . import helper
from .base import Layer, MergeLayer, moves_by_itself, told
from .dense import DenseLayer
from .input import InputLayer

__all__ = ["CustomRecurrentLayer", "GRULayer", "Gate", "LSTMLayer", "RecurrentLayer"]


class _Recurrent(MergeLayer):
    """Shared code of layers with a loop over time; (batch, time, ...) comes in.

    Parameters
    ----------
    incoming : Layer or tuple
    hid_init : array, initializer, shared variable, expression (1, units), or Layer (batch, units)
        Initial state.
    backwards : bool
        Whether time runs from the last step to the first. Outputs have the order of the inputs.
    learn_init : bool
        Whether to learn initial states that are parameters.
    gradient_steps : int
        Number of steps that gradients go back; -1 means all.
    grad_clipping : float
        Limits the gradients of a step's pre-activations to ``-grad_clipping`` and ``grad_clipping``; 0: no limit.
    unroll_scan : bool
        Whether to write out the loop step by step. The number of steps must be known, and compiling takes longer.
    precompute_input : bool
        Whether to compute the products with the input for all steps at once.
    mask_input : Layer or None
        (batch, time), 0 where a sequence has ended. The state then stays the same.
    only_return_final : bool
        Whether to return the last state, (batch, ...), instead of all states, (batch, time, ...).
    name : str or None

    Raises
    ------
    SpecError
        For `unroll_scan` with `gradient_steps`, or with a number of steps that varies.
    """

    def __init__(self, incoming, mask_input, inits, *, backwards, learn_init, gradient_steps, grad_clipping,
                 unroll_scan, precompute_input, only_return_final, **kwargs):
        incomings = [incoming]
        self.mask_incoming_index = -1
        if mask_input is not None:
            self.mask_incoming_index = len(incomings)
            incomings.append(mask_input)
        for state, value in inits.items():
            is_layer = isinstance(value, Layer)
            setattr(self, f"{state}_incoming_index", len(incomings) if is_layer else -1)
            incomings += [value] if is_layer else []
        super().__init__(incomings, **kwargs)
        self.backwards = backwards
        self.learn_init = learn_init
        self.gradient_steps = gradient_steps
        self.grad_clipping = grad_clipping
        self.unroll_scan = unroll_scan
        self.precompute_input = precompute_input
        self.only_return_final = only_return_final
        if unroll_scan and gradient_steps != -1:
            raise SpecError(f"{told(self)}: gradient_steps={gradient_steps} is not valid; Gradient steps must be -1 "
                            f"when unroll_scan is true")
        if unroll_scan and self.input_shapes[0][1] is None:
            raise SpecError(f"{told(self)}: its input has shape {self.input_shapes[0]}, but the input sequence length "
                            f"cannot be specified as None when unroll_scan is True")

    def _add_init(self, state, value, shape):
        """Keep the initial value of a state as a layer, or make a parameter of it."""
        if not isinstance(value, Layer):
            value = self.add_param(value, shape, name=state, trainable=self.learn_init, regularizable=False)
        setattr(self, state, value)

    def _start(self, state, inputs, batch):
        """Return the initial value of a state, for each item."""
        value, index = getattr(self, state), getattr(self, f"{state}_incoming_index")
        if index > 0:
            return inputs[index]
        return value + pt.zeros((batch, *[1] * (value.ndim - 1)), dtype=value.dtype)

    def _clipped(self, value):
        """Return `value`, whose gradient is cut where the layer wants it."""
        return grad_clip(value, -self.grad_clipping, self.grad_clipping) if self.grad_clipping else value

    def _loop(self, step, input, inputs, starts, constants):
        """Return what comes out of the last of the states.

        Parameters
        ----------
        step : callable
            ``step(input, *states, *constants)``, at one time, returns a list of new states.
        input : tensor (time, batch, ...)
        inputs : list of expression
            Inputs of the layer.
        starts : list of tensor
            Initial states.
        constants : list of tensor
        """
        sequences, count = [input], len(starts)
        if self.mask_incoming_index > 0:
            sequences.append(inputs[self.mask_incoming_index].dimshuffle(1, 0))

        def one(*arguments):
            now, states = arguments[: len(sequences)], arguments[len(sequences) : len(sequences) + count]
            made = step(now[0], *states, *arguments[len(sequences) + count :])
            if len(now) > 1:
                going = now[1].dimshuffle(0, *["x"] * (made[0].ndim - 1))
                made = [pt.switch(going, new, old) for new, old in zip(made, states, strict=True)]
            return [_as(new, old) for new, old in zip(made, states, strict=True)]

        if self.unroll_scan:
            found = unroll_scan(fn=one, sequences=sequences, outputs_info=starts, non_sequences=constants,
                                n_steps=self.input_shapes[0][1], go_backwards=self.backwards)
        else:
            found, updates = theano.scan(one, sequences=sequences, outputs_info=starts, non_sequences=constants,
                                         go_backwards=self.backwards, truncate_gradient=self.gradient_steps,
                                         return_list=True, name=self.name)
            for state, new in updates.items():
                moves_by_itself(state, new)  # random streams within the loop
        out = found[-1]
        if self.only_return_final:
            return out[-1]
        out = out.dimshuffle(1, 0, *range(2, out.ndim))
        return out[:, ::-1] if self.backwards else out


def _as(new, old):
    """Return a new state with the axes of length 1 and the dtype that the old one has, as a loop wants it."""
    ones = [axis for axis, n in enumerate(old.type.shape) if n == 1 and new.type.shape[axis] != 1]
    new = pt.specify_broadcastable(new, *ones) if ones else new
    return new if new.dtype == old.dtype else pt.cast(new, old.dtype)


class CustomRecurrentLayer(_Recurrent):
    """A loop whose steps are networks: ``h = nonlinearity(input_to_hidden(x) + hidden_to_hidden(h))``.

    Parameters
    ----------
    input_to_hidden, hidden_to_hidden : Layer
        Output layers of networks with one `InputLayer` each. Both outputs have the same shape after the first
        axis, and so has the input of the second network. With `precompute_input`, the first network gets all steps at
        once, as ``batch * time`` items.
    nonlinearity : callable or None
        None: linear.

    Raises
    ------
    ShapeError
        If the shapes of the two networks do not fit.
    """

    __doc__ += _Recurrent.__doc__.partition("----------\n")[2].partition("    Raises")[0]

    def __init__(self, incoming, input_to_hidden, hidden_to_hidden, nonlinearity=nonlinearities.rectify,
                 hid_init=init.Constant(0.0), backwards=False, learn_init=False, gradient_steps=-1,  # noqa: B008
                 grad_clipping=0, unroll_scan=False, precompute_input=True, mask_input=None, only_return_final=False,
                 **kwargs):
        super().__init__(incoming, mask_input, {"hid_init": hid_init}, backwards=backwards, learn_init=learn_init,
                         gradient_steps=gradient_steps, grad_clipping=grad_clipping, unroll_scan=unroll_scan,
                         precompute_input=precompute_input, only_return_final=only_return_final, **kwargs)
        self.input_to_hidden = input_to_hidden
        self.hidden_to_hidden = hidden_to_hidden
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self._one_input("input_to_hidden", input_to_hidden)
        self._check_shapes(self._one_input("hidden_to_hidden", hidden_to_hidden).output_shape)
        self._add_init("hid_init", hid_init, (1, *hidden_to_hidden.output_shape[1:]))

    def _one_input(self, what, network):
        found = [layer for layer in helper.get_all_layers(network) if isinstance(layer, InputLayer)]
        if len(found) != 1:
            raise SpecError(f"{told(self)}: `{what}` must have exactly one InputLayer, but it has {len(found)}")
        return found[0]

    def _check_shapes(self, state):
        batch, steps = self.input_shapes[0][:2]
        made, moved = self.input_to_hidden.output_shape, self.hidden_to_hidden.output_shape
        wanted = moved[0] if not self.precompute_input else None if None in (batch, steps) else batch * steps
        if None not in (made[0], wanted) and made[0] != wanted:
            source = "batch_size * sequence_length" if self.precompute_input else "that of hidden_to_hidden"
            raise ShapeError(f"{told(self)}: input_to_hidden returns shape {made}, but its first length must be None "
                             f"or {wanted}, {source}, with precompute_input={self.precompute_input}")
        for what, other in (("hidden_to_hidden's output", moved), ("hidden_to_hidden's input", state)):
            if any(None not in pair and pair[0] != pair[1] for pair in zip(made[1:], other[1:], strict=False)):
                raise ShapeError(f"{told(self)}: input_to_hidden returns shape {made}, and {what} has shape {other}, "
                                 f"but they must be equal after the first dimension")

    def get_params(self, **tags):
        """Return this layer's parameters and those of both networks; see `Layer.get_params`."""
        params = super().get_params(**tags)
        return params + helper.get_all_params(self.input_to_hidden, **tags) + helper.get_all_params(
            self.hidden_to_hidden, **tags)

    def get_output_shape_for(self, input_shapes):
        steps = () if self.only_return_final else input_shapes[0][1:2]
        return (input_shapes[0][0], *steps, *self.hidden_to_hidden.output_shape[1:])

    def get_output_for(self, inputs, **kwargs):
        input = inputs[0].dimshuffle(1, 0, *range(2, inputs[0].ndim))
        steps, batch = input.shape[0], input.shape[1]
        if self.precompute_input:
            rows = input.reshape((steps * batch, *(input.shape[axis] for axis in range(2, input.ndim))))
            made = helper.get_output(self.input_to_hidden, rows, **kwargs)
            input = made.reshape((steps, batch, *(made.shape[axis] for axis in range(1, made.ndim))))

        def step(now, before, *constants):
            moved = helper.get_output(self.hidden_to_hidden, before, **kwargs)
            new = now if self.precompute_input else helper.get_output(self.input_to_hidden, now, **kwargs)
            return [self.nonlinearity(self._clipped(moved + new))]

        constants = helper.get_all_params(self.hidden_to_hidden)
        if not self.precompute_input:
            constants += helper.get_all_params(self.input_to_hidden)
        return self._loop(step, input, inputs, [self._start("hid_init", inputs, batch)], constants)


class RecurrentLayer(CustomRecurrentLayer):
    """A plain recurrent layer: ``h_t = nonlinearity(x_t W_in_to_hid + h_(t-1) W_hid_to_hid + b)``.

    Parameters
    ----------
    num_units : int
    W_in_to_hid : array, initializer, shared variable or expression (inputs, units)
    W_hid_to_hid : the same (units, units)
    b : the same (units,), or None
    nonlinearity : callable or None
        None: linear.
    """

    __doc__ += _Recurrent.__doc__.partition("----------\n")[2]

    def __init__(self, incoming, num_units, W_in_to_hid=init.Uniform(), W_hid_to_hid=init.Uniform(),  # noqa: B008, N803
                 b=init.Constant(0.0), nonlinearity=nonlinearities.rectify, hid_init=init.Constant(0.0),  # noqa: B008
                 backwards=False, learn_init=False, gradient_steps=-1, grad_clipping=0, unroll_scan=False,
                 precompute_input=True, mask_input=None, only_return_final=False, **kwargs):
        shape = incoming if isinstance(incoming, tuple) else incoming.output_shape
        name = kwargs.get("name")
        before = "" if name is None else f"{name}."
        in_to_hid = DenseLayer(InputLayer((None, *shape[2:])), num_units, W=W_in_to_hid, b=b, nonlinearity=None,
                               name=f"{before}input_to_hidden")
        hid_to_hid = DenseLayer(InputLayer((None, num_units)), num_units, W=W_hid_to_hid, b=None, nonlinearity=None,
                                name=f"{before}hidden_to_hidden")
        self.num_units = num_units
        self.W_in_to_hid = in_to_hid.W
        self.W_hid_to_hid = hid_to_hid.W
        self.b = in_to_hid.b
        super().__init__(incoming, in_to_hid, hid_to_hid, nonlinearity=nonlinearity, hid_init=hid_init,
                         backwards=backwards, learn_init=learn_init, gradient_steps=gradient_steps,
                         grad_clipping=grad_clipping, unroll_scan=unroll_scan, precompute_input=precompute_input,
                         mask_input=mask_input, only_return_final=only_return_final, **kwargs)


class Gate:
    """Initial values and the nonlinearity of one gate of an `LSTMLayer` or `GRULayer`.

    Parameters
    ----------
    W_in : array, initializer, shared variable or expression (inputs, units)
    W_hid : the same (units, units)
    W_cell : the same (units,), or None
        None for gates without a peephole.
    b : the same (units,)
    nonlinearity : callable or None
        None: linear.
    """

    def __init__(self, W_in=init.Normal(0.1), W_hid=init.Normal(0.1), W_cell=init.Normal(0.1),  # noqa: B008, N803
                 b=init.Constant(0.0), nonlinearity=nonlinearities.sigmoid):  # noqa: B008
        self.W_in = W_in
        self.W_hid = W_hid
        if W_cell is not None:
            self.W_cell = W_cell
        self.b = b
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity


class _Gated(_Recurrent):
    """Shared code of LSTM and GRU: parameters by gate, and products for all gates at once."""

    def _add_gate(self, gate, name):
        """Make a gate's parameters as ``W_in_to_<name>``, ``W_hid_to_<name>`` and ``b_<name>``."""
        inputs, units = int(np.prod(self.input_shapes[0][2:])), self.num_units
        setattr(self, f"W_in_to_{name}", self.add_param(gate.W_in, (inputs, units), name=f"W_in_to_{name}"))
        setattr(self, f"W_hid_to_{name}", self.add_param(gate.W_hid, (units, units), name=f"W_hid_to_{name}"))
        setattr(self, f"b_{name}", self.add_param(gate.b, (units,), name=f"b_{name}", regularizable=False))
        return gate.nonlinearity

    def _stacked(self, kind, names):
        return pt.concatenate([getattr(self, f"{kind}_{name}") for name in names], axis=-1)

    def _parts(self, value, count):
        return [value[:, number * self.num_units : (number + 1) * self.num_units] for number in range(count)]

    def get_output_shape_for(self, input_shapes):
        steps = () if self.only_return_final else input_shapes[0][1:2]
        return (input_shapes[0][0], *steps, self.num_units)

    def _prepared(self, inputs, gates):
        """Return (input (time, batch, ...), weights of the input and biases that are still to be applied)."""
        input = inputs[0].flatten(3) if inputs[0].ndim > 3 else inputs[0]
        input = input.dimshuffle(1, 0, 2)
        weights, biases = self._stacked("W_in_to", gates), self._stacked("b", gates)
        return (pt.dot(input, weights) + biases, []) if self.precompute_input else (input, [weights, biases])


class LSTMLayer(_Gated):
    r"""Long short-term memory (Hochreiter & Schmidhuber 1997), with peepholes (Graves 2013).

    .. math::
        i &= \sigma(x_t W_{xi} + h_{t-1} W_{hi} + w_{ci} c_{t-1} + b_i) \\
        f &= \sigma(x_t W_{xf} + h_{t-1} W_{hf} + w_{cf} c_{t-1} + b_f) \\
        c_t &= f c_{t-1} + i \tanh(x_t W_{xc} + h_{t-1} W_{hc} + b_c) \\
        o &= \sigma(x_t W_{xo} + h_{t-1} W_{ho} + w_{co} c_t + b_o) \\
        h_t &= o \tanh(c_t)

    Parameters
    ----------
    num_units : int
    ingate, forgetgate, cell, outgate : Gate
        Initial values of the parameters, and nonlinearities.
    nonlinearity : callable or None
        Nonlinearity of the cell in the output. None means linear.
    cell_init : array, initializer, shared variable, expression (1, units), or Layer (batch, units)
        Initial state of the cell.
    peepholes : bool
        Whether the gates have peepholes, connections to the cell.
    """

    __doc__ += _Recurrent.__doc__.partition("----------\n")[2]

    def __init__(self, incoming, num_units, ingate=Gate(), forgetgate=Gate(),  # noqa: B008
                 cell=Gate(W_cell=None, nonlinearity=nonlinearities.tanh), outgate=Gate(),  # noqa: B008
                 nonlinearity=nonlinearities.tanh, cell_init=init.Constant(0.0), hid_init=init.Constant(0.0),  # noqa: B008
                 backwards=False, learn_init=False, peepholes=True, gradient_steps=-1, grad_clipping=0,
                 unroll_scan=False, precompute_input=True, mask_input=None, only_return_final=False, **kwargs):
        super().__init__(incoming, mask_input, {"hid_init": hid_init, "cell_init": cell_init}, backwards=backwards,
                         learn_init=learn_init, gradient_steps=gradient_steps, grad_clipping=grad_clipping,
                         unroll_scan=unroll_scan, precompute_input=precompute_input,
                         only_return_final=only_return_final, **kwargs)
        self.nonlinearity = nonlinearities.identity if nonlinearity is None else nonlinearity
        self.num_units = num_units
        self.peepholes = peepholes
        self.nonlinearity_ingate = self._add_gate(ingate, "ingate")
        self.nonlinearity_forgetgate = self._add_gate(forgetgate, "forgetgate")
        self.nonlinearity_cell = self._add_gate(cell, "cell")
        self.nonlinearity_outgate = self._add_gate(outgate, "outgate")
        if peepholes:
            for name, gate in (("ingate", ingate), ("forgetgate", forgetgate), ("outgate", outgate)):
                weights = self.add_param(gate.W_cell, (num_units,), name=f"W_cell_to_{name}")
                setattr(self, f"W_cell_to_{name}", weights)
        self._add_init("cell_init", cell_init, (1, num_units))
        self._add_init("hid_init", hid_init, (1, num_units))

    def get_output_for(self, inputs, **kwargs):
        gates = ("ingate", "forgetgate", "cell", "outgate")
        input, rest = self._prepared(inputs, gates)
        looking = ("ingate", "forgetgate", "outgate") if self.peepholes else ()
        seen = [getattr(self, f"W_cell_to_{name}") for name in looking]

        def step(now, cell, hid, weights, *constants):
            if not self.precompute_input:
                now = pt.dot(now, constants[-2]) + constants[-1]
            i, f, c, o = self._parts(self._clipped(now + pt.dot(hid, weights)), 4)
            if self.peepholes:
                i, f = i + cell * constants[0], f + cell * constants[1]
            cell = self.nonlinearity_forgetgate(f) * cell + self.nonlinearity_ingate(i) * self.nonlinearity_cell(c)
            if self.peepholes:
                o = o + cell * constants[2]
            return [cell, self.nonlinearity_outgate(o) * self.nonlinearity(cell)]

        starts = [self._start(state, inputs, input.shape[1]) for state in ("cell_init", "hid_init")]
        return self._loop(step, input, inputs, starts, [self._stacked("W_hid_to", gates), *seen, *rest])


class GRULayer(_Gated):
    r"""Gated recurrent unit (Cho et al. 2014).

    .. math::
        r &= \sigma(x_t W_{xr} + h_{t-1} W_{hr} + b_r), \quad u = \sigma(x_t W_{xu} + h_{t-1} W_{hu} + b_u) \\
        c &= \tanh(x_t W_{xc} + r (h_{t-1} W_{hc}) + b_c), \quad h_t = (1 - u) h_{t-1} + u c

    Parameters
    ----------
    num_units : int
    resetgate, updategate, hidden_update : Gate
        Initial values of the parameters, and nonlinearities, of r, u and c.
    """

    __doc__ += _Recurrent.__doc__.partition("----------\n")[2]

    def __init__(self, incoming, num_units, resetgate=Gate(W_cell=None), updategate=Gate(W_cell=None),  # noqa: B008
                 hidden_update=Gate(W_cell=None, nonlinearity=nonlinearities.tanh),  # noqa: B008
                 hid_init=init.Constant(0.0), backwards=False, learn_init=False, gradient_steps=-1,  # noqa: B008
                 grad_clipping=0, unroll_scan=False, precompute_input=True, mask_input=None, only_return_final=False,
                 **kwargs):
        super().__init__(incoming, mask_input, {"hid_init": hid_init}, backwards=backwards, learn_init=learn_init,
                         gradient_steps=gradient_steps, grad_clipping=grad_clipping, unroll_scan=unroll_scan,
                         precompute_input=precompute_input, only_return_final=only_return_final, **kwargs)
        self.num_units = num_units
        self.nonlinearity_updategate = self._add_gate(updategate, "updategate")
        self.nonlinearity_resetgate = self._add_gate(resetgate, "resetgate")
        self.nonlinearity_hid = self._add_gate(hidden_update, "hidden_update")
        self._add_init("hid_init", hid_init, (1, num_units))

    def get_output_for(self, inputs, **kwargs):
        gates = ("resetgate", "updategate", "hidden_update")
        input, rest = self._prepared(inputs, gates)

        def step(now, before, weights, *constants):
            now, moved = self._clipped(now), self._clipped(pt.dot(before, weights))
            if not self.precompute_input:
                now = pt.dot(now, constants[0]) + constants[1]
            (now_r, now_u, now_c), (moved_r, moved_u, moved_c) = self._parts(now, 3), self._parts(moved, 3)
            reset = self.nonlinearity_resetgate(now_r + moved_r)
            update = self.nonlinearity_updategate(now_u + moved_u)
            new = self.nonlinearity_hid(self._clipped(now_c + reset * moved_c))
            return [(1 - update) * before + update * new]

        constants = [self._stacked("W_hid_to", gates), *rest]
        return self._loop(step, input, inputs, [self._start("hid_init", inputs, input.shape[1])], constants)
