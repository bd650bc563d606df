"""Experiment: a model with methods that train, save and load it."""

import os
import pathlib

from ..errors import SpecError
from . import saving
from .network import Network


class Experiment:
    """A model that is trained, saved and loaded.

    Parameters
    ----------
    model : Network, class of models, or path
        A model, a class of models that is called with the other arguments, or the path of a saved model.
    *arguments, **options
        Arguments for the class.

    >>> Experiment(Network, [4, 3, 2], loss="mae").network
    Network([4, 3, 2], loss='mae')
    """

    def __init__(self, model, *arguments, **options):
        if isinstance(model, type) and issubclass(model, Network):
            self.network = model(*arguments, **options)
            return
        if arguments or options:
            raise SpecError(f"Experiment: you can pass more arguments only with a class of models, but got {model!r}. "
                            "Leave them out")
        if isinstance(model, Network):
            self.network = model
        elif isinstance(model, str | os.PathLike):
            self.network = saving.load(pathlib.Path(model))
        else:
            raise SpecError(f"Experiment: got {model!r}. Pass a model, a class of models or a path")

    def train(self, *arguments, **options):
        """Train the model and return its history; see `Network.train`."""
        return self.network.train(*arguments, **options)

    def itertrain(self, *arguments, **options):
        """Train the model, and yield the record of each epoch as soon as it is complete."""
        return self.network.itertrain(*arguments, **options)

    def save(self, path, training=False) -> None:
        """Save the model to a file."""
        self.network.save(path, training)

    def load(self, path) -> Network:
        """Load a model from a file, use it in this experiment, and return it."""
        self.network = saving.load(path)
        return self.network
