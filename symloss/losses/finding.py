"""Finds the spec of a loss from what the user calls it by."""

from .._checks import is_number
from ..errors import SpecError
from .conventions import convention
from .registration import LossSpec, get
from .user_functions import function_spec


def found_spec(form, like: str | None, who: str) -> tuple[LossSpec | None, str]:
    """Return the spec of a loss, and its usual reduction.

    Parameters
    ----------
    form : str, LossSpec, callable or None
        A name, a spec, or a function of (prediction, target). None for a subclass of `Loss`, which has no function.
    like : str or None
        The library whose values, options and reduction to use.
    who : str
        Name of the loss, for messages.

    Raises
    ------
    SpecError
        If `form` is not a loss, or cannot be combined with `like`.
    """
    spec = None if form is None else _spec(form)
    if like is None:
        return spec, "mean"
    if not isinstance(form, str | LossSpec) or spec is None or spec.definition is not None:
        name = who if spec is None else spec.name
        raise SpecError(f"loss {name}: like={like!r} works only with registered losses, not with your own. Leave it "
                        "out")
    found = convention(spec.name, like)
    return found.spec, "count" if found.how == "none" else found.how  # its users take the mean


def _spec(form) -> LossSpec:
    if isinstance(form, LossSpec):
        return form
    if isinstance(form, str):
        return get(form)
    if callable(form):
        return function_spec(form)
    way_out = f", Loss('mse', target={form})" if is_number(form) else ", or a function of (prediction, target)"
    raise SpecError(f"Loss: {form!r} is not a loss. Pass a name{way_out}")
