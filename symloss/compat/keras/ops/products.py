"""Products of vectors and matrices, and what linear algebra makes of matrices."""

import numpy as np
import pytensor.tensor as pt
from scipy import linalg

from ....errors import SpecError
from .dispatch import finished, named, one, several
from .elementwise import sqrt
from .reductions import sum
from .shaping import expand_dims, reshape, transpose


def matmul(x1, x2):
    """Return the product of matrices, over the last two axes."""
    (x1, x2), library = several(x1, x2)
    return finished(library.matmul(x1, x2))


def dot(x1, x2):
    """Return numpy's `dot`: over the last axis of x1 and the last but one of x2."""
    (x1, x2), library = several(x1, x2)
    if library is pt and (x1.ndim > 2 or x2.ndim > 2):
        return pt.tensordot(x1, x2, [[x1.ndim - 1], [max(x2.ndim - 2, 0)]])
    if x1.ndim == 0 or x2.ndim == 0:
        return finished(x1 * x2)
    return finished(library.dot(x1, x2))


def vdot(x1, x2):
    """Return the sum of the products of all elements."""
    return sum(reshape(x1, (-1,)) * reshape(x2, (-1,)))


def inner(x1, x2):
    """Return the products over the last axis of both."""
    (x1, x2), library = several(x1, x2)
    if x1.ndim == 0 or x2.ndim == 0:
        return finished(x1 * x2)
    return tensordot(x1, x2, [[x1.ndim - 1], [x2.ndim - 1]])


def outer(x1, x2):
    """Return the product of each element of x1 with each of x2."""
    return reshape(x1, (-1, 1)) * reshape(x2, (1, -1))


def tensordot(x1, x2, axes=2):
    """Return the sum of products over axes of both."""
    (x1, x2), library = several(x1, x2)
    return finished(library.tensordot(x1, x2, axes))


def einsum(subscripts, *operands):
    """Return a sum of products in Einstein's notation: ``einsum("ij,kj->ik", a, b)``."""
    operands, library = several(*operands)
    return finished(library.einsum(subscripts, *operands))


def cross(x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Return the cross product of vectors of three numbers along an axis."""
    (x1, x2), library = several(x1, x2)
    if library is np:
        return finished(np.cross(x1, x2, axisa, axisb, axisc, axis))
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = (pt.moveaxis(x, at, -1) for x, at in ((x1, axisa), (x2, axisb)))
    parts = [a[..., i] * b[..., j] - a[..., j] * b[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return pt.moveaxis(pt.stack(parts, axis=-1), -1, axisc)


def kron(x1, x2):
    """Return the Kronecker product."""
    (x1, x2), library = several(x1, x2)
    return finished(np.kron(x1, x2) if library is np else pt.linalg.kron(x1, x2))


def cdist(x, y):
    """Return the Euclidean distances of the rows of x from those of y."""
    return sqrt(sum((expand_dims(x, -2) - expand_dims(y, -3)) ** 2, -1))


def _of_matrices(name: str, of_arrays, of_expressions, core: str):
    def operation(x):
        x, library = one(x, floats=True)
        if library is np:
            return finished(of_arrays(x).astype(x.dtype))
        return of_expressions(x) if x.ndim == 2 else pt.vectorize(of_expressions, signature=core)(x)

    return named(operation, name, f"Return `{name}` of a matrix, or of each of several.")


det = _of_matrices("det", np.linalg.det, pt.linalg.det, "(m,m)->()")
inv = _of_matrices("inv", np.linalg.inv, pt.linalg.inv, "(m,m)->(m,m)")
_pinv = _of_matrices("pinv", np.linalg.pinv, pt.linalg.pinv, "(m,n)->(n,m)")
logdet = _of_matrices("logdet", lambda x: np.linalg.slogdet(x)[1], lambda x: pt.linalg.slogdet(x)[1], "(m,m)->()")
_cholesky = _of_matrices("cholesky", np.linalg.cholesky, pt.linalg.cholesky, "(m,m)->(m,m)")


def cholesky(x, upper=False):
    """Return the lower triangle L with L L' = x; its transpose with `upper`."""
    lower = _cholesky(x)
    return transpose(lower, [*range(lower.ndim - 2), lower.ndim - 1, lower.ndim - 2]) if upper else lower


def pinv(x, rcond=None):
    """Return the pseudo-inverse; singular values up to `rcond` times the greatest count as 0."""
    if rcond is None:
        return _pinv(x)
    x, library = one(x, floats=True)
    if library is pt:
        raise SpecError("pinv: rcond is only supported for arrays; leave it out for a PyTensor variable")
    return finished(np.linalg.pinv(x, rcond))


def slogdet(x) -> tuple:
    """Return the sign and the logarithm of the size of the determinant."""
    x, library = one(x, floats=True)
    return tuple(finished(part) for part in library.linalg.slogdet(x))


def solve(a, b):
    """Return x with a x = b. If b has one axis fewer than a, it contains a vector for each matrix."""
    (a, b), library = several(a, b, floats=True)
    if library is pt:
        return pt.linalg.solve(a, b)
    vectors = b.ndim == a.ndim - 1
    found = np.linalg.solve(a, b[..., None] if vectors else b)
    return finished(found[..., 0] if vectors else found)


def solve_triangular(a, b, lower=False):
    """Return x with a x = b, for a triangle a."""
    (a, b), library = several(a, b, floats=True)
    if library is np and a.ndim > 2:
        return solve(np.tril(a) if lower else np.triu(a), b)
    return finished((linalg if library is np else pt.linalg).solve_triangular(a, b, lower=lower))


def svd(x, full_matrices=True, compute_uv=True):
    """Return (u, s, vh) with x = u s vh, or only s."""
    x, library = one(x, floats=True)
    found = library.linalg.svd(x, full_matrices=full_matrices, compute_uv=compute_uv)
    return tuple(finished(part) for part in found) if compute_uv else finished(found)


def qr(x, mode="reduced") -> tuple:
    """Return (q, r) with x = q r."""
    x, library = one(x, floats=True)
    if library is np:
        return tuple(finished(part) for part in np.linalg.qr(x, mode))
    return tuple(pt.linalg.qr(x, mode={"reduced": "economic", "complete": "full"}[mode]))


def eigh(x) -> tuple:
    """Return eigenvalues and eigenvectors of a symmetric matrix."""
    x, library = one(x, floats=True)
    return tuple(finished(part) for part in library.linalg.eigh(x))


