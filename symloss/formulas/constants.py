"""Numbers as a person writes them."""

import fractions

import numpy as np
import sympy

ROUND = 12  # a constant is written as a fraction if its denominator is at most this
GREAT = 1e20  # constants above this stand for infinity


def plain_number(value):
    """Return a number as a person writes it: 1/2, 3, 0.15, pi.

    >>> plain_number(0.5), plain_number(0.1), plain_number(2.0)
    (1/2, 1/10, 2)
    """
    value = np.asarray(value)
    if value.dtype.kind == "b":
        return sympy.true if value else sympy.false
    if value.dtype.kind in "iu":
        return sympy.Integer(int(value))
    if np.isnan(value):
        return sympy.nan
    if abs(value) > GREAT:
        return sympy.oo if value > 0 else -sympy.oo
    precise = float(str(value)) if value.dtype == np.float32 else float(value)
    close = fractions.Fraction(precise).limit_denominator(ROUND)
    if float(close) == precise:
        return sympy.Rational(close.numerator, close.denominator)
    for known, name in ((np.pi, sympy.pi), (np.log(2 * np.pi), sympy.log(2 * sympy.pi)), (np.log(2), sympy.log(2)),
                        (np.sqrt(2), sympy.sqrt(2)), (np.sqrt(np.pi), sympy.sqrt(sympy.pi)),
                        (1 / np.sqrt(np.pi), 1 / sympy.sqrt(sympy.pi)), (np.sqrt(2 / np.pi), sympy.sqrt(2 / sympy.pi))):
        for factor in (1, fractions.Fraction(1, 2), 2, -1, fractions.Fraction(-1, 2)):
            if abs(precise - float(factor) * known) <= 1e-15 * abs(precise):
                return sympy.Rational(factor) * name
    return sympy.Float(repr(precise))


def straight(values, at):
    """Return an entry of a constant vector that lies on a line, held at 0 or not, at an index; None for any other.

    >>> straight(np.array([0.5, 0.25, 0.0, 0.0]), (sympy.Symbol("j"),))
    Max(0, 1/2 - j/4)
    """
    (index,) = [i for i in at if not i.is_Integer] if values.ndim == 1 and len(values) > 2 else (None,)
    if index is None or values.dtype.kind not in "if" or not np.isfinite(values).all():
        return None
    places, first = np.arange(len(values)), values[0]
    line = first + (values[1] - first) * places
    slope = np.longdouble(values[1]) - np.longdouble(first)
    slope = plain_number(float(fractions.Fraction(float(slope)).limit_denominator(1000)))
    slope = sympy.Rational(fractions.Fraction(float(slope)).limit_denominator(1000).numerator,
                           fractions.Fraction(float(slope)).limit_denominator(1000).denominator)
    begin = fractions.Fraction(float(first)).limit_denominator(1000)
    exact = sympy.Rational(begin.numerator, begin.denominator) + slope * index
    for held, numbers in ((False, line), (True, np.maximum(0, line))):
        if np.allclose(values, numbers, rtol=1e-12, atol=1e-12):
            return sympy.Max(0, exact) if held else exact
    return None
