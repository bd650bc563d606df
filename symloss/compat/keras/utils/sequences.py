"""Sequences of different lengths as one array, and data as tuples."""

import numpy as np

from ....errors import SpecError
from ..errors import no_such


def pad_sequences(sequences, maxlen=None, dtype="int32", padding="pre", truncating="pre", value=0.0) -> np.ndarray:
    """Return sequences as an array (n, maxlen, ...): short ones padded with `value`, long ones cut.

    Parameters
    ----------
    sequences : list of sequences
    maxlen : int or None
        None: the length of the longest.
    dtype : str
    padding, truncating : 'pre' or 'post'
        Where numbers are added, and where they are cut off.
    value : number
    """
    for name, where in (("padding", padding), ("truncating", truncating)):
        if where not in ("pre", "post"):
            raise no_such(f"{name} of pad_sequences:", where, ("pre", "post"))
    if not hasattr(sequences, "__len__") or any(not hasattr(s, "__len__") for s in sequences):
        raise SpecError("pad_sequences: pass a list of sequences, such as [[1, 2], [3]]")
    longest = max((len(s) for s in sequences), default=0) if maxlen is None else maxlen
    inner = next((np.shape(s)[1:] for s in sequences if len(s)), ())
    padded = np.full((len(sequences), longest, *inner), value, dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        kept = np.asarray(sequence[-longest:] if truncating == "pre" else sequence[:longest], dtype)
        if longest and len(kept):
            row[slice(-len(kept), None) if padding == "pre" else slice(len(kept))] = kept
    return padded


def pack_x_y_sample_weight(x, y=None, sample_weight=None):
    """Return data as `fit` takes them: x, (x, y) or (x, y, sample_weight)."""
    if y is None:
        return (x,) if isinstance(x, list | tuple) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data) -> tuple:
    """Return (x, y, sample_weight), None for what is not there."""
    data = tuple(data) if isinstance(data, list | tuple) else (data,)
    if len(data) > 3:
        raise SpecError(f"unpack_x_y_sample_weight: got a tuple of {len(data)}; pass x, (x, y) or (x, y, "
                        f"sample_weight)")
    return (*data, None, None)[:3]
