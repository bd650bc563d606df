"""Functions with all of PyTensor's own options, for scripts that call ``function`` themselves."""

import pytensor

from .by_shape import ByShape
from .compiler_failures import explained
from .modes import resolve
from .threads import alone


@alone
def function(inputs, outputs=None, mode=None, **options):
    """Return PyTensor's compiled function of `inputs`, made by one of our backends.

    Parameters
    ----------
    inputs, outputs
        As ``pytensor.function`` takes them.
    mode : str, Mode or None
        See `resolve`; what the compiler of our own would take, C takes.
    **options
        Arguments of ``pytensor.function``; JAX honours updates and givens alone.

    Raises
    ------
    SpecError
        If the compiler or its cache fails.
    """
    backend = resolve(mode).otherwise()
    if backend.by_shape:
        return ByShape(inputs, outputs, backend.mode, options.get("updates"), options.get("givens"))
    return explained(backend.name, lambda: pytensor.function(inputs, outputs, mode=backend.mode, **options))
