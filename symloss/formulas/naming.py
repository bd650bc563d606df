"""Names for what a long graph computes on the way, and uses more than once: ``c[i, h]`` for the cosine of two items."""

import collections
import re

import sympy
from pytensor.tensor.elemwise import CAReduce
from pytensor.tensor.math import Dot

from ..errors import SpecError
from .conditions import is_number_in_cases
from .elementwise import is_condition, is_endless, number
from .functions import Held, MaxOver, OverIndex
from .lengths import UntranslatedError, static

MOST_WITHIN = 8  # names within names
LEAST = 6  # operations that are worth a name
LEAST_OF_PRODUCTS = 2  # the same for sums that belong to two items
LETTERS = ["c", "d", "a", "b", "u", "v", "w", "y", "z", "f"]
GREEK = ("alpha", "beta", "eta", "kappa")  # of recursions
_BOUND = re.compile(r"[jklmrs](_\d+)?")  # what sums run over
LETTERS_OF_INDICES = sympy.symbols("i h g q", integer=True, nonnegative=True)


class Names:
    """What has a name of its own in a formula.

    Parameters
    ----------
    reader : Reader
        Whose `notes` say what the names stand for.
    """

    def __init__(self, reader):
        self._reader = reader
        self._wanted: set = set()
        self._bases: dict = {}  # an array, or None where a name is not worth it, by variable
        self._taken: set = set()
        self._forced: set = set()

    def choose(self, known) -> None:
        """Choose what to name: tensors of which several entries were read, by (variable, indices)."""
        entries = collections.defaultdict(set)
        for variable, at in known:
            entries[variable].add(at)
        self._wanted = {v for v, found in entries.items() if len(found) > 1 and v.owner is not None
                        and v not in self._reader.stands and v not in self._reader.leaves}
        self._bases, self._taken = {}, set()

    def want(self, variable) -> None:
        """Name a tensor, however short what it stands for is."""
        self._wanted.add(variable)
        self._forced.add(variable)

    def new(self, variable, recursion=False, **facts):
        """Return an array with a name that nothing else has."""
        taken = self._taken | {str(getattr(leaf, "label", leaf)) for leaf in self._reader.leaves.values()}
        letters = GREEK if recursion else LETTERS
        name = next(letter + suffix for suffix in ("", *(f"_{n}" for n in range(1, 99))) for letter in letters
                    if letter + suffix not in taken)
        self._taken.add(name)
        integer = variable.dtype.startswith(("int", "uint"))
        return sympy.IndexedBase(name, **({"integer": True} if integer else {"real": True} | facts))

    def entry(self, variable, at):
        """Return an entry under the name of its tensor, or None if the tensor has none."""
        if variable not in self._wanted:
            return None
        wide = [n != 1 for n in static(variable)]
        if variable not in self._bases:
            self._bases[variable] = None  # not while it is being defined
            self._bases[variable] = self._defined(variable, wide)
        base = self._bases[variable]
        return None if base is None else base[tuple(i for i, w in zip(at, wide, strict=True) if w)]

    def _defined(self, variable, wide):
        if not any(wide):
            return None
        letters = iter(LETTERS_OF_INDICES)
        at = tuple(next(letters) if w else sympy.Integer(0) for w in wide)
        try:
            found = self._reader.read_inside(variable, at)
        except Exception as error:
            if type(error).__name__ == "_NeedsNumberError":
                return None
            raise
        facts = {"nonnegative": True} if getattr(found, "is_nonnegative", None) else {}
        if variable in self._forced:
            return self._under(self.new(variable, **facts), found, at, wide)
        of_pairs = isinstance(variable.owner.op, CAReduce) and sum(wide) > 1
        least = LEAST_OF_PRODUCTS if isinstance(variable.owner.op, Dot) or of_pairs else LEAST
        if is_condition(found) or found.has(MaxOver) or is_number_in_cases(found) or is_endless(found):
            return None  # what is infinite has to be seen where it is left out
        if sympy.count_ops(found) < least:
            return None
        return self._under(self.new(variable, **facts), found, at, wide)

    def _under(self, base, found, at, wide):
        self._reader.notes[base[tuple(i for i, w in zip(at, wide, strict=True) if w)]] = number(found)
        return base

    def needed(self, expression) -> dict:
        """Return the notes that an expression needs, in the order in which a reader meets the names."""
        return needed(expression, self._reader.notes)


def needed(expression, notes) -> dict:
    """Return those of the notes that an expression needs, in the order in which a reader meets the names."""
    by_name, found, open_ = {name_of(key): key for key in notes}, {}, [expression]
    while open_:
        one = open_.pop(0)
        met = {name_of(e) for e in one.atoms(sympy.Indexed, sympy.Symbol)}
        for name in sorted(met & set(by_name)):
            key = by_name[name]
            if key not in found:
                found[key] = notes[key]
                open_.append(notes[key])
    return found


def name_of(entry) -> str:
    """Return the name of a symbol, of an array, or of the array of an entry."""
    return str(entry.base.label) if isinstance(entry, sympy.Indexed) else str(getattr(entry, "label", entry))


class Entry(sympy.Function):
    """An entry of an array that has a name, while a derivative is taken: ``Entry(c[i, j], what it stands for)``."""

    is_real = True

    def _eval_derivative(self, symbol):
        found = self.args[1].diff(symbol)
        return found if not found.has(sympy.Derivative) else super()._eval_derivative(symbol)


def differentiable(expression, notes, depth: int = 0):
    """Return an expression in which entries of arrays that have a name know what they stand for."""
    arrays = {name_of(key): (key, value) for key, value in notes.items()}
    if not arrays:
        return expression

    def known(entry):
        key, value = arrays[name_of(entry)]
        if depth > MOST_WITHIN:
            raise SpecError("latex: the derivative of a recursion has no formula here")
        if isinstance(entry, sympy.Indexed):
            value = value.subs(dict(zip(key.indices, entry.indices, strict=True)), simultaneous=True)
        return Entry(entry, differentiable(value, notes, depth + 1))

    def changed(one):  # but for conditions, and for what has no derivative
        if isinstance(one, sympy.Indexed | sympy.Symbol):
            return known(one) if name_of(one) in arrays else one
        if isinstance(one, sympy.functions.elementary.piecewise.ExprCondPair):
            return one.func(changed(one.expr), one.cond)
        if not one.args or isinstance(one, sympy.core.relational.Relational | Held | sympy.Tuple):
            return one
        return one.func(*map(changed, one.args))

    return changed(expression)


def named_again(expression):
    """Return an expression with the names of arrays alone."""
    return expression.replace(lambda e: isinstance(e, Entry), lambda e: e.args[0])


def in_order(expression, notes):
    """Return an expression and notes in which the indices that sums run over are j, k, l, ... without gaps."""
    if not notes:
        return expression, notes
    run = [s for one in (expression, *notes.values()) for s in sympy.preorder_traversal(one)
           if isinstance(s, sympy.Symbol) and _BOUND.fullmatch(s.name)]
    old = list(dict.fromkeys(run))
    names = (letter + suffix for suffix in ("", *(f"_{n}" for n in range(1, 99))) for letter in "jklmrs")
    new = {s: sympy.Symbol(name, integer=True, nonnegative=True) for s, name in zip(old, names, strict=False)}
    return expression.xreplace(new), {key: value.xreplace(new) for key, value in notes.items()}


def require_bound(expressions, leaves=()) -> None:
    """Raise UntranslatedError if an index of a sum stands outside of it, as sympy leaves it in cases within cases."""
    own = {leaf for leaf in leaves if isinstance(leaf, sympy.Symbol)}
    for one in expressions:
        found = {s for s in _unbound(one, frozenset()) if _BOUND.fullmatch(s.name.rstrip("'"))} - own
        if found:
            raise UntranslatedError("formula: symloss cannot write these cases within a sum or a maximum as a formula")


def _unbound(one, bound):
    if isinstance(one, sympy.Symbol):
        return set() if one in bound or not (one.is_integer and one.is_nonnegative) else {one}
    if isinstance(one, sympy.Sum | sympy.Product | MaxOver):
        inner = bound | {limit[0] for limit in one.limits}
        return _unbound(one.function, inner).union(*(_unbound(e, inner) for limit in one.limits for e in limit[1:]))
    if isinstance(one, OverIndex):
        return set().union(*(_unbound(a, bound | {one.args[1]}) for a in one.args))
    if isinstance(one, sympy.Indexed):
        return set().union(*(_unbound(i, bound) for i in one.indices))
    return set().union(*(_unbound(a, bound) for a in one.args))


def without_item(expression, notes, at):
    """Return an expression, notes, and 1, without the index of the item that every entry has; or all of it, and 0.

    Entries of arrays begin with it, while a name may have it at any place.
    """
    places: dict = {}
    for _ in notes:  # names within names
        for key, value in notes.items():
            found = {_item_of(e, notes, places) for e in value.atoms(sympy.Indexed)} - {None}
            if len(found) == 1 and found <= set(key.indices):
                places[name_of(key)] = key.indices.index(next(iter(found)))
    whole = [(expression, at[0] if at else None)]
    whole += [(value, key.indices[places[name_of(key)]] if name_of(key) in places else None)
              for key, value in notes.items()]
    for one, item in whole:
        entries = one.atoms(sympy.Indexed)
        if item is None or any(_item_of(e, notes, places) != item for e in entries):
            return expression, notes, 0

    def shorter(entry):
        place = places.get(name_of(entry), 0)
        rest, base = entry.indices[:place] + entry.indices[place + 1 :], entry.base
        facts = {k: True for k in ("positive", "integer", "real", "nonnegative") if base.assumptions0.get(k)}
        return base[rest] if rest else sympy.Symbol(str(base.label), **facts)

    def changed(one):
        return one.replace(lambda e: isinstance(e, sympy.Indexed), shorter)

    return changed(expression), {changed(key): changed(value) for key, value in notes.items()}, 1


def _item_of(entry, notes, places):
    """Return what an entry has in the place of the item, or None for a name of which that is not known."""
    named = {name_of(key) for key in notes}
    if name_of(entry) in named:
        return entry.indices[places[name_of(entry)]] if name_of(entry) in places else None
    return entry.indices[0]
