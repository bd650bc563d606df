"""The arguments of `compile`: losses, their weights and metrics, by output."""

import dataclasses

from ...._checks import is_number
from ....errors import SpecError, unknown
from .. import optimizers


@dataclasses.dataclass
class Asked:
    """The arguments of `compile`, as they were given.

    Parameters
    ----------
    optimizer : Optimizer
    loss, loss_weights, metrics, weighted_metrics
        Of one output, or of several as a list or as a dict by their names.
    """

    optimizer: object
    loss: object = None
    loss_weights: object = None
    metrics: object = None
    weighted_metrics: object = None

    def losses(self, names: list[str]) -> list[list]:
        """Return the losses of each output as pairs (loss, weight)."""
        if self.loss is None:
            return [[] for _ in names]
        by_output = _by_output(self.loss, names, "loss")
        if isinstance(self.loss, str) or not isinstance(self.loss, list | tuple | dict):
            by_output = [self.loss for _ in names]
        found = [[] if one is None else list(one) if isinstance(one, list | tuple) else [one] for one in by_output]
        weights = _weights(self.loss_weights, names, found)
        return [[(one, w) for one, w in zip(some, ws, strict=True) if one is not None]
                for some, ws in zip(found, weights, strict=True)]

    def measures(self, names: list[str]) -> list[list]:
        """Return the metrics of each output as pairs (metric, whether it is weighted)."""
        plain, weighted = (_metrics(value, names, what) for value, what in (
            (self.metrics, "metrics"), (self.weighted_metrics, "weighted_metrics")))
        return [[(one, False) for one in a] + [(one, True) for one in b] for a, b in zip(plain, weighted, strict=True)]

    def config(self) -> dict:
        """Return it as plain data; SpecError for functions and objects that have no name."""
        return {"optimizer": optimizers.serialize(self.optimizer)} | {
            name: _named(getattr(self, name)) for name in ("loss", "loss_weights", "metrics", "weighted_metrics")}


def _named(value):
    from ..serialization import as_config

    if isinstance(value, list | tuple):
        return [_named(one) for one in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _named(one) for key, one in value.items()}
    return as_config(value)


def _by_output(value, names, what) -> list:
    """Return a value for each output, of one, a list or a dict."""
    if isinstance(value, dict) and "class_name" not in value:
        for key in value:
            if key not in names:
                raise unknown(f"output in {what}:", key, names)
        return [value.get(name) for name in names]
    if len(names) == 1:
        return [value]
    if isinstance(value, list | tuple):
        if len(value) != len(names):
            raise SpecError(f"compile: {what} has {len(value)} entries, but the model has {len(names)} outputs: "
                            f"{', '.join(names)}. Pass one entry per output (None for none), or a dict by these names")
        return list(value)
    return [value] + [None] * (len(names) - 1)


def _weights(given, names, losses) -> list[list]:
    """Return the weight of each loss of each output."""
    if given is None:
        return [[1.0] * len(some) for some in losses]
    if is_number(given):
        if len(names) > 1:
            raise SpecError(f"compile: loss_weights={given!r} is not valid for a model with {len(names)} outputs. Pass "
                            f"a list, or a dict by their names: {', '.join(names)}")
        given = [given] if len(losses[0]) == 1 else given
    if len(names) == 1 and isinstance(given, list | tuple) and len(given) == len(losses[0]):
        by_output = [list(given)]
    else:
        by_output = _by_output(given, names, "loss_weights")
    found = []
    for name, one, some in zip(names, by_output, losses, strict=True):
        one = [1.0] * len(some) if one is None else list(one) if isinstance(one, list | tuple) else [one] * len(some)
        if len(one) != len(some) or not all(is_number(w) for w in one):
            raise SpecError(f"compile: loss_weights of {name!r} is {one!r}, but this output has {len(some)} losses; "
                            f"pass one number for each")
        found.append([float(w) for w in one])
    return found


def _metrics(value, names, what) -> list[list]:
    if value is None:
        return [[] for _ in names]
    single = isinstance(value, str) or not isinstance(value, list | tuple | dict)
    if single:
        value = [value] if len(names) == 1 else [[value] for _ in names]
    if len(names) == 1 and isinstance(value, list | tuple):
        value = value[0] if len(value) == 1 and isinstance(value[0], list | tuple) else value
        return [list(value)]
    if isinstance(value, list | tuple) and len(value) != len(names) and not any(isinstance(v, list | tuple | dict)
                                                                               for v in value):
        raise SpecError(f"compile: {what}={value!r} is a single entry, but the model has {len(names)} outputs. Pass a "
                        f"dict by their names: {{{names[0]!r}: {value!r}}}")
    by_output = _by_output(value, names, what)
    return [[] if one is None else list(one) if isinstance(one, list | tuple) else [one] for one in by_output]
