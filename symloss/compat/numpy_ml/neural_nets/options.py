"""Options of optimizers and schedulers: checked where they are given, and read from text such as "SGD(lr=0.1)"."""

import ast
import re

from ...._checks import is_number
from ....errors import SpecError, unknown


def number(who: str, name: str, value, least=0.0, greatest=float("inf"), above=False):
    """Return a number within its range; with `above` it must be more than `least`."""
    fits = is_number(value) and (value > least if above else value >= least) and value <= greatest
    if not fits:
        ends = f"{'above' if above else 'of at least'} {least:g}" + (
            f" and at most {greatest:g}" if greatest < float("inf") else "")
        raise SpecError(f"{who}: {name}={value!r} is not valid; it must be a finite number {ends}")
    return value


def nothing_else(who: str, known, others: dict) -> None:
    """Raise an error for unknown options; 'id', which the dict of hyperparameters has, must be the class' own."""
    for name, value in others.items():
        if name != "id":
            raise unknown(f"option of {who}:", name, known)
        if value not in (who, "StepScheduler"):
            raise SpecError(f"{who}: got the hyperparameters of {value!r}; pass those of {who}")


def parsed(who: str, text: str) -> tuple[str, dict]:
    """Return the name and the options of a text. Options that are such texts themselves stay texts.

    >>> parsed("optimizer", "SGD(lr=0.1, lr_scheduler=NoamScheduler(model_dim=8))")
    ('sgd', {'lr': 0.1, 'lr_scheduler': 'NoamScheduler(model_dim=8)'})
    """
    match = re.fullmatch(r"([^()]*)(?:\((.*)\))?", text.strip(), re.DOTALL)
    try:
        call = ast.parse(f"f({match[2] or ''})", mode="eval").body
        if call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError
        return match[1].replace(" ", "").lower(), {word.arg: _option(word.value) for word in call.keywords}
    except (SyntaxError, ValueError, TypeError):
        raise SpecError(f"{who} {text!r} is not valid; write a name and options by name, such as "
                        f"'SGD(lr=0.1)'") from None


def _option(node):
    if isinstance(node, ast.Name):
        return {"none": None, "true": True, "false": False}.get(node.id.lower(), node.id)
    return ast.unparse(node) if isinstance(node, ast.Call) else ast.literal_eval(node)
