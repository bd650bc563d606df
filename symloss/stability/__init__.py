"""Graphs in, graphs out: losses in forms whose gradients are exact, before the gradient is taken.

Inside: `rewriting.py` (the database of rewrites and what it did). Its rules: `logarithms.py` (log(softmax) and its
kin), `complements.py` (1 less a probability), `log_differences.py` (differences, hyperbolic functions), `powers.py`
(powers, quotients and sums, lengths of vectors). Below them: `scaled.py` (a variable as exp(exponent) * factor, and
the look for it), `stable_forms.py` (what takes the place), `patterns.py` (softmax and
sigmoid, however they were written).
`refusals.py` refuses outputs that are not probabilities.
May import objective, losses and `_checks`; it compiles nothing.
Start reading at `rewriting.py`.
"""

from .rewriting import stabilise, stable, switched_off

__all__ = ["stabilise", "stable", "switched_off"]
