"""The formula of any PyTensor expression, in the names of its variables."""

import importlib

from ..errors import SpecError, SymlossError


def need_sympy():
    """Return sympy, or say how to install it."""
    try:
        return importlib.import_module("sympy")
    except ImportError:
        raise SymlossError("latex: sympy is not installed. Run pip install 'symloss[formulas]'") from None


def expression_formula(expression, names=None, name: str = "y", tidy: bool = True):
    """Return the `Formula` of an entry of a PyTensor expression.

    Parameters
    ----------
    expression : tensor variable
    names : dict or None
        What variables are called, by variable; others are called by their own names.
    name : str
        What stands on the left side, as LaTeX.

    Raises
    ------
    UntranslatedError
        For an operation that has no formula, by name.
    SpecError
        If two variables have one name.
    SymlossError
        If sympy is not installed.
    """
    sympy = need_sympy()
    from pytensor.graph.basic import Constant
    from pytensor.graph.traversal import ancestors

    from .formula import Formula
    from .reading import Reader

    names = dict(names or {})
    inner = [v for v in ancestors([expression], blockers=list(names)) if v in names or (
        v.owner is None and not isinstance(v, Constant) and not (hasattr(v, "get_value") and v.type.ndim == 0))]
    leaves, lengths = {}, {}
    for number, variable in enumerate(inner):
        called = names.get(variable) or variable.name or f"x_{number}"
        if called in [str(leaf) for leaf in leaves.values()]:
            raise SpecError(f"latex: two variables are named {called!r}. Pass names={{variable: 'x', ...}}")
        facts = {"integer": True} if variable.dtype.startswith(("int", "uint", "bool")) else {"real": True}
        leaves[variable] = sympy.IndexedBase(called, **facts) if variable.type.ndim else sympy.Symbol(called, **facts)
        for axis in range(variable.type.ndim):
            lengths[variable, axis] = sympy.Symbol(("n", "K", "L", "M")[axis], integer=True, positive=True)
    at = tuple(sympy.Symbol(letter, integer=True, nonnegative=True) for letter in "ihgq"[: expression.type.ndim])
    reader = Reader(leaves, lengths)
    found = reader.entry(expression, at)
    shapes = {str(leaf): (leaf, v.type.shape) for v, leaf in leaves.items()}
    found, entries, notes = without_shared_indices(found, shapes, at, reader.notes)
    sizes = dict.fromkeys(set(lengths.values()), 3) | dict.fromkeys(entry_indices(entries, at), 1)
    formula = Formula(found, name=name, entries=entries, sizes=sizes, notes=notes)
    return formula.tidy() if tidy else formula


def without_shared_indices(expression, leaves: dict, at: tuple, notes: dict | None = None):
    """Return an expression without the indices that all its entries begin with, the entry of each leaf, and the notes.

    Parameters
    ----------
    leaves : dict
        Array or symbol, and static shape, by name.
    at : tuple of symbols
        The indices of the result.
    notes : dict or None
        What abbreviations stand for.
    """
    sympy = need_sympy()
    notes = dict(notes or {})
    if notes:
        from .naming import without_item

        expression, notes, shared = without_item(expression, notes, at)
    else:
        shared = 0
    found = expression.atoms(sympy.Indexed)
    most = 0 if notes else len(at)
    outside = expression.xreplace({e: sympy.Dummy() for e in found})
    while shared < most and not outside.has(at[shared]) and all(
            len(e.indices) > shared and e.indices[shared] == at[shared] and at[shared] not in e.indices[shared + 1 :]
            for e in found):
        shared += 1

    def shorter(entry):
        rest, base = entry.indices[shared:], entry.base
        if rest:
            return base[rest]
        facts = {k: base.assumptions0.get(k) for k in ("positive", "integer", "real", "nonnegative")}
        return sympy.Symbol(str(base.label), **{k: True for k, v in facts.items() if v})

    if shared and not notes:
        expression = expression.replace(lambda e: isinstance(e, sympy.Indexed), shorter)
    free = [s for s in sympy.symbols("i h g q", integer=True, nonnegative=True) if not expression.has(s)]
    entries = {}
    for name, (leaf, shape) in leaves.items():
        if not isinstance(leaf, sympy.IndexedBase):
            entries[name] = leaf
            continue
        wide, rest = [a for a, length in enumerate(shape) if length != 1], list(free)
        index = [at[a] if a < shared else rest.pop(0) for a in wide]
        entries[name] = shorter(leaf[tuple(index)]) if index else sympy.Symbol(str(leaf.label), real=True)
    return expression, entries, notes


def entry_indices(entries: dict, at: tuple) -> set:
    """Return the indices that stand in entries and in a result: each of them is one number."""
    sympy = need_sympy()
    indices = {i for e in entries.values() if isinstance(e, sympy.Indexed) for i in e.indices if i.is_Symbol}
    return indices | set(at) | {e for e in entries.values() if e.is_integer and e.is_Symbol}
