"""Update rules: pure functions of parameters and gradients that return new values for shared variables.

Each takes ``gradients``, a dict of gradients by parameter, and keyword-only hyperparameters (numbers or scalar
expressions). It returns a dict of new values by shared variable: the parameters and the rule's own state.
"""

import inspect
from collections.abc import Callable

import numpy as np
import pytensor
import pytensor.tensor as pt

from ._options import Option, number
from ._registry import Registry
from .errors import SpecError

registry: Registry = Registry("algorithm")

# what a hyperparameter means, and what it may be: rules annotate theirs with these

Rate = Option("float, schedule or dict", "The learning rate. For different rates by pattern, pass a dict, "
              "``{\"hid*\": 0.01, \"*\": 0.1}``, whose first matching pattern counts.", number(0), also=dict.fromkeys(
                  ("lr", "learning_rate_init", "step_size", "alpha", "eta"), "write learning_rate"))
Momentum = Option("float or schedule", "Fraction of the previous step that is added to each step.", number(0, below=1))
Rho = Option("float or schedule", "Decay factor of the running mean of squared gradients.", number(0, below=1), also={
    "rms_halflife": "write rho, which is 0.5 ** (1 / halflife)"})
Beta1 = Option("float or schedule", "Decay factor of the running mean of gradients.", number(0, below=1), also={
    "beta1_halflife": "write beta1, which is 0.5 ** (1 / halflife)", "betas": "write beta1 and beta2"})
Beta2 = Option("float or schedule", "Decay factor of the running mean of squared gradients.", number(0, below=1), also={
    "beta2_halflife": "write beta2, which is 0.5 ** (1 / halflife)"})
Epsilon = Option("float or schedule", "Small number that is added to the square root in the denominator.",
                 number(0), also={"rms_regularizer": "write epsilon", "eps": "write epsilon"})
Decay = Option("float or schedule", "Fraction of each parameter, times the learning rate, that each step subtracts.",
               number(0), also={"weight_decay": "write decay with algo='adamw', or weight_l2 with any rule"})
Increase = Option("float or schedule", "Factor for a step while the sign of the gradient does not change.",
                  number(1), also={"rprop_increase": "write increase"})
Decrease = Option("float or schedule", "Factor for a step after the sign of the gradient has changed.",
                  number(0, below=1), also={"rprop_decrease": "write decrease"})
LeastStep = Option("float or schedule", "Smallest step.", number(0), also={"rprop_min_step": "write min_step"})
GreatestStep = Option("float or schedule", "Largest step.", number(above=0), also={
    "rprop_max_step": "write max_step"})
Number = Option("float or schedule", "A hyperparameter of a rule of your own.", number())
FirstStep = Option("float or schedule", "First step of each element.", number(above=0))
HYPERPARAMETERS = {name: value for name, value in globals().items() if isinstance(value, Option)}


def update(*aliases: str, memory: str | None = None):
    """Register an update rule under its own name and `aliases`.

    Parameters
    ----------
    memory : 'none', 'exact' or None
        What the rule does where a gradient is 0. 'none': nothing, because it subtracts a multiple of the gradient from
        the parameter and has no state. 'exact': it has state for each element, and leaves both the state and the
        parameter exactly as they are. None: it may still change the element, as momentum does. Tables of which a step
        reads only a few rows are updated accordingly.
    """

    def register(function):
        function.memory = memory
        registry.add(function.__name__, function, aliases)
        return function

    return register


def options(rule: Callable) -> dict:
    """Return the hyperparameters of a rule with their defaults.

    >>> options(sgd)
    {'learning_rate': 0.01}
    """
    parameters = inspect.signature(rule).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "hessian_vector"}


def hyperparameters(rule: Callable) -> dict[str, Option]:
    """Return what a rule declares about its hyperparameters: the annotations of its keyword-only arguments.

    >>> hyperparameters(adam)["beta1"].check.wanted
    'a finite number of at least 0 and less than 1'
    """
    parameters = inspect.signature(rule).parameters
    declared = {name: parameters[name].annotation for name in options(rule)}
    return {name: one if isinstance(one, Option) else Number for name, one in declared.items()}


def _state(parameter, name, fill=0.0, shape=None):
    """Return a shared variable for a rule's own state, shaped as `parameter` unless `shape` says otherwise."""
    shape = parameter.get_value(borrow=True).shape if shape is None else shape
    value = np.full(shape, fill, dtype=parameter.dtype)
    return pytensor.shared(value, name=f"{parameter.name}|{name}", shape=value.shape)


def _step_counter(gradients):
    first = next(iter(gradients))
    return _state(first, "step", shape=())


def _like(parameter, value):
    """Return an expression in the parameter's dtype: a number of float64 must not lift a float32 model."""
    value = pt.as_tensor_variable(value)
    return value if value.dtype == parameter.dtype else value.astype(parameter.dtype)


def _finish(updates):
    return {shared: _like(shared, value) for shared, value in updates.items()}


# ------------------------------------------------------------------------------------------ formulas
# What a rule does to one parameter, free of its state: rules of other libraries are made of them as well.


def downhill(p, g, rate):
    """Return p - rate g."""
    return p - rate * g


def velocity(v, step, factor):
    """Return the new velocity of a parameter from which `step` would be subtracted: factor v - step."""
    return factor * v - step


def running_mean(mean, value, factor):
    """Return factor mean + (1 - factor) value."""
    return factor * mean + (1 - factor) * value


def root(squares, epsilon, inside=False):
    """Return sqrt(squares) + epsilon, or with `inside` sqrt(squares + epsilon)."""
    return pt.sqrt(squares + epsilon) if inside else pt.sqrt(squares) + epsilon


def equal_units(g, steps, squares, epsilon):
    """Return Adadelta's step: the gradient in the unit of the steps, scaled by the mean squares of both."""
    return g * root(steps, epsilon, inside=True) / root(squares, epsilon, inside=True)


def without_bias(beta, step):
    """Return 1 - beta^step, the divisor that corrects the bias of a running mean that started at 0."""
    return 1 - beta**step


# ------------------------------------------------------------------------------------------ rules


@update(memory="none")
def sgd(gradients, *, learning_rate: Rate = 0.01):
    """Gradient descent: p - lr g."""
    return _finish({p: downhill(p, g, learning_rate) for p, g in gradients.items()})


@update()
def momentum(gradients, *, learning_rate: Rate = 0.01, momentum: Momentum = 0.9):
    """Heavy ball: v = mu v - lr g; p + v (Polyak 1964)."""
    updates = {}
    for p, g in gradients.items():
        v = _state(p, "velocity")
        updates[v] = velocity(v, learning_rate * g, momentum)
        updates[p] = p + updates[v]
    return _finish(updates)


@update("nesterov")
def nag(gradients, *, learning_rate: Rate = 0.01, momentum: Momentum = 0.9):
    """Nesterov's accelerated gradient: v = mu v - lr g; p + mu v - lr g (Sutskever et al. 2013)."""
    updates = {}
    for p, g in gradients.items():
        v = _state(p, "velocity")
        updates[v] = velocity(v, learning_rate * g, momentum)
        updates[p] = p + momentum * updates[v] - learning_rate * g
    return _finish(updates)


@update()
def rprop(gradients, *, learning_rate: FirstStep = 0.01, increase: Increase = 1.2, decrease: Decrease = 0.5,
          min_step: LeastStep = 1e-6, max_step: GreatestStep = 50.0):
    """iRprop-: each element has a step that grows while the sign of its gradient stays (Igel & Huesken 2000).

    `learning_rate` is the first step. Use it with full batches.
    """
    updates = {}
    for p, g in gradients.items():
        before, size = _state(p, "gradient"), _state(p, "size", 1.0)  # in units of the learning rate
        agreement = g * before
        grown = pt.minimum(size * increase, max_step / learning_rate)
        shrunk = pt.maximum(size * decrease, min_step / learning_rate)
        updates[size] = pt.switch(pt.gt(agreement, 0), grown, pt.switch(pt.lt(agreement, 0), shrunk, size))
        updates[before] = pt.switch(pt.lt(agreement, 0), 0, g)
        updates[p] = p - learning_rate * updates[size] * pt.sign(updates[before])
    return _finish(updates)


@update()
def rmsprop(gradients, *, learning_rate: Rate = 0.001, rho: Rho = 0.9, epsilon: Epsilon = 1e-7):
    """RMSprop: p - lr g / (sqrt(E[g^2]) + eps), E a running mean with factor rho (Tieleman & Hinton 2012)."""
    updates = {}
    for p, g in gradients.items():
        mean = _state(p, "mean_square")
        updates[mean] = running_mean(mean, pt.sqr(g), rho)
        updates[p] = p - learning_rate * g / root(updates[mean], epsilon)
    return _finish(updates)


@update(memory="exact")
def adagrad(gradients, *, learning_rate: Rate = 0.01, epsilon: Epsilon = 1e-7):
    """Adagrad: p - lr g / (sqrt(sum g^2) + eps) (Duchi et al. 2011)."""
    updates = {}
    for p, g in gradients.items():
        total = _state(p, "sum_square")
        updates[total] = total + pt.sqr(g)
        updates[p] = p - learning_rate * g / root(updates[total], epsilon)
    return _finish(updates)


@update()
def adadelta(gradients, *, learning_rate: Rate = 1.0, rho: Rho = 0.95, epsilon: Epsilon = 1e-6):
    """Adadelta: the step is g RMS(last steps) / RMS(gradients), times lr (Zeiler 2012)."""
    updates = {}
    for p, g in gradients.items():
        squares, steps = _state(p, "mean_square"), _state(p, "mean_step")
        updates[squares] = running_mean(squares, pt.sqr(g), rho)
        step = equal_units(g, steps, updates[squares], epsilon)
        updates[steps] = running_mean(steps, pt.sqr(step), rho)
        updates[p] = downhill(p, step, learning_rate)
    return _finish(updates)


@update()
def esgd(gradients, *, learning_rate: Rate = 0.01, rho: Rho = 0.95, epsilon: Epsilon = 1e-4, hessian_vector=None):
    """Equilibrated gradient descent: p - lr g / (sqrt(E[(Hv)^2]) + eps), v ~ N(0, 1) (Dauphin et al. 2015).

    Parameters
    ----------
    hessian_vector : callable
        Returns the products (H v by parameter, updates of generators). The compiler passes it.
    """
    if hessian_vector is None:
        raise SpecError("esgd: the rule needs products with the Hessian. Pass hessian_vector")
    products, updates = hessian_vector(list(gradients))
    step = _step_counter(gradients)
    updates[step] = step + 1
    for p, g in gradients.items():
        mean = _state(p, "mean_curvature")
        updates[mean] = running_mean(mean, pt.sqr(products[p]), rho)
        curvature = pt.sqrt(updates[mean] / without_bias(rho, updates[step]))
        updates[p] = p - learning_rate * g / (curvature + epsilon)
    generators = {k: v for k, v in updates.items() if not isinstance(k.type, pt.TensorType)}
    return _finish({k: v for k, v in updates.items() if k not in generators}) | generators


def _moments(gradients, beta1, beta2):
    """Yield each parameter, and its gradient's running mean and mean square, old and new, for Adam and its kin."""
    for p, g in gradients.items():
        m, v = _state(p, "mean"), _state(p, "mean_square")
        yield p, (m, running_mean(m, g, beta1)), (v, running_mean(v, pt.sqr(g), beta2))


def _adam(gradients, learning_rate, beta1, beta2, epsilon, decay=0.0, greatest=False):
    step = _step_counter(gradients)
    updates = {step: step + 1}
    c1, c2 = without_bias(beta1, updates[step]), without_bias(beta2, updates[step])
    rate, scaled_epsilon = learning_rate * pt.sqrt(c2) / c1, epsilon * pt.sqrt(c2)
    for p, (m, new_m), (v, new_v) in _moments(gradients, beta1, beta2):
        updates[m], updates[v] = new_m, new_v
        curvature = new_v
        if greatest:
            peak = _state(p, "greatest_mean_square")
            updates[peak] = curvature = pt.maximum(peak, new_v)
        moved = p - rate * new_m / root(curvature, scaled_epsilon)
        updates[p] = moved - learning_rate * decay * p if decay is not None else moved
    return _finish(updates)


@update()
def adam(gradients, *, learning_rate: Rate = 0.001, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999, epsilon: Epsilon = 1e-8):
    """Adam: p - lr m / (sqrt(v) + eps), with bias-corrected running means m and v (Kingma & Ba 2015)."""
    return _adam(gradients, learning_rate, beta1, beta2, epsilon, decay=None)


@update()
def adamw(gradients, *, learning_rate: Rate = 0.001, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999,
          epsilon: Epsilon = 1e-8, decay: Decay = 0.01):
    """Adam with weight decay that is decoupled from the gradient, lr decay p (Loshchilov & Hutter 2019)."""
    return _adam(gradients, learning_rate, beta1, beta2, epsilon, decay=decay)


@update()
def amsgrad(gradients, *, learning_rate: Rate = 0.001, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999,
            epsilon: Epsilon = 1e-8):
    """Adam with the greatest mean square so far (Reddi et al. 2018), bias-corrected as in Adam."""
    return _adam(gradients, learning_rate, beta1, beta2, epsilon, decay=None, greatest=True)


@update()
def adamax(gradients, *, learning_rate: Rate = 0.002, beta1: Beta1 = 0.9, beta2: Beta2 = 0.999,
           epsilon: Epsilon = 1e-8):
    """Adam with the infinity norm: p - lr m / (u + eps), u = max(beta2 u, |g|) (Kingma & Ba 2015)."""
    step = _step_counter(gradients)
    updates = {step: step + 1}
    rate = learning_rate / without_bias(beta1, updates[step])
    for p, g in gradients.items():
        m, u = _state(p, "mean"), _state(p, "norm")
        updates[m] = running_mean(m, g, beta1)
        updates[u] = pt.maximum(beta2 * u, pt.abs(g))
        updates[p] = p - rate * updates[m] / (updates[u] + epsilon)
    return _finish(updates)
