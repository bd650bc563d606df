"""lasagne.nonlinearities: activation functions, of expressions or of arrays."""

import pytensor.tensor as pt

from ..theano.tensor import nnet

__all__ = ["LeakyRectify", "SELU", "ScaledTanH", "ScaledTanh", "elu", "identity", "leaky_rectify", "linear", "rectify",
           "selu", "sigmoid", "softmax", "softplus", "tanh", "very_leaky_rectify"]


def sigmoid(x):
    """1 / (1 + exp(-x)), from 0 to 1."""
    return nnet.sigmoid(x)


def softmax(x):
    """exp(x) / sum(exp(x)) over the last axis: at least 0, with sum 1."""
    return nnet.softmax(x)


def tanh(x):
    """Hyperbolic tangent, from -1 to 1."""
    return pt.tanh(x)


class ScaledTanH:
    """``scale_out * tanh(scale_in * x)``.

    Parameters
    ----------
    scale_in, scale_out : float
        LeCun et al. (1998) advise 2/3 and 1.7159, which map 1 to 1 and -1 to -1.
    """

    def __init__(self, scale_in=1, scale_out=1):
        self.scale_in, self.scale_out = scale_in, scale_out

    def __call__(self, x):
        return pt.tanh(x * self.scale_in) * self.scale_out


ScaledTanh = ScaledTanH


def rectify(x):
    """max(0, x), as (x + |x|) / 2: its derivative at 0 is 1/2."""
    return nnet.relu(x)


class LeakyRectify:
    """x for x > 0, and ``leakiness * x`` otherwise.

    Parameters
    ----------
    leakiness : float
        Slope for x < 0: 0 gives `rectify`, 1 gives `linear`.
    """

    def __init__(self, leakiness=0.01):
        self.leakiness = leakiness

    def __call__(self, x):
        return nnet.relu(x, self.leakiness)


leaky_rectify = LeakyRectify()
very_leaky_rectify = LeakyRectify(1.0 / 3)


def elu(x):
    """x for x > 0, and exp(x) - 1 otherwise (Clevert et al. 2015)."""
    return nnet.elu(x)


class SELU:
    """``scale * x`` for x > 0, and ``scale * scale_neg * (exp(x) - 1)`` otherwise.

    Parameters
    ----------
    scale, scale_neg : float
        `selu` has those of Klambauer et al. (2017), which preserve a mean of 0 and a variance of 1 from layer to layer.
    """

    def __init__(self, scale=1, scale_neg=1):
        self.scale, self.scale_neg = scale, scale_neg

    def __call__(self, x):
        return self.scale * pt.switch(x > 0.0, x, self.scale_neg * pt.expm1(x))


selu = SELU(scale=1.0507009873554804934193349852946, scale_neg=1.6732632423543772848170429916717)


def softplus(x):
    """log(1 + exp(x)), greater than 0."""
    return nnet.softplus(x)


def linear(x):
    """The identity."""
    return x


identity = linear
