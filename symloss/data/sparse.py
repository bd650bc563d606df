"""Sparse matrices: checked and converted like arrays, and never made dense."""

import numpy as np
import scipy.sparse

from ..errors import DataError, ShapeError

FORMATS = {"csr": scipy.sparse.csr_matrix, "csc": scipy.sparse.csc_matrix}


def is_sparse(value) -> bool:
    """Return whether `value` is a matrix or array of scipy.sparse."""
    return scipy.sparse.issparse(value)


def convert(value, form: str, shape, dtype: str, me: str, rows=None, allow_nan: bool = False):
    """Return `value` as a sparse matrix in this format and dtype, or raise what is wrong with it.

    Parameters
    ----------
    value : scipy sparse matrix, or array of 2 axes
    form : 'csr' or 'csc'
    shape : (None, columns)
    dtype : str
    me : str
        Whose data they are, for messages.
    rows : int array or None
        Numbers of the rows in the data set, for messages.
    allow_nan : bool
    """
    if isinstance(value, np.ma.MaskedArray) and value.dtype.names is None and np.any(value.mask):
        raise DataError(f"{me} is a masked array. Pass .filled(0), and give the masked values a weight of 0")
    try:
        matrix = FORMATS[form](value)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise DataError(f"{me} cannot be read as a sparse matrix ({error}). Pass a matrix of scipy.sparse") from None
    if matrix.dtype.kind not in "biuf":
        raise DataError(f"{me} has dtype {matrix.dtype}. Pass numbers")
    if matrix.shape[1] != shape[1]:
        raise ShapeError(f"{me} has shape {matrix.shape}, but the model needs (n, {shape[1]}). Pass {shape[1]} columns")
    with np.errstate(over="ignore"):
        cast = matrix.astype(dtype)
    bad = ~np.isfinite(cast.data)
    if bad.any() and not (allow_nan and (np.isfinite(matrix.data) <= np.isfinite(cast.data)).all()):
        entries = cast.tocoo()
        first = np.flatnonzero(~np.isfinite(entries.data))[0]
        row = int(entries.row[first] if rows is None else rows[entries.row[first]])
        raise DataError(f"{me}, row {row}, column {int(entries.col[first])}: {entries.data[first]} is not finite as "
                        f"{dtype} (affected values: {int(bad.sum())}). Clean or scale the data")
    return cast


def joined(parts: list):
    """Return arrays, or sparse matrices, one behind the other."""
    if is_sparse(parts[0]):
        return scipy.sparse.vstack(parts, format=parts[0].format)
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
