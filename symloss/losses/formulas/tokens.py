"""The text of a formula as tokens, and errors that point at a position in it."""

import re
from typing import NamedTuple

from ...errors import SpecError

LONGEST = 5000  # characters
UNNAMED = "formula() = "
PATTERN = re.compile(r"""\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
                             |(?P<name>[^\W\d]\w*)
                             |(?P<sign>\*\*|<=|>=|==|!=|[-+*/^<>(),=]))""", re.VERBOSE)
INSTEAD = {"−": "-", "–": "-", "×": "*", "·": "*", "÷": "/", "≤": "<=", "≥": ">=", "≠": "!=", "²": "**2", "[": "(",
           "]": ")", "{": "(", "}": ")", "|": "abs(...)", "&": "and", "!": "not", "%": "/ 100", "√": "sqrt(...)"}


class Token(NamedTuple):
    """A number, a name, a sign, or the end of the text, with the positions where it starts and ends."""

    kind: str
    text: str
    place: tuple[int, int]


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text of one line. The last one is of the kind 'end'.

    Raises
    ------
    SpecError
        If a character has no meaning, or the text is too long.

    >>> [token.text for token in tokens("2.5*abs(e)")]
    ['2.5', '*', 'abs', '(', 'e', ')', '']
    """
    if len(text) > LONGEST:
        raise SpecError(f"formula: the text has {len(text)} characters, but it may have at most {LONGEST}. Write a "
                        "function of (prediction, target) instead")
    found, position = [], 0
    while text[position:].strip():
        match = PATTERN.match(text, position)
        if match is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            sign = text[start]
            hint = f"write {INSTEAD[sign]}" if sign in INSTEAD else "leave it out"
            raise wrong(text, (start, start + 1), f"{sign!r} has no meaning in formulas", hint)
        found.append(Token(match.lastgroup, match[match.lastgroup], match.span(match.lastgroup)))
        position = match.end()
    return [*found, Token("end", "", (len(text), len(text) + 1))]


def wrong(text: str, place: tuple[int, int], message: str, way_out: str, kind=SpecError) -> SpecError:
    """Return an error that shows a formula with carets below the error.

    >>> print(wrong("2 * q", (4, 5), "nobody knows 'q'", "write p"))
    formula: nobody knows 'q'; write p
      2 * q
          ^
    """
    start, end = place
    if text.startswith(UNNAMED):  # which the user has not written
        text, start, end = text[len(UNNAMED) :], start - len(UNNAMED), end - len(UNNAMED)
    first = max(0, start - 60)  # of a long text, the part around the place
    shown = text[first : first + 110]
    carets = "^" * max(1, min(end, first + 110) - start)
    return kind(f"formula: {message}; {way_out}\n  {shown}\n  {' ' * (start - first)}{carets}")
