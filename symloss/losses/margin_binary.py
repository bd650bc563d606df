"""Losses of binary targets, per element, by the lead of the score: its product with the target -1 or 1."""

import pytensor.tensor as pt

from .._checks import align, number
from .margin import scores
from .registration import loss


@loss("SoftMarginLoss", "logistic", target="sign", unit="nats")
def soft_margin(prediction, target):
    r"""Logistic loss of yes and no as 1 and -1, per element.

    .. math:: \ell = \log(1 + e^{-t z})

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0, in nats.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for targets of -1 and 1. It equals `binary_cross_entropy` of the same logits with targets 0 and 1.

    References
    ----------
    Friedman, Hastie & Tibshirani (2000), "Additive Logistic Regression", Annals of Statistics 28(2).

    >>> round(float(symloss.evaluate.value("soft_margin", [[0.0]], [[-1.0]])[0, 0]), 6)
    0.693147
    """
    prediction, target = align(prediction, target, "soft_margin")
    return pt.softplus(-target * scores(prediction))


@loss("ExponentialLoss", "adaboost", target="sign", unit="none")
def exponential(prediction, target):
    r"""Exponential loss of yes and no, per element.

    .. math:: \ell = e^{-t z}

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        Positive, dimensionless. It overflows in float32 if the lead is below -88.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for boosting (AdaBoost), with scores of a few units: z is half the log-odds. scikit-learn's takes targets 0
    and 1. The gradient of a wrong label is unbounded, so `soft_margin` is the better choice for networks.

    References
    ----------
    Schapire & Singer (1999), "Improved Boosting Algorithms Using Confidence-rated Predictions", Machine Learning 37.

    >>> symloss.evaluate.value("exponential", [[0.0]], [[-1.0]]).tolist()
    [[1.0]]
    """
    prediction, target = align(prediction, target, "exponential")
    return pt.exp(-target * scores(prediction))


@loss("PerceptronLoss", target="sign", unit="the unit of the scores")
def perceptron(prediction, target):
    r"""Perceptron loss of yes and no, per element: a hinge loss without a margin.

    .. math:: \ell = \max(0, -t z)

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0, in the unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for online learning that changes nothing where the sign is right. A model that predicts 0 everywhere costs
    nothing, so start away from 0.

    References
    ----------
    Rosenblatt (1958), "The Perceptron: A Probabilistic Model for Information Storage and Organization in the Brain",
    Psychological Review 65(6).

    >>> symloss.evaluate.value("perceptron", [[0.25, -3.0]], [[1.0, 1.0]]).tolist()
    [[0.0, 3.0]]
    """
    prediction, target = align(prediction, target, "perceptron")
    return pt.maximum(0, -target * scores(prediction))


@loss("SquaredHingeLoss", target="sign", unit="the squared unit of the scores", ranges={"margin": "(-inf, inf)"})
def squared_hinge(prediction, target, *, margin=1.0):
    r"""Squared hinge loss of yes and no, per element.

    .. math:: \ell = \max(0, m - t z)^2

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).
    margin : float
        How far the score should be on the right side of 0.

    Returns
    -------
    float tensor (n, d)
        At least 0, in the squared unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for a hinge loss without a kink if there are few outliers. Keras turns targets of 0 and 1 into -1 and 1,
    batch by batch.

    References
    ----------
    Lee & Mangasarian (2001), "SSVM: A Smooth Support Vector Machine for Classification", Computational Optimization and
    Applications 20.

    >>> symloss.evaluate.value("squared_hinge", [[0.5, -1.0]], [[1.0, 1.0]]).tolist()
    [[0.25, 4.0]]
    """
    prediction, target = align(prediction, target, "squared_hinge")
    return pt.sqr(pt.maximum(0, number(margin, prediction) - target * scores(prediction)))


@loss("ModifiedHuberLoss", target="sign", unit="the squared unit of the scores")
def modified_huber(prediction, target):
    r"""Modified Huber loss of yes and no, per element: a squared hinge that turns into a line.

    .. math:: \ell = \max(0, 1 - t z)^2 \text{ where } t z \ge -1, \text{ else } -4 t z

    Parameters
    ----------
    prediction : float tensor (n, d)
        Scores of any sign. If the graph shows a sigmoid, its logits are used.
    target : tensor (n, d)
        -1 or 1. A target (n,) is read as (n, 1).

    Returns
    -------
    float tensor (n, d)
        At least 0, in the squared unit of the scores.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for a squared hinge loss if some labels are wrong. It is scikit-learn's SGDClassifier(loss='modified_huber').

    References
    ----------
    Zhang (2004), "Solving Large Scale Linear Prediction Problems Using Stochastic Gradient Descent Algorithms", ICML.

    >>> symloss.evaluate.value("modified_huber", [[0.5, -3.0]], [[1.0, 1.0]]).tolist()
    [[0.25, 12.0]]
    """
    prediction, target = align(prediction, target, "modified_huber")
    short = pt.maximum(0, 1 - target * scores(prediction))
    inner = pt.minimum(2, short)
    return inner * (inner - 4) + 4 * short
