"""keras.losses: each loss as a class, made with its options, called with (y_true, y_pred, sample_weight)."""

from ..serialization import as_config
from . import functions
from .base import Loss
from .shapes import same_rank

MEAN = "sum_over_batch_size"


class LossFunctionWrapper(Loss):
    """A loss that is a function of (y_true, y_pred) with options.

    Parameters
    ----------
    fn : function
        Returns a value per item.
    reduction, name, dtype : as in `Loss`
    **kwargs
        Its options.
    """

    def __init__(self, fn, reduction=MEAN, name=None, dtype=None, **kwargs):
        super().__init__(name, reduction, dtype)
        self.fn, self.options = fn, kwargs
        vars(self).update(kwargs)

    def call(self, y_true, y_pred):
        y_true, y_pred = same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self.options)

    def get_config(self) -> dict:
        own = {"fn": as_config(self.fn)} if type(self) is LossFunctionWrapper else {}
        return {**super().get_config(), **self.options, **own}

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.fn.__name__}, kwargs={self.options})>"


class MeanSquaredError(LossFunctionWrapper):
    """The mean of squared differences, see `functions.mean_squared_error`."""

    def __init__(self, reduction=MEAN, name="mean_squared_error", dtype=None):
        super().__init__(functions.mean_squared_error, reduction, name, dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """The mean of absolute differences, see `functions.mean_absolute_error`."""

    def __init__(self, reduction=MEAN, name="mean_absolute_error", dtype=None):
        super().__init__(functions.mean_absolute_error, reduction, name, dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """The mean of differences in percent of y_true, see `functions.mean_absolute_percentage_error`."""

    def __init__(self, reduction=MEAN, name="mean_absolute_percentage_error", dtype=None):
        super().__init__(functions.mean_absolute_percentage_error, reduction, name, dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """The mean of squared differences of logarithms, see `functions.mean_squared_logarithmic_error`."""

    def __init__(self, reduction=MEAN, name="mean_squared_logarithmic_error", dtype=None):
        super().__init__(functions.mean_squared_logarithmic_error, reduction, name, dtype)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of vectors along `axis`, see `functions.cosine_similarity`."""

    def __init__(self, axis=-1, reduction=MEAN, name="cosine_similarity", dtype=None):
        super().__init__(functions.cosine_similarity, reduction, name, dtype, axis=axis)


class Huber(LossFunctionWrapper):
    """Squares of differences up to `delta`, then lines, see `functions.huber`."""

    def __init__(self, delta=1.0, reduction=MEAN, name="huber_loss", dtype=None):
        super().__init__(functions.huber, reduction, name, dtype, delta=delta)


class LogCosh(LossFunctionWrapper):
    """The mean of log(cosh) of differences, see `functions.log_cosh`."""

    def __init__(self, reduction=MEAN, name="log_cosh", dtype=None):
        super().__init__(functions.log_cosh, reduction, name, dtype)


class Hinge(LossFunctionWrapper):
    """How far scores fall short of a margin of 1, see `functions.hinge`."""

    def __init__(self, reduction=MEAN, name="hinge", dtype=None):
        super().__init__(functions.hinge, reduction, name, dtype)


class SquaredHinge(LossFunctionWrapper):
    """The square of what `Hinge` is the mean of, see `functions.squared_hinge`."""

    def __init__(self, reduction=MEAN, name="squared_hinge", dtype=None):
        super().__init__(functions.squared_hinge, reduction, name, dtype)


class CategoricalHinge(LossFunctionWrapper):
    """How far the score of the class is from a lead of 1, see `functions.categorical_hinge`."""

    def __init__(self, reduction=MEAN, name="categorical_hinge", dtype=None):
        super().__init__(functions.categorical_hinge, reduction, name, dtype)


class KLDivergence(LossFunctionWrapper):
    """The divergence of distributions, see `functions.kl_divergence`."""

    def __init__(self, reduction=MEAN, name="kl_divergence", dtype=None):
        super().__init__(functions.kl_divergence, reduction, name, dtype)


class Poisson(LossFunctionWrapper):
    """The negative log-likelihood of counts, see `functions.poisson`."""

    def __init__(self, reduction=MEAN, name="poisson", dtype=None):
        super().__init__(functions.poisson, reduction, name, dtype)


class BinaryCrossentropy(LossFunctionWrapper):
    """The cross-entropy of yes and no, see `functions.binary_crossentropy`."""

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction=MEAN, name="binary_crossentropy",
                 dtype=None):
        super().__init__(functions.binary_crossentropy, reduction, name, dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of yes and no, faded where it is right, see `functions.binary_focal_crossentropy`."""

    def __init__(self, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0,
                 axis=-1, reduction=MEAN, name="binary_focal_crossentropy", dtype=None):
        super().__init__(functions.binary_focal_crossentropy, reduction, name, dtype,
                         apply_class_balancing=apply_class_balancing, alpha=alpha, gamma=gamma, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class CategoricalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of one-hot vectors, see `functions.categorical_crossentropy`."""

    def __init__(self, from_logits=False, label_smoothing=0.0, axis=-1, reduction=MEAN, name="categorical_crossentropy",
                 dtype=None):
        super().__init__(functions.categorical_crossentropy, reduction, name, dtype, from_logits=from_logits,
                         label_smoothing=label_smoothing, axis=axis)


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of one-hot vectors, faded where it is right; see `functions.categorical_focal_crossentropy`."""

    def __init__(self, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1, reduction=MEAN,
                 name="categorical_focal_crossentropy", dtype=None):
        super().__init__(functions.categorical_focal_crossentropy, reduction, name, dtype, alpha=alpha, gamma=gamma,
                         from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """The cross-entropy of integer labels, see `functions.sparse_categorical_crossentropy`."""

    labels = True

    def __init__(self, from_logits=False, ignore_class=None, reduction=MEAN, axis=-1,
                 name="sparse_categorical_crossentropy", dtype=None):
        super().__init__(functions.sparse_categorical_crossentropy, reduction, name, dtype, from_logits=from_logits,
                         ignore_class=ignore_class, axis=axis)


class CTC(LossFunctionWrapper):
    """The loss of label sequences that are not aligned with the steps, see `functions.ctc`."""

    labels = True

    def __init__(self, reduction=MEAN, name="ctc", dtype=None):
        super().__init__(functions.ctc, reduction, name, dtype)


class Dice(LossFunctionWrapper):
    """One minus the overlap of masks, see `functions.dice`."""

    def __init__(self, reduction=MEAN, name="dice", axis=None, dtype=None):
        super().__init__(functions.dice, reduction, name, dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """One minus the overlap of masks, misses and false alarms weighed apart; see `functions.tversky`."""

    def __init__(self, alpha=0.5, beta=0.5, reduction=MEAN, name="tversky", axis=None, dtype=None):
        super().__init__(functions.tversky, reduction, name, dtype, alpha=alpha, beta=beta, axis=axis)


class Circle(LossFunctionWrapper):
    """The circle loss of embeddings and their labels, see `functions.circle`."""

    labels = True

    def __init__(self, gamma=80.0, margin=0.4, remove_diagonal=True, reduction=MEAN, name="circle", dtype=None):
        super().__init__(functions.circle, reduction, name, dtype, gamma=gamma, margin=margin,
                         remove_diagonal=remove_diagonal)


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Between cross-entropy and absolute error, see `functions.categorical_generalized_cross_entropy`."""

    labels = True

    def __init__(self, q=0.5, reduction=MEAN, name="categorical_generalized_cross_entropy", dtype=None):
        if not 0 < q < 1:
            raise ValueError(f"CategoricalGeneralizedCrossEntropy: q={q!r} is not valid; it must be a number between 0 "
                             f"and 1")
        super().__init__(functions.categorical_generalized_cross_entropy, reduction, name, dtype, q=q)
