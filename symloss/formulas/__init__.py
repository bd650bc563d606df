"""Formulas: what a PyTensor graph computes, as LaTeX and as an expression of sympy (the extra 'formulas').

Inside: `asked.py` (the formula of an expression), `reading.py` (graph to sympy, an entry of a tensor at a time),
`elementwise.py` and `lengths.py` (its tables of operations), `loops.py` (recursions), `ordering.py` (sorting),
`naming.py` (what a long formula uses more than once gets a name), `sums.py`, `constants.py`, `functions.py` (sigmoid,
softplus, maxima over an index), `checks.py` (conditions that hold for good data), `conditions.py` (cases, and what they
have decided), `tidying.py` (as a person would write it), `numbers.py` (a formula is computed, and every step tried on
numbers), `printing.py` (LaTeX), `formula.py` (Formula: all of it together).
May import errors alone; sympy is imported when a formula is asked for, and not before.
Start reading at `reading.py`.
"""

from .asked import expression_formula, need_sympy

__all__ = ["expression_formula", "need_sympy"]
