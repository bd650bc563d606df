"""Models of sequences: (batch, time, variables) in, a prediction for every step out; and data for them.

The classes are in `models.recurrent`, the data in `models.text`; these are their public names.
"""

from .models.recurrent import Autoencoder, Classifier, Regressor
from .models.text import Text, batches

__all__ = ["Autoencoder", "Classifier", "Regressor", "Text", "batches"]
