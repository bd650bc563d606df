"""The base class of all losses of numpy_ml."""

from abc import ABC, abstractmethod


class ObjectiveBase(ABC):
    """A loss of arrays. Your own subclass defines `loss` and `grad`."""

    def __call__(self, y, y_pred):
        """Return what `loss` does."""
        return self.loss(y, y_pred)

    @abstractmethod
    def loss(self, y_true, y_pred):
        """Return the loss, one number."""

    @abstractmethod
    def grad(self, y_true, y_pred, **kwargs):
        """Return its gradient."""

    def __str__(self):
        return type(self).__name__
