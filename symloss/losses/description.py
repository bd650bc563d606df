"""A loss in words, and as plain data from which it can be rebuilt."""

import inspect

# what Loss itself takes
OWN = ("self", "form", "target", "weight", "weighted", "output_name", "how", "like", "ports", "parameters")


def divisor(loss) -> str:
    """Return a description of the divisor of the sum."""
    if loss.own_terms:
        return "number of items" if loss._weights is None else "sum of weights"
    if not loss.uses_items:
        return "its own"
    things = {"element": "elements", "item": "items", "batch": "values"}[loss.spec.per]
    if loss.how == "sum":
        return "1"
    if loss.how in ("mean", "count") and loss.spec.averaged is not None:
        return getattr(loss.spec.averaged, "says", "number of what counts")
    if loss.how == "mean" and loss.weights is not None:
        return "sum of the weights' sizes" if loss.negative_weights else "sum of weights"
    if loss.how == "batch mean":
        return "number of items"
    return f"number of {things}"


def weighed_by(loss) -> str:
    """Return a description of where the weights of a loss come from."""
    found = []
    if loss._weights is not None:
        found.append("weights" if loss.weighted else "the mask of padding")
    if loss._class_weight is not None:
        found.append("class weights")
    return " and ".join(found) or "ignored labels"


def written(loss) -> str:
    """Return the name of a loss in files, or the text of its formula."""
    return loss.label if loss.spec is None or loss.spec.definition is None else loss.spec.definition


def to_spec(loss) -> dict:
    """Return a dict from which `add_loss` can rebuild a loss."""
    spec = {"form": written(loss), "weight": loss.weighing.to_spec(), "weighted": loss.weighted,
            "output_name": loss.output_name}
    if loss.like is not None:
        spec["like"] = loss.like
    if loss.how != loss.usual:
        spec["how"] = loss.how
    if loss.ports:
        spec["ports"] = loss.ports
    if loss.target_axes is not None:
        spec["target"] = loss.target_axes
    return spec | loss.options.to_spec() | own_options(loss)


def own_options(loss) -> dict:
    """Return the arguments that the ``__init__`` of a subclass was given. Attributes of these names take precedence."""
    taken = inspect.signature(type(loss).__init__).parameters
    named = {name: vars(loss)[name] for name, p in taken.items()
             if p.kind in (p.KEYWORD_ONLY, p.POSITIONAL_OR_KEYWORD) and name in vars(loss) and name not in OWN
             and vars(loss)[name] is not p.default}
    passed_on = {p.name for p in taken.values() if p.kind is p.VAR_KEYWORD}
    return {name: value for name, value in loss._given.items() if name not in passed_on} | named


def described(loss, output_name: str, weighted: bool):
    """Return the shortest description of a loss in a model with this main output: its name, or a dict."""
    plain = {"weight": 1.0, "weighted": weighted, "output_name": output_name}
    extra = {k: v for k, v in to_spec(loss).items() if k != "form" and (k not in plain or plain[k] != v)}
    return {"form": written(loss)} | extra if extra else written(loss)


def text(loss) -> str:
    """Return a description of a loss in one line."""
    shown = {**loss.options, **own_options(loss)}
    options = "".join(f", {k}={v!r}" for k, v in shown.items())
    how = f", like={loss.like!r}" if loss.like is not None else ""
    how += f", how={loss.how!r}" if loss.how != loss.usual else ""
    weighted = ", weighted=True" if loss.weighted else ""
    name = loss.name if loss.spec is None else loss.spec.definition or loss.name
    head = f"Loss({name!r}" if type(loss).__name__ == "Loss" else f"{type(loss).__name__}("
    found = f"{head}, weight={loss.weighing}{weighted}, output_name={loss.output_name!r}{how}{options})"
    return f"{found.replace('(, ', '(')} / {divisor(loss)}"
