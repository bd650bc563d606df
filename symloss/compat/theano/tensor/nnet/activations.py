"""Activations of theano.tensor.nnet."""

import pytensor.tensor as pt

sigmoid, softplus = pt.sigmoid, pt.softplus


def softmax(c):
    """exp(c) / sum(exp(c)) over the last axis.

    Theano made a row of a vector, and failed on tensors of three axes and more; here they keep their shape.
    """
    return pt.special.softmax(c, axis=-1)


def logsoftmax(c):
    """The logarithm of `softmax`, over the last axis."""
    return pt.special.log_softmax(c, axis=-1)


def relu(x, alpha=0):
    """x above 0, ``alpha * x`` below; the derivative at 0 is (1 + alpha) / 2. Arrays of numpy's stay such."""
    if isinstance(alpha, int | float) and alpha == 0:
        return 0.5 * (x + abs(x))
    return 0.5 * (1 + alpha) * x + 0.5 * (1 - alpha) * abs(x)


def elu(x, alpha=1):
    """x above 0, ``alpha * (exp(x) - 1)`` below."""
    return pt.switch(x > 0, x, alpha * pt.expm1(x))


def selu(x):
    """Scaled `elu`, with the numbers of Klambauer et al. (2017)."""
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return scale * elu(x, alpha)


def hard_sigmoid(x):
    """0.2 x + 0.5, at least 0 and at most 1."""
    return pt.clip(x * pt.cast(0.2, x.dtype) + pt.cast(0.5, x.dtype), 0, 1)


def ultra_fast_sigmoid(x):
    """Theano's approximation of the sigmoid by quotients of lines and parabolas, with an error of about 0.1 at most."""
    half = 0.5 * x
    size = abs(half)
    inner = 1.5 * size / (1 + size)
    middle = 0.935409070603099 + 0.0458812946797165 * (size - 1.7)
    found = pt.switch(pt.lt(size, 1.7), inner, pt.switch(pt.lt(size, 3), middle, 0.99505475368673))
    return 0.5 * (pt.switch(pt.ge(half, 0), found, -found) + 1)
