"""Data on their way in: checked, converted, in batches. Nothing here knows PyTensor."""

from . import mnist, ragged
from .fields import (
    Field,
    Silence,
    as_array,
    check_lengths,
    convert,
    has_ragged,
    named,
    prepare,
    rows_of,
)
from .labels import Labels
from .sources import (
    WINDOW_BYTES,
    Arrays,
    ExhaustedError,
    Stream,
    ahead,
    open_source,
)
from .sparse import joined

__all__ = [
    "WINDOW_BYTES", "Arrays", "ExhaustedError", "Field", "Labels", "Silence", "Stream", "ahead", "as_array",
    "check_lengths", "convert", "has_ragged", "joined", "mnist", "named", "open_source", "prepare", "ragged", "rows_of",
]
