"""The options of training, declared once: every keyword finds its owner here, or raises.

To add an option, add a field to `Options` (or to `Plan`, if it decides how parameters move): its meaning, check,
default and names elsewhere stand there, and the docstring of `train`, the docs and the error messages follow.
"""

import dataclasses
import functools
import inspect

import numpy as np

from .. import _options as declarations
from .. import regularizers, training, updates
from .._options import FLAG, NONE, PATH, SEVERAL, Check, integer, number, option
from ..compiling import Plan, alone
from ..errors import SpecError, UnknownNameError, unknown
from ..objective import monitors
from ..schedules import Schedule
from . import stopping

PRETRAINING = ("sample", "layerwise", "pretrain")  # what `train` takes as `algo` and hands on; see `pretraining`
MARKER = "{options}"  # in a docstring: where the list of options goes

ELSEWHERE = {  # a keyword of another library that no single option stands for -> what to do here; for errors alone
    "X": "pass inputs and targets as one list: net.train([x, y])",
    "axis": "leave it out: items are along the first axis; use np.moveaxis to move them there",
    "hv_method": "leave it out: esgd computes its products with the Hessian itself",
    "initial_epoch": "write resume=True to continue where the last training stopped",
    "inputs": "leave it out: the inputs are net.inputs",
    "loss": "the loss belongs to the model: call net.set_loss('mae'), and then net.train([x, y])",
    "momentum": "only algo='sgd' and 'nag' take it; for adam and similar rules, use beta1",
    "nesterov": "write algo='nag'",
    "regularizers": "pass each one as a separate keyword: weight_l2=1e-4, hidden_l1=0.01",
    "sample": "draw samples from the result yourself, for example rng.binomial(1, net.encode(x))",
    "sample_weight": "make the model with weighted=True, and pass weights after the targets: net.train([x, y, w])",
    "shuffle": "leave it out: items are always shuffled in every epoch",
    "subalgo": "only algo='layerwise' and 'pretrain' take it",
    "updates": "leave it out; to run code after every epoch, pass a function as a callback",
    "validation_data": "pass it as the second argument: net.train([x, y], [x_valid, y_valid])",
    "x": "pass inputs and targets as one list: net.train([x, y])",
    "y": "pass inputs and targets as one list: net.train([x, y])",
}
FORMER_ALGORITHMS = {"layer": "layerwise", "sup": "layerwise", "pre": "pretrain", "unsup": "pretrain"}  # so they began


def _is_best(value) -> bool:
    name, mode = value if isinstance(value, tuple) and len(value) == 2 else (value, "min")
    return isinstance(name, str) and bool(name) and mode in ("min", "max")


BEST = Check("the name of a value in the records, or a pair of it and 'min' or 'max'", lambda value: value is None
             or _is_best(value))


RESULTS = Check("True, False or 'epochs'", lambda value: FLAG.accepts(value) or value == "epochs",
                lambda value: value if isinstance(value, str) else bool(value))


TURNS = Check("a list of turns, (losses, steps), (losses, steps, {options}) or symloss.Turn",
              lambda value: isinstance(value, list | tuple) and bool(value), tuple)


def _is_sink(value) -> bool:
    return isinstance(value, bool | int | np.integer | np.bool_) or value is None or hasattr(value, "write") \
        or hasattr(value, "print")


@dataclasses.dataclass(frozen=True)
class Options:
    """The options that were passed to `train`, as attributes, and what is derived from them.

    Attributes
    ----------
    plan : Plan
        The rule, its hyperparameters, and the options that `Plan` declares.
    regularizers : list of Regularizer
    method : str or None
        The method of scipy, for full batches.
    given : frozenset of str
        Names of the options that were passed.
    """

    plan: Plan
    regularizers: list
    method: str | None = None
    given: frozenset = frozenset()

    algo: object = option(
        "str or function",
        "The update rule: sgd, momentum, nag, rprop, rmsprop, adagrad, adadelta, esgd, adam, adamax, amsgrad, adamw, "
        "or a function of your own, see `updates`. Methods for the full batch: lbfgs, cg, trust-ncg. Methods that find "
        "initial parameters: sample, layerwise, pretrain; the last two train with the update rule "
        "``subalgo``.",
        default="rmsprop", also={"algorithm": "write algo", "optimizer": "write algo='adam'", "solver": "write algo"})
    verbose: object = option(
        "int, file or rich Console", "Whether to show progress. 0 shows nothing. Pass a file or a rich Console to show "
        "the progress there.",
        Check("0, 1, a file or a rich Console", _is_sink), default=1, shown="1")
    epochs: int = option(
        "int", "Number of epochs to train for. With ``resume=True``, the epochs of the earlier training are included.",
        integer(1),
        default=100, also=dict.fromkeys(("max_updates", "nb_epoch", "n_epochs", "num_epochs", "max_epochs", "max_iter"),
                                        "write epochs"))
    batch_size: int = option("int", "Number of items in a mini-batch. 0 takes all items at once.",
        integer(0), default=32,
                             goes_with="steps", resumed="as before", also={"minibatch_size": "write batch_size"})
    patience: int | None = option(
        "int or None", "Number of validations without improvement after which training stops (epochs, if there is no "
        "validation data). None: never stop early.", integer(0) | NONE, default=5, resumed="as before",
        also={"n_iter_no_change": "write patience"})
    best: object = option(
        "str, (str, 'min' or 'max') or None", "The value that decides which epoch is the best. The best epoch "
        "determines which parameters are kept, when `patience` ends, and when ``Checkpoint(best=True)`` writes. Pass "
        "\"valid_acc\", for example, or (\"valid_mine\", \"max\") for a metric of your own. None: the value that an "
        "`EarlyStopping` monitors, otherwise 'valid_loss', or 'loss' without validation data.",
        BEST, shown="`\"valid_loss\"`", resumed="as before",
        also=dict.fromkeys(("monitor", "restore_best_weights", "save_best_only"), "write best, as best=\"valid_acc\""))
    min_improvement: float = option(
        "float", "Minimum relative change of the value `best` that counts as an improvement.",
        number(0), default=0.0, resumed="as before",
        also={"min_delta": "write min_improvement, a share of the best loss", "tol": "write min_improvement"})
    stop: object = option(
        "str, dict, function or list of them", "Criterion that ends the training. It replaces `patience`, unless you "
        "pass both. Pass the name of a metric, or a dict with arguments of `training.EarlyStopping`, ``{\"metric\": "
        "\"acc\", \"patience\": 5, \"initial_patience\": 10, \"min_absolute_improvement\": 0.001}``, or a function of "
        "the record that returns True to stop. With a list, training ends as soon as one criterion is met.",
        resumed="as before", also=dict.fromkeys(("early_stopping", "stopping", "stopping_criterion"),
                                                          "write stop={'metric': 'acc', 'patience': 5}"))
    validate_every: int = option("int", "Number of epochs between validations.", integer(1), default=1,
                                 resumed="as before", also={"validation_freq": "write validate_every"})
    validation_split: float | None = option(
        "float or None", "Fraction of the items to set aside as validation data, for example 0.1. The items are drawn "
        "at random with `seed`.",
        number(0, below=1) | NONE, resumed="the same", also={"validation_fraction": "write validation_split"})
    train_batches: int | None = option(
        "int or None", "Number of batches in an epoch. With arrays, an epoch uses the first batches of each new random "
        "order. With functions and iterators, an epoch has 100 batches by default.",
        integer(1) | NONE, shown="all; 100 of functions and iterators",
        resumed="as before", also={"iteration_size": "write train_batches, and valid_batches for validation data",
              "steps_per_epoch": "write train_batches"})
    valid_batches: int | None = option(
        "int or None", "Number of batches in a validation, if the validation data come from a function or an iterator.",
        integer(1) | NONE,
        shown="100 of functions and iterators", also={"validation_steps": "write valid_batches"})
    callbacks: tuple = option(
        "callback or list of them", "Functions of the record, or objects that listen to the training, see "
        "`symloss.training`. Training stops if one of them returns a true value.", SEVERAL, default=())
    metrics: tuple = option(
        "metric or list of them", "Metrics to show in the records besides the losses: names of metrics or losses, "
        "dicts with options, ``{\"form\": \"f_beta\", \"beta\": 2}``, or functions of (prediction, target) that return "
        "one value per item.",
        SEVERAL, default=())
    monitors: tuple = option(
        "dict", "Values of outputs and parameters to show in the records. ``{\"hid*:out\": (0.1, 0.9)}`` shows the "
        "fractions of values below 0.1 and below 0.9. Functions by label show their means, see `monitors.build`.",
        default=())
    monitor_gradients: bool = option("bool", "Whether to show the squared norm of each gradient in the records, as "
        "'grad(hid1.w)'.", FLAG,
                                     default=False)
    class_weight: object = option(
        "dict, list or 'balanced'", "Weight of each class, for example against class imbalance: ``{0: 1, 1: 5}``, or "
        "``{\"out\": {0: 1, 1: 5}}`` for some outputs only. It applies to every output with labels or probabilities of "
        "classes. If classes do not exclude each other, pass the weights of no (0) and yes (1). With 'balanced', all "
        "classes have the same total weight. Items that are ignored or have weight 0 are not counted.",
        resumed="the same")
    negative_weights: bool = option(
        "bool", "Whether to accept negative weights, which push predictions away from targets. A weighted mean is then "
        "divided by the sum of the absolute weights.", FLAG, default=False, resumed="the same")
    save_progress: object = option(
        "path", "File to save the model to during the training, with everything that `resume` needs, see "
        "`training.Checkpoint`.",
        PATH | NONE)
    save_every: object = option(
        "int or float", "How often to write `save_progress`: every so many epochs (an int) or minutes (a float).",
        number(0) | NONE, shown="1")
    results: object = option(
        "bool or 'epochs'", "Whether to return `training.Results` instead of the history. It contains the losses by "
        "step, epoch and item, the reason why training stopped, the speed and plots. ``net.results`` keeps it. Steps "
        "then run one by one, which slows down small models. 'epochs' leaves out the losses of single steps and runs "
        "at full speed.", RESULTS, default=False,
        also=dict.fromkeys(("return_results", "full_output"), "write results=True"))
    resume: bool = option(
        "bool", "Whether to continue where the last training stopped, with the state of the optimizer.",
        FLAG, default=False,
        goes_with="steps")
    allow_nan: bool = option("bool", "Whether to accept NaN and infinity in the data.", FLAG, default=False)
    turns: object = option(
        "list of turns", "Objectives that take turns, each with its own losses, parameters, update rule and number of "
        "steps: ``[(\"critic\", 5, {\"moves\": \"critic.*\"}), (\"generator\", 1, {\"moves\": \"generator.*\"})]``, "
        "see `Turn`. `patience` then does nothing unless you pass it, because the sum of such losses rarely falls. "
        "None: a single objective, the sum of all losses.", TURNS | NONE, goes_with="steps")
    tolerance: float | None = option(
        "float or None", "A full-batch method stops when the Euclidean norm of the gradient is at most this value.",
        number(0) | NONE,
        shown="scipy's", goes_with="full batch")
    seed: int | None = option("int or None", "Seed for shuffling and noise.", integer(0, most=None) | NONE,
                              shown="the model's", resumed="the same",
                              also={"rng": "write seed, an integer", "random_state": "write seed"})

    @classmethod
    @alone
    def split(cls, algo, options: dict, graph) -> "Options":
        """Return the options, or raise UnknownNameError for one that nothing takes, with the nearest names."""
        options = dict(options)
        method = algo if isinstance(algo, str) and algo in training.METHODS else None
        rule = updates.sgd if method else rule_of(algo, options)
        tuned = {} if method else updates.hyperparameters(rule)
        if not method and "momentum" not in tuned and options.get("momentum") == 0:
            del options["momentum"]  # a momentum of 0 is none
        penalties = {name: options.pop(name) for name in list(options) if regularizers.is_regularizer(name)}
        for name in options:
            if name not in DECLARED and name not in tuned:
                known = {*DECLARED, *tuned, *regularizers.option_names()}
                raise refused("training option", name, known, regularizers.registry.spellings())
        given = {name: DECLARED[name].check(name, value) for name, value in options.items() if name not in tuned}
        rates = {name: _hyperparameter(name, tuned[name], options[name]) for name in options if name in tuned}
        _check_kind(algo, method is not None, given)
        own = {name: value for name, value in given.items() if name in OWN}
        plan = Plan(rule, rates, **{name: value for name, value in given.items() if name not in OWN})
        if (_stops_by_itself(own) or own.get("turns")) and "patience" not in own:
            own["patience"] = None
        own["monitors"] = monitors.build(own.get("monitors") or (), graph)
        own["callbacks"] = (*own.get("callbacks", ()), *_saver(own.get("save_progress"), own.get("save_every")))
        made = regularizers.from_options(penalties, graph)
        asked = frozenset(name for name, value in (given | rates | penalties).items() if value is not None)
        return cls(plan, made, method, asked, algo=algo, **own)


OWN = declarations.declared(Options)
DECLARED = OWN | declarations.declared(Plan)  # every option of `train` but hyperparameters and regularizers
DEFAULTS = declarations.defaults(Options) | declarations.defaults(Plan)
FORMER = ELSEWHERE | {old: hint for one in [*DECLARED.values(), *updates.HYPERPARAMETERS.values()]
                      for old, hint in one.also.items()}


def _hyperparameter(name, declared, value):
    """Return a hyperparameter as it is used: a number, a schedule of numbers, or learning rates by pattern."""
    if name == "learning_rate" and isinstance(value, dict) and value:
        return {pattern: _hyperparameter(name, declared, rate) for pattern, rate in value.items()}
    for known in value.values_known() if isinstance(value, Schedule) else [value]:
        declared.check(name, known)
    return value


def _check_kind(algo, full_batch: bool, given: dict) -> None:
    """Raise SpecError for an option that does not work with the kind of method."""
    for name, value in given.items():
        kind, off = DECLARED[name].goes_with, DECLARED[name].off
        asks = value not in (None, False, 0, off)
        if asks and kind == "steps" and full_batch:
            raise SpecError(f"train: {name} does not work with algo={algo!r}, which takes the whole data set at once. "
                            "Leave it out")
        if value is not None and kind == "full batch" and not full_batch:
            raise SpecError(f"train: {name} only works with algo={' or '.join(map(repr, training.METHODS))}")


def _stops_by_itself(own: dict) -> bool:
    """Return whether something besides the option `patience` says how long to wait."""
    asked = [*stopping.criteria(own.get("stop")), *own.get("callbacks", ())]
    return any(isinstance(one, training.EarlyStopping | stopping.StopWhen) for one in asked)


def _saver(path, every) -> tuple:
    """Return the callbacks that save the model: every so many epochs (an int) or minutes (a float); each epoch."""
    if path is None and every:
        raise SpecError(f"train: save_every={every!r} has no effect without save_progress. Pass the path of a file")
    if path is None or (every is not None and not every):
        return ()
    if isinstance(every, float | np.floating):
        return (training.Checkpoint(path, seconds=60 * float(every)),)
    return (training.Checkpoint(path, epochs=1 if every is None else int(every)),)


def rule_of(algo, options):
    """Return the update rule that `algo` names; a momentum makes 'momentum' of 'sgd'."""
    if callable(algo) and not hasattr(algo, "itertrain"):
        return algo
    if not isinstance(algo, str):
        raise SpecError(f"train: algo={algo!r} is not valid; it must be the name of an update rule, or a function like "
                        f"those in symloss.updates")
    if algo not in updates.registry:
        former = next((new for old, new in FORMER_ALGORITHMS.items() if algo.lower().startswith(old)), None)
        if former is not None:
            raise UnknownNameError(f"unknown algorithm {algo!r}; write {former!r}")
        raise unknown("algorithm", algo, [*updates.registry, *training.METHODS, *PRETRAINING])
    return updates.registry.get("momentum" if algo == "sgd" and options.get("momentum") else algo)


# ------------------------------------------------------------------------------------------ names and documentation


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
                raise UnknownNameError(f"unknown option of {who}: {name!r}; only train takes noise and penalties")
            if name not in known:
                raise refused(f"option of {who}:", name, known)
        return method(self, *arguments, **keywords)

    return checked


def documented(method):
    """Fill the line `MARKER` of a method's docstring with the list of all options of training."""
    if method.__doc__:  # python -OO drops docstrings, and Python 3.13 their margin
        margin = next(line.index(MARKER) for line in method.__doc__.splitlines() if MARKER in line)
        listed = declarations.parameter_list(DECLARED, DEFAULTS, margin)
        method.__doc__ = method.__doc__.replace(MARKER, listed)
    return method
