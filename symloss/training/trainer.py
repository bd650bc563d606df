"""One training of a model, from its options to its records: sources, compiled step, loop, and what is left behind."""

import contextlib

import numpy as np
import pytensor

from .._checks import is_number
from ..compiling import (
    Evaluation,
    FullBatch,
    TrainingStep,
    gradients,
    resolve,
)
from ..data import open_source
from ..errors import SpecError, TrainingError, unknown
from ..objective import Objective
from ..stability import rewriting as stability
from . import Training, finish, fit, minimize
from .options import Options
from .progress import reporter


def itertrain(model, train, valid, asked: Options):
    """Check and open the data, and return the generator of records; nothing is compiled before its first one."""
    measures = model._shown = [*model._measures(asked.metrics), *asked.monitors]
    fields = model._fields(measures)
    encoded = model._with_encoders(fields, train)
    train = open_source(train, encoded, "train", asked.train_batches, asked.allow_nan)
    if valid is not None:
        valid = open_source(valid, encoded, "valid", asked.valid_batches, asked.allow_nan)
    _check_whole(measures, train, valid)
    if asked.resume and model._stopped is None:
        raise SpecError("train: resume=True, but there is no training to go on with; load a checkpoint, or train")
    weigh_classes(model, asked.class_weight, train)
    return _run(model, train, valid, asked)


def _check_whole(measures, train, valid) -> None:
    """Raise SpecError for a metric that would never be shown."""
    whole = [m.name for m in measures if m.kind == "whole"]
    if whole and valid is None and train.arrays is None:
        raise SpecError(
            f"train: metric {', '.join(whole)} needs all scores at once; pass validation data, or training data as "
            f"arrays that fit in memory"
        )


def _run(model, train, valid, asked):
    report = reporter(asked.verbose, asked.epochs)
    step, evaluation = compiled(model, asked, valid is not None, report)
    if report is not None:
        _tell(step.objective, train, report)
    seed = model.seed if asked.seed is None else asked.seed
    training = Training(step, asked.callbacks, seed, save=lambda path: model.save(path, training=training),
                        history=model.history)
    if asked.method is None:
        step.reset(seed)
        step.set(asked.plan.numbers())
    if asked.resume:
        training.restore(*model._stopped)
        if model.history and model.history[-1].get("partial"):
            model.history.pop()
    else:
        training.callbacks.restore(model._loaded_callbacks)
    model._stopped, model._loaded_callbacks = None, ()
    try:
        with report or contextlib.nullcontext():
            for record in _records(training, evaluation, train, valid, asked, report):
                if report is not None:
                    report.show(record)
                yield record
    except TrainingError:
        raise
    except BaseException:
        _leave(model, training, asked, valid)
        raise
    else:
        _leave(model, training, asked, valid)


def _tell(objective, train, report) -> None:
    """Say which metrics are no sums over batches, and what they cost."""
    whole = [t.name for t in objective.evaluation_terms if t.whole]
    if whole:
        verb = "is no sum" if len(whole) == 1 else "are no sums"
        cost = ("an extra pass over the training data, without noise, after each epoch that is validated"
                if train.arrays is not None else "shown for the validation data alone")
        report.say(f"{', '.join(whole)} {verb} over batches: {cost}")


def _records(training, evaluation, train, valid, asked, report):
    common = dict(epochs=asked.epochs, patience=asked.patience, min_improvement=asked.min_improvement,
                  validate_every=asked.validate_every)
    if asked.method is not None:
        return minimize(training, evaluation, train, valid, method=asked.method, tolerance=asked.tolerance, **common)
    watch = None if report is None else report.watch
    return fit(training, evaluation, train, valid, batch_size=asked.batch_size, watch=watch, **common)


def _leave(model, training, asked, valid):
    """Keep where the training stands, and leave the parameters that predict."""
    model._callbacks = training.callbacks.state()
    if asked.method is None:
        model._stopped = training.state()
        finish(training, valid is not None)
    elif valid is not None:
        training.best.restore(training.objective.parameters)


def compiled(model, asked: Options, validated: bool, report=None):
    """Return the compiled step and evaluation, from earlier trainings if nothing they depend on has changed."""
    backend = resolve(model.mode)
    made, measures = asked.regularizers, [*model._measures(asked.metrics), *asked.monitors]
    key = (asked.plan.key() if asked.method is None else ("full batch", asked.plan.freeze),
           tuple(r.key() for r in made), tuple(loss.key() for loss in model.losses), backend.name,
           tuple(measure.key() for measure in measures),
           tuple(id(layer.activate) for layer in model.layers), pytensor.config.floatX,
           stability.switched_off(model.stable), asked.monitor_gradients)
    if key in model._compiled:
        entry = model._compiled[key]
        for old, new in zip(entry["regularizers"], made, strict=True):
            old.weight = new.weight
    else:
        if report is not None:
            report.compiling(backend.name)
        objective = stability.stable(Objective(model.graph, model.losses, made, measures, model.seed), model.stable)
        objective = gradients.watched(objective) if asked.monitor_gradients else objective
        if asked.method is None:
            step = TrainingStep(objective, asked.plan, backend, model.seed)
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
        report.say(f"compiled with {backend.name} in {seconds:.1f} s")
    return entry["step"], entry["evaluation"]


def weigh_classes(model, class_weight, train) -> None:
    """Give every loss of classes its class weights; see `Network.train`."""
    outputs = model.graph.outputs()[0]
    sizes = {loss: found for loss in model.losses if (found := _classes(loss, outputs)) is not None}
    if class_weight is not None and not sizes:
        raise SpecError("train: class_weight, but no loss of this model has labels, or probabilities of classes, for "
                        "targets")
    by_output = isinstance(class_weight, dict) and any(isinstance(v, dict | str) for v in class_weight.values())
    names = {loss.output_name.removesuffix(":out") for loss in sizes}
    for name in set(class_weight) - names if by_output else ():
        raise unknown("output in class_weight:", name, names)
    for loss in model.losses:
        asked = class_weight.get(loss.output_name.removesuffix(":out")) if by_output else class_weight
        loss.class_weight = _class_weights(asked, loss, sizes[loss], train) if loss in sizes else None


def _classes(loss, outputs) -> tuple | None:
    """Return the shape of a loss' class weights: (classes,), or (columns, 2) for questions of yes and no; or None."""
    columns = outputs[loss.output_name].type.shape[-1]
    if loss._target is None or loss.spec is None and not loss._target.dtype.startswith("int"):
        return None
    if loss._target.dtype.startswith("int"):
        return (columns,)
    return {"distribution": (columns,), "unit": (columns, 2)}.get(loss.domain(outputs))


def _class_weights(asked, loss, shape, train):
    if asked is None:
        return None
    names = [field.name for field in train.fields]
    index = names.index(loss._target.name)
    if isinstance(asked, str):
        weighing = None if loss._weights is None else names.index(loss._weights.name)
        return _balanced(asked, index, weighing, shape, loss.ignored, train)
    asked = asked.tolist() if isinstance(asked, np.ndarray) else asked
    if not isinstance(asked, dict | list | tuple):
        raise SpecError(f"train: class_weight={asked!r}; 'balanced', a dict of weights by class or a list is wanted")
    encoder, count = train.fields[index].encoder, shape[-1]
    weights = np.ones(count)
    for label, weight in asked.items() if isinstance(asked, dict) else enumerate(asked):
        position = encoder.encode([label], "class_weight")[0] if encoder is not None else label
        if not isinstance(position, int | np.integer) or not 0 <= position < count:
            raise SpecError(f"train: class_weight for {label!r}; classes are 0 to {count - 1}")
        if not is_number(weight) or weight < 0:
            raise SpecError(f"train: class_weight of {label!r} is {weight!r}; at least 0 is wanted")
        weights[position] = weight
    return np.broadcast_to(weights, shape)


def _balanced(asked, index, weighing, shape, ignored, train):
    """Return weights by which all classes count the same in sum: all weight / (classes * weight of the class).

    What has no weight, is ignored or fills up a short sequence is not counted.
    """
    if asked != "balanced":
        raise SpecError(f"train: class_weight={asked!r}; 'balanced' or a weight by class is wanted")
    if train.count is None:
        raise SpecError("train: class_weight='balanced' needs arrays; pass a weight by class for a stream")
    seen = np.zeros(shape)
    for arrays in train.batches(65536):
        target = arrays[index]
        weights = np.ones(target.shape) if weighing is None else np.asarray(arrays[weighing], "float64")
        if target.dtype.kind == "i":
            counts = (weights != 0) if ignored is None else (weights != 0) & (target != ignored)
            seen += np.bincount(target[counts], weights[counts], minlength=shape[0])
        else:
            target = np.where(weights != 0, target, 0) * weights
            leading = tuple(range(target.ndim - 1))
            yes = target.sum(axis=leading)
            seen += yes if len(shape) == 1 else np.stack([weights.sum(axis=leading) - yes, yes], axis=-1)
    total = seen.sum(axis=-1, keepdims=True)
    return np.where(seen > 0, total / (shape[-1] * np.where(seen > 0, seen, 1)), 0.0)
