"""Options that changed when a training is resumed: each one takes effect from now on, or is rejected by its name."""

import dataclasses

from ..compiling import Plan, turn_steps
from ..errors import DataError, SymlossError, UnknownNameError
from ..schedules import Schedule, build
from .options import DECLARED, OWN, Options

KEPT = {name: one for name, one in DECLARED.items() if one.resumed != "as asked"}


def described(asked: Options, model, rows: int | None, seed: int, losses=None) -> dict:
    """Return what a training was asked for, in plain data that a file holds and `going_on` compares.

    Parameters
    ----------
    asked : Options
    model : Network
    rows : int or None
        Number of items, where it is known.
    seed : int
        Of the shuffling.
    losses : list of Loss or None
        Those of a turn; None: all of the model.
    """
    turns = [described(turn.asked, model, rows, seed, turn.losses) | {"steps": turn.steps, "moves": _plain(turn.moves)}
             for turn in asked.turns or () if losses is None]
    return {
        "algo": asked.method or asked.plan.rule.__name__,
        "losses": [f"{loss.name} of {loss.output_name}" for loss in (model.losses if losses is None else losses)],
        "regularizers": sorted(regularizer.name for regularizer in asked.regularizers),
        "hyperparameters": {name: _plain(value) for name, value in asked.plan.options.items()},
        "options": {name: _plain(_value(asked, name)) for name in KEPT} | {"seed": seed},
        "rows": rows,
    } | ({"turns": turns} if turns else {})


def _value(asked, name):
    return getattr(asked if name in OWN else asked.plan, name)


def _plain(value):
    """Return a value as JSON gives it back; what JSON cannot hold is described in words."""
    if isinstance(value, Schedule):
        return value.to_spec()
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
    return value if isinstance(value, str | int | float | bool | None) else {"in words": repr(value)}


def _rebuilt(name, plain):
    """Return what `_plain` made plain, or raise DataError where it only described it."""
    if isinstance(plain, dict) and "in words" in plain:
        raise _refused(name, plain["in words"], "nothing", f"pass {name} again")
    if isinstance(plain, dict) and isinstance(plain.get("schedule"), str):
        try:
            return build(plain)
        except UnknownNameError:
            raise _refused(name, plain, "nothing", f"pass {name} again") from None
    if isinstance(plain, dict):
        return {key: _rebuilt(name, one) for key, one in plain.items()}
    return tuple(_rebuilt(name, one) for one in plain) if isinstance(plain, list) else plain


def _refused(what, before, now, way_out):
    return DataError(f"train: resume=True, but the saved state belongs to another training: {what} changed from "
                     f"{before} to {now}; {way_out}, or leave resume out")


def going_on(asked: Options, before: dict, model) -> tuple[Options, dict]:
    """Return the options of a resumed training, and the hyperparameters that were passed again.

    Options that you leave out stay as they were. Options that you pass take effect or are rejected.

    Parameters
    ----------
    asked : Options
    before : dict
        See `described`.
    model : Network

    Raises
    ------
    DataError
        For anything that cannot change in the middle of a training, such as the rule, a loss or a regularizer; or if
        `before` is damaged.
    """
    try:
        return _going_on(asked, before, model)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SymlossError):
            raise
        raise DataError(f"train: resume=True, but the saved state is damaged ({type(error).__name__}: {error}). Use "
                        "another copy of the file") from error


def _going_on(asked, before, model):
    if asked.turns or before.get("turns"):
        return _turns_going_on(asked, before, model)
    return _one_going_on(asked, before, model)


def _turns_going_on(asked, before, model):
    """Let each turn go on by itself; the options of the whole training are the same for all."""
    old, own = before.get("turns") or (), asked.turns or ()
    if len(old) != len(own):
        raise _refused("the number of turns", len(old), len(own), "pass the same turns")
    found, changed = [], {}
    for index, (turn, plain) in enumerate(zip(own, old, strict=True)):
        for what, now in (("steps", turn.steps), ("moves", _plain(turn.moves))):
            if plain[what] != now:
                raise _refused(f"{what} of turn {index + 1}", plain[what], now, "pass the same turns")
        alone = dataclasses.replace(turn.asked, turns=None)
        going, numbers = _one_going_on(alone, plain, model, turn.losses)
        found.append(dataclasses.replace(turn, asked=going))
        changed |= {f"{turn_steps.prefix(index)}{name}": value for name, value in numbers.items()}
    alone = dataclasses.replace(asked, turns=None)
    unused = {"hyperparameters": described(alone, model, None, model.seed)["hyperparameters"]}
    whole, _ = _one_going_on(alone, before | unused, model)
    return dataclasses.replace(whole, turns=found), changed


def _one_going_on(asked, before, model, losses=None):
    now = described(asked, model, None, model.seed, losses)
    _compare(before, now)
    values = {}
    for name, declared in KEPT.items():
        old = before.get("options", {}).get(name, now["options"][name])
        if name in asked.given and _plain(_value(asked, name)) != old:
            if declared.resumed == "the same":
                raise _refused(name, repr(old), repr(_value(asked, name)), f"pass {name}={old!r}")
        elif name not in asked.given and old != now["options"][name]:
            values[name] = _rebuilt(name, old)
    values["seed"] = before.get("options", {}).get("seed", now["options"]["seed"])
    old_rates = {name: _rebuilt(name, one) for name, one in before.get("hyperparameters", {}).items()}
    plan = dataclasses.replace(asked.plan, options=old_rates | asked.plan.options,
                               **{name: value for name, value in values.items() if name not in OWN})
    old_limits = {name: before["options"][name] for name in Plan.LIMITS if name in before.get("options", {})}
    old_plan = dataclasses.replace(plan, options=old_rates, **old_limits)
    if set(old_plan.rates()) != set(plan.rates()):  # the rule keeps a state for each pattern
        raise _refused("the patterns of learning_rate", list(old_plan.rates()), list(plan.rates()), "pass the same")
    old_numbers = old_plan.numbers()
    changed = {name: value for name, value in plan.numbers().items() if old_numbers.get(name) != value}
    own = {name: value for name, value in values.items() if name in OWN}
    return dataclasses.replace(asked, plan=plan, **own), changed


def _compare(before, now) -> None:
    """Raise DataError where the rule, the losses or the regularizers are others."""
    for what, way_out in (("algo", "pass algo={}"), ("losses", "give the model the losses {}"),
                          ("regularizers", "pass the regularizers {}")):
        old = before.get(what, now[what])
        if old != now[what]:
            raise _refused(what, repr(old), repr(now[what]), way_out.format(repr(old)))


def check_rows(plain: dict, rows: int | None) -> None:
    """Raise DataError if a training is resumed within an epoch, but the data set has another number of items."""
    before = plain.get("asked", {}).get("rows", rows)
    if plain.get("items") and before != rows:
        words = ["a stream" if n is None else f"{n} items" for n in (before, rows)]
        raise _refused("the training data", *words, "pass the same data until the end of the epoch")
