"""C names: of buffers as the user calls them, and of what has no name after what it is computed from."""

import re

from . import ir
from .expressions import plain
from .ir import Value
from .views import base_of

RESERVED = ir.words("""
    auto break case char const continue default do double else enum extern float for goto if inline int long
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    asm typeof unix linux main errno n b l i j k m o p q x y at to from best total count start order first lane
    spare drawn failed any_failed here step steps data rows stop chosen done kept team begin end share parts
    abs sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp exp2 expm1 log log2 log10 log1p pow
    sqrt erf erfc lgamma tgamma fmod fmodf floor ceil trunc rint round y0 y1 yn j0 j1 jn index time
    int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t

    FMA INLINE TILE ONE_BY_ONE IN_REGISTER SHUFFLES MIXED PAUSE SHARE
    place turned threefry normal_of bits_of float_of two_to long_of double_of power_of_2 nearest
    pick_rows fetch_ahead flush_denormals restore_denormals all_finite
    together take_share do_share symloss_step symloss_steps symloss_help
""")
OWN = re.compile(r"compute_|update_|.*_f(32|64)$")  # names of functions in the file
WORDS = {"switch": "choice", "max": "greatest", "min": "least", "sub": "difference", "mul": "product",
         "div": "quotient", "add": "sum", "concat": "vector"}
LONGEST = 60  # characters of a name that is made


class Names:
    """C names of buffers: what the user calls them, where that is known."""

    def __init__(self):
        self._names: dict[int, str] = {}
        self._aliases: set[int] = set()
        self._taken: set[str] = set(RESERVED)

    def give(self, value: Value, name: str) -> str:
        """Name a buffer; a number is added where another has the name."""
        first, count = plain(name), 1
        first = f"v_{first}" if OWN.match(first) else first
        first += "_" * bool(re.search(r"_\d+$", first))  # as those within kernels do
        chosen = first
        while chosen in self._taken:
            count += 1
            chosen = f"{first}_no{count}"
        self._taken.add(chosen)
        self._names[value.number] = chosen
        return chosen

    def alias(self, number: int, other: int) -> None:
        """Let one value lie where another does."""
        self._names[number] = self._names[other]
        self._aliases.add(number)

    def is_alias(self, number: int) -> bool:
        """Return whether a value lies where another one was."""
        return number in self._aliases

    def has(self, number: int) -> bool:
        """Return whether a buffer has a name."""
        return number in self._names

    def known(self) -> dict[int, str]:
        """Return the names of all buffers by number."""
        return self._names

    def of(self, number: int) -> str:
        """Return the name of a buffer."""
        return self._names[number]


def described(value) -> str:
    """Return a name for what the user has none for: what is done to that which has names."""
    named = [base_of(v).origin for v in value.inputs]
    if value.op == "dot" and all(named):
        return "_times_".join(named)
    roots = _named_roots(value)
    name = f"{_word(value)}_of_{'_and_'.join(roots)}"
    return name if 1 <= len(roots) <= 2 and len(name) <= LONGEST else f"{value.op}{value.number}"


def _word(value) -> str:
    """Return what an operation is called in a name."""
    while value.op in ("cast", "copy", *ir.VIEWS):
        value = value.inputs[0]
    return "mask" if value.dtype == "bool" else WORDS.get(value.op, value.op)


def _named_roots(value) -> list[str]:
    """Return the names nearest to what a value is computed from; none if that is too much for a name."""
    found, waiting, seen = [], list(value.inputs), 0
    while waiting and seen < 12:
        one = waiting.pop(0)
        seen += 1
        if one.origin:
            found += [one.origin] * (one.origin not in found)
        else:
            waiting += one.inputs
    return [] if waiting else found
