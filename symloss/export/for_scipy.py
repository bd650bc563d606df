"""Losses for ``scipy.optimize.minimize``: value, gradient and Hessian products of one vector."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from ..compiling import alone, function, resolve
from ..errors import ShapeError, SpecError
from ..losses.user_functions import in_words
from .port_loss import PortLoss


class SciPyLoss:
    """A loss as a function of one vector; see `scipy`."""

    def __init__(self, loss, target, model=None, data=(), shape=None, weights=None, how=None, activation=None,
                 mode=None, **options):
        self.loss = PortLoss(loss, options, "export.scipy", how, activation, mode)
        if self.loss.how == "none":
            raise SpecError("export.scipy: how='none' gives no single number to minimize. Pass 'mean' or 'sum'")
        if model is not None and not callable(model):
            raise SpecError(f"export.scipy: model={model!r} is not valid; it must be a function of (parameters, *data) "
                            f"that returns a prediction")
        if model is not None and shape is not None:
            raise SpecError("export.scipy: got model and shape, but the model determines the shape of predictions. "
                            "Leave shape out")
        self.model = model
        self.data = list(data) if isinstance(data, list | tuple) else [data]
        self.data = [self.loss._array(a, f"data {i}") for i, a in enumerate(self.data)]
        self.shape = np.shape(target) if shape is None else tuple(shape)
        self.target, self.weights = target, weights
        self._compiled: dict = {}

    def __call__(self, x):
        """Return (loss, gradient) at a vector: what ``minimize(..., jac=True)`` takes."""
        value, slope = self._called("both", x)
        return float(value), np.asarray(slope, "float64")

    def value(self, x) -> float:
        """Return the loss at a vector."""
        return float(self._called("value", x)[0])

    def gradient(self, x) -> np.ndarray:
        """Return the gradient at a vector."""
        return self(x)[1]

    def hessp(self, x, direction) -> np.ndarray:
        """Return the Hessian at a vector times a direction, exactly: ``minimize(..., hessp=f.hessp)``."""
        direction = np.asarray(direction, "float64").ravel()
        return np.asarray(self._called("product", x, direction)[0], "float64")

    def __repr__(self):
        of = f"{int(np.prod(self.shape))} predictions" if self.model is None else "the parameters of a model"
        return f"<{self.loss.name} ({self.loss.how}) of {of}>"

    # ------------------------------------------------------------------------------------------ graphs

    def _called(self, what, x, *more):
        x = np.asarray(x, "float64")
        if x.ndim != 1:
            raise ShapeError(f"export.scipy: got parameters of shape {x.shape}. Pass one vector, such as x.ravel()")
        if self.model is None and len(x) != np.prod(self.shape):
            raise ShapeError(f"export.scipy: got {len(x)} numbers for predictions of shape {self.shape}. Pass "
                             f"{int(np.prod(self.shape))}")
        compiled = self._function(what, len(x))
        return compiled(x, *self._fixed, *more)

    @alone
    def _function(self, what, length):
        if (what, length) not in self._compiled:
            self._compiled[what, length] = self._compile(what, length)
        return self._compiled[what, length]

    def _compile(self, what, length):
        x = pt.tensor("parameters", dtype="float64", shape=(length,))
        data = [_variable(f"data{i}", a) for i, a in enumerate(self.data)]
        predictions = self._predictions(x, data)
        shown = [np.broadcast_to(0.0, [s or len(np.atleast_1d(self.target)) for s in p.type.shape])
                 for p in predictions]
        ports, rest = self.loss.ports, iter(shown)
        arrays = self.loss.arrays([self.target if port == "target" else next(rest) for port in ports], self.weights)
        fixed = [a for a, port in zip(arrays, [*ports, "weights"], strict=False) if port in ("target", "weights")]
        variables = [_variable(f"fixed{i}", a) for i, a in enumerate(fixed)]
        own, given = iter(predictions), iter(variables)
        inputs = [next(given) if port == "target" else next(own) for port in ports] + list(given)
        value = self.loss.expression(inputs)
        outputs = [value] if what == "value" else [value, pytensor.grad(value, x, disconnected_inputs="ignore")]
        inputs = [x, *data, *variables]
        if what == "product":
            along = x.type("along")
            inputs.append(along)
            outputs = [pytensor.grad((outputs[1] * along).sum(), x, disconnected_inputs="ignore")]
        self._fixed = [*self.data, *fixed]
        return function(inputs, outputs, resolve(self.loss.mode))

    def _predictions(self, x, data) -> list:
        """Return an expression for each prediction port."""
        wanted = [port for port in self.loss.ports if port != "target"]
        if self.model is None:
            if len(wanted) > 1:
                raise SpecError(f"export.scipy: the loss {self.loss.name} has the ports {', '.join(wanted)}. Pass a "
                                "model that returns a dict of them")
            return [x.reshape(self.shape)]
        with in_words("export.scipy's model"):
            made = self.model(x, *data)
        made = made if isinstance(made, dict) else {wanted[0]: made}
        if set(made) != set(wanted):
            raise SpecError(f"export.scipy: the model returns {', '.join(map(str, made))}, but the loss "
                            f"{self.loss.name} needs {', '.join(wanted)}. If there are several, return them as a dict")
        return [pt.as_tensor_variable(made[port]) for port in wanted]


def _variable(name, array):
    return pt.tensor(name=name, dtype=str(array.dtype), shape=array.shape)


def scipy(loss, target, *, model=None, data=(), shape=None, weights=None, how=None, activation=None, mode=None,
          **options) -> SciPyLoss:
    """Return a loss as a function that ``scipy.optimize.minimize`` takes: value and exact gradient of one vector.

    The vector contains the parameters of a model, or the predictions themselves if you pass no model.

    Parameters
    ----------
    loss : str, LossSpec, function, Loss, dict, or list of these
    target : array
        The targets that predictions are compared with.
    model : function or None
        A function of the vector of parameters and of each array in `data`, which are PyTensor variables. It returns
        the predictions, or a dict of them if the loss has several ports. Operators and methods are those of NumPy;
        functions such as ``pt.exp`` are in ``pytensor.tensor``. None: the vector itself contains the predictions.
    data : array, or list of arrays
        The arrays that the model takes besides its parameters.
    shape : tuple or None
        Shape of the predictions if there is no model. None: the shape of `target`.
    weights : array or None
        A weight for each item, or for each value.
    how : str or None
        The reduction: 'mean', 'count', 'batch mean' or 'sum'; see `losses.reduce`.
    activation : str or None
        Activation that is applied to the first port before the loss: 'softmax' or 'sigmoid', for logits.
    mode : str or None
        The backend; see `compiling.resolve`.
    **options
        Hyperparameters of the loss, and ``like=``.

    Returns
    -------
    SciPyLoss
        ``f(x)`` returns (value, gradient), for ``minimize(f, start, jac=True)``. Use ``f.value``, ``f.gradient`` and
        ``f.hessp`` for methods that take them separately.

    Raises
    ------
    SpecError, ShapeError, DataError
        If the model does not return predictions, or if the shapes of arrays do not match.

    >>> from scipy.optimize import minimize
    >>> x, y = np.arange(6.0), np.array([1.0, 3.0, 5.0, 70.0, 9.0, 11.0])
    >>> line = scipy("charbonnier", y, model=lambda p, x: p[0] + p[1] * x, data=x)
    >>> minimize(line, [0.0, 0.0], jac=True, hessp=line.hessp, method="trust-ncg").x.round(2).tolist()
    [1.0, 2.0]
    """
    return SciPyLoss(loss, target, model, data, shape, weights, how, activation, mode, **options)
