"""Conventions of other libraries: the same losses with their values, defaults and divisors.

``like="torch"`` gives a loss the value that torch gives, for every loss that torch has. Predictions and targets stay
those of symloss: probabilities stay probabilities, and the graph still shows whether there are logits.
"""

from . import (
    keras,
    lasagne,
    numpy_ml,
    optax,
    sklearn,
    theanets,
    torch,
    wolfram,
)
from .registration import Convention, System, convention, systems

__all__ = ["Convention", "System", "convention", "keras", "lasagne", "numpy_ml", "optax", "sklearn", "systems",
           "theanets", "torch", "wolfram"]
