"""Cases without what other conditions have decided, or what a condition says twice."""

import itertools

import sympy

from .functions import MaxOver, OverIndex

MOST_CASES = 3  # a comparison with more of them is left as it is
ATOMS = 6  # a condition of more comparisons is not simplified


def decided(expression):
    """Return an expression whose cases do not ask again what holds where they count.

    >>> a, b, x = *sympy.symbols("a b"), sympy.Symbol("x", real=True)
    >>> one, found = sympy.Piecewise((1, a > b), (0, True)), sympy.Piecewise((x, a > b), (5, True))
    >>> decided(one * found).args[0]
    x
    """
    return _under(expression, {})


def _under(expression, facts):
    if not expression.has(sympy.Piecewise):
        return expression
    if isinstance(expression, sympy.Piecewise):
        return _cases(expression, facts)
    if isinstance(expression, sympy.Mul):
        factors = list(expression.args)
        for place in range(len(factors)):  # where one of them is 0 the others do not matter
            factor = factors[place]
            if isinstance(factor, sympy.Piecewise) and len(factor.args) == 2 and factor.args[1].expr == 0:
                true = facts | holding(factor.args[0].cond)
                factors = [f if i == place else _under(f, true) for i, f in enumerate(factors)]
        return sympy.Mul(*[_under(f, facts) for f in factors])
    found = expression.func(*(_under(a, facts) if isinstance(a, sympy.Expr) else a for a in expression.args))
    return in_cases(found) if isinstance(found, sympy.Max | sympy.Min) else found


def is_number_in_cases(expression) -> bool:
    """Return whether an expression is a number in each of some cases."""
    cases = expression.atoms(sympy.Piecewise)
    if expression.has(sympy.Sum, sympy.Product, MaxOver, OverIndex):
        return False
    return bool(cases) and not expression.xreplace(dict.fromkeys(cases, sympy.S.One)).free_symbols and all(
        value.is_number for one in cases for value, _ in one.args)


def in_cases(expression):
    """Return max(0, 1 - [i = j]) as [i != j]: an expression that is a number in every case, case by case.

    A comparison of such numbers becomes the condition under which it is true.
    """
    if not isinstance(expression, sympy.Basic):
        return expression
    expression = without_choices(expression)
    if isinstance(expression, sympy.Piecewise) or not is_number_in_cases(expression):
        return expression
    cases = sorted(expression.atoms(sympy.Piecewise), key=str)
    if isinstance(expression, sympy.core.relational.Relational) and len(cases) <= MOST_CASES:
        true = [sympy.And(*(c for _, c in chosen)) for chosen in itertools.product(*map(_exclusive, cases))
                if expression.xreplace(dict(zip(cases, (v for v, _ in chosen), strict=True))) == sympy.true]
        return simpler(sympy.Or(*true))
    if len(cases) != 1 or isinstance(expression, sympy.logic.boolalg.Boolean):
        return expression
    return sympy.Piecewise(*((expression.xreplace({cases[0]: value}), c) for value, c in cases[0].args))


def _exclusive(cases):
    """Return the values of cases with conditions that exclude each other."""
    before, found = [], []
    for value, condition in cases.args:
        found.append((value, sympy.And(condition, *map(sympy.Not, before))))
        before.append(condition)
    return found


def without_choices(expression):
    """Return an expression whose conditions are made of and, or and not alone."""
    return expression.replace(lambda e: isinstance(e, sympy.ITE), lambda e: simpler(sympy.Or(
        sympy.And(e.args[0], e.args[1]), sympy.And(sympy.Not(e.args[0]), e.args[2]))))


def _cases(expression, facts):
    found, before = [], {}
    for value, condition in expression.args:
        condition = simpler(condition.xreplace(facts | before))
        value = _under(value, facts | before | holding(condition))
        if isinstance(value, sympy.Piecewise):  # cases within a case
            found += [(v, simpler(sympy.And(c, condition))) for v, c in value.args]
        else:
            found.append((value, condition))
        if condition == sympy.true:
            break
        before = before | holding(sympy.Not(condition))
    if len(found) > 1 and len({value for value, _ in found}) == 1:
        return found[0][0]
    return sympy.Piecewise(*found)


def holding(condition) -> dict:
    """Return what can be put in the place of comparisons where a condition holds."""
    facts = {}
    for part in condition.args if isinstance(condition, sympy.And) else [condition]:
        for one, holds in ((part, sympy.true), (sympy.Not(part), sympy.false)):
            facts[one] = holds
            if isinstance(one, sympy.core.relational.Relational):
                facts[one.reversed] = holds
    return {key: value for key, value in facts.items() if key not in (sympy.true, sympy.false)}


def simpler(condition):
    """Return a condition without what it says twice."""
    if not isinstance(condition, sympy.And | sympy.Or | sympy.Not):
        return condition
    atoms = condition.atoms(sympy.core.relational.Relational)
    if len(atoms) > ATOMS or sympy.count_ops(condition) > 60:
        return condition
    stand_in = {atom: sympy.Symbol(f"c_{n}") for n, atom in enumerate(sorted(atoms, key=str))}
    for atom in list(stand_in):
        if atom.negated in stand_in:
            stand_in[atom] = sympy.Not(stand_in[atom.negated])
            break
    found = sympy.simplify_logic(condition.xreplace(stand_in), form="dnf", deep=False)
    back = {symbol: atom for atom, symbol in stand_in.items() if symbol.is_Symbol}
    found = found.xreplace(back)
    return found if sympy.count_ops(found) <= sympy.count_ops(condition) else condition
