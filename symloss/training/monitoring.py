"""The monitored value: the value of the records that decides which parameters are the best."""

from .. import metrics
from ..errors import SpecError, unknown
from ..losses import registry as losses
from .callbacks import EarlyStopping
from .state import Monitored


def modes(objective, measures, validated: bool) -> dict:
    """Return the names of the values of records, each with 'min' or 'max', whichever is better; None if unknown."""
    good = {measure.name: _mode(getattr(measure, "form", None)) for measure in measures}

    def of(terms):
        return {"loss": "min"} | {t.name: "min" if t.source is not None else good.get(t.name) for t in terms}

    evaluated = of(objective.evaluation_terms)
    found = of(objective.training_terms) | evaluated
    return found | ({f"valid_{name}": mode for name, mode in evaluated.items()} if validated else {})


def _mode(form):
    """Return which values of a metric or a loss are the good ones."""
    if not isinstance(form, str):
        return None
    return metrics.get(form).best if form in metrics.registry else "min" if form in losses else None


def chosen(best, callbacks, known: dict) -> Monitored:
    """Return the monitored value: the requested one, otherwise that of an `EarlyStopping`, otherwise the loss.

    Parameters
    ----------
    best : str, (str, mode) or None
        The option of `train`.
    callbacks : tuple
    known : dict
        See `modes`.

    Raises
    ------
    UnknownNameError
        If no record will have the value.
    SpecError
        If it is not known whether high or low values are better.
    """
    if best is not None:
        name, mode = best if isinstance(best, tuple) else (best, None)
        if name not in known:
            raise unknown("value for best:", name, known)
        mode = mode or known[name]
        if mode is None:
            raise SpecError(f"train: best={name!r}, but it is not known whether high or low values are better. "
                            f"Write best=({name!r}, 'max') or best=({name!r}, 'min')")
        return Monitored(name, mode)
    for one in callbacks:
        if isinstance(one, EarlyStopping) and (name := one.value(known)) in known:
            if (one.mode or known[name]) is None:
                raise one.without_mode(name)
            return Monitored(name, one.mode or known[name])
    return Monitored("valid_loss" if "valid_loss" in known else "loss")
