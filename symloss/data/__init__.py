"""Data on their way in: checked, converted, in batches. Nothing here knows PyTensor."""

from . import mnist
from .batches import Field, batches, prepare, slices

__all__ = ["Field", "batches", "mnist", "prepare", "slices"]
