"""compile, fit, evaluate, predict and their kin, on symloss' own loop."""

import contextlib

import numpy as np

from ....data import as_array
from ....errors import DataError, SpecError, unknown
from .. import optimizers
from ..precision import in_floatx
from ..seeds import next_seed
from . import data, fitting, network
from .asked import Asked
from .built import Built
from .progress import verbosity

NOT_COMPILED = {  # arguments of Keras' compile that are not supported -> what to do
    "run_eagerly": "leave it out, since the step is always compiled. To see what a layer computes, call it with an "
                   "array",
    "steps_per_execution": "leave it out, since one call already runs many steps",
    "auto_scale_loss": "leave it out, since float32 needs no scaling",
    "sample_weight_mode": "leave it out, since sample_weight may have the shape of the targets",
    "target_tensors": "leave it out: pass the targets to fit",
}

FORMER = {  # methods of earlier versions of Keras -> what to write
    "fit_generator": "write fit(generator, ...)",
    "evaluate_generator": "write evaluate(generator)",
    "predict_generator": "write predict(generator)",
    "predict_classes": "write predict(x).argmax(axis=-1), or (predict(x) > 0.5) for a sigmoid",
    "predict_proba": "write predict(x)",
    "train_step": "write what to minimize as a loss, or use add_loss within a layer. The step itself is "
                  "compiled",
}


class Trainable:
    """The methods of a model that use data: compile, fit, evaluate, predict.

    Attributes
    ----------
    mode : str or None
        How it compiles: 'C', 'CVM', 'NUMBA', 'JAX' or 'PYTHON'. None means C if there is a compiler.
    """

    mode: str | None = None

    def __getattr__(self, name):
        if name in FORMER:
            raise AttributeError(f"{type(self).__name__} has no {name}; {FORMER[name]}")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _begin_training(self):
        self._asked = self._network = self._core_outputs = self._built_model = self._seed = None
        self._frozen: tuple = ()
        self._fits = 0
        self.optimizer = self.loss = self.history = None
        self.stop_training = False
        self._running = None  # (built, what it is for) of train_on_batch

    def _forget(self):
        """Forget what was made of the layers, as they change."""
        self._network = self._built_model = None

    # ------------------------------------------------------------------------------------------ compile

    @in_floatx
    def compile(self, optimizer="rmsprop", loss=None, loss_weights=None, metrics=None, weighted_metrics=None,
                run_eagerly=False, steps_per_execution=1, jit_compile="auto", auto_scale_loss=None, **keywords) -> None:
        """Say how the model is trained.

        Parameters
        ----------
        optimizer : str or Optimizer
        loss : str, Loss, function of (y_true, y_pred), list or dict of them
            For several outputs, a list, or a dict by their names. If there is one output and a list of losses, all of
            them are minimized.
        loss_weights : list or dict of float
        metrics, weighted_metrics : list or dict
            The latter take the weights of the data into account.
        jit_compile
            Is accepted: everything is compiled.
        """
        refused = keywords | {"run_eagerly": run_eagerly or None, "auto_scale_loss": auto_scale_loss or None,
                              "steps_per_execution": None if steps_per_execution in (1, None) else steps_per_execution}
        for key, value in refused.items():
            if key not in NOT_COMPILED:
                raise unknown("argument of compile:", key, ["optimizer", "loss", "loss_weights", "metrics",
                                                            "weighted_metrics", "jit_compile"])
            if value is not None:
                raise SpecError(f"compile: {key}={value!r} is not supported; {NOT_COMPILED[key]}")
        made = optimizers.get(optimizer)
        with self._unless_refused():
            self._asked = Asked(made, loss, loss_weights, metrics, weighted_metrics)
            self.optimizer, self.loss, self._built_model, self._running = made, loss, None, None
            self.compiled = True
            self._frozen_layers = None
            if self._outputs is not None:
                self._check_compiled()

    @contextlib.contextmanager
    def _unless_refused(self):
        """Within, the model may be compiled; if an error is raised, it is compiled as before, or not at all."""
        names = ("_asked", "optimizer", "loss", "_built_model", "_running", "compiled", "_frozen_layers", "_frozen")
        before = {name: vars(self)[name] for name in names if name in vars(self)}
        try:
            yield
        except BaseException:
            for name in names:
                vars(self).pop(name, None)
            vars(self).update(before)
            raise

    def _check_compiled(self):
        """Build losses and metrics once, so that a mistake shows in compile and not in fit."""
        self._freeze()
        if self.loss is not None:
            self._built((False,) * len(self.output_names))

    def _freeze(self):
        """Take note of which weights training leaves as they are: those that are not trainable now."""
        moving = set(self.trainable_weights)
        self._frozen = tuple(name for name, p in self.network.graph.parameters.items() if p not in moving)

    @property
    def network(self):
        """The network of symloss that computes and trains: a `symloss.Network`, which shares the weights."""
        self._need_graph("network")
        if self._network is None:
            self._seed = next_seed() if self._seed is None else self._seed
            self._network, outputs = network.network_of(self, self._seed)
            self._core_outputs = outputs
        return self._network

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns."""
        if self._built_model is None:
            return ["loss"]
        built = self._built_model
        several = [f"{name}_loss" for name, some in zip(built.names, built.losses, strict=True) if some]
        return ["loss", *(several if len(built.names) > 1 else []), *(m.name for m in built.measures)]

    def _need_compiled(self, who):
        if self._asked is None:
            raise SpecError(f"{self.name}: call compile before {who}: model.compile(optimizer='adam', loss='mse')")

    def _built(self, weighted: tuple) -> Built:
        """Return what is compiled, for outputs with and without weights; states of the optimizer go with it."""
        before = self._built_model
        if before is not None and before.weighted == weighted:
            return before
        made = Built(self, weighted)
        if before is not None:
            made.take_state(before)
        self._built_model = made
        return made

    def _know_input(self, x):
        """Build a model that learns from its first data what its input looks like."""
        if self._outputs is not None:
            return
        if isinstance(x, dict):
            raise SpecError(f"{self.name}: x is a dict, but the model has no Input; start it with keras.Input")
        many = isinstance(x, list | tuple) and x and all(hasattr(one, "shape") for one in x)
        shapes = [(None, *one.shape[1:]) for one in x] if many else (None, *as_array(x, f"{self.name}: x").shape[1:])
        shape = shapes if not many or len(shapes) > 1 else shapes[0]
        if shape == (None,):
            shape = (None, 1)
        self.build(shape)
        if self._asked is not None:
            self._check_compiled()

    # ------------------------------------------------------------------------------------------ fit

    @in_floatx
    def fit(self, x=None, y=None, batch_size=None, epochs=1, verbose="auto", callbacks=None, validation_split=0.0,
            validation_data=None, shuffle=True, class_weight=None, sample_weight=None, initial_epoch=0,
            steps_per_epoch=None, validation_steps=None, validation_batch_size=None, validation_freq=1, **keywords):
        """Train for some epochs, and return the `History`. The next call continues with the state of the optimizer.

        Parameters
        ----------
        x, y : arrays, lists or dicts of them by input and output; or x gives batches (x, y) or (x, y, weights)
        batch_size : int or None
            32 unless given, for arrays.
        epochs, initial_epoch : int
            Number of the last epoch, and of epochs that are taken to be done.
        verbose : 0, 1, 2 or 'auto'
            Nothing, a progress bar, a line for each epoch.
        callbacks : list of Callback
        validation_split : float
            Share of the arrays, their last items, that is set aside as validation data.
        validation_data : tuple (x, y) or (x, y, weights), or what gives such batches
        shuffle : bool
        class_weight : dict
            Weight of each class; with several outputs also a dict of such by output.
        sample_weight : array, list or dict
        steps_per_epoch, validation_steps : int or None
            Number of batches.
        validation_batch_size : int or None
        validation_freq : int
        """
        self._check_fit(keywords, epochs, initial_epoch, validation_freq, shuffle)
        return fitting.fit(self, x, y, sample_weight, class_weight=class_weight, batch_size=batch_size,
                           epochs=int(epochs), verbose=verbosity(verbose), callbacks=callbacks,
                           validation_split=validation_split, validation_data=validation_data, shuffle=bool(shuffle),
                           initial_epoch=int(initial_epoch), steps_per_epoch=steps_per_epoch,
                           validation_steps=validation_steps, validation_batch_size=validation_batch_size,
                           validation_freq=validation_freq)

    def _check_fit(self, keywords, epochs, initial_epoch, validation_freq, shuffle):
        self._need_compiled("fit")
        for key in keywords:
            if key in ("workers", "use_multiprocessing", "max_queue_size"):
                raise SpecError(f"fit: {key} is not supported; leave it out, since a thread always prepares the next "
                                f"batch")
            if key == "nb_epoch":
                raise SpecError("fit: nb_epoch is now called epochs")
            raise unknown("argument of fit:", key, _arguments(type(self).fit))
        if not isinstance(validation_freq, int) or validation_freq < 1:
            raise SpecError(f"fit: validation_freq={validation_freq!r} is not valid; it must be an integer of at least "
                            f"1")
        if shuffle not in (True, False):
            raise SpecError(f"fit: shuffle={shuffle!r} is not supported; it must be True or False")
        for name, value in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
                raise SpecError(f"fit: {name}={value!r} is not valid; it must be an integer of at least 0")

    @in_floatx
    def evaluate(self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None, callbacks=None,
                 return_dict=False, **keywords):
        """Return the loss and the metrics for data, without noise: a number, a list, or a dict by name."""
        self._need_compiled("evaluate")
        for key in keywords:
            raise unknown("argument of evaluate:", key, _arguments(type(self).evaluate))
        logs = fitting.evaluate(self, x, y, sample_weight, batch_size, verbosity(verbose), steps, callbacks)
        return logs if return_dict else self._as_list(logs)

    def _as_list(self, logs):
        values = [logs[name] for name in self.metrics_names if name in logs]
        return values[0] if len(values) == 1 else values

    @in_floatx
    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Return the outputs for `x` as arrays.

        Parameters
        ----------
        x : arrays, or what gives batches of them
        batch_size : int or None
            Items that are computed at once; None: 4096. The numbers do not depend on it.
        verbose : 0, 1, 2 or 'auto'
            1 shows a line; 'auto' shows none.
        steps : int or None
            Number of batches, where x gives batches.
        callbacks : list of Callback
        """
        return fitting.predict(self, x, batch_size, verbosity(verbose) if verbose != "auto" else 0, steps, callbacks)

    # ------------------------------------------------------------------------------------------ single batches

    @in_floatx
    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False, **keywords):
        """Make one step on a batch, and return its loss and metrics, as they were before the step."""
        self._need_compiled("train_on_batch")
        _only_reset("train_on_batch", keywords)
        logs = fitting.train_on_batch(self, x, y, sample_weight, class_weight)
        return logs if return_dict else self._as_list(logs)

    @in_floatx
    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False, **keywords):
        """Return the loss and the metrics of a batch."""
        self._need_compiled("test_on_batch")
        _only_reset("test_on_batch", keywords)
        logs = fitting.evaluate(self, x, y, sample_weight, None, 0, None, None)
        return logs if return_dict else self._as_list(logs)

    def predict_on_batch(self, x):
        """Return the outputs for a batch."""
        return self.predict(x, verbose=0)

    def reset_metrics(self) -> None:
        """Do nothing, because losses and metrics of a batch depend only on this batch."""

    def _values(self, x, rows=None):
        """Return the outputs for arrays, as the model's outputs are arranged."""
        self._know_input(x)
        given = data.by_input(self, x)
        net, names = self.network, [f"{name}:out" for name in self._core_outputs]
        unique = list(dict.fromkeys(names))
        count = {len(one) for one in given.values()}
        if len(count) != 1 or 0 in count:
            raise DataError(f"{self.name}: predict got inputs of {sorted(count)} items; all inputs need the same "
                            f"number of items, at least one")
        total = count.pop()
        parts = [net._evaluate(unique, _given(given, start, rows or total)) for start in range(0, total, rows or total)]
        found = {name: np.concatenate([part[i] for part in parts]) if len(parts) > 1 else parts[0][i]
                 for i, name in enumerate(unique)}
        return [found[name] for name in names]


def _given(columns: dict, start: int, rows: int):
    some = {name: one.iloc[start : start + rows] if hasattr(one, "iloc") else one[start : start + rows]
            for name, one in columns.items()}
    return next(iter(some.values())) if len(some) == 1 else some


def _only_reset(who, keywords):
    for key in keywords:
        raise SpecError(f"{who}: {key} is not supported; call model.reset_metrics() before it "
                        f"instead" if key == "reset_metrics"
                        else f"{who}: {key} is not supported; leave it out")


def _arguments(method) -> list[str]:
    import inspect

    return [name for name in inspect.signature(method).parameters if name not in ("self", "keywords")]
