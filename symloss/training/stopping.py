"""Criteria that end a training: what the option `stop` of `train` may be, as callbacks."""

import inspect

from .._repr import Called
from ..errors import SpecError, UnknownNameError, unknown
from .callbacks import EarlyStopping
from .reasons import Reason

KEYS = tuple(inspect.signature(EarlyStopping).parameters)
ELSEWHERE = {  # a key of another library -> what to write here; for errors alone
    "absolute_change": "min_absolute_improvement",
    "criterion": "metric",
    "improvement": "min_improvement, a share of the best value, or min_absolute_improvement",
    "min_delta": "min_absolute_improvement",
    "relative_change": "min_improvement, a share of the best value",
    "start_from_epoch": "initial_patience",
}


class StopWhen(Called):
    """Stop a training when a function of the record returns a true value.

    Parameters
    ----------
    function : function of the record
        A true value ends the training; a string is recorded as the reason.
    """

    def __init__(self, function):
        self.function = function

    def epoch(self, record):
        found = self.function(record)
        if not found:
            return None
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return Reason(found if isinstance(found, str) else f"stop: {name} returned True", "criterion")


def criteria(stop) -> tuple:
    """Return the callbacks that the option `stop` describes.

    Parameters
    ----------
    stop : None, str, dict, function of the record, EarlyStopping, or a list of them
        A string is the name of a metric, or 'loss'. A dict contains arguments of `EarlyStopping`.

    Raises
    ------
    UnknownNameError
        For a key of a dict that `EarlyStopping` does not take. The message suggests similar names.
    SpecError
        For anything else.

    >>> criteria({"metric": "acc", "patience": 3})
    (EarlyStopping(patience=3, metric='acc'),)
    """
    if stop is None:
        return ()
    return tuple(_criterion(one) for one in (stop if isinstance(stop, list | tuple) else [stop]))


def _criterion(one):
    if isinstance(one, str) and one:
        return EarlyStopping(metric=one)
    if isinstance(one, dict):
        for key in one:
            if key in ELSEWHERE:
                raise UnknownNameError(f"train: unknown key of stop {key!r}; write {ELSEWHERE[key]}")
            if key not in KEYS:
                raise unknown("key of stop", key, KEYS)
        return EarlyStopping(**({} if "monitor" in one else {"metric": "loss"}) | one)
    if isinstance(one, EarlyStopping):
        return one
    if callable(one) and not isinstance(one, type):
        return StopWhen(one)
    raise SpecError(f"train: stop={one!r} is not valid; it must be the name of a metric, a dict such as "
                    f"{{'metric': 'acc', 'patience': 5}}, a function of the record, or a list of them")
