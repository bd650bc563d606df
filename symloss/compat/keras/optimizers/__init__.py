"""Optimizers under the names that Keras gives them, with Keras' arguments, defaults and numbers.

Inside: `rules.py` (the formulas), `base.py` (Optimizer, a plan of symloss), `schedules.py`.
"""

from ....errors import SpecError, unknown
from . import rules, schedules
from .base import Optimizer


class SGD(Optimizer):
    """Gradient descent, with `momentum`, of Nesterov's kind if asked for."""

    formula, numbers = staticmethod(rules.sgd), ("momentum", "nesterov")

    def __init__(self, learning_rate=0.01, momentum=0.0, nesterov=False, **keywords):
        if not 0 <= momentum <= 1:
            raise SpecError(f"SGD: momentum={momentum!r} is not valid; it must be a number from 0 to 1")
        self.momentum, self.nesterov = momentum, nesterov
        super().__init__(learning_rate, **keywords)


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015); with `amsgrad`, that of Reddi et al. (2018)."""

    formula, numbers = staticmethod(rules.adam), ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False, **keywords):
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad
        super().__init__(learning_rate, **keywords)


class AdamW(Adam):
    """Adam with a decay of the weights apart from the gradient (Loshchilov & Hutter 2019)."""

    def __init__(self, learning_rate=0.001, weight_decay=0.004, beta_1=0.9, beta_2=0.999, epsilon=1e-7, amsgrad=False,
                 **keywords):
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **keywords)


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016)."""

    formula, numbers = staticmethod(rules.nadam), ("beta_1", "beta_2", "epsilon")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **keywords):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        super().__init__(learning_rate, **keywords)


class Adamax(Optimizer):
    """Adam with the infinity norm (Kingma & Ba 2015)."""

    formula, numbers = staticmethod(rules.adamax), ("beta_1", "beta_2", "epsilon")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, **keywords):
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        super().__init__(learning_rate, **keywords)


class RMSprop(Optimizer):
    """RMSprop (Tieleman & Hinton 2012), centered and with momentum if asked for."""

    formula, numbers = staticmethod(rules.rmsprop), ("rho", "momentum", "epsilon", "centered")

    def __init__(self, learning_rate=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False, **keywords):
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered
        super().__init__(learning_rate, **keywords)


class Adagrad(Optimizer):
    """Adagrad (Duchi et al. 2011)."""

    formula, numbers = staticmethod(rules.adagrad), ("initial_accumulator_value", "epsilon")

    def __init__(self, learning_rate=0.001, initial_accumulator_value=0.1, epsilon=1e-7, **keywords):
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon
        super().__init__(learning_rate, **keywords)


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012)."""

    formula, numbers = staticmethod(rules.adadelta), ("rho", "epsilon")

    def __init__(self, learning_rate=0.001, rho=0.95, epsilon=1e-7, **keywords):
        self.rho, self.epsilon = rho, epsilon
        super().__init__(learning_rate, **keywords)


class Lion(Optimizer):
    """Lion (Chen et al. 2023)."""

    formula, numbers = staticmethod(rules.lion), ("beta_1", "beta_2")

    def __init__(self, learning_rate=0.001, beta_1=0.9, beta_2=0.99, **keywords):
        self.beta_1, self.beta_2 = beta_1, beta_2
        super().__init__(learning_rate, **keywords)


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al. 2013)."""

    formula = staticmethod(rules.ftrl)
    numbers = ("learning_rate_power", "initial_accumulator_value", "l1_regularization_strength",
               "l2_regularization_strength", "l2_shrinkage_regularization_strength", "beta")

    def __init__(self, learning_rate=0.001, learning_rate_power=-0.5, initial_accumulator_value=0.1,
                 l1_regularization_strength=0.0, l2_regularization_strength=0.0,
                 l2_shrinkage_regularization_strength=0.0, beta=0.0, **keywords):
        self.learning_rate_power, self.initial_accumulator_value = learning_rate_power, initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength, self.beta = l2_shrinkage_regularization_strength, beta
        super().__init__(learning_rate, **keywords)


class Adafactor(Optimizer):
    """Adafactor (Shazeer & Stern 2018)."""

    formula = staticmethod(rules.adafactor)
    numbers = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(self, learning_rate=0.001, beta_2_decay=-0.8, epsilon_1=1e-30, epsilon_2=1e-3, clip_threshold=1.0,
                 relative_step=True, **keywords):
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step
        super().__init__(learning_rate, **keywords)


def get(identifier) -> Optimizer:
    """Return an optimizer, from its name, its configuration, or as it is."""
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        raise SpecError(f"optimizer {identifier.__name__} is a class; pass an instance of it: {identifier.__name__}()")
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier, "config": {}})
    raise SpecError(f"optimizer {identifier!r} is not valid; pass a name such as 'adam', or an object of "
                    f"keras.optimizers")


def serialize(optimizer) -> dict:
    """Return an optimizer as its class and its arguments."""
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def deserialize(config, custom_objects=None) -> Optimizer:
    """Return the optimizer that `serialize` describes; names may be in lower case."""
    known = Optimizer.known | dict(custom_objects or {})
    by_case = {name.lower(): cls for name, cls in known.items()}
    found = known.get(config["class_name"]) or by_case.get(str(config["class_name"]).lower())
    if found is None:
        raise unknown("optimizer", config["class_name"], sorted(by_case))
    return found.from_config(config.get("config", {}), custom_objects)


__all__ = ["Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion", "Nadam", "Optimizer",
           "RMSprop", "SGD", "deserialize", "get", "schedules", "serialize"]
