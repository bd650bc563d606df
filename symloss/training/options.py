"""The options of training, split once: every keyword finds its owner here, or raises."""

import dataclasses
import functools
import inspect
import os

import numpy as np

from .. import regularizers, training, updates
from .._checks import is_number
from ..compiling import Plan
from ..errors import SpecError, UnknownNameError, unknown
from ..objective import monitors
from ..schedules import Schedule

PRETRAINING = ("sample", "layerwise", "pretrain")  # what `train` takes as `algo` and hands on; see `pretraining`
PATTERNS = (list, tuple, set, frozenset)  # of which several patterns may come

FORMER = {  # a keyword of theanets or downhill -> what to do here; for errors alone
    "algorithm": "write algo",
    "axis": "leave it out: items stand along the first axis, where np.moveaxis brings them",
    "beta1_halflife": "write beta1, which is 0.5 ** (1 / halflife)",
    "beta2_halflife": "write beta2, which is 0.5 ** (1 / halflife)",
    "hv_method": "leave it out: esgd finds its products with the Hessian itself",
    "inputs": "leave it out: the inputs are net.inputs",
    "iteration_size": "write train_batches, and valid_batches for validation data",
    "max_gradient_clip": "write max_gradient_element",
    "max_gradient_elem": "write max_gradient_element",
    "max_updates": "write epochs",
    "momentum": "it goes with algo='sgd' and 'nag'; of adam and its kin, beta1 is what it was meant for",
    "nesterov": "write algo='nag'",
    "params": "write freeze, with patterns of the parameters that do not move",
    "regularizers": "write each as a keyword of its own, weight_l2=1e-4, hidden_l1=0.01",
    "rms_halflife": "write rho, which is 0.5 ** (1 / halflife)",
    "rms_regularizer": "write epsilon",
    "rng": "write seed, an integer",
    "rprop_decrease": "write decrease",
    "rprop_increase": "write increase",
    "rprop_max_step": "write max_step",
    "rprop_min_step": "write min_step",
    "sample": "draw from what comes back, rng.binomial(1, net.encode(x)) say",
    "subalgo": "it goes with algo='layerwise' and 'pretrain'",
    "updates": "leave it out: pass a function as a callback, which is called after every epoch",
}
FORMER_ALGORITHMS = {"layer": "layerwise", "sup": "layerwise", "pre": "pretrain", "unsup": "pretrain"}  # so they began


def refused(kind: str, name: str, known, aliases=()) -> UnknownNameError:
    """Return the error for a keyword that nothing takes: what it is called here, or the nearest of the `known`."""
    if name in FORMER:
        return UnknownNameError(f"unknown {kind} {name!r}; {FORMER[name]}")
    return unknown(kind, name, known, aliases)


def named(method):
    """Make a method of a model refuse keywords that it does not take as `train` does."""
    known = list(inspect.signature(method).parameters)[1:]

    @functools.wraps(method)
    def checked(self, *arguments, **keywords):
        who = type(self).__name__ if method.__name__ == "__init__" else method.__name__
        for name in keywords:
            if name not in known and regularizers.is_regularizer(name):
                raise UnknownNameError(f"unknown option of {who}: {name!r}; pass it to train, which alone knows noise "
                                       f"and penalties")
            if name not in known:
                raise refused(f"option of {who}:", name, known)
        return method(self, *arguments, **keywords)

    return checked


@dataclasses.dataclass(frozen=True)
class Options:
    """What `train` was asked for; see `models.Network.train` for the meaning of each option."""

    plan: Plan
    regularizers: list
    method: str | None = None  # of scipy, for full batches
    epochs: int = 100
    batch_size: int = 32
    patience: int | None = 5
    min_improvement: float = 0.0
    validate_every: int = 1
    train_batches: int | None = None
    valid_batches: int | None = None
    callbacks: tuple = ()
    metrics: tuple = ()
    monitors: tuple = ()
    monitor_gradients: bool = False
    class_weight: object = None
    resume: bool = False
    allow_nan: bool = False
    tolerance: float | None = None
    seed: int | None = None

    @classmethod
    def split(cls, algo, options: dict, graph) -> "Options":
        """Return the options, or raise UnknownNameError for one that nothing takes, with the nearest names."""
        options = dict(options)
        method = algo if isinstance(algo, str) and algo in training.METHODS else None
        rule = updates.sgd if method else _rule(algo, options)
        known = {} if method else updates.options(rule)
        if not method and "momentum" not in known and options.get("momentum") == 0:
            del options["momentum"]  # a momentum of 0 is none
        rule_options = {name: options.pop(name) for name in list(options) if name in known}
        for name, value in rule_options.items():
            _check_rate(name, value)
        planned = {f.name for f in dataclasses.fields(Plan)} - {"rule", "options"}
        plan = Plan(rule, rule_options, **_checked_plan({k: options.pop(k) for k in list(options) if k in planned}))
        penalties = {k: options.pop(k) for k in list(options) if regularizers.is_regularizer(k)}
        saver = _saver(options.pop("save_progress", None), options.pop("save_every", None))
        own = {f.name for f in dataclasses.fields(cls)} - {"plan", "regularizers", "method"}
        for name in options:
            if name not in own:
                options_known = {*known, *planned, *own, *regularizers.option_names(), "verbose", "save_every",
                                 "save_progress"}
                raise refused("training option", name, options_known, regularizers.registry.spellings())
        _check(method, options, plan)
        options["monitors"] = monitors.build(options.get("monitors") or (), graph)
        several = {name: options.pop(name, ()) for name in ("callbacks", "metrics")}
        several = {k: tuple(v) if isinstance(v, list | tuple) else (v,) for k, v in several.items()}
        several["callbacks"] += saver
        made = regularizers.from_options(penalties, graph)
        return cls(plan=plan, regularizers=made, method=method, **several, **options)


def _saver(path, every) -> tuple:
    """Return the callbacks that save the model: every so many epochs (an int) or minutes (a float); each epoch."""
    if path is None and every:
        raise SpecError(f"train: save_every={every!r}, but no save_progress; pass the path of a file")
    if path is None:
        return ()
    if hasattr(path, "write"):
        raise SpecError("train: save_progress is an open file; pass a path, of which the old or the new file is there, "
                        "whole, at any moment")
    if not isinstance(path, str | os.PathLike):
        raise SpecError(f"train: save_progress={path!r}; the path of a file is wanted")
    if every is not None and not every:
        return ()
    _number("save_every", 1 if every is None else every, 0)
    if isinstance(every, float):
        return (training.Checkpoint(path, seconds=60 * every),)
    return (training.Checkpoint(path, epochs=1 if every is None else int(every)),)


def _rule(algo, options):
    if callable(algo) and not hasattr(algo, "itertrain"):
        return algo
    if not isinstance(algo, str):
        raise SpecError(f"train: algo={algo!r}; the name of a rule is wanted, or a function as in symloss.updates; "
                        f"call what trains by a method of its own yourself")
    if algo not in updates.registry:
        former = next((new for old, new in FORMER_ALGORITHMS.items() if algo.lower().startswith(old)), None)
        if former is not None:
            raise UnknownNameError(f"unknown algorithm {algo!r}; write {former!r}")
        raise unknown("algorithm", algo, [*updates.registry, *training.METHODS, *PRETRAINING])
    return updates.registry.get("momentum" if algo == "sgd" and options.get("momentum") else algo)


def _check_rate(name, value):
    if isinstance(value, dict) and name == "learning_rate" and value:
        for rate in value.values():
            _check_rate(name, rate)
    elif not isinstance(value, Schedule):
        _number(name, value)


def _number(name, value, least=None):
    if not is_number(value) or (least is not None and value < least):
        what = "a finite number" + ("" if least is None else f" of at least {least}")
        raise SpecError(f"train: {name}={value!r}; {what} is wanted")


def _integer(name, value, least):
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise SpecError(f"train: {name}={value!r}; an integer of at least {least} is wanted")


def _checked_plan(given):
    freeze = given.get("freeze", ())
    given["freeze"] = (freeze,) if isinstance(freeze, str) else tuple(freeze) if isinstance(freeze, PATTERNS) else None
    if given["freeze"] is None or not all(isinstance(pattern, str) for pattern in given["freeze"]):
        raise SpecError(f"train: freeze={freeze!r}; a pattern of parameters or a list of them is wanted, 'hid1.*' say")
    for name in Plan.LIMITS:
        if given.get(name) is not None:
            _number(name, given[name], 0)
            if given[name] == 0:
                given[name] = None  # as in downhill, 0 means no limit
    _integer("accumulate", given.get("accumulate", 1), 1)
    if given.get("average") is not None:
        _number("average", given["average"], 0)
        if given["average"] >= 1:
            raise SpecError(f"train: average={given['average']!r}; a factor less than 1 is wanted, 0.999 say")
    return given


def _check(method, options, plan):
    for name, least in (("epochs", 1), ("batch_size", 0), ("validate_every", 1), ("train_batches", 1),
                        ("valid_batches", 1), ("patience", 0), ("seed", 0)):
        if name in options and (options[name] is not None or name in ("epochs", "batch_size", "validate_every")):
            _integer(name, options[name], least)
    for name in ("resume", "allow_nan", "monitor_gradients"):
        if not isinstance(options.get(name, False), bool | np.bool_):
            raise SpecError(f"train: {name}={options[name]!r}; True or False is wanted")
    _number("min_improvement", options.get("min_improvement", 0.0), 0)
    if options.get("tolerance") is not None and method is None:
        raise SpecError("train: tolerance goes with algo='lbfgs', 'cg' or 'trust-ncg'")
    if method is not None:
        steps = {"resume": options.get("resume"), "batch_size": options.get("batch_size"), "average": plan.average}
        steps |= {"accumulate": plan.accumulate > 1} | plan.limits()
        for name, value in steps.items():
            if value:
                raise SpecError(f"train: {name} does not go with algo={method!r}, which takes the whole batch at once")
