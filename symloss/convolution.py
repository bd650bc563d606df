"""Models of images and series: `Regressor` and `Classifier` whose first layer is (batch, rows, columns, channels).

The classes are in `models.convolution`; these are their public names.
"""

from .models.convolution import Classifier, Regressor

__all__ = ["Classifier", "Regressor"]
