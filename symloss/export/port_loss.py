"""A loss of predictions and targets as they are, reduced to a number: what NumPy, SciPy and PyTorch get."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..compiling import alone, function, resolve
from ..data import as_array, check_lengths
from ..errors import DataError, SpecError
from ..evaluate import guarded, reduced_values
from ..losses import rule
from ..losses.finding import found_spec
from ..stability.rewriting import stabilise
from .raw_loss import terms_of


class PortLoss:
    """A sum of losses of arrays at their ports, with weights, compiled for each kind of arrays.

    Parameters
    ----------
    loss, options
        See `raw_loss.terms_of`.
    who : str
        Who speaks in error messages.
    how : str or None
        The reduction, see `losses.reduce`. None: 'mean', or that of the system in `like`.
    activation : str or None
        What the first port goes through before the loss: 'softmax' or 'sigmoid', for logits.
    mode : str or None
        What compiles; see `compiling.resolve`.
    """

    def __init__(self, loss, options, who, how=None, activation=None, mode=None):
        self.terms, self.who, self.activation, self.mode = terms_of(loss, options, None, who), who, activation, mode
        self.ports = self.terms[0].spec.ports
        if any(term.spec.ports != self.ports for term in self.terms):
            raise SpecError(f"{who}: the losses have different ports "
                            f"({', '.join(term.spec.name for term in self.terms)}). Export them one by one")
        self.own = options.get("like") is None
        usual = "mean" if self.own else found_spec(loss, options["like"], who)[1]
        self.how = usual if how is None else rule(how)
        resolve(mode)
        self._compiled: dict = {}

    @property
    def name(self) -> str:
        """The names of the losses."""
        return " + ".join(term.spec.name for term in self.terms)

    def arrays(self, given, weights=None) -> list[np.ndarray]:
        """Return arrays for the ports, and for weights if there are any; DataError for targets that cannot be."""
        if len(given) != len(self.ports):
            raise SpecError(f"{self.who}: got {len(given)} array{'s' * (len(given) != 1)}, but the loss "
                            f"{self.name} takes {len(self.ports)} ({', '.join(self.ports)})")
        names = [*self.ports, "weights"]
        found = [self._array(a, name) for a, name in
                 zip([*given, *([] if weights is None else [weights])], names, strict=False)]
        check_lengths({name: len(a) for name, a in zip(names, found, strict=False) if a.ndim}, self.who)
        for term in self.terms:
            checked = guarded(term.spec, found, term.options, self.activation, self.who, labels_alone=not self.own)
            found = checked if len(self.terms) == 1 else found
        return found

    def _array(self, array, name) -> np.ndarray:
        array = as_array(array, f"{self.who}: {name}")
        if array.dtype.kind not in "biuf":
            raise DataError(f"{self.who}: {name} has dtype {array.dtype}. Pass numbers")
        return array.astype("float32" if array.dtype == np.float16 else array.dtype.newbyteorder("="), copy=False)

    @alone
    def function(self, what: str, arrays, wrt: tuple[int, ...] = ()):
        """Return a compiled function of the arrays (and of the vectors that it multiplies).

        Parameters
        ----------
        what : 'value', 'both', 'slopes' or 'products'
            'value': of arrays, the loss. 'both': of arrays, the loss and its gradients. 'slopes': of arrays and u, the
            gradients of the sum of u times the loss. 'products': of arrays, u and one v for each gradient, the
            derivatives of the sum of v times these gradients by u and by each array of `wrt`.
        arrays : list
        wrt : tuple of int
            Numbers of the arrays by which derivatives are taken.
        """
        key = (what, wrt, tuple((a.dtype.str, a.ndim, a.shape[-1:] if a.ndim > 1 else ()) for a in arrays))
        if key not in self._compiled:
            self._compiled[key] = self._compile(what, arrays, wrt)
        return self._compiled[key]

    def _compile(self, what, arrays, wrt):
        names = [*self.ports, "weights"]
        inputs = [pt.tensor(name=name, dtype=str(a.dtype), shape=(None,) * (a.ndim - 1) + a.shape[-1:]
                            if a.ndim > 1 else (None,) * a.ndim) for name, a in zip(names, arrays, strict=False)]
        value = self.expression(inputs)
        by = [inputs[i] for i in wrt]
        if what == "value":
            return function(inputs, [value], resolve(self.mode))
        if what == "both":
            return function(inputs, [value, *self._grad(value.sum(), by)], resolve(self.mode))
        u = value.type("u")
        slopes = self._grad((value * u).sum(), by)
        if what == "slopes":
            return function([*inputs, u], slopes, resolve(self.mode))
        v = [s.type(f"v{i}") for i, s in enumerate(slopes)]
        along = sum((s * d).sum() for s, d in zip(slopes, v, strict=True))
        return function([*inputs, u, *v], self._grad(along, [u, *by]), resolve(self.mode))

    def expression(self, inputs):
        """Return the reduced loss of variables for the ports, and for weights if there is one more."""
        values = [term.weight * reduced_values(term.spec, inputs, tuple(term.options.items()), self.how,
                                               self.activation) for term in self.terms]
        total = sum(values[1:], values[0])
        return stabilise([total])[0][0] if self.own else total

    @staticmethod
    def _grad(cost, by):
        return pytensor.grad(cost, by, disconnected_inputs="ignore")
