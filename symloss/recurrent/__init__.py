"""Models of sequences: (batch, time, variables) in, a prediction for every step out; and data for them."""

from .models import Autoencoder, Classifier, Regressor
from .text import Text, batches

__all__ = ["Autoencoder", "Classifier", "Regressor", "Text", "batches"]
