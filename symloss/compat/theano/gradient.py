"""theano.gradient: gradients, taken of stable forms."""

import pytensor
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.basic import Variable

from ...stability import stabilise
from .names import forwarding

__all__ = ["consider_constant", "grad", "subgraph_grad"]

subgraph_grad = pytensor.gradient.subgraph_grad
consider_constant = pytensor.gradient.zero_grad  # Theano's: the gradient stops here, and counts as 0


def grad(cost, wrt, consider_constant=None, disconnected_inputs="raise", add_names=True, known_grads=None,
         return_disconnected="zero", null_gradients="raise"):
    """Return the gradient of the scalar `cost` with respect to `wrt`, a variable or a list.

    Logarithms of softmax and sigmoid are brought into stable forms first, which Theano did when it compiled: without
    this the gradient of ``-T.mean(T.log(p)[T.arange(n), y])`` is NaN where a probability underflows.

    Parameters
    ----------
    cost : scalar variable
    wrt : variable or list
    consider_constant, disconnected_inputs, add_names, known_grads, return_disconnected, null_gradients
        As in Theano.

    Raises
    ------
    TypeError
        If `cost` is no scalar.
    DisconnectedInputError
        If `cost` does not depend on one of `wrt`.
    """
    wanted = wrt if isinstance(wrt, list | tuple) else [wrt]
    plain = cost is not None and consider_constant is None and not known_grads
    if plain and isinstance(cost, Variable) and all(_is_leaf(v) for v in wanted):
        (cost,), _ = stabilise([cost])
    return pytensor.grad(cost, wrt, consider_constant=consider_constant, disconnected_inputs=disconnected_inputs,
                         add_names=add_names, known_grads=known_grads, return_disconnected=return_disconnected,
                         null_gradients=null_gradients)


def _is_leaf(variable) -> bool:
    return isinstance(variable, SharedVariable) or getattr(variable, "owner", None) is None


__getattr__ = forwarding("theano.gradient", "pytensor.gradient")
