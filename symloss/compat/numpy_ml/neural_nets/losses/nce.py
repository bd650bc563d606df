"""NCELoss: noise-contrastive estimation and negative sampling, with weights and an optimizer of its own."""

import numpy as np
import pytensor
import pytensor.tensor as pt

from .....errors import SpecError
from .....losses.sampled import drawn, expected
from ...compiled import core, floats, place, require_rank, require_rows, run
from ...errors import BadArrayError, BadShapeError, FrozenError
from ..initializers import ActivationInitializer, OptimizerInitializer, WeightInitializer
from ..options import number
from .base import ObjectiveBase

KEPT = ("y_pred", "target", "true_w", "true_b", "sampled_b", "sampled_w", "out_labels", "target_logits",
        "noise_samples", "noise_logits")

# ------------------------------------------------------------------------------------------ formulas
# Of rows of X, of the rows of W and the numbers of b and log Q that belong to the target of each, and of those that
# belong to the noise samples. Other rows of W are not looked at, so the cost does not grow with the number of classes.


def nce_terms(x, right_w, right_b, right_q, wrong_w, wrong_b, wrong_q, rows, subtract, frozen):
    """Return the loss of each row, and the logits of targets and of noise samples."""
    matrix, bias, log_noise = (pt.concatenate(pair) for pair in ((right_w, wrong_w), (right_b, wrong_b),
                                                                 (right_q, wrong_q)))
    samples = pt.arange(wrong_b.shape[0]) + right_b.shape[0]
    right, wrong, labels, samples, _ = drawn(x, matrix, bias, samples, rows, "NCELoss")
    if subtract:
        right, wrong = expected(right, wrong, matrix, log_noise, labels, samples, "NCELoss")
    if frozen:  # the samples do not count
        each = core("binary_cross_entropy")(pt.sigmoid(right), pt.ones_like(right))
    elif subtract:
        each = core("nce")(x, matrix, bias, samples, log_noise, rows)
    else:
        each = core("negative_sampling")(x, matrix, bias, samples, rows)
    return each, right, wrong


def nce_values(*inputs):
    """Return the summed loss, logits, and probabilities."""
    each, right, wrong = nce_terms(*inputs)
    return [each.sum(), right, wrong, pt.sigmoid(right), pt.sigmoid(wrong)]


def nce_slopes(x, right_w, right_b, right_q, wrong_w, wrong_b, *others):
    """Return the gradients with respect to X, and to the rows of W and b, for targets and then for noise."""
    each, _, _ = nce_terms(x, right_w, right_b, right_q, wrong_w, wrong_b, *others)
    return pytensor.grad(each.sum(), [x, right_w, wrong_w, right_b, wrong_b])


class NCELoss(ObjectiveBase):
    r"""Noise-contrastive estimation: targets against samples of noise, summed over batch and samples, in nats.

    .. math:: L = -\sum \log \hat y_{target} - \sum \log (1 - \hat y_{noise}), \quad
              \hat y_c = \sigma(W_c x + b_c - \log k Q_c)

    It trains a softmax over many classes without computing all of them: a logistic regression tells the target from k
    classes drawn from a noise distribution Q. The loss has its own weights W, biases b and optimizer.

    Parameters
    ----------
    n_classes : int
    noise_sampler : DiscreteSampler
        Or any object with probabilities `probs` (n_classes,) that returns k integers when it is called with k.
    num_negative_samples : int
        Number k of noise samples for each batch.
    optimizer : str, optimizer, dict or None
        The optimizer that `update` uses for W and b. None means SGD.
    init : str
        Initial weights: 'glorot_normal', 'glorot_uniform', 'he_normal' or 'he_uniform'.
    subtract_log_label_prob : bool
        Whether to subtract log(k Q) from the logits: True for NCE, False for negative sampling.

    Attributes
    ----------
    parameters, gradients : dict
        'W' (n_classes, n_in) and 'b' (1, n_classes), made at the first `loss`; gradients add up until `update`.
    hyperparameters : dict
    derived_variables : dict of lists
        What was computed for each `loss` that was retained.

    References
    ----------
    Gutmann & Hyvarinen (2010), "Noise-contrastive estimation: A new estimation principle for unnormalized statistical
    models", AISTATS; Mnih & Teh (2012), "A fast and simple algorithm for training neural probabilistic language
    models", ICML.

    >>> from symloss.compat.numpy_ml.utils.data_structures import DiscreteSampler
    >>> nce = NCELoss(4, DiscreteSampler([0.25] * 4), num_negative_samples=3)
    >>> loss, y_pred = nce(np.ones((2, 1, 5)), np.array([0, 3]))
    >>> y_pred.shape, nce.grad().shape
    ((2, 1), (2, 1, 5))
    """

    def __init__(self, n_classes, noise_sampler, num_negative_samples, optimizer=None, init="glorot_uniform",
                 subtract_log_label_prob=True):
        self.n_classes = _count("n_classes", n_classes)
        self.num_negative_samples = _count("num_negative_samples", num_negative_samples)
        self.noise_sampler, self.subtract_log_label_prob = noise_sampler, bool(subtract_log_label_prob)
        self.act_fn = ActivationInitializer("Sigmoid")()
        self.optimizer = OptimizerInitializer(optimizer)()
        WeightInitializer(str(self.act_fn), mode=init)  # which refuses what it does not know
        self.init, self.n_in, self.trainable, self.is_initialized = init, None, True, False
        self.X, self.parameters, self.gradients = [], {}, {}
        self.derived_variables = {name: [] for name in KEPT}
        _log_noise(noise_sampler, self.n_classes, [])

    def _init_params(self):
        W = WeightInitializer(str(self.act_fn), mode=self.init)((self.n_classes, self.n_in))  # noqa: N806
        self.parameters = {"W": W, "b": np.zeros((1, self.n_classes))}
        self.gradients = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        self.is_initialized = True

    @property
    def hyperparameters(self) -> dict:
        """Options of the loss, with those of its optimizer and the state of that."""
        return {"id": "NCELoss", "n_in": self.n_in, "init": self.init, "n_classes": self.n_classes,
                "noise_sampler": self.noise_sampler, "num_negative_samples": self.num_negative_samples,
                "subtract_log_label_prob": self.subtract_log_label_prob,
                "optimizer": {"cache": self.optimizer.cache, "hyperparameters": self.optimizer.hyperparameters}}

    def __call__(self, X, target, neg_samples=None, retain_derived=True):  # noqa: N803
        return self.loss(X, target, neg_samples, retain_derived)

    def __str__(self):
        options = {name: value for name, value in self.hyperparameters.items() if name not in ("id", "optimizer")}
        options["optimizer"] = self.optimizer
        return f"NCELoss({', '.join(f'{name}={value}' for name, value in options.items())})"

    def freeze(self):
        """Protect the parameters from changes. A loss then depends only on the targets, without noise."""
        self.trainable = False

    def unfreeze(self):
        """Let `update` change the parameters again."""
        self.trainable = True

    def flush_gradients(self):
        """Forget what was retained, and set all gradients to 0."""
        self._require_trainable("flush_gradients")
        self.X = []
        self.derived_variables = {name: [] for name in self.derived_variables}
        self.gradients = {name: np.zeros_like(value) for name, value in self.gradients.items()}

    def update(self, cur_loss=None):
        """Move the parameters by the gradients that have added up, then flush them.

        Parameters
        ----------
        cur_loss : float or None
            The loss, for schedulers that watch it.
        """
        self._require_trainable("update")
        if not self.is_initialized:
            raise SpecError("NCELoss.update: there are no parameters yet; call loss(X, target) and grad() first")
        self.optimizer.step()
        for name, gradient in self.gradients.items():
            self.parameters[name] = self.optimizer(self.parameters[name], gradient, name, cur_loss)
        self.flush_gradients()

    def _require_trainable(self, method):
        if not self.trainable:
            raise FrozenError(f"NCELoss.{method}: NCELoss is frozen; call unfreeze() first")

    # -------------------------------------------------------------------------------------- value

    def loss(self, X, target, neg_samples=None, retain_derived=True):  # noqa: N803
        """Return the loss, and the probability of each target.

        Parameters
        ----------
        X : array (n_ex, n_c, n_in)
            For each example n_c vectors, such as embeddings of its contexts.
        target : integer array (n_ex,)
            Class of each example.
        neg_samples : integer array (num_negative_samples,) or None
            Noise samples to use instead of drawing them.
        retain_derived : bool
            Whether you will call `grad` for this input.

        Returns
        -------
        loss : float
            Summed over batch and samples, in nats.
        y_pred : array (n_ex, n_c)
            Probability of target i under vector j of its example.

        Raises
        ------
        BadShapeError
            If ranks or lengths do not fit; it is an AssertionError.
        BadArrayError
            For classes out of range, NaN, and noise probabilities of 0 that would be subtracted as logarithms.
        """
        X = floats("NCELoss", X=X)["X"]  # noqa: N806
        require_rank("NCELoss", "X", X, 3, wanted="it must be (n_ex, n_c, n_in). For one vector per example, pass "
                                                  "X[:, None, :]")
        require_rows("NCELoss", "X", X)
        target = self._classes("target", target, len(X), "pass one class for each example, and flatten an array with "
                                                         "one column")
        if not self.is_initialized:
            self.n_in = X.shape[-1]
            self._init_params()
        samples = self.noise_sampler(self.num_negative_samples) if neg_samples is None else neg_samples
        samples = self._classes("neg_samples", samples, self.num_negative_samples, "pass num_negative_samples classes")
        loss, found, labels = self._values(X, target, samples)
        if retain_derived:
            self._retain(X, target, samples, found, labels)
        return loss, found["target"][..., 0]

    def _values(self, X, target, samples):  # noqa: N803
        """Return the loss, and logits and probabilities by name, each (n_ex, n_c, ...)."""
        loss, right, wrong, yes, no = self._run(nce_values, X, target, samples)
        shape = (*X.shape[:2], -1)
        found = {"target_logits": right.reshape(shape), "noise_logits": wrong.reshape(*X.shape[:2], len(samples)),
                 "target": yes.reshape(shape)}
        y_pred = found["target"]
        if self.trainable:
            y_pred = np.concatenate([y_pred, no.reshape(*X.shape[:2], len(samples))], axis=-1)
        labels = np.zeros_like(y_pred)
        labels[..., 0] = 1
        return loss[()], found | {"y_pred": y_pred}, labels

    def _retain(self, X, target, samples, found, labels):  # noqa: N803
        W, b = self.parameters["W"], self.parameters["b"]  # noqa: N806
        noise = [np.exp(_log_noise(self.noise_sampler, self.n_classes, classes)) for classes in (target, samples)]
        self.X.append(X)
        derived = {"y_pred": found["y_pred"], "target": target, "true_w": W[target], "true_b": b[0, target],
                   "sampled_w": W[samples], "sampled_b": b[0, samples], "out_labels": labels,
                   "target_logits": found["target_logits"], "noise_logits": found["noise_logits"],
                   "noise_samples": (samples, noise[0][None, :], noise[1])}
        for name, value in derived.items():
            self.derived_variables[name].append(value)

    # -------------------------------------------------------------------------------------- gradient

    def grad(self, retain_grads=True, update_params=True):
        """Return the gradient of every retained loss with respect to X, and add those of W and b to `gradients`.

        Parameters
        ----------
        retain_grads : bool
            Whether to add the gradients of W and b.
        update_params : bool
            Whether to call `update` at the end; ignored if gradients are not retained.

        Returns
        -------
        array (n_ex, n_c, n_in), or list of them
            One for each `loss` since the last `update`; a list for more than one.

        Raises
        ------
        FrozenError
            If the loss is frozen; it is an AssertionError.
        SpecError
            If no loss was retained.
        """
        self._require_trainable("grad")
        if not self.X:
            raise SpecError("NCELoss.grad: no loss was retained; call loss(X, target) with retain_derived=True first")
        slopes = [self._grad(X, index, retain_grads) for index, X in enumerate(self.X)]
        if retain_grads and update_params:
            self.update()
        return slopes[0] if len(slopes) == 1 else slopes

    def _grad(self, X, index, retain_grads):  # noqa: N803
        """Return the gradient by one X, and add those of the rows that took part to `gradients`."""
        target, samples = self.derived_variables["target"][index], self.derived_variables["noise_samples"][index][0]
        slope, right_w, wrong_w, right_b, wrong_b = self._run(nce_slopes, X, target, samples)
        if retain_grads:
            classes = np.concatenate([np.repeat(target, X.shape[1]), samples])  # a class may be there several times
            np.add.at(self.gradients["W"], classes, np.concatenate([right_w, wrong_w]))
            np.add.at(self.gradients["b"][0], classes, np.concatenate([right_b, wrong_b]))
        return slope.reshape(X.shape)

    # -------------------------------------------------------------------------------------- arrays

    def _run(self, formula, X, target, samples):  # noqa: N803
        """Return what a formula makes of X, and of the rows of W and the numbers of b and log Q that take part."""
        W, b = np.asarray(self.parameters["W"]), np.asarray(self.parameters["b"])  # noqa: N806
        if W.shape != (self.n_classes, X.shape[-1]) or b.shape != (1, self.n_classes):
            raise BadShapeError(f"NCELoss: W has shape {W.shape}, b {b.shape} and X {X.shape}, but they must be W "
                                f"({self.n_classes}, n_in), b (1, {self.n_classes}) and X (n_ex, n_c, n_in)")
        right = np.repeat(target, X.shape[1])
        arrays = floats("NCELoss", x=X.reshape(-1, X.shape[-1]),
                        right_w=W[right], right_b=b[0, right], right_q=self._subtracted(right),
                        wrong_w=W[samples], wrong_b=b[0, samples], wrong_q=self._subtracted(samples))
        arrays["rows"] = np.arange(len(right))
        return run(formula, arrays, self.subtract_log_label_prob, not self.trainable,
                   fixed=("wrong_w", "wrong_b", "wrong_q"))

    def _subtracted(self, classes):
        """Return the logarithm of the noise probability of classes; zeros where it is not subtracted."""
        if not self.subtract_log_label_prob:
            return np.zeros(len(classes))
        logs = _log_noise(self.noise_sampler, self.n_classes, classes)
        if np.isneginf(logs).any():
            never = classes[np.argmin(logs)]
            raise BadArrayError(f"NCELoss: class {never} has noise probability 0, so its logarithm cannot be "
                                f"subtracted. Give every class a probability above 0, or pass "
                                f"subtract_log_label_prob=False")
        return logs

    def _classes(self, name, classes, length, wanted):
        """Return integer classes (length,) in range."""
        classes = np.asarray(classes)
        if classes.shape != (length,):
            raise BadShapeError(f"NCELoss: {name} has shape {classes.shape}, but it must be ({length},); {wanted}")
        if classes.dtype.kind not in "iu":
            raise BadArrayError(f"NCELoss: {name} has dtype {classes.dtype}, but classes must be integers; pass "
                                f"{name}.astype(int), or y.argmax(axis=1) for one-hot rows")
        outside = (classes < 0) | (classes >= self.n_classes)
        if outside.any():
            at = np.flatnonzero(outside)[:1]
            raise BadArrayError(f"NCELoss: {name} contains class {classes[at[0]]} at {place(at)}, but the classes are "
                                f"0 to {self.n_classes - 1}. Pass such classes, or a larger n_classes")
        return classes.astype("int64", copy=False)


def _count(name, value):
    number("NCELoss", name, value, 1)
    if int(value) != value:
        raise SpecError(f"NCELoss: {name}={value!r} is not valid; it must be a whole number")
    return int(value)


def _log_noise(sampler, n_classes, classes):
    """Return the logarithms of the noise probabilities of some classes."""
    if not callable(sampler) or not hasattr(sampler, "probs"):
        raise SpecError(f"NCELoss: noise_sampler={sampler!r} is not valid; pass a DiscreteSampler, such as "
                        f"DiscreteSampler(probs)")
    probs = np.asarray(sampler.probs, dtype=float)
    if probs.shape != (n_classes,):
        raise BadShapeError(f"NCELoss: the noise sampler has probabilities of shape {probs.shape}, but it needs one "
                            f"for each of {n_classes} classes")
    probs = probs[np.asarray(classes, dtype=int)]
    with np.errstate(divide="ignore"):
        return probs if getattr(sampler, "log", False) else np.log(probs)
