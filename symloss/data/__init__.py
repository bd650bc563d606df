"""Data: arrays are checked, converted and split into batches. Nothing here uses PyTensor.

Inside: `columns.py` (which array is for which field), `reading.py` (anything becomes an array), `fields.py` (what a
model takes, checked), `labels.py` (labels of any kind; those out of range are refused), `sources.py` (where batches
come from), `pairs.py` (pairs and triplets of labelled items).
May only import errors and `_registry`.
Start reading at `fields.py`.
"""

from . import mnist, ragged
from .columns import check_lengths, has_ragged, is_mapping, named, rows_of
from .fields import Field, convert, prepare, read
from .labels import Labels
from .pairs import pairs, triplets
from .reading import as_array
from .sources import (
    WINDOW_BYTES,
    Arrays,
    ExhaustedError,
    Stream,
    ahead,
    open_source,
)
from .sparse import joined
from .splitting import split
from .uncounted import Silence

__all__ = [
    "WINDOW_BYTES", "Arrays", "ExhaustedError", "Field", "Labels", "Silence", "Stream", "ahead", "as_array",
    "check_lengths", "convert", "has_ragged", "is_mapping", "joined", "mnist", "named", "open_source", "pairs",
    "prepare", "ragged", "read", "rows_of", "split", "triplets",
]
