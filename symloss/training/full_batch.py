"""Training on the full batch with scipy.optimize: quasi-Newton and Newton methods with exact second derivatives."""

import time
from collections.abc import Iterator

import numpy as np

from ..data import Arrays
from ..errors import SpecError, TrainingError
from .loop import EVALUATION_ROWS, _enter, validate, whole_figures
from .reasons import Reason
from .rewind import UPDATE, cause, wrong_terms
from .state import Training

METHODS = {"lbfgs": "L-BFGS-B", "cg": "CG", "trust-ncg": "trust-ncg"}


class _StopError(Exception):
    """Ends an optimization of scipy's from within."""


def _evaluate(training, vector, last):
    """Compute the terms at `vector`; where they are not finite, go back to `last` and raise TrainingError."""
    step = training.step
    _, slope = step.value_and_gradient(vector)
    names = wrong_terms(step.objective.training_terms, step.sums())
    names = names or ["the gradient"] * (not np.isfinite(slope).all())
    if names:
        why = cause(training.objective, step.arrays) or UPDATE
        step.set(last)
        raise TrainingError(f"iteration {training.epoch}: {', '.join(names)} is not finite: {why}. The parameters are "
                            f"those from before it")


def _product(training):
    """Return the product of the Hessian with a vector, a function that raises TrainingError where it is not finite."""

    def product(*vectors):
        found = training.step.product(*vectors)
        if not np.isfinite(found).all():
            raise TrainingError(f"iteration {training.epoch}: the second derivatives are not finite. Use "
                                "algo='lbfgs', which does not need them")
        return found

    return product


def _minimized(training, method, iterations, tolerance, after):
    """Return scipy's result. Where its value can fall no more by rounding, the gradient may still; see `_nearby`."""
    import scipy.optimize  # it takes as long as compiling a small model

    step = training.step
    value, start, size = step.value_and_gradient, step.get(), np.inf
    options = {"maxfun": 100 * iterations} if method == "lbfgs" else {}  # iterations count, and not what they cost
    if tolerance is not None:  # of the Euclidean norm, where L-BFGS-B looks at the largest element
        options |= {"lbfgs": {"gtol": tolerance / np.sqrt(start.size), "ftol": 0.0},
                    "cg": {"gtol": tolerance, "norm": 2}}.get(method, {"gtol": tolerance})
    extra = {"hessp": _product(training)} if method == "trust-ncg" else {}
    while True:
        result = scipy.optimize.minimize(value, start, jac=True, method=METHODS[method], callback=after,
                                         options=options | {"maxiter": iterations}, **extra)
        with np.errstate(over="ignore"):  # a gradient too large to be squared is one that has not ended
            iterations, before, size = iterations - result.nit, size, np.linalg.norm(result.jac)
        if tolerance is None or method == "trust-ncg" or size <= tolerance or size >= before or iterations < 1:
            return result
        value, start = _nearby(step, result.x), result.x


def _nearby(step, origin):
    """Return the total less its value at a point close by, and its gradient.

    The mean of both gradients along the way gives the difference exactly to third order, where the values themselves
    differ only by rounding.
    """
    _, slope = step.value_and_gradient(origin)

    def value(vector):
        _, here = step.value_and_gradient(vector)
        return float(np.dot(slope + here, vector - origin)) / 2, here

    return value


def _ended(training, epochs, result) -> Reason:
    if training.epoch > epochs:
        return Reason(f"{epochs} iterations are done", "epochs")
    return Reason(str(result.message), "converged" if result.success else "method")


def minimize(training: Training, evaluation, train, valid, *, method: str, epochs: int, patience, min_improvement,
             validate_every, tolerance: float) -> Iterator[dict]:
    """Minimize the loss of the whole training set at once, and yield a record for each iteration.

    The parameters are those of `fit`. An epoch is an iteration of scipy, `method` is 'lbfgs', 'cg' or 'trust-ncg', and
    `tolerance` is the norm of the gradient at which the method stops.
    """
    if not isinstance(train, Arrays) or train.arrays is None:
        raise SpecError(f"train: algo={method!r} needs the whole data set in memory. Pass arrays, or use algo='adam'")
    step, records = training.step, []
    step.load(train.arrays)
    training.callbacks.call("start", training)
    start, last = time.perf_counter(), step.get()
    _evaluate(training, last, last)

    def after(vector):
        nonlocal last, start
        _evaluate(training, np.array(vector), last)
        last = np.array(vector)
        now = time.perf_counter()
        record = {"epoch": training.epoch, "updates": training.epoch, "seconds": now - start, "samples": train.count,
                  "partial": False}
        training.step_seconds, training.examples = training.step_seconds + now - start, training.examples + train.count
        training.batches += 1
        sums = step.sums()
        _enter(record, training.objective.figures(sums, training.objective.training_terms))
        if training.epoch % validate_every == 0:
            whole_figures(training, evaluation, train, EVALUATION_ROWS, record)
        if valid is not None and training.epoch % validate_every == 0:
            validate(training, evaluation, valid, EVALUATION_ROWS, record)
        training.judge(record, min_improvement, complete=training.epoch % validate_every == 0)
        training.history.append(record)
        records.append(record)
        training.epoch += 1
        reason = training.tell("epoch", record) or training.tell("tick", training) or training.out_of_patience(patience)
        if reason:
            training.reason = record["stopped"] = reason
            raise _StopError
        start = time.perf_counter()

    try:
        result = _minimized(training, method, epochs, tolerance, after)
        step.set(result.x)
        if records:
            training.reason = records[-1]["stopped"] = _ended(training, epochs, result)
    except _StopError:
        pass
    finally:
        training.callbacks.call("end", records[-1] if records else None)
    yield from records
