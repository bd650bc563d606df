"""Losses by name: as Keras spells them, and as instances or plain data."""

import inspect

from ..serialization import as_config, found, from_config
from . import classes, functions
from .base import Loss

CLASSES = {name: cls for name, cls in vars(classes).items()
           if inspect.isclass(cls) and issubclass(cls, Loss) and cls is not Loss}
FUNCTIONS = {name: function for name, function in vars(functions).items()
             if inspect.isfunction(function) and function.__module__ == functions.__name__
             and next(iter(inspect.signature(function).parameters)) == "y_true" and not name.startswith("_")}
ALIASES = {
    "mse": functions.mean_squared_error, "mae": functions.mean_absolute_error,
    "mape": functions.mean_absolute_percentage_error, "msle": functions.mean_squared_logarithmic_error,
    "bce": functions.binary_crossentropy, "kld": functions.kl_divergence,
}
ALL = {**FUNCTIONS, **CLASSES, **ALIASES, **{name.upper(): function for name, function in ALIASES.items()},
       "huber_loss": functions.huber, "logcosh": functions.log_cosh}


def get(identifier):
    """Return a loss: a function or an instance, found by its name or its configuration; None stays None.

    Raises
    ------
    BadNameError
        If the name is unknown. The message suggests the nearest names.
    SpecError
        For what is no loss.
    """
    return found(identifier, "loss", "Loss", deserialize)


def serialize(loss):
    """Return a loss as plain data: an instance as a dict, a function as its name."""
    return as_config(loss, "keras.losses")


def deserialize(name, custom_objects=None):
    """Return the loss that a name or a configuration describes."""
    return from_config(name, "loss", ALL, custom_objects)
