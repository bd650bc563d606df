"""Losses over many classes that score only the right class and a few sampled ones."""

import pytensor.tensor as pt
from pytensor.gradient import disconnected_grad

from .._checks import floating, shape_text, tensor
from ..errors import ShapeError
from .classification import integers, nan_outside
from .registration import loss
from .similarity import ABSENT, as_matrix


def drawn(prediction, matrix, bias, samples, target, who: str):
    """Return scores of the right class (n,) and of the sampled ones (n, k), labels, samples and number of classes."""
    x, matrix = as_matrix(prediction, who), as_matrix(matrix, who, "matrix")
    matrix, bias = matrix.astype(x.dtype), floating(bias, who, "bias").astype(x.dtype)
    labels, samples = integers(x, target, who), tensor(samples, who, "samples")
    if None not in (x.type.shape[1], matrix.type.shape[1]) and x.type.shape[1] != matrix.type.shape[1]:
        raise ShapeError(f"{who}: the matrix has shape {shape_text(matrix)} and the prediction {shape_text(x)}. Pass "
                         "a matrix (c, d) for a prediction (n, d)")
    one_a_class(bias, matrix, who, "bias")
    if samples.ndim != 1 or samples.dtype.startswith("float"):
        raise ShapeError(f"{who}: the samples have shape {shape_text(samples)} and dtype {samples.dtype}, but they "
                         "must be integer labels (k,)")
    return *scores(x, matrix, bias, labels, samples), labels, samples, matrix.shape[0]


def scores(x, matrix, bias, labels, samples):
    """Return the scores of the right classes (n,) and of the sampled ones (n, k) for features `x` (n, d)."""
    at = inside(labels, matrix.shape[0])
    right = (x * matrix[at]).sum(axis=1) + bias[at]
    return right, pt.dot(x, matrix[samples].T) + bias[samples]


def inside(labels, classes):
    """Return labels with 0 in place of those that are out of range, so that they can be used as indices."""
    return pt.switch(pt.ge(labels, 0) & pt.lt(labels, classes), labels, 0)


def one_a_class(values, matrix, who: str, port: str):
    """Raise ShapeError unless `values` (c,) has one number for each row of `matrix`."""
    lengths = values.type.shape[:1], matrix.type.shape[:1]
    if values.ndim != 1 or (None not in lengths[0] + lengths[1] and lengths[0] != lengths[1]):
        raise ShapeError(
            f"{who}: {port} has shape {shape_text(values)} and the matrix {shape_text(matrix)}. Pass one {port} per "
            "class"
        )


def expected(right, wrong, matrix, log_noise, labels, samples, who: str):
    """Return scores minus the logarithm of how often their class is expected among the samples."""
    log_noise = floating(log_noise, who, "log_noise").astype(right.dtype)
    one_a_class(log_noise, as_matrix(matrix, who, "matrix"), who, "log_noise")
    log_k = pt.log(samples.shape[0].astype(right.dtype))
    return right - log_k - log_noise[inside(labels, log_noise.shape[0])], wrong - log_k - log_noise[samples]


def yes_or_no(right, wrong, absent=None):
    """Return the loss of telling the right class (a yes) from the sampled ones (each a no), for each item.

    Sampled classes are ignored where `absent` (n, k) is true.
    """
    costs = pt.softplus(wrong)
    costs = costs if absent is None else pt.switch(absent, 0, costs)
    return pt.softplus(-right) + costs.sum(axis=1)


def among_drawn(right, wrong, absent):
    """Return the cross-entropy of the right class among itself and the sampled ones that are not `absent` (n, k)."""
    wrong = pt.switch(absent, pt.as_tensor(ABSENT).astype(wrong.dtype), wrong)
    top = disconnected_grad(pt.maximum(right, wrong.max(axis=1)))
    total = pt.exp(right - top) + pt.exp(wrong - top[:, None]).sum(axis=1)
    return pt.log(total) + (top - right)


@loss("NCELoss", "noise_contrastive_estimation", target="label", per="item", unit="nats",
      classes=lambda shapes, options: shapes["matrix"][0])
def nce(prediction, matrix, bias, samples, log_noise, target):
    r"""Noise-contrastive estimation, per item: the right class against k classes drawn from a noise distribution.

    .. math:: \ell = -\log \sigma(s_t - \log k q_t) - \sum_j \log \sigma(-(s_j - \log k q_j)),
              \quad s_c = w_c \cdot x + b_c

    Parameters
    ----------
    prediction : float tensor (n, d)
        Features x of each item: the input of the last layer.
    matrix : float tensor (c, d)
        Weights w of the last layer, one row for each class.
    bias : float tensor (c,)
        Bias b of the last layer.
    samples : integer tensor (k,)
        Labels that were drawn from the noise q, the same for the whole batch. Draw new ones for each batch.
    log_noise : float tensor (c,)
        log q of every class, in nats.
    target : integer tensor (n,)
        Labels from 0 to c - 1.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for vocabularies that are too large for a softmax. The scores learn to be log-probabilities. A sample that
    equals the target counts as noise, as in the theory. numpy_ml's NCELoss subtracts log q without k.

    References
    ----------
    Gutmann & Hyvarinen (2010), "Noise-contrastive estimation: A new estimation principle for unnormalized statistical
    models", AISTATS.

    >>> w, b, q = [[0.0], [0.0]], [0.0, 0.0], [0.0, 0.0]
    >>> symloss.evaluate.value("nce", [[1.0]], w, b, [1], q, [0]).round(6).tolist()
    [1.386294]
    """
    right, wrong, labels, samples, classes = drawn(prediction, matrix, bias, samples, target, "nce")
    right, wrong = expected(right, wrong, matrix, log_noise, labels, samples, "nce")
    return nan_outside(yes_or_no(right, wrong), labels, classes)


@loss("sgns", "skip_gram_negative_sampling", target="label", per="item", unit="nats",
      classes=lambda shapes, options: shapes["matrix"][0])
def negative_sampling(prediction, matrix, bias, samples, target):
    r"""Negative sampling, per item: the right class against k sampled ones, each a binary question.

    .. math:: \ell = -\log \sigma(s_t) - \sum_j \log \sigma(-s_j), \quad s_c = w_c \cdot x + b_c

    Parameters
    ----------
    prediction : float tensor (n, d)
        Features x of each item: the input of the last layer.
    matrix : float tensor (c, d)
        Weights w of the last layer, one row for each class.
    bias : float tensor (c,)
        Bias b of the last layer. word2vec has none: pass zeros.
    samples : integer tensor (k,)
        Labels that were drawn, the same for the whole batch. Draw new ones for each batch.
    target : integer tensor (n,)
        Labels from 0 to c - 1.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for embeddings of words and other things if you need no probabilities: the scores are shifted by log k q. A
    sample that equals the target counts as a negative. In numpy_ml this is NCELoss with subtract_log_label_prob=False.

    References
    ----------
    Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their Compositionality", NIPS.

    >>> w, b = [[0.0], [0.0]], [0.0, 0.0]
    >>> symloss.evaluate.value("negative_sampling", [[1.0]], w, b, [1], [0]).round(6).tolist()
    [1.386294]
    """
    right, wrong, labels, _, classes = drawn(prediction, matrix, bias, samples, target, "negative_sampling")
    return nan_outside(yes_or_no(right, wrong), labels, classes)


@loss("sampled_softmax_loss", target="label", per="item", unit="nats",
      classes=lambda shapes, options: shapes["matrix"][0])
def sampled_softmax(prediction, matrix, bias, samples, log_noise, target):
    r"""Sampled softmax, per item: cross-entropy over the right class and k sampled ones.

    .. math:: \ell = \log\Big(e^{s_t'} + \sum_{j \ne t} e^{s_j'}\Big) - s_t',
              \quad s_c' = w_c \cdot x + b_c - \log k q_c

    Parameters
    ----------
    prediction : float tensor (n, d)
        Features x of each item: the input of the last layer.
    matrix : float tensor (c, d)
        Weights w of the last layer, one row for each class.
    bias : float tensor (c,)
        Bias b of the last layer.
    samples : integer tensor (k,)
        Labels that were drawn from q, the same for the whole batch. Draw new ones for each batch.
    log_noise : float tensor (c,)
        log q of every class, in nats.
    target : integer tensor (n,)
        Labels from 0 to c - 1.

    Returns
    -------
    float tensor (n,)
        At least 0, in nats, and NaN for a label out of range.

    Raises
    ------
    ShapeError
        If the static shapes can never agree, or the labels are not integers.

    Notes
    -----
    Use it for vocabularies that are too large for a softmax. To predict, compute the scores of all classes. A sample
    that equals the target is ignored (TensorFlow: remove_accidental_hits).

    References
    ----------
    Jean et al. (2015), "On Using Very Large Target Vocabulary for Neural Machine Translation", ACL.

    >>> w, b, q = [[0.0], [0.0]], [0.0, 0.0], [0.0, 0.0]
    >>> symloss.evaluate.value("sampled_softmax", [[1.0]], w, b, [1, 0], q, [0]).round(6).tolist()
    [0.693147]
    """
    right, wrong, labels, samples, classes = drawn(prediction, matrix, bias, samples, target, "sampled_softmax")
    right, wrong = expected(right, wrong, matrix, log_noise, labels, samples, "sampled_softmax")
    return nan_outside(among_drawn(right, wrong, pt.eq(samples[None, :], labels[:, None])), labels, classes)
