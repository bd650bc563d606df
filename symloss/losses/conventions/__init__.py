"""Conventions of other systems: the same losses with their values, defaults and divisors.

``like="torch"`` gives a loss the number that torch gives, for every loss that torch has: of predictions and targets as
this library takes them, so probabilities stay probabilities, and the graph still tells whether there are logits.
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
