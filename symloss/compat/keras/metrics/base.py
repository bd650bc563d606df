"""Metric: the base class of all metrics, which users can subclass. Its sums are arrays in variables."""

import copy

import numpy as np

from ....errors import SpecError
from .. import initializers
from ..backend import standardize_dtype
from ..errors import Configured
from ..losses.base import automatic_name
from ..tensors import Variable


def _leaves(value):
    """Yield what is in lists and dicts, at any depth."""
    if isinstance(value, list | tuple | dict):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _leaves(one)
    else:
        yield value


class Metric(Configured):
    """Base class of metrics; a subclass overrides `update_state` and `result`.

    Parameters
    ----------
    dtype : str or None
        Dtype of its variables and its result. None means `floatx`.
    name : str or None
        None means the name of the class in lower case.

    Notes
    -----
    A subclass makes its variables with `add_weight` in ``__init__``, changes them in
    ``update_state(self, y_true, y_pred, sample_weight=None)``, and computes ``result(self)`` from them.

    >>> class Greatest(Metric):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.greatest = self.add_weight(initializer="zeros", name="greatest")
    ...     def update_state(self, y_true, y_pred, sample_weight=None):
    ...         self.greatest.assign(np.maximum(self.greatest, np.max(np.abs(y_true - y_pred))))
    ...     def result(self):
    ...         return self.greatest.value
    >>> float(Greatest()(np.array([1.0, 2.0]), np.array([1.0, 5.0])))
    3.0
    """

    def __init__(self, dtype=None, name=None):
        self.name = name or automatic_name(type(self))
        self._dtype = standardize_dtype(getattr(dtype, "compute_dtype", dtype))
        self._variables: list[Variable] = []
        self._metrics: list[Metric] = []

    @property
    def dtype(self) -> str:
        """Dtype of the variables and the result."""
        return self._dtype

    @property
    def variables(self) -> list:
        """All variables, those of metrics within this one, too."""
        return [*self._variables, *(v for metric in self._metrics for v in metric.variables)]

    def __setattr__(self, name, value):
        if name not in ("_variables", "_metrics") and "_metrics" in self.__dict__:
            for one in _leaves(value):
                held = self._metrics if isinstance(one, Metric) else self._variables
                if isinstance(one, Metric | Variable) and not any(one is other for other in held):
                    held.append(one)
        object.__setattr__(self, name, value)

    def stateless_update_state(self, metric_variables, *args, **kwargs) -> list:
        """Return what the variables become if they are `metric_variables` and a batch is taken in; these stay."""
        return self._apart(metric_variables, lambda twin: twin.update_state(*args, **kwargs))[0]

    def stateless_result(self, metric_variables):
        """Return the value of the metric if its variables are `metric_variables`."""
        return self._apart(metric_variables, lambda twin: twin.result())[1]

    def stateless_reset_state(self) -> list:
        """Return what `reset_state` makes of the variables, which stay."""
        return self._apart(self.variables, lambda twin: twin.reset_state())[0]

    def _apart(self, values, act) -> tuple:
        """Return the variables of a copy that starts at `values` after `act`, and what that returns."""
        if len(values) != len(self.variables):
            raise SpecError(f"metric {self.name}: got {len(values)} values, but it has {len(self.variables)} variables")
        twin = copy.deepcopy(self)
        for variable, value in zip(twin.variables, values, strict=True):
            variable.assign(value)
        found = act(twin)
        return [variable.value for variable in twin.variables], found

    def add_variable(self, shape=(), initializer=None, dtype=None, aggregation="sum", name=None) -> Variable:
        """Return a new variable, which `reset_state` sets to 0; `aggregation` is that of several devices, of which
        there is one.
        """
        if "_variables" not in self.__dict__:
            raise SpecError(f"metric {type(self).__name__}: call super().__init__() before add_variable")
        made = initializers.get("zeros" if initializer is None else initializer)
        variable = Variable(made, tuple(shape), dtype or self.dtype, trainable=False, name=name)
        self._variables.append(variable)
        return variable

    def add_weight(self, shape=(), initializer=None, dtype=None, name=None) -> Variable:
        """Return a new variable; see `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def reset_state(self) -> None:
        """Set all variables to 0."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def update_state(self, *args, **kwargs):
        """Add a batch. A subclass overrides this."""
        raise NotImplementedError(f"metric {type(self).__name__}: the method update_state is missing; write "
                                  f"update_state(self, y_true, y_pred, sample_weight=None)")

    def result(self):
        """Return the value of all batches since the last reset. A subclass overrides this."""
        raise NotImplementedError(f"metric {type(self).__name__}: the method result is missing; write result(self)")

    def __call__(self, *args, **kwargs):
        """Add a batch, and return the current value."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict:
        return {"name": self.name, "dtype": self.dtype}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


