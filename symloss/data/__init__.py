"""Data on their way in: checked, converted, in batches. Nothing here knows PyTensor."""

from . import mnist
from .encoders import Labels
from .fields import Field, as_array, prepare
from .sources import WINDOW_BYTES, Arrays, ExhaustedError, Stream, ahead, open_source

__all__ = [
    "WINDOW_BYTES", "Arrays", "ExhaustedError", "Field", "Labels", "Stream", "ahead", "as_array", "mnist",
    "open_source", "prepare",
]
