"""keras.ops.linalg: what linear algebra makes of matrices."""

from .products import (
    cholesky,
    det,
    eigh,
    inv,
    pinv,
    qr,
    slogdet,
    solve,
    solve_triangular,
    svd,
)
from .reductions import (
    norm,
)

__all__ = [
    "cholesky", "det", "eigh", "inv", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd",
]
