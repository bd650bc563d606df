"""Which losses compare an output with columns of a table: those that models of tables and estimators can train with."""

from ..errors import SpecError
from .registration import LossSpec

SOME = 7  # outputs, to see how many classes a loss makes of them


def require_columns(spec: LossSpec, who: str, way: str, outputs: bool = False, known: tuple = ()) -> None:
    """Raise SpecError for a loss whose target is not one number, or one class, for each output and item.

    Parameters
    ----------
    spec : LossSpec
    who : str
        Who speaks in the message.
    way : str
        The way out, a sentence.
    outputs : bool
        Whether the model has an output for each port of the loss.
    known : tuple of str
        Names of losses whose target has a shape of its own that the caller knows.
    """
    if "target" not in spec.ports:
        raise SpecError(f"{who}: the loss {spec.name} compares the outputs {', '.join(spec.predictions)} with each "
                        f"other and takes no target. {way}")
    if len(spec.predictions) > 1 and not outputs:
        raise SpecError(f"{who}: the loss {spec.name} needs the outputs {', '.join(spec.predictions)}, but this model "
                        f"has one output. {way}")
    if spec.target == "label" and (spec.classes is None or spec.classes(
            {port: (None, SOME) for port in spec.predictions}, spec.options) != SOME):
        raise SpecError(f"{who}: the outputs of the loss {spec.name} are not one score for each class. {way}")
    if spec.shape is not None and spec.name not in known:
        raise SpecError(f"{who}: the targets of the loss {spec.name} have a form of their own, not one number for each "
                        f"output. {way}")
