"""Losses from text: a small language of formulas with a parser of its own, which never calls Python's.

Inside, in the order in which a text passes through them: `tokens.py` (signs, numbers and names), `grammar.py` (a tree),
`functions.py` (the functions by name), `graphs.py` (PyTensor expressions), `definitions.py` (`loss_from`, and the spec
of a text). `from_sympy.py` writes a sympy expression in this language.
Imports what `losses` may, and `losses.registration`.
Start reading at `definitions.py`.
"""

from . import definitions
from .definitions import loss_from

__all__ = ["definitions", "loss_from"]
