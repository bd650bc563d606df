"""What sorting gives: order statistics, and the places of what is sorted."""

import sympy
from pytensor.tensor.sort import ArgSortOp, SortOp

from .functions import Held, OverIndex
from .lengths import LENGTHS, UntranslatedError


class Sorted(OverIndex):
    """An order statistic: the value at a place if all values over an index are sorted, the smallest first.

    >>> z, (k, K) = sympy.IndexedBase("z", real=True), sympy.symbols("k K", integer=True, positive=True)
    >>> Sorted(2 - z[k], k, K, 0)
    2 - Sorted(z[k], k, K, K - 1)
    """

    is_real = True

    @classmethod
    def eval(cls, function, index, length, place):
        """Take out what does not depend on the index, signs, and what holds gradients."""
        if not function.has(index):
            return function
        if isinstance(function, Held):
            return Held(cls(function.args[0], index, length, place))
        rest = [part for part in sympy.Add.make_args(function) if not part.has(index)]
        if rest:
            return sympy.Add(*rest) + cls(function - sympy.Add(*rest), index, length, place)
        if function.could_extract_minus_sign():
            return -cls(-function, index, length, length - 1 - place)
        return None

    def _latex(self, printer, exp=None):
        function, index, _, place = self.args
        place = rf"\left({printer._print(place)}\right)"
        if isinstance(function, sympy.Indexed) and function.indices[-1] == index:
            before = "".join(f"{printer._print(i)}, " for i in function.indices[:-1])
            text = f"{printer._print(sympy.Symbol(str(function.base.label)))}_{{{before}{place}}}"
        else:
            inner = printer._print(function)
            text = rf"\operatorname{{sort}}_{{{printer._print(index)}}}\left({inner}\right)_{{{place}}}"
        return text if exp is None else rf"{{{text}}}^{{{exp}}}"


class Place(OverIndex):
    """Which value over an index is at a place if all are sorted, the smallest first. Equal ones keep their order."""

    is_integer = True

    def _latex(self, printer, exp=None):
        function, index, _, place = self.args
        return (rf"\operatorname{{argsort}}_{{{printer._print(index)}}}\left({printer._print(function)}\right)"
                rf"_{{{printer._print(place)}}}")


def sorted_entry(reader, variable, node, at):
    """Return an entry of sorted numbers, or of the places of what is sorted."""
    inner, axis = node.inputs[0], getattr(node.op, "axis", None)
    if axis is None and len(node.inputs) > 1:
        axis = getattr(node.inputs[1], "data", None)
    if axis is None:
        raise UntranslatedError("formula: sorting over an axis that is not known has no formula here")
    axis, index = int(axis) % inner.ndim, reader.index()
    function = reader.read(inner, (*at[:axis], index, *at[axis + 1 :]))
    kind = Place if isinstance(node.op, ArgSortOp) else Sorted
    return kind(function, index, reader.length(inner, axis), at[axis])


ORDERS = {SortOp: sorted_entry, ArgSortOp: sorted_entry}
LENGTHS.update(dict.fromkeys(ORDERS, lambda reader, variable, node, axis: reader.length(node.inputs[0], axis)))
