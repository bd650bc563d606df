"""Elementary functions in plain C, without a branch or a table, so that any compiler computes several at a time.

Each is accurate to the bound in its comment, in ULP over all arguments, and has exact special values.
`tests/compiling/ccode/test_vector.py` goes over all exponents. Polynomials were fitted at Chebyshev nodes with 60
digits. Products are added with a fused operation where the processor has one, so bits
differ between processors that have it and those that do not; compilers do not make a difference.
"""

import functools

from .vector_circular import CIRCULAR32, CIRCULAR64, TURNS
from .vector_f32 import FLOAT32
from .vector_f64 import FLOAT64
from .vector_parts import HELPERS
from .vector_special import SPECIAL32, SPECIAL64

FUNCTIONS = {**{("float32", name): f for name, f in (FLOAT32 | SPECIAL32 | CIRCULAR32).items()},
             **{("float64", name): f for name, f in (FLOAT64 | SPECIAL64 | CIRCULAR64).items()}}


@functools.cache
def names() -> frozenset:
    """Return all pairs of function and dtype."""
    return frozenset((name, dtype) for dtype, name in FUNCTIONS)


def c_name(function: str, dtype: str) -> str:
    """Return the name of a function in C.

    >>> c_name("exp", "float32")
    'exp_f32'
    """
    return f"{function}_f{dtype.removeprefix('float')}"


def bound(function: str, dtype: str) -> float:
    """Return the greatest error in ULP."""
    return FUNCTIONS[dtype, function].ulp


def source(used) -> str:
    """Return the C of the functions with these C names, and of all that they call, each once and in order."""
    texts: dict[str, str] = {}
    for name in sorted(used):
        _add(name, texts)
    return "\n".join(text.strip("\n") + "\n" for text in texts.values())


def _add(name, texts):
    if name in texts:
        return
    function, _, bits = name.rpartition("_f")
    found = HELPERS.get(name) or TURNS.get(name) or FUNCTIONS[f"float{bits}", function]
    for needed in found.needs:
        _add(needed, texts)
    texts[name] = found.text
