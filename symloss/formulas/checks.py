"""Conditions that hold for data that are as they should be: labels in range, sums that are not 0."""

import sympy

TINY = 1e-5  # what is compared with something below is asked whether it is almost 0
KINDS = (sympy.Lt, sympy.Le, sympy.Gt, sympy.Ge, sympy.Eq, sympy.Ne)


def settled(found, labels, lengths, blank=False):
    """Return a comparison, or whether it holds: for labels of classes, and for numbers that are not almost 0.

    Parameters
    ----------
    found : comparison
    labels : collection of arrays and symbols
        Integers from 0 on, and below each of the lengths.
    lengths : collection of symbols
    blank : bool
        Whether labels are none of the classes that are there as numbers.

    >>> t, K = sympy.symbols("t K", integer=True)
    >>> settled(t < K, [t], [K]), settled(sympy.Eq(t, K), [t], [K])
    (True, False)
    """
    if not isinstance(found, KINDS):
        return found

    def is_label(side):
        return side in labels or (isinstance(side, sympy.Indexed) and side.base in labels)

    a, b = found.args
    if blank and isinstance(found, sympy.Eq | sympy.Ne) and any(
            is_label(side) and not other.has(sympy.Indexed) for side, other in ((a, b), (b, a))):
        return sympy.true if isinstance(found, sympy.Ne) else sympy.false
    if blank and found.free_symbols and found.free_symbols <= set(lengths):  # a sequence has more than one step
        always = {found.subs(dict.fromkeys(lengths, length)) for length in (2, 3, 7, 50)}
        found = always.pop() if len(always) == 1 else found
        return found
    if (is_label(a) and b in lengths) or (is_label(b) and a in lengths):
        if isinstance(found, sympy.Eq | sympy.Ne):
            return sympy.true if isinstance(found, sympy.Ne) else sympy.false
        return sympy.true if is_label(found.lts) else sympy.false
    if isinstance(found, sympy.Eq | sympy.Ne):
        other = b if a == 0 else a if b == 0 else None
        if other is None or not other.has(sympy.Sum):
            return found
        return sympy.false if isinstance(found, sympy.Eq) else sympy.true  # 0 / 0 is what such a case is for
    if found.lts == 0 and is_label(found.gts) and isinstance(found, sympy.Le | sympy.Ge):
        return sympy.true
    if found.lts.is_number and 0 < found.lts < TINY:
        return sympy.true
    return sympy.false if found.gts.is_number and 0 < found.gts < TINY else found
