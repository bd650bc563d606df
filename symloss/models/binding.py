"""Losses bound to a model: which output, target and weights each entry of `net.losses` has, decided in one place.

`net.losses` is a plain list, so it may have changed in any way since it was last looked at. `bind_losses` is therefore
called before anything is built from it, and gives each loss the same variables whenever it is called.
"""

from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.traversal import ancestors

from .. import losses, metrics, schedules
from ..errors import SpecError, unknown
from ..losses import Loss, weights_variable
from ..losses.loss_inputs import target_of_rank


def make_loss(model, loss, options: dict) -> Loss:
    """Return the loss that `add_loss` was asked for: a name, a function, a class, a dict, or a `Loss`."""
    options = {"output_name": model.graph.layers[-1].name} | options
    if isinstance(loss, dict):
        options |= {k: v for k, v in loss.items() if k != "form"}
        loss = loss.get("form", model.default_loss)
    options = {k: schedules.build(v) if isinstance(v, dict) and "schedule" in v else v for k, v in options.items()}
    if isinstance(loss, Loss):
        return _taken_over(model, loss, options)
    if isinstance(loss, str):
        if loss in metrics.registry and loss not in losses.registry:
            raise SpecError(f"loss {loss!r} is a metric, which is shown and never minimised; pass "
                            f"metrics=[{loss!r}] to train")
        return Loss.build(loss, **options)
    if isinstance(loss, type) and issubclass(loss, Loss):
        return Loss.build(loss, **options)
    return Loss(loss, **options)


def _taken_over(model, loss, options):
    """Return a loss that was made before, with the weight that was asked for."""
    if _trains_elsewhere(model, loss):
        loss = loss.unbound()
    given = {k: v for k, v in options.items() if k != "output_name"}
    if set(given) - {"weight"}:
        raise SpecError(f"loss {loss.name}: options {sorted(given)}; set them where the Loss is made")
    if "weight" in given:
        loss.weight = given["weight"]
    return loss


def _trains_elsewhere(model, loss) -> bool:
    """Return whether another model has the loss in its list: a model never changes what another one trains."""
    return loss.owner not in (None, model) and any(one is loss for one in loss.owner.losses)


def bind_losses(model, entries: list) -> None:
    """Bind every loss in a list to the outputs, targets and weights of a model.

    Losses of one output share a target variable, and its weights, where they take targets of one kind; a variable that
    the user passed stays what it is. A loss that another model still trains, or that stands in the list
    twice, is replaced by a twin.

    Parameters
    ----------
    model : Network
    entries : list
        The model's losses, or these and one that is about to be added.

    Raises
    ------
    SpecError
        For an entry that is no loss.
    UnknownNameError
        For an output that the model does not have.
    """
    bound: list = []
    for index, loss in enumerate(entries):
        if not isinstance(loss, Loss):
            raise SpecError(_no_loss(index, loss))
        if _trains_elsewhere(model, loss) or any(loss is other for other in bound):
            entries[index] = loss = loss.unbound()
        if loss.anywhere:
            loss.attach(model.graph.layers[-1].name)
        _bind(model, loss, bound)
        bound.append(loss)
    _name_variables(model, entries)


def _no_loss(index, entry) -> str:
    if isinstance(entry, type):
        way = f"write net.losses[{index}] = {entry.__name__}(), or net.add_loss({entry.__name__})"
    elif isinstance(entry, str):
        way = f"write net.add_loss({entry!r}), or net.losses[{index}] = symloss.Loss({entry!r})"
    else:
        way = "write net.add_loss(...), which takes names, functions, classes and dicts"
    return f"net.losses[{index}] is {entry!r}, which is no Loss; {way}"


def _bind(model, loss, before):
    outputs = model.graph.outputs()[0]
    if loss.output_name not in outputs:
        raise unknown(f"output of loss {loss.name}:", loss.output_name, outputs)
    target = _target(model, loss, before)
    weighted = loss.asks_for_weights or model.weighted
    weights = None
    if weighted or model.masks(loss):
        weights = model.bound_weights.setdefault((target, weighted), weights_variable(target))
    if loss._target is not target or loss._weights is not weights:
        loss.bind(target, weights)
    loss.step_mask = model.step_mask(loss)
    loss.weighted = weighted  # a mask is no weight that anybody asked for
    loss.owner = model


def _target(model, loss, before):
    """Return the variable of a loss' target; `before` are the losses that are bound already."""
    if loss.given_target is not None:
        return loss.given_target
    target = model.new_target(loss)
    if loss.target_axes not in (None, target.ndim):
        target = target_of_rank(loss.spec, loss.target_axes)
    if target in model.inputs:
        return target
    for other in before:
        shared = other._target
        if other.output_name == loss.output_name and (shared.ndim, shared.dtype) == (target.ndim, target.dtype):
            return shared
    return model.bound_targets.setdefault((loss.output_name, target.dtype, target.type.shape), target)


def nobody_trains(model, loss, parts) -> list[str]:
    """Return the names of shared variables that a loss of the user's own depends on and that training leaves alone."""
    if type(loss) is Loss and loss.spec.target != "any":
        return []
    known = {*model.params, *loss.options.scalars.values(), loss.weighing.scalar, loss._class_weight}
    known |= set(ancestors(list(model.graph.outputs()[0].values())))
    found = [v for v in ancestors(parts) if isinstance(v, SharedVariable) and v not in known]
    return [v.name or "without a name" for v in found if str(getattr(v.type, "dtype", "")).startswith("float")]


def _name_variables(model, entries):
    """Name targets and weights after their output where there are several outputs, and number several of one output."""
    taken = {v.name for v in model.graph.input_variables().values()}
    taken |= {x.given_target.name for x in entries if x.given_target is not None and x.given_target.name}
    seen: set = set(model.graph.input_variables().values())
    for loss in entries:
        prefix = "" if loss.output_name == model.output_name else f"{loss.output_name.removesuffix(':out')}:"
        for variable, name in ((loss._target, "target"), (loss._weights, "weights")):
            if variable is None or variable in seen:
                continue
            seen.add(variable)
            if variable is loss.given_target and variable.name:
                continue
            names = (f"{prefix}{name}{number}" for number in ("", *range(2, 99)))
            variable.name = next(one for one in names if one not in taken)
            taken.add(variable.name)
