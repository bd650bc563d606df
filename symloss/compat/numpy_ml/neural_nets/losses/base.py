"""What all losses of numpy_ml are."""

from abc import ABC, abstractmethod


class ObjectiveBase(ABC):
    """A loss of arrays. A subclass of your own defines `loss` and `grad`."""

    @abstractmethod
    def loss(self, y_true, y_pred):
        """Return the loss, one number."""

    @abstractmethod
    def grad(self, y_true, y_pred, **kwargs):
        """Return its gradient."""

    def __str__(self):
        return type(self).__name__
