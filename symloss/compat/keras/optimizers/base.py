"""Optimizer: a rule with Keras' arguments and defaults, as a plan of symloss."""

import numpy as np

from ...._checks import is_number
from ....compiling import Plan
from ....errors import SpecError, unknown
from ..tensors import Variable
from . import rules, schedules

COMMON = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum",
          "ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps", "name")
NOT_HERE = {
    "loss_scale_factor": "leave it out, since float32 needs no scaling",
    "use_ema": "write net.train(..., average=0.999) with the network of the model, model.network",
    "ema_overwrite_frequency": "leave it out, since use_ema is not supported",
    "decay": "pass learning_rate=keras.optimizers.schedules.InverseTimeDecay(...)",
    "jit_compile": "leave it out, since everything is compiled",
}


class Optimizer:
    """Base class of optimizers, which change the weights.

    Parameters
    ----------
    learning_rate : float, schedule or function of nothing
        ``optimizer.learning_rate = 0.01`` and ``optimizer.learning_rate.assign(0.01)`` act at the next step.
    weight_decay : float or None
        Share of each weight, times the learning rate, that is taken off before each step.
    clipnorm, clipvalue, global_clipnorm : float or None
        Greatest norm of each gradient, greatest size of each element, greatest norm of all gradients; one of them.
    gradient_accumulation_steps : int or None
        Number of batches whose gradients make one update.
    name : str or None
    """

    formula = None  # of `rules`
    numbers: tuple = ()  # names of its arguments that the formula takes
    known: dict = {}

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        Optimizer.known[cls.__name__] = cls

    def __init__(self, learning_rate, weight_decay=None, clipnorm=None, clipvalue=None, global_clipnorm=None,
                 use_ema=False, ema_momentum=0.99, ema_overwrite_frequency=None, loss_scale_factor=None,
                 gradient_accumulation_steps=None, name=None, **keywords):
        who = type(self).__name__
        if "lr" in keywords:
            raise SpecError(f"{who}: lr is now called learning_rate; write {who}(learning_rate={keywords['lr']!r})")
        refused = keywords | {"use_ema": use_ema or None, "ema_overwrite_frequency": ema_overwrite_frequency,
                              "loss_scale_factor": loss_scale_factor}
        for key, value in refused.items():
            if key not in NOT_HERE:
                raise unknown(f"argument of {who}:", key, [*self.own_arguments(), *COMMON])
            if value is not None:
                raise SpecError(f"{who}: {key}={value!r} is not supported; {NOT_HERE[key]}")
        if type(self).formula is None:
            raise SpecError(f"{who}: your own optimizer classes are not supported. Write an update rule, and train the "
                            f"network of the model with it: model.network.train([x, y], algo=rule), see "
                            f"symloss.updates")
        self.name = name or who.lower()
        self._schedule, self._rate = None, None
        self._set_rate(learning_rate)
        for key, value in (("weight_decay", weight_decay), ("clipnorm", clipnorm), ("clipvalue", clipvalue),
                           ("global_clipnorm", global_clipnorm)):
            if value is not None and (not is_number(value) or value < 0):
                raise SpecError(f"{who}: {key}={value!r} is not valid; it must be a number of at least 0")
        if sum(one is not None for one in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise SpecError(f"{who}: pass only one of clipnorm, clipvalue and global_clipnorm")
        self.weight_decay, self.clipnorm, self.clipvalue = weight_decay, clipnorm, clipvalue
        self.global_clipnorm, self.gradient_accumulation_steps = global_clipnorm, gradient_accumulation_steps
        if gradient_accumulation_steps is not None and gradient_accumulation_steps < 2:
            raise SpecError(f"{who}: gradient_accumulation_steps={gradient_accumulation_steps!r} is not valid; it must "
                            f"be an integer of at least 2, or None")
        self._excluded: tuple = ()
        self.compiled = None  # the step that has its state; set by the model that trains

    @classmethod
    def own_arguments(cls) -> list[str]:
        """Return the names of the arguments that this optimizer has besides those of all."""
        return ["learning_rate", *cls.numbers]

    # ------------------------------------------------------------------------------------------ learning rate

    def _set_rate(self, value):
        if isinstance(value, schedules.LearningRateSchedule):
            self._schedule = value
            return
        if callable(value) and not hasattr(value, "assign"):
            value = value()
        if not is_number(np.asarray(value).item() if np.ndim(value) == 0 and not isinstance(value, str) else value) \
                or float(value) < 0:
            raise SpecError(f"{type(self).__name__}: learning_rate={value!r} is not valid; it must be a number of at "
                            f"least 0, or a schedule")
        if self._rate is None:
            self._rate = Variable(np.asarray(float(value), "float32"), trainable=False, name="learning_rate")
        else:
            self._rate.assign(float(value))
        self._schedule = None

    @property
    def learning_rate(self):
        """The learning rate of the next step, a variable with `assign`; of a schedule, its value."""
        return self._rate if self._schedule is None else self._schedule(float(self.iterations))

    @learning_rate.setter
    def learning_rate(self, value):
        if self._schedule is not None and not isinstance(value, schedules.LearningRateSchedule):
            raise TypeError(f"{type(self).__name__}: its learning rate is a schedule, {type(self._schedule).__name__}, "
                            f"and cannot be set to a number. Make the optimizer with a number")
        if self.compiled is not None and isinstance(value, schedules.LearningRateSchedule):
            raise SpecError(f"{type(self).__name__}: you can set the learning rate to a schedule only before the first "
                            f"step; compile the model again")
        self._set_rate(value)

    lr = learning_rate

    @property
    def iterations(self):
        """How many updates were made."""
        count = 0 if self.compiled is None else int(self.compiled.updates.get_value())
        return Variable(np.asarray(count, "int64"), trainable=False, name="iteration")

    @property
    def variables(self) -> list:
        """The state of the rule, as shared variables."""
        return [] if self.compiled is None else list(self.compiled._states)

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        """Spare some weights the decay: weights themselves, or parts of their names, 'bias' say."""
        self._excluded = (tuple(map(id, var_list or ())), tuple(var_names or ()))

    def _is_excluded(self, parameter) -> bool:
        if not self._excluded:
            return False
        return id(parameter) in self._excluded[0] or any(name in str(parameter.name) for name in self._excluded[1])

    # ------------------------------------------------------------------------------------------ what it is made into

    def plan(self, frozen: tuple) -> Plan:
        """Return the plan of a training step that leaves the parameters `frozen` as they are."""
        numbers = tuple(getattr(self, name) for name in self.numbers)
        rule = rules.as_rule(type(self).formula, numbers, self.weight_decay, self._is_excluded)
        rate = float(self._rate) if self._schedule is None else schedules.InSteps(self._schedule)
        limits = {"max_parameter_gradient_norm": self.clipnorm, "max_gradient_norm": self.global_clipnorm,
                  "max_gradient_element": self.clipvalue}
        return Plan(rule, {"learning_rate": rate}, freeze=frozen, accumulate=self.gradient_accumulation_steps or 1,
                    **{name: value or None for name, value in limits.items()})

    def tell(self, step) -> None:
        """Let a compiled step have the learning rate as it is now."""
        if self._schedule is not None:
            return
        now = np.float32(float(self._rate))
        scalar = step.scalars["learning_rate"]
        if np.float32(scalar.get_value()) != now:
            step.set({"learning_rate": float(now)})

    def get_config(self) -> dict:
        """Return the arguments that make such an optimizer."""
        rate = schedules.serialize(self._schedule) if self._schedule is not None else float(self._rate)
        names = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "gradient_accumulation_steps", "name")
        return {"learning_rate": rate} | {name: getattr(self, name) for name in (*self.numbers, *names)}

    @classmethod
    def from_config(cls, config: dict, custom_objects=None) -> "Optimizer":
        """Return the optimizer that `get_config` describes."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = schedules.deserialize(config["learning_rate"], custom_objects)
        return cls(**config)

    def __repr__(self):
        return f"<{type(self).__name__} learning_rate={self.get_config()['learning_rate']}>"
