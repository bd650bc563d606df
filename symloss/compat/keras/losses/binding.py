"""From a loss of Keras to a `symloss.Loss` that is bound to an output of a model, which training minimizes."""

import dataclasses

import pytensor.tensor as pt

from ...._checks import undo
from ....errors import SpecError, SymlossError
from ....losses import Loss as CoreLoss
from ....losses.conventions import convention
from ....losses.reduction import divide
from ....losses.user_functions import function_spec
from ..backend import floatx
from . import functions, registry
from .base import Loss
from .classes import LossFunctionWrapper
from .comparisons import refuse_comparisons

HOW = {"sum_over_batch_size": "count", "mean": "count", "sum": "sum", "mean_with_sample_weight": "mean"}
# Keras' function -> the loss here, and what its options are called
CORE = {
    functions.mean_squared_error: ("squared_error", {}),
    functions.mean_absolute_error: ("absolute_error", {}),
    functions.mean_absolute_percentage_error: ("absolute_percentage_error", {}),
    functions.mean_squared_logarithmic_error: ("squared_log_error", {}),
    functions.huber: ("huber", {"delta": "delta"}),
    functions.log_cosh: ("log_cosh", {}),
    functions.cosine_similarity: ("cosine_distance", {}),
    functions.poisson: ("poisson_nll", {}),
    functions.kl_divergence: ("kl_divergence", {}),
    functions.hinge: ("binary_hinge", {}),
    functions.squared_hinge: ("squared_hinge", {}),
    functions.categorical_hinge: ("categorical_hinge", {}),
    functions.binary_crossentropy: ("binary_cross_entropy", {"label_smoothing": "smoothing"}),
    functions.binary_focal_crossentropy: ("binary_focal", {
        "gamma": "gamma", "alpha": "alpha", "apply_class_balancing": "apply_class_balancing",
        "label_smoothing": "label_smoothing"}),
    functions.categorical_crossentropy: ("categorical_cross_entropy", {"label_smoothing": "smoothing"}),
    functions.categorical_focal_crossentropy: ("categorical_focal", {
        "gamma": "gamma", "alpha": "alpha", "label_smoothing": "label_smoothing"}),
    functions.sparse_categorical_crossentropy: ("label_cross_entropy", {"ignore_class": "ignore_index"}),
    functions.categorical_generalized_cross_entropy: ("generalized_cross_entropy", {"q": "q"}),
    functions.dice: ("dice", {"axis": "axis"}),
    functions.tversky: ("tversky", {"alpha": "alpha", "beta": "beta", "axis": "axis"}),
    functions.circle: ("circle", {"gamma": "scale", "margin": "margin", "remove_diagonal": "remove_diagonal"}),
    functions.ctc: ("ctc", {}),
}
AS_NUMBERS = ("binary_hinge", "squared_hinge", "categorical_focal")  # whose targets may be 0 and 1, or are no labels
ACTIVATION = {"binary_cross_entropy": "sigmoid", "binary_focal": "sigmoid", "ctc": "softmax"}  # of logits; else softmax
CLASSES = (7, 2, 3, 4, 5, 6, 8, 9, 10, 20, 100, 1000)  # on which a user's loss is tried
CROSSENTROPY = ("crossentropy", "ce")
AS_FUNCTION = {functions.categorical_generalized_cross_entropy: {"q": 0.5}}  # options that have no default


class BoundLoss(CoreLoss, registered=False):
    """A loss of Keras as a term of a model's objective; records call it by its name in Keras.

    Parameters
    ----------
    form : str, LossSpec or function of (prediction, target)
    keras : Loss or function
        The loss of Keras.
    shown : str
        Its name in records.
    **keywords
        Those of `symloss.Loss`.
    """

    def __init__(self, form, *, keras=None, shown=None, **keywords):
        super().__init__(form, **keywords)
        self.keras, self.shown = keras, shown

    @property
    def label(self) -> str:
        """Its name in records."""
        return self.__dict__.get("shown") or self.name

    def to_spec(self) -> dict:
        """Return what rebuilds it without this package; where nothing does, its name."""
        spec = super().to_spec()
        return {name: value for name, value in spec.items() if name not in ("keras", "shown")} | {
            "form": self.form if isinstance(self.form, str) else self.label}


def core_loss(identifier, output: str, *, weight=1.0, weighted: bool = False, name: str | None = None,
              target=None) -> CoreLoss:
    """Return a loss of Keras as a `symloss.Loss` on an output of a model.

    Parameters
    ----------
    identifier : str, dict, Loss, subclass of Loss, or function of (y_true, y_pred)
        Anything that `keras.losses.get` takes.
    output : str
        Name of the layer or output that is y_pred.
    weight : number, schedule or rule
        Factor of this term in the total, see `symloss.Loss`.
    weighted : bool
        Whether data carry a weight for each target.
    name : str or None
        Name of the term in records. None: the name of the loss and 'loss', so that a metric can have the same name.
    target : int, variable or None
        Number of axes of y_true, or its variable. None: labels, for the losses that take these (integers, an axis less
        than the output) and for a user's function that goes with nothing else, else floats in the shape of the output.

    Returns
    -------
    BoundLoss
        A `symloss.Loss`, for ``net.add_loss``. Its attribute `keras` is what it was made of.

    Notes
    -----
    * If the last activation is a softmax or a sigmoid, the loss is computed from the logits before it. With
      ``from_logits=True``, the loss applies the activation itself, and an output that already has one raises an error.
    * ``reduction="sum_over_batch_size"`` (or "mean") is how='count': sum(w l) / number of values;
      "mean_with_sample_weight" is how='mean': sum(w l) / sum(w); "sum" is how='sum'. None and "none" raise an
      error, because training can only minimize a single number.
    * ``ignore_class`` leaves labels out of the sum and the divisor.
    * A subclass of `keras.losses.Loss` and a function are called with PyTensor variables, so they must be written in
      `keras.ops` (or in pytensor.tensor). They return a value per item, which weights multiply; one that returns a
      single number works without weights.

    Raises
    ------
    SpecError
        For a reduction, a dtype or an axis that training does not support. The message says what to write.
    BadNameError
        For a name that is unknown.
    """
    if isinstance(identifier, str) and identifier.lower() in CROSSENTROPY:
        return BoundLoss(_of_labels_or_one_hot(identifier), how="count", output_name=output, weight=weight,
                         weighted=weighted, target=target, keras=identifier, shown=name or f"{identifier} loss")
    loss = registry.get(identifier)
    if loss is None:
        raise SpecError(f"loss of output {output!r} is None; pass a name, a function of (y_true, y_pred) or a Loss")
    keywords = {"output_name": output, "weight": weight, "weighted": weighted, "target": target,
                "how": _how(loss), "keras": loss,
                "shown": name or f"{_called(loss)} loss"}
    function, options = _parts(loss)
    if function not in CORE:
        spec = function_spec(_own(loss))
        return BoundLoss(spec if target is not None else _of_labels(spec), **keywords)
    own, names = CORE[function]
    given = {names[option]: value for option, value in options.items() if option in names}
    logits = options.get("from_logits", function is functions.ctc)
    axis = options.get("axis", -1) if "axis" not in names else -1
    if not logits and axis == -1 and own not in AS_NUMBERS:
        return BoundLoss(own, like="keras", **keywords, **given)
    return BoundLoss(_variant(own, loss, logits, axis, given), **keywords, **given)


def by_shapes(identifier, y_true: tuple, y_pred: tuple):
    """Return the cross-entropy that 'crossentropy' or 'ce' stand for, by the shapes of targets and predictions.

    Others are returned as they are.

    >>> by_shapes("ce", (None, 1), (None, 10)).__name__
    'sparse_categorical_crossentropy'
    """
    if not isinstance(identifier, str) or identifier.lower() not in CROSSENTROPY:
        return identifier
    if y_pred[-1] == 1:
        return functions.binary_crossentropy
    labels = len(y_true) < len(y_pred) or y_true[-1] == 1
    return functions.sparse_categorical_crossentropy if labels else functions.categorical_crossentropy


def _called(loss) -> str:
    return getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__)


def _how(loss) -> str:
    """Return the reduction in symloss' words."""
    if not isinstance(loss, Loss):
        return "count"
    if loss.reduction not in HOW:
        raise SpecError(f"loss {loss.name}: reduction={loss.reduction!r} does not return a single number that can be "
                        f"minimized; use 'sum_over_batch_size', 'sum' or 'mean_with_sample_weight'")
    if loss.dtype != floatx():
        raise SpecError(f"loss {loss.name}: dtype={loss.dtype!r} is not supported, since models compute in {floatx()}. "
                        f"Leave it out, or call keras.config.set_floatx({loss.dtype!r}) before you make the model")
    return HOW[loss.reduction]


def _parts(loss) -> tuple:
    """Return the function of a loss, and its options; of a subclass with a `call` of its own, (None, {})."""
    if isinstance(loss, LossFunctionWrapper) and type(loss).call is LossFunctionWrapper.call:
        return loss.fn, dict(loss.options)
    if isinstance(loss, Loss):
        return None, {}
    return loss, dict(AS_FUNCTION.get(loss, {}))


def _own(loss):
    """Return a user's loss as a function of (prediction, target)."""
    call = loss.call if isinstance(loss, Loss) else loss
    refuse_comparisons(loss.fn if isinstance(loss, LossFunctionWrapper) else call, _called(loss))

    def own(prediction, target):
        values = call(target, prediction)
        mask = getattr(values, "_keras_mask", None)
        if mask is None:
            return values
        mask = mask.astype(values.dtype)  # what is masked does not count in the mean
        return values * mask * divide(mask.size.astype(values.dtype), mask.sum())

    own.__name__ = str(_called(loss))
    own.__doc__ = loss.__doc__
    return own


def _of_labels(spec):
    """Return the spec of a user's loss, which takes labels if it goes with these and not with the output's shape.

    It is tried on variables: it may call `sparse_categorical_crossentropy`, say. How many classes the output has is not
    known here, and it may name the number.
    """
    for labels in (False, True):
        for classes in CLASSES:
            prediction = pt.tensor("y_pred", shape=(None, classes), dtype="float32")
            target = pt.tensor("y_true", shape=(None,), dtype="int32") if labels else prediction.type("y_true")
            try:
                spec.function(prediction, target)
            except SymlossError:
                continue
            return dataclasses.replace(spec, target="label", classes=None) if labels else spec
    return spec  # which says what is wrong, of the output itself


def _of_labels_or_one_hot(identifier: str):
    """Return the spec of the cross-entropy that takes labels or one-hot vectors, whatever the data are."""
    followed = convention("cross_entropy", "keras").spec

    def crossentropy(prediction, target, **options):
        if prediction.type.shape[-1] == 1:
            raise SpecError(f"loss {identifier!r}: the output has only one column; write 'binary_crossentropy'")
        return followed.function(prediction, target, **options)

    return dataclasses.replace(followed, name=identifier, function=crossentropy)


def _variant(own, loss, logits, axis, given):
    """Return the spec of a loss that takes logits, or other targets than the core's; `given` loses what is built in."""
    followed = convention(own, "keras").spec
    shown = _called(loss)
    activation = ACTIVATION.get(own, "softmax")
    alpha = tuple(given.pop("alpha")) if isinstance(given.get("alpha"), list | tuple) else None

    def variant(prediction, target, **keywords):
        if axis not in (-1, prediction.ndim - 1):
            raise SpecError(f"loss {shown}: axis={axis} is not supported for an output with {prediction.ndim} axes, "
                            f"since losses of models use the last axis; put a Permute layer before the loss")
        if logits:
            if undo(prediction, activation) is not None:
                raise SpecError(f"loss {shown} expects logits, but the output already ends in {activation}. Remove "
                                f"from_logits=True or the activation")
            prediction = pt.sigmoid(prediction) if activation == "sigmoid" else pt.special.softmax(prediction, axis=-1)
        if alpha is not None:
            return functions.categorical_focal_crossentropy(target, prediction, alpha=alpha, **keywords)
        return followed.function(prediction, target, **keywords)

    changed = {"activation": None} if logits and own != "ctc" else {}
    if own in AS_NUMBERS:
        changed["target"] = "same"
    return dataclasses.replace(followed, name=shown, function=variant, **changed)
