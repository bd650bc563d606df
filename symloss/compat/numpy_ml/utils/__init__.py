"""numpy_ml.utils: noise samplers and checks of arrays."""

from . import data_structures, testing

__all__ = ["data_structures", "testing"]
