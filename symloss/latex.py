"""latex: the formula of a loss, a model or a PyTensor expression."""

from pytensor.graph.basic import Variable

from . import losses
from .errors import SpecError
from .formulas import expression_formula
from .losses import Loss, LossSpec


def latex(form, derivative: int = 0, wrt=None, names=None, name: str = "y", **options) -> str:
    """Return what something computes as LaTeX, without dollar signs.

    The formula is read from the graph that would be compiled. sympy (the extra 'formulas') is needed.

    Parameters
    ----------
    form : str, function, LossSpec, Loss, model or PyTensor expression
        What to write. A tensor is written as one entry of it, with indices i, h, ...
    derivative : int
        0, 1 or 2: the formula, its gradient, its second derivative.
    wrt : str, variable or None
        What it is differentiated by: a port of a loss, or a variable of an expression; None: the first one.
    names : dict or None
        What variables of an expression are called: ``{x: "x"}``. None: by their own names.
    name : str
        What stands on the left side of an expression's formula.
    **options
        Hyperparameters of a loss, or regularizers of a model's training (``weight_l2=1e-4``).

    Raises
    ------
    SpecError
        If there is nothing that has a formula.
    UntranslatedError
        For an operation that has no formula, which is named; a kind of SpecError.
    SymlossError
        If sympy is not installed.

    >>> latex("mae")
    '\\\\ell = \\\\left|e\\\\right|, \\\\quad e = p - t'
    """
    if isinstance(form, Variable):
        return _of_expression(form, derivative, wrt, names, name, options)
    if isinstance(form, str):
        form = losses.registry.get(form)
        form = form() if isinstance(form, type) else form
    elif callable(form) and not isinstance(form, type | Loss | LossSpec) and not hasattr(form, "latex"):
        form = Loss(form, **options).spec
    if names is not None or name != "y":
        raise SpecError("latex: names and name only work with a PyTensor expression. Leave them out")
    if not hasattr(form, "latex"):
        raise SpecError(f"latex: {form!r} has no formula. Pass a loss, a model or a PyTensor expression")
    if hasattr(form, "losses"):  # a model, whose objective is not differentiated here
        if derivative or wrt is not None:
            raise SpecError("latex: the formula of a model has no derivatives. Use those of its losses: "
                            "net.losses[0].latex(derivative=1)")
        return form.latex(**options)
    return form.latex(derivative, wrt, **options)


def _of_expression(expression, derivative, wrt, names, name, options) -> str:
    if options:
        raise SpecError(f"latex: {', '.join(options)} only works with a loss or a model, not with a PyTensor "
                        "expression")
    if derivative not in (0, 1, 2):
        raise SpecError(f"latex: derivative={derivative!r} is not valid; it must be 0, 1 or 2")
    found = expression_formula(expression, names, name)
    if not derivative:
        return found.latex()
    port = wrt if wrt is None or isinstance(wrt, str) else (names or {}).get(wrt, wrt.name)
    return found.differentiated(port, derivative).latex()
