"""Losses bound to a model: the output, the target and the weights of each entry of `net.losses`.

`net.losses` is a plain list, so it may have changed in any way since it was last looked at. `bind_losses` is therefore
called before anything is built from it, and gives each loss the same variables whenever it is called.
"""

import warnings

import numpy as np
import pytensor.tensor as pt
from pytensor.compile.sharedvalue import SharedVariable
from pytensor.graph.traversal import ancestors

from .. import losses, metrics, schedules
from .._checks import is_number
from ..errors import SpecError, SymlossWarning, UnknownNameError, unknown
from ..layers.graph import is_network
from ..losses import Loss, OutputLoss, weights_variable
from ..losses.loss_inputs import prediction_names, target_of_rank
from ..objective.network_loss import NetworkLoss
from ..objective.objective import owned
from . import automatic

LOSSES = 11  # tells the random numbers of losses from others of the same seed


def make_losses(model, asked, options: dict) -> list[Loss]:
    """Return the losses that were passed to `add_loss`.

    Parameters
    ----------
    model : Network
    asked : anything that `add_loss` takes
    options : dict

    Raises
    ------
    SpecError
        If a model has several outputs, and it is not clear which one a loss belongs to.
    UnknownNameError
        For an unknown output or loss.
    """
    if isinstance(asked, list | tuple):
        return [loss for one in asked for loss in make_losses(model, one, options)]
    if isinstance(asked, dict) and "form" not in asked:
        return _by_port(model, asked, options)
    if isinstance(asked, dict) and asked["form"] == "auto":
        asked, options = "auto", options | {k: v for k, v in asked.items() if k != "form"}
    if isinstance(asked, str) and asked == "auto":
        names = [options["output_name"]] if "output_name" in options else free_outputs(model)
        rest = {k: v for k, v in options.items() if k != "output_name"}
        return [automatic.loss_of(model, name, rest) for name in names]
    loss = make_loss(model, asked, options)
    _check_which(model, loss, asked, options)
    return [loss]


def _by_port(model, asked, options) -> list[Loss]:
    """Return the losses of a dict by output: None means no loss, a number is the weight of the automatic loss."""
    if "output_name" in options:
        raise SpecError(f"loss {asked!r}: got losses by output and output_name={options['output_name']!r}. Leave "
                        "output_name out")
    known, found = model.graph.outputs()[0], []
    for port, one in asked.items():
        full = port if isinstance(port, str) and ":" in port else f"{port}:out"
        if full not in known:
            raise unknown("output to give a loss:", port, [name.removesuffix(":out") for name in known])
        if one is None:
            continue
        for each in one if isinstance(one, list | tuple) else [one]:
            at = {"output_name": full.removesuffix(":out")}
            if is_number(each) or isinstance(each, SharedVariable):
                each, at = "auto", at | {"weight": each}
            found += make_losses(model, each, options | at)
    return found


def free_outputs(model) -> list[str]:
    """Return the names of the outputs that have no loss yet."""
    outputs = model.graph.outputs()[0]
    taken = {name for loss in model.losses for name in prediction_names(loss, outputs)}
    return [name for name in model.graph.output_layers() if f"{name}:out" not in taken]


def _check_which(model, loss, asked, options):
    """Refuse one loss of one prediction for a model with several outputs, unless it says which one it belongs to."""
    several = model.graph.output_layers()
    named = "output_name" in options or not loss.anywhere or isinstance(asked, dict) and "output_name" in asked
    ports = 1 if loss.spec is None else len(loss.spec.predictions)
    if len(several) > 1 and not named and ports == 1 and not loss.ports:
        example = ", ".join(f"{name!r}: {loss.label!r}" for name in several)
        raise SpecError(f"loss {loss.label}: the model has {len(several)} outputs, {', '.join(several)}, but "
                        f"it is not clear which one this loss is for. Write net.set_loss({{{example}}}), or pass "
                        f"output_name")


def make_loss(model, loss, options: dict) -> Loss:
    """Return one loss from a name, a function, a class, a network, a dict, or a `Loss`."""
    if isinstance(loss, dict):
        options = options | {k: v for k, v in loss.items() if k != "form"}
        loss = loss.get("form", model.default_loss)
    options = {k: schedules.build(v) if isinstance(v, dict) and "schedule" in v else v for k, v in options.items()}
    if isinstance(loss, Loss):
        return _taken_over(model, loss, options)
    if is_network(loss):
        return NetworkLoss(loss, **options)
    if isinstance(loss, str):
        made = _by_name(model, loss, options)
    elif isinstance(loss, type) and issubclass(loss, Loss):
        made = Loss.build(loss, **options)
    else:
        made = Loss(loss, **options)
    return made


def _by_name(model, name, options):
    full = name if ":" in name else f"{name}:out"
    is_port = "output_name" not in options and full in model.graph.outputs()[0]
    if is_port and full.removesuffix(":out") in model.graph.output_layers():  # also where a loss is called so
        return OutputLoss(output_name=full, **options)
    if name in losses.registry:
        return Loss.build(name, **options)
    if name == "network" and "network" in options:
        return NetworkLoss(**options)
    if name == "output" and "output_name" in options:
        return OutputLoss(**options)
    if name in metrics.registry:
        raise SpecError(f"loss {name!r} is a metric, which can be shown but not minimized. Pass "
                        f"metrics=[{name!r}] to train")
    if is_port:
        return OutputLoss(output_name=full, **options)
    try:
        return Loss.build(name, **options)
    except UnknownNameError as error:
        ports = [one for one in model.graph.output_layers() if one != "out"]
        if ports:
            raise UnknownNameError(f"{error}. The outputs that could be a loss are {', '.join(ports)}") from None
        raise


def _taken_over(model, loss, options):
    """Return a loss that was made before, with the weight that was asked for."""
    if _trains_elsewhere(model, loss):
        loss = loss.unbound()
    given = {k: v for k, v in options.items() if k != "output_name"}
    if "output_name" in options and loss.anywhere:
        loss.attach(options["output_name"])
        loss.anywhere = False
    if set(given) - {"weight"}:
        raise SpecError(f"loss {loss.name}: got the options {sorted(given)} beside a Loss. Set them where you make "
                        "the Loss")
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
        For an entry that is not a loss.
    UnknownNameError
        For an output that the model does not have.
    """
    bound: list = []
    for index, loss in enumerate(entries):
        if not isinstance(loss, Loss):
            raise SpecError(no_loss(index, loss))
        if _trains_elsewhere(model, loss) or any(loss is other for other in bound):
            entries[index] = loss = loss.unbound()
        if loss.anywhere:
            loss.attach(model.graph.main_name)
        _bind(model, loss, bound, np.random.default_rng([model.seed, LOSSES, index]))
        bound.append(loss)
    _name_variables(model, entries)
    own = owned(bound, model.graph)
    lent = {id(p) for loss in bound for p in loss.own_weights().values()}
    model.graph.lent = {name: p for name, p in own.items() if id(p) in lent}
    model.graph.lent_others = {name: p for name, p in own.items() if id(p) not in lent}


def no_loss(index, entry) -> str:
    """Return the error for an entry of `net.losses` that is not a loss."""
    if isinstance(entry, type):
        way = f"write net.losses[{index}] = {entry.__name__}(), or net.add_loss({entry.__name__})"
    elif isinstance(entry, str):
        way = f"write net.add_loss({entry!r}), or net.losses[{index}] = symloss.Loss({entry!r})"
    else:
        way = "write net.add_loss(...), which takes names, functions, classes and dicts"
    return f"net.losses[{index}] is {entry!r}, which is not a Loss; {way}"


def _bind(model, loss, before, rng):
    outputs = model.graph.outputs()[0]
    if loss.output_name not in outputs:
        raise unknown(f"output of loss {loss.name}:", loss.output_name, outputs)
    loss.meet(outputs[loss.output_name], rng)
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
    target = model.new_target(loss) if loss.takes_target else pt.tensor(name="target", shape=(None,))
    if target not in model.inputs:  # of an autoencoder
        own = loss.own_target()
        target = target if own is None else own
    if loss.target_axes not in (None, target.ndim):
        target = target_of_rank(loss.spec, loss.target_axes)
    if target in model.inputs:
        return target
    for other in before:
        shared = other._target
        if other.output_name == loss.output_name and (shared.ndim, shared.dtype) == (target.ndim, target.dtype):
            return shared
    return model.bound_targets.setdefault((loss.output_name, target.dtype, target.type.shape), target)


def check_owned(model, loss, parts) -> None:
    """Find shared variables that a user's own loss depends on, but that training would not change.

    Raises
    ------
    SpecError
        For arrays of floating-point numbers. A single number may be one that the user sets: that is a warning.
    """
    if isinstance(loss, NetworkLoss) or (type(loss) is Loss and loss.spec.target != "any"):
        return  # made of layers, which say what their parameters are; or of the library
    known = {*model.params, *loss.owned().values(), *loss.options.scalars.values(), loss.weighing.scalar,
             loss._class_weight, *loss.fixed_variables}
    known |= set(ancestors(list(model.graph.outputs()[0].values())))
    found = [v for v in ancestors(parts) if isinstance(v, SharedVariable) and v not in known]
    found = [v for v in found if str(getattr(v.type, "dtype", "")).startswith("float")]
    names = ", ".join(v.name or "without a name" for v in found)
    if any(v.ndim for v in found):
        raise SpecError(f"loss {loss.name}: it depends on the shared variable {names}, which is not a parameter of "
                        "the model, so training would not change it. Pass it as symloss.Loss(..., parameters={'w': "
                        "variable}), keep it in self.parameters of a subclass of Loss, or use its value if it is fixed")
    if found:
        warnings.warn(f"loss {loss.name}: it depends on the shared variable {names}, which is not a parameter of the "
                      "model, so training does not change it",
                      SymlossWarning, stacklevel=4)


def _name_variables(model, entries):
    """Name targets and weights after their output where there are several outputs, and number several of one output."""
    taken = {v.name for v in model.graph.input_variables().values()}
    taken |= {x.given_target.name for x in entries if x.given_target is not None and x.given_target.name}
    seen: set = set(model.graph.input_variables().values())
    several = len(model.graph.output_layers()) > 1 and not model.one_output
    for loss in entries:
        alone = loss.output_name == model.output_name and not several
        prefix = "" if alone else f"{loss.output_name.removesuffix(':out')}:"
        for variable, name in ((loss._target, "target"), (loss._weights, "weights")):
            if variable is None or variable in seen:
                continue
            seen.add(variable)
            if variable is loss.given_target and variable.name:
                continue
            names = (f"{prefix}{name}{number}" for number in ("", *range(2, 99)))
            variable.name = next(one for one in names if one not in taken)
            taken.add(variable.name)
