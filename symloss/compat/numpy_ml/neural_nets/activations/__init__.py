"""numpy_ml.neural_nets.activations."""

from .activations import (
    ELU,
    GELU,
    SELU,
    ActivationBase,
    Affine,
    Exponential,
    HardSigmoid,
    Identity,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SoftPlus,
    Tanh,
)

__all__ = ["ELU", "GELU", "SELU", "ActivationBase", "Affine", "Exponential", "HardSigmoid", "Identity", "LeakyReLU",
           "ReLU", "Sigmoid", "SoftPlus", "Tanh"]
