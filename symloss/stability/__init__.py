"""Graphs in, graphs out: losses in forms whose gradients are exact, before the gradient is taken.

Inside: `rewriting.py` (the database of rewrites and what it did), `logarithms.py` (its rules: log(softmax)
and its kin),
`patterns.py` (softmax and sigmoid, however they were written), `distributions.py` (refuses what is no probability).
May import objective, losses and `_checks`; it compiles nothing.
Start reading at `rewriting.py`.
"""

from .rewriting import stabilise, stable, switched_off

__all__ = ["stabilise", "stable", "switched_off"]
