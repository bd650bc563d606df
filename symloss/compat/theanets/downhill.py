"""The optimizers that theanets trained with: formulas, options and defaults of downhill."""

import collections

import numpy as np
import pytensor
import pytensor.tensor as pt

from ...compiling import function, resolve
from .dataset import Dataset
from .util import ConfigurationError, Registrar, log, typed

__all__ = ["Dataset", "Optimizer", "build", "minimize"]


def build(algo, loss, params=None, inputs=None, updates=(), monitors=(), monitor_gradients=False):
    """Return an optimizer by name; see `Optimizer`."""
    return Optimizer.build(algo, loss, params, inputs, updates, monitors, monitor_gradients)


def minimize(loss, train, valid=None, params=None, inputs=None, algo="rmsprop", updates=(), monitors=(),
             monitor_gradients=False, batch_size=32, train_batches=None, valid_batches=None, **kwargs):
    """Minimize a loss, and return the last pair of monitors, of training and of validation."""
    train = _dataset(train, "train", batch_size, train_batches)
    valid = train if valid is None else _dataset(valid, "valid", batch_size, valid_batches)
    return build(algo, loss, params, inputs, updates, monitors, monitor_gradients).minimize(train, valid, **kwargs)


def _dataset(data, name, batch_size, batches):
    return data if isinstance(data, Dataset) else Dataset(data, name, batch_size, batches)


def _like(parameter, name, fill=0.0):
    value = np.full_like(parameter.get_value(borrow=True), fill)
    return pytensor.shared(value, name=f"{parameter.name}_{name}", shape=value.shape)


class Optimizer(metaclass=Registrar):
    """Base class of optimizers, which change parameters to minimize a loss.

    Parameters
    ----------
    loss : scalar expression
    params : list of shared variables, or None
        None means all that the loss depends on.
    inputs : list of variables, or None
    updates : list of (shared variable, expression)
    monitors : dict or list of (name, scalar expression)
    monitor_gradients : bool
        Whether to show the square of each gradient's norm, as 'grad(<parameter>)'.
    """

    COMMON = dict(learning_rate=1e-4, momentum=0.0, nesterov=False, patience=5, validate_every=10,
                  min_improvement=0.0, max_gradient_norm=0.0, max_gradient_elem=0.0)
    OWN: dict = {}

    def __init__(self, loss, params=None, inputs=None, updates=(), monitors=(), monitor_gradients=False):
        found = pytensor.graph.traversal.explicit_graph_inputs([loss])
        ancestors = pytensor.graph.traversal.ancestors([loss])
        self._loss = loss
        self._params = list(params or (v for v in ancestors if isinstance(v, pt.sharedvar.TensorSharedVariable)))
        self._inputs = list(inputs or found)
        self._updates = list(updates)
        # No trace for each of thousands of nodes, none of which is the user's: half the time with loops behind loops.
        with pytensor.config.change_flags(traceback__limit=0):
            self._slopes = pytensor.grad(loss, self._params, disconnected_inputs="ignore")
        monitors = monitors.items() if isinstance(monitors, dict) else monitors
        self._monitors = {"loss": loss} | dict(monitors)
        if monitor_gradients:
            pairs = zip(self._params, self._slopes, strict=True)
            self._monitors |= {f"grad({p.name})": (g * g).sum() for p, g in pairs}
        self._best_loss, self._best_iter, self._curr_iter = 1e100, 0, 0
        self._best_params = None

    # ------------------------------------------------------------------------------------------ updates

    def _prepare(self, **kwargs):
        """Take the options; those that nothing takes are swallowed, as they were."""
        for name, default in (self.COMMON | self.OWN).items():
            setattr(self, name, kwargs.get(name, default))

    def get_updates(self, **kwargs):
        """Return the list of (shared variable, new value) of one step."""
        self._prepare(**kwargs)
        return list(self._get_updates())

    def _get_updates(self):
        for p, g in zip(self._params, self._slopes, strict=True):
            for variable, value in self._step(p, self._limited(g)):
                if variable is p:
                    yield from self._moved(p, value)
                else:
                    yield variable, value.astype(variable.dtype) if hasattr(variable, "dtype") else value

    def _limited(self, g):
        if self.max_gradient_elem > 0:
            return pt.clip(g, -self.max_gradient_elem, self.max_gradient_elem)
        if self.max_gradient_norm > 0:
            return g * pt.minimum(1, self.max_gradient_norm / pt.sqrt((g * g).sum()))
        return g

    def _moved(self, p, step):
        if self.momentum == 0:
            yield p, (p - step).astype(p.dtype)
            return
        before = _like(p, "vel")
        velocity = self.momentum * before - step
        if self.nesterov:
            velocity = self.momentum * velocity - step  # the look-ahead is what is remembered, as it was
        yield before, velocity.astype(p.dtype)
        yield p, (p + velocity).astype(p.dtype)

    def _step(self, p, g):
        """Yield (p, step), and (state, new value) for what is remembered."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------ running

    def _compile(self, **kwargs):
        backend = resolve(None)
        own = self.get_updates(**kwargs)
        expressions = list(self._monitors.values())
        self.f_eval = function(self._inputs, expressions, backend, updates=self._updates)
        self.f_step = function(self._inputs, expressions, backend, updates=self._updates + own)

    def _check(self, count, name):
        """Raise ConfigurationError unless batches of so many arrays (None: not known yet) are what the inputs take."""
        if count not in (None, len(self._inputs)):
            wanted = ", ".join(v.name or "?" for v in self._inputs)
            raise ConfigurationError(f"{name}: got a batch of {count} array{'s' * (count != 1)}; pass "
                                     f"{len(self._inputs)}, in this order: [{wanted}]")

    def _arrays(self, batch, name):
        """Return a batch in the types of the inputs."""
        self._check(len(batch), name)
        return [typed(v, x, name) for v, x in zip(self._inputs, batch, strict=True)]

    def _over(self, compiled, dataset):
        name = getattr(dataset, "name", "data")
        values = [compiled(*self._arrays(batch, name)) for batch in dataset]
        means = np.mean([[float(v) for v in one] for one in values], axis=0)
        return collections.OrderedDict(zip(self._monitors, means.tolist(), strict=True))

    def evaluate(self, dataset):
        """Return the monitors, averaged over the batches of a dataset."""
        return self._over(self.f_eval, dataset)

    def iterate(self, train=None, valid=None, max_updates=None, **kwargs):
        """Train, and yield a pair of monitors after each pass over the training data.

        Validation takes place before every `validate_every` passes. At the end, the parameters of the best validation
        are restored. An interrupt ends the training.
        """
        valid = train if valid is None else valid
        for dataset in (train, valid):
            self._check(getattr(dataset, "count", None), getattr(dataset, "name", "data"))
        self._compile(**kwargs)
        iteration, training, validation = 0, None, None
        while max_updates is None or iteration < max_updates:
            try:
                if iteration % self.validate_every == 0:
                    validation = self.evaluate(valid)
                    if self._test_patience(validation):
                        log("patience elapsed!")
                        break
                training = self._over(self.f_step, train)
            except KeyboardInterrupt:
                log("interrupted!")
                break
            iteration += 1
            self._log(training, iteration)
            yield training, validation
        self.set_params("best")

    def minimize(self, *args, **kwargs):
        """Train as `iterate` does, and return the last pair of monitors."""
        monitors = None, None
        for monitors in self.iterate(*args, **kwargs):  # noqa: B007 - the last is what is wanted
            pass
        return monitors

    def _test_patience(self, monitors):
        self._curr_iter += 1
        loss = monitors["loss"]
        better = self._best_loss - loss > self._best_loss * self.min_improvement
        if better:
            self._best_loss, self._best_iter = loss, self._curr_iter
            self._best_params = [p.get_value() for p in self._params]
        self._log(monitors, self._curr_iter - 1, "validation", " *" if better else "")
        return self._curr_iter - self._best_iter > self.patience

    def set_params(self, targets="best"):
        """Set the parameters to these values, or to the best ones."""
        values = targets if isinstance(targets, list | tuple) else self._best_params
        for parameter, value in zip(self._params, values or (), strict=False):
            parameter.set_value(value)

    def _log(self, monitors, iteration, label="", suffix=""):
        fields = " ".join(f"{name}={value:.6f}" for name, value in monitors.items())
        log(f"{label or type(self).__name__} {iteration} {fields}{suffix}")


# ------------------------------------------------------------------------------------------------------- algorithms


class SGD(Optimizer):
    """p - lr g."""

    def _step(self, p, g):
        yield p, self.learning_rate * g


class NAG(SGD):
    """`SGD` with Nesterov's momentum."""

    def _prepare(self, **kwargs):
        super()._prepare(**kwargs | {"nesterov": True})


class RProp(Optimizer):
    """A step size for each element, which starts at the learning rate and grows while the gradient's sign holds."""

    OWN = dict(rprop_increase=1.01, rprop_decrease=0.99, rprop_min_step=0.0, rprop_max_step=100.0)

    def _step(self, p, g):
        before, size = _like(p, "grad"), _like(p, "step", self.learning_rate)
        agreement = g * before
        factor = pt.switch(pt.gt(agreement, 0), self.rprop_increase,
                           pt.switch(pt.lt(agreement, 0), self.rprop_decrease, 1.0))
        new_size = pt.clip(size * factor, self.rprop_min_step, self.rprop_max_step)
        kept = pt.switch(pt.lt(agreement, 0), 0, g)
        yield before, kept
        yield size, new_size
        yield p, pt.sign(kept) * new_size


class _RunningMean(Optimizer):
    OWN = dict(rms_halflife=14, rms_regularizer=1e-8)

    def _mean(self, state, value, halflife=None):
        weight = float(np.exp(-np.log(2) / (halflife or self.rms_halflife)))
        return weight * state + (1 - weight) * value


class RMSProp(_RunningMean):
    """lr g / sqrt(E[g^2] - E[g]^2 + eps) (Graves 2013)."""

    def _step(self, p, g):
        first, second = _like(p, "g1_ewma"), _like(p, "g2_ewma")
        new_first, new_second = self._mean(first, g), self._mean(second, g * g)
        yield first, new_first
        yield second, new_second
        yield p, self.learning_rate * g / pt.sqrt(new_second - new_first * new_first + self.rms_regularizer)


class ADAGRAD(Optimizer):
    """lr g / sqrt(sum g^2 + eps)."""

    OWN = dict(rms_regularizer=1e-8)

    def _step(self, p, g):
        total = _like(p, "g2_acc")
        yield total, total + g * g
        yield p, self.learning_rate * g / pt.sqrt(total + g * g + self.rms_regularizer)


class ADADELTA(_RunningMean):
    """g sqrt(E[d^2] + eps) / sqrt(E[g^2] + eps); the learning rate has no effect."""

    def _step(self, p, g):
        steps, squares = _like(p, "x2_ewma"), _like(p, "g2_ewma")
        new_squares = self._mean(squares, g * g)
        step = g * pt.sqrt(steps + self.rms_regularizer) / pt.sqrt(new_squares + self.rms_regularizer)
        yield squares, new_squares
        yield steps, self._mean(steps, step * step)
        yield p, step


class ESGD(_RunningMean):
    """lr g / (sqrt(E[(H v)^2]) + eps), v ~ N(0, 1), with a separate Hessian H for each parameter."""

    def _step(self, p, g):
        rng = pytensor.shared(np.random.default_rng([13, len(p.name), *p.name.encode()]), name=f"{p.name}_directions")
        next_rng, v = pt.random.normal(size=p.shape, rng=rng, dtype=p.dtype, return_next_rng=True)
        yield rng, next_rng
        product = pytensor.grad((g * v).sum(), p, consider_constant=[v], disconnected_inputs="ignore")
        curvature = _like(p, "D_ewma")
        new_curvature = self._mean(curvature, product * product)
        yield curvature, new_curvature
        yield p, self.learning_rate * g / (pt.sqrt(new_curvature) + self.rms_regularizer)


class Adam(_RunningMean):
    """Adam, whose running means have halflives."""

    OWN = dict(beta1_halflife=7, beta2_halflife=69, rms_regularizer=1e-8)

    def _step(self, p, g):
        first, second, count = _like(p, "g1_ewma"), _like(p, "g2_ewma"), _count(p)
        step = count + 1
        betas = [float(np.exp(-np.log(2) / h)) for h in (self.beta1_halflife, self.beta2_halflife)]
        new_first = self._mean(first, g, self.beta1_halflife)
        new_second = self._mean(second, g * g, self.beta2_halflife)
        yield first, new_first
        yield second, new_second
        yield count, step
        mean, square = new_first / (1 - betas[0] ** step), new_second / (1 - betas[1] ** step)
        yield p, self.learning_rate * mean / (pt.sqrt(square) + self.rms_regularizer)


def _count(p):
    return pytensor.shared(np.asarray(0, p.dtype), name=f"{p.name}_t", shape=())
