"""Models of sequences: from inputs (batch, time, variables) to a prediction for every step; and data for them.

The classes are in `models.recurrent`, the data in `models.text`; these are their public names.
"""

from .models.recurrent import Autoencoder, Classifier, Regressor
from .models.text import Text, batches

__all__ = ["Autoencoder", "Classifier", "Regressor", "Text", "batches"]
