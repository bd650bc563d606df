"""One training of a model, from its options to its records: sources, compiled step, loop, and what is left behind."""

import contextlib
import dataclasses

import pytensor

from ..compiling import (
    Evaluation,
    FullBatch,
    TrainingStep,
    TurnSteps,
    alone,
    gradients,
    resolve,
)
from ..data import open_source, split
from ..errors import DataError, SpecError, TrainingError
from ..objective import Objective
from ..stability import rewriting as stability
from . import Training, finish, fit, minimize, monitoring, resuming, stopping, training_lock, turns
from .class_weights import weigh_classes
from .example_losses import standing
from .loop import NOTHING_COUNTS
from .options import Options
from .progress import reporter
from .results import Results

SPLITTING = 4  # after the seed, for the draw of validation data


def itertrain(model, train, valid, asked: Options):
    """Check and open the data, and return the generator of records; nothing is compiled before its first one."""
    training_lock.check(model)
    changed = {}
    if asked.turns is not None:
        asked = dataclasses.replace(asked, turns=turns.planned(model, asked))
    if asked.resume:
        if model._stopped is None:
            raise SpecError("train: resume=True, but there is no training to continue. Load a checkpoint, or train "
                            "first")
        asked, changed = resuming.going_on(asked, model._stopped[0].get("asked", {}), model)
    seed = model.seed if asked.seed is None else asked.seed
    for loss in model.losses:
        loss.negative_weights = asked.negative_weights
    measures = model._shown = [*model._measures(asked.metrics), *asked.monitors]
    fields = model._fields(measures)
    encoded = model._with_encoders(fields, train)
    train, valid = _opened(train, valid, encoded, asked, seed)
    model.check_fit(train, "train")
    if valid is not None:
        model.check_fit(valid, "valid")
    _check_whole(measures, train, valid)
    if valid is not None and getattr(valid, "counts_nothing", False):
        raise DataError(NOTHING_COUNTS)
    if asked.resume:
        resuming.check_rows(model._stopped[0], train.count)
    weigh_classes(model, asked.class_weight, train)
    return _run(model, train, valid, asked, seed, changed)


def _opened(train, valid, fields, asked, seed):
    """Return the sources of training and of validation data."""
    if asked.validation_split:
        if valid is not None:
            raise SpecError("train: got validation data and validation_split. Pass only one of them")
        train, valid = split(train, fields, asked.validation_split, [seed, SPLITTING])
    try:
        opened = open_source(train, fields, "train", asked.train_batches, asked.allow_nan, keep_bytes=True)
    except DataError as error:
        if _is_one(train) and hasattr(valid, "__len__") and len(train) == len(valid):
            raise DataError(f"{error}. The second argument of train is validation data. To pass inputs "
                            f"and targets, write net.train([x, y])") from None
        raise
    if valid is None:
        return opened, None
    return opened, open_source(valid, fields, "valid", asked.valid_batches, asked.allow_nan)


def _is_one(data) -> bool:
    """Return whether data are one array, or nested lists in its place."""
    many = isinstance(data, list | tuple) and len(data) <= 3
    return hasattr(data, "__len__") and not many and not isinstance(data, dict)


def _check_whole(measures, train, valid) -> None:
    """Raise SpecError for a metric that would never be shown."""
    whole = [m.name for m in measures if m.kind == "whole"]
    if whole and valid is None and train.arrays is None:
        raise SpecError(
            f"train: metric {', '.join(whole)} needs all scores at once. Pass validation data, or training data as "
            f"arrays that fit in memory"
        )


def _run(model, train, valid, asked, seed, changed):
    with training_lock.training(model):
        yield from _records(model, train, valid, asked, seed, changed)


def _records(model, train, valid, asked, seed, changed):
    report = reporter(asked.verbose, asked.epochs)
    step, evaluation = compiled(model, asked, valid is not None, report, train)
    if report is not None:
        _tell(step.objective, train, report)
    training = _begun(model, step, train, valid, asked, seed, changed)
    records, results, raised = _loop(training, evaluation, train, valid, asked, report), None, None
    if asked.results:
        results = model.results = Results(model, training, evaluation, train, valid, asked)
        records = results.follow(records)
    try:
        with report or contextlib.nullcontext():
            for record in records:
                if report is not None:
                    report.show(record)
                yield record
    except BaseException as error:
        raised = error
        raise
    finally:
        last = None if results is None else standing(training.objective)
        if not isinstance(raised, TrainingError):
            _leave(model, training, asked, valid)
        if results is not None:
            results.end(last, raised)


def _begun(model, step, train, valid, asked, seed, changed) -> Training:
    """Return the run, where it begins or goes on."""
    modes = monitoring.modes(step.objective, model._shown, valid is not None)
    callbacks = (*stopping.criteria(asked.stop), *asked.callbacks)  # before one that saves where they stand
    monitored = monitoring.chosen(asked.best, callbacks, modes)
    built, losses = built_in(model), list(model.losses)

    def unchanged():
        if built_in(model) != built:
            before, now = (", ".join(loss.name for loss in some) for some in (losses, model.losses))
            what = f"its losses changed from {before} to {now}" if losses != list(model.losses) else \
                "a value that is compiled into a loss or a layer changed"
            raise SpecError(f"train: while the model trains, {what}, but the step is already compiled. End the "
                            f"training first (let the callback return True), then change the model and continue")

    training = Training(step, callbacks, seed, save=lambda path: model.save(path, training=training),
                        check=model._check_save, history=model.history, monitored=monitored, modes=modes,
                        unchanged=unchanged, asked=resuming.described(asked, model, train.count, seed))
    if asked.method is None:
        step.reset(seed)
        step.set(turns.numbers(asked))
    if asked.resume:
        training.restore(*model._stopped, turns.numbers(asked), changed)
        if model.history and model.history[-1].get("partial"):
            model.history.pop()
    else:
        training.callbacks.restore(model._loaded_callbacks)
    model._stopped, model._loaded_callbacks = None, ()
    return training


def _tell(objective, train, report) -> None:
    """Report outputs that do not learn, and metrics that are not sums over batches, with their cost."""
    if objective.idle_outputs:
        report.say(f"no loss depends on {', '.join(objective.idle_outputs)}, so layers that lead only there do not "
                   "learn")
    whole = [t.name for t in objective.evaluation_terms if t.whole]
    if whole:
        verb = "is not a sum" if len(whole) == 1 else "are not sums"
        cost = ("an extra pass over the training data, without noise, after each epoch that is validated"
                if train.arrays is not None else "shown only for the validation data")
        report.say(f"{', '.join(whole)} {verb} over batches: {cost}")


def _loop(training, evaluation, train, valid, asked, report):
    common = dict(epochs=asked.epochs, patience=asked.patience, min_improvement=asked.min_improvement,
                  validate_every=asked.validate_every)
    if asked.method is not None:
        if valid is None and "patience" not in asked.given:
            common["patience"] = None  # it ends by its tolerance
        return minimize(training, evaluation, train, valid, method=asked.method, tolerance=asked.tolerance, **common)
    watch = None if report is None else report.watch
    return fit(training, evaluation, train, valid, batch_size=asked.batch_size, watch=watch, **common)


def _leave(model, training, asked, valid):
    """Keep where the training stands, and leave the parameters that predict."""
    model._callbacks = training.callbacks.state()
    best = valid is not None or asked.best is not None
    if asked.method is None:
        model._stopped = training.state()
        finish(training, best)
    elif best:
        training.best.restore(training.objective.parameters)


def built_in(model) -> tuple:
    """Return what of a model is built into compiled functions, and can be changed by anybody."""
    return (tuple(loss.key() for loss in model.losses), model.graph.activations(),
            stability.switched_off(model.stable))


@alone
def compiled(model, asked: Options, validated: bool, report=None, train=None):
    """Return the compiled step and evaluation, from earlier trainings if nothing they depend on has changed.

    Those of data that lie in memory (`train`) are compiled for their shapes.
    """
    backend = resolve(model.mode)
    with model.graph.still():
        measures = [*model._measures(asked.metrics), *asked.monitors]
    made = [*asked.regularizers, *(r for turn in asked.turns or () for r in turn.asked.regularizers)]
    key = (_plans(asked), tuple(r.key() for r in made), built_in(model), backend.name,
           tuple(measure.key() for measure in measures), pytensor.config.floatX, asked.monitor_gradients)
    if key in model._compiled:
        entry = model._compiled[key]
        for old, new in zip(entry["regularizers"], made, strict=True):
            old.weight = new.weight
    else:
        if report is not None:
            report.compiling(backend.name)
        objective = _objective(model, asked, measures)
        if asked.method is None:
            step = _step(model, objective, asked, backend)
            if train is not None and train.arrays is not None and train.count:
                step.prepare(train.arrays, min(asked.batch_size or train.count, train.count))
        else:
            step = FullBatch(objective, backend, asked.plan.freeze)
        entry = model._compiled[key] = {"regularizers": made, "step": step, "evaluation": None}
    objective = entry["step"].objective
    evaluated = validated or any(term.whole for term in objective.evaluation_terms)
    if evaluated and entry["evaluation"] is None:
        entry["evaluation"] = Evaluation(objective, backend)
    if report is not None and not entry.get("told"):
        entry["told"] = True
        seconds = entry["step"].compile_seconds + (entry["evaluation"].compile_seconds if evaluated else 0)
        report.say(f"compiled with {entry['step'].backend.name} in {seconds:.1f} s")
    return entry["step"], entry["evaluation"]


def _plans(asked: Options) -> tuple:
    """Return what a compiled step depends on, of how parameters move."""
    if asked.turns:
        return tuple(turn.key() for turn in asked.turns)
    return asked.plan.key() if asked.method is None else ("full batch", asked.plan.freeze)


def c_source(model, asked: Options) -> str:
    """Return the C file of a training step; SpecError if there is none."""
    if asked.method is not None:
        raise SpecError("c_source: a full-batch method has no steps. Pass an update rule, such as algo='adam'")
    if asked.turns is not None:
        asked = dataclasses.replace(asked, turns=turns.planned(model, asked))
    objective = _objective(model, asked, [*model._measures(asked.metrics), *asked.monitors])
    return _step(model, objective, asked, resolve("C")).c_source()


def _step(model, objective, asked: Options, backend):
    """Return the compiled step, or those of all turns."""
    if asked.turns:
        return TurnSteps(objective, turns.parts(asked.turns, objective, asked.regularizers), backend, model.seed)
    return TrainingStep(objective, asked.plan, backend, model.seed)


def _objective(model, asked: Options, measures) -> Objective:
    """Return what is minimized, in stable forms."""
    penalties = [*asked.regularizers, *(r for turn in asked.turns or () for r in turn.asked.regularizers)]
    objective = Objective(model.graph, model.losses, penalties, measures, model.seed)
    objective = stability.stable(objective, model.stable)
    return gradients.watched(objective) if asked.monitor_gradients else objective
