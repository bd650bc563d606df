"""Losses from text: a small language of formulas, read by a parser of its own and never by Python's.

Inside, in the order in which a text goes through them: `tokens.py` (signs, numbers and names), `grammar.py` (a tree),
`functions.py` (what the names of functions mean), `graphs.py` (PyTensor expressions), `definitions.py` (`loss_from`,
and a spec for a text). `from_sympy.py` writes an expression of sympy in this language.
Imports what `losses` may, and `losses.registration`.
Start reading at `definitions.py`.
"""

from . import definitions
from .definitions import loss_from

__all__ = ["definitions", "loss_from"]
