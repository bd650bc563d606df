"""What a kernel computes, as formulas for those who read the C file."""

from . import ir
from .expressions import INFIX, length_text, literal
from .views import base_of, is_free, trace

LEVEL = {"or": 1, "xor": 2, "and": 3, "eq": 4, "neq": 4, "lt": 4, "le": 4, "gt": 4, "ge": 4, "add": 5, "sub": 5,
         "mul": 6, "div": 6, "int_div": 6}
WIDEST = 400  # characters of a formula; a longer one says no more than the code
SIGNS = INFIX | {"int_div": "//", "mul": "*"}


class Formulas:
    """Formulas of the values of a kernel.

    Parameters
    ----------
    named : dict of str
        By number: what lies in memory, or has a name in the kernel.
    """

    def __init__(self, named: dict[int, str]):
        self.named = named

    def of(self, value) -> str:
        """Return the formula of a value, down to what has a name."""
        return self._text(value, inside=False)[0]

    def _text(self, value, inside=True) -> tuple[str, int]:
        """Return (text, how tightly it binds)."""
        root = trace(value)[0] if is_free(value) else value
        if inside and root.number in self.named:
            return self.named[root.number], 9
        if root.op in ir.VIEWS and not is_free(root):
            return f"{self._text(base_of(root))[0]}[...]", 9
        if root.op == "number":
            return literal(root.attrs["value"], root.dtype).removesuffix("f"), 9
        if root.op == "length":
            return length_text(root.attrs["length"]), 0
        if root.op == "iota":
            return "index", 9
        if root.op in LEVEL:
            return self._infix(root), LEVEL[root.op]
        return self._call(root), 9

    def _infix(self, value) -> str:
        level, parts = LEVEL[value.op], []
        for i, operand in enumerate(value.inputs):
            text, binds = self._text(operand)
            parts.append(f"({text})" if binds < level or (i and binds == level and value.op not in ("add", "mul"))
                         else text)
        return f" {SIGNS[value.op]} ".join(parts)

    def _call(self, value) -> str:
        texts = [self._text(v) for v in value.inputs]
        plain = [text for text, _ in texts]
        if value.op == "neg":
            return f"-{plain[0]}" if texts[0][1] > 6 else f"-({plain[0]})"
        if value.op == "sqr":
            return f"{plain[0]}^2" if texts[0][1] == 9 else f"({plain[0]})^2"
        if value.op == "reciprocal":
            return f"1 / {plain[0]}" if texts[0][1] == 9 else f"1 / ({plain[0]})"
        if value.op == "switch":
            return f"({plain[0]} ? {plain[1]} : {plain[2]})"
        if value.op in ("cast", "copy"):
            return plain[0] if texts[0][1] == 9 else f"({plain[0]})"
        if value.op == "dot":
            turned = [trace(v)[1] == (1, 0) for v in value.inputs]
            plain = [f"{text}.T" if turn else text for text, turn in zip(plain, turned, strict=True)]
        if value.op == "gather":
            return f"{plain[0] if texts[0][1] == 9 else f'({plain[0]})'}[{', '.join(plain[1:])}]"
        return f"{value.op}({', '.join(plain)})"


def comment(step, names, local) -> list[str]:
    """Return the lines of a comment: what a kernel stores and sums up.

    Parameters
    ----------
    step : Kernel
    names : Names
    local : callable
        Returns the name of a value within the kernel.
    """
    shown = [v for v in step.values if v.number in step.stores or v.number in step.over]
    named = {}
    for value in step.values:
        for operand in value.inputs:
            base = base_of(operand)
            if base.number not in step.axes and names.has(base.number):
                named[base.number] = names.of(base.number)
    formulas, lines = Formulas(named), []
    for value in shown:
        text = formulas.of(value)
        name = names.of(value.number) if value.number in step.stores else local(value)
        if len(text) <= WIDEST:
            lines.append(f"{name} = {text}")
        named[value.number] = name
    return lines
