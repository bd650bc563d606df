"""Losses of adversarial training: of a critic that tells real from fake, and of the generator that deceives it."""

import pytensor
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedInputError
from pytensor.graph.basic import Variable

from .._checks import align, floating, number, shape_text
from ..errors import ShapeError, SpecError
from .embedding import root
from .margin import scores
from .registration import loss


@loss("minimax_gan", "gan", "gan_discriminator", target="none", activation="sigmoid", unit="nats")
def minimax(real, fake):
    r"""Discriminator's loss of the first GAN, per element: the cross-entropy of real against fake.

    .. math:: \ell = -\log D_r - \log(1 - D_f) = \log(1 + e^{-z_r}) + \log(1 + e^{z_f})

    Parameters
    ----------
    real, fake : float tensor (n, d)
        What the discriminator predicts for real and for generated items: logits z, or probabilities D if the graph
        shows the sigmoid.

    Returns
    -------
    float tensor (n, d)
        At least 0, in nats. It is log 4 if the discriminator cannot tell them apart.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for the discriminator of the original game. In the minimax game the generator minimizes the negative of this
    loss (its `fake` part). It learns better with `non_saturating`.

    References
    ----------
    Goodfellow et al. (2014), "Generative Adversarial Nets", NIPS.

    >>> symloss.evaluate.value("minimax", [[0.0]], [[0.0]]).round(6).tolist()
    [[1.386294]]
    """
    real, fake = align(real, fake, "minimax", port="fake")
    return pt.softplus(-scores(real)) + pt.softplus(scores(fake))


@loss("non_saturating_gan", "gan_generator", target="none", activation="sigmoid", unit="nats")
def non_saturating(fake):
    r"""Generator's non-saturating loss, per element.

    .. math:: \ell = -\log D_f = \log(1 + e^{-z_f})

    Parameters
    ----------
    fake : float tensor (n, d)
        What the discriminator predicts for generated items: logits z, or probabilities D if the graph shows the
        sigmoid.

    Returns
    -------
    float tensor (n, d)
        At least 0, in nats.

    Raises
    ------
    ShapeError
        If `fake` is not a tensor of real numbers.

    Notes
    -----
    Use it for the generator against `minimax`. Its gradient is large where the discriminator is sure, which is where
    that of the minimax game vanishes.

    References
    ----------
    Goodfellow et al. (2014), "Generative Adversarial Nets", NIPS.

    >>> symloss.evaluate.value("non_saturating", [[0.0]]).round(6).tolist()
    [[0.693147]]
    """
    return pt.softplus(-scores(floating(fake, "non_saturating", "fake")))


@loss("least_squares_gan", "lsgan_discriminator", target="none", unit="none")
def lsgan(real, fake):
    r"""Discriminator's least squares loss, per element: 1 for real, 0 for fake.

    .. math:: \ell = \tfrac12 (D_r - 1)^2 + \tfrac12 D_f^2

    Parameters
    ----------
    real, fake : float tensor (n, d)
        What the discriminator predicts for real and for generated items, without an activation.

    Returns
    -------
    float tensor (n, d)
        At least 0, dimensionless.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it for discriminators that should keep a gradient where they are sure. It also pulls back items that are far on
    the right side. Its counterpart is `lsgan_generator`.

    References
    ----------
    Mao et al. (2017), "Least Squares Generative Adversarial Networks", ICCV.

    >>> symloss.evaluate.value("lsgan", [[0.5]], [[0.5]]).tolist()
    [[0.25]]
    """
    real, fake = align(real, fake, "lsgan", port="fake")
    return 0.5 * (pt.sqr(real - 1) + pt.sqr(fake))


@loss("least_squares_generator", target="none", unit="none")
def lsgan_generator(fake):
    r"""Generator's least squares loss, per element.

    .. math:: \ell = \tfrac12 (D_f - 1)^2

    Parameters
    ----------
    fake : float tensor (n, d)
        What the discriminator predicts for generated items, without an activation.

    Returns
    -------
    float tensor (n, d)
        At least 0, dimensionless.

    Raises
    ------
    ShapeError
        If `fake` is not a tensor of real numbers.

    Notes
    -----
    Use it for the generator against a discriminator that is trained with `lsgan`.

    References
    ----------
    Mao et al. (2017), "Least Squares Generative Adversarial Networks", ICCV.

    >>> symloss.evaluate.value("lsgan_generator", [[0.0]]).tolist()
    [[0.5]]
    """
    return 0.5 * pt.sqr(floating(fake, "lsgan_generator", "fake") - 1)


@loss("gan_hinge", "hinge_discriminator", target="none", unit="the unit of the scores")
def hinge_gan(real, fake):
    r"""Discriminator's hinge loss, per element.

    .. math:: \ell = \max(0, 1 - D_r) + \max(0, 1 + D_f)

    Parameters
    ----------
    real, fake : float tensor (n, d)
        Scores of real and of generated items. If the graph shows a sigmoid, its logits are used.

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
    Use it for discriminators of images that should stop at a margin. The generator uses `wasserstein_generator`.

    References
    ----------
    Lim & Ye (2017), "Geometric GAN", arXiv:1705.02894.

    >>> symloss.evaluate.value("hinge_gan", [[0.5]], [[-2.0]]).tolist()
    [[0.5]]
    """
    real, fake = align(real, fake, "hinge_gan", port="fake")
    return pt.maximum(0, 1 - scores(real)) + pt.maximum(0, 1 + scores(fake))


@loss("wgan", "wasserstein", "wgan_critic", target="none", unit="the unit of the scores")
def wasserstein_critic(real, fake):
    r"""Critic's Wasserstein loss, per element.

    .. math:: \ell = D_f - D_r

    Parameters
    ----------
    real, fake : float tensor (n, d)
        Scores of real and of generated items, without an activation.

    Returns
    -------
    float tensor (n, d)
        Of any sign, in the unit of the scores. Minus its mean estimates the Wasserstein distance if the critic is
        1-Lipschitz.

    Raises
    ------
    ShapeError
        If the static shapes can never agree.

    Notes
    -----
    Use it only together with `gradient_penalty`, or with another bound on the critic. numpy_ml's WGAN_GPLoss is the sum
    of both, but its gradients by the real and fake scores have the wrong sign.

    References
    ----------
    Arjovsky, Chintala & Bottou (2017), "Wasserstein Generative Adversarial Networks", ICML.

    >>> symloss.evaluate.value("wasserstein_critic", [[2.0]], [[0.5]]).tolist()
    [[-1.5]]
    """
    real, fake = align(real, fake, "wasserstein_critic", port="fake")
    return fake - real


@loss("wgan_generator", "hinge_gan_generator", target="none", unit="the unit of the scores")
def wasserstein_generator(fake):
    r"""Generator's loss against a Wasserstein critic or a hinge discriminator, per element.

    .. math:: \ell = -D_f

    Parameters
    ----------
    fake : float tensor (n, d)
        Scores of generated items, without an activation.

    Returns
    -------
    float tensor (n, d)
        Of any sign, in the unit of the scores.

    Raises
    ------
    ShapeError
        If `fake` is not a tensor of real numbers.

    Notes
    -----
    Use it for the generator against a critic trained with `wasserstein_critic`, or a discriminator trained with
    `hinge_gan`.

    References
    ----------
    Arjovsky, Chintala & Bottou (2017), "Wasserstein Generative Adversarial Networks", ICML.

    >>> symloss.evaluate.value("wasserstein_generator", [[0.5]]).tolist()
    [[-0.5]]
    """
    return -floating(fake, "wasserstein_generator", "fake")


def squared_slope(prediction, at, who: str):
    """Return for each item the squared norm of the gradient of its prediction by its row of `at`."""
    prediction = floating(prediction, who, "prediction")
    if not isinstance(at, Variable) or not at.dtype.startswith("float") or at.ndim < 2:
        raise ShapeError(f"{who}: 'at' must be the float variable (n, ...) from which the prediction "
                         f"{shape_text(prediction)} is computed. Pass that variable")
    try:
        slope = pytensor.grad(prediction.sum(), at)
    except DisconnectedInputError:
        raise SpecError(f"{who}: the prediction does not depend on 'at'. Pass the variable from which the prediction "
                        "is computed") from None
    return pt.sqr(slope).sum(axis=tuple(range(1, at.ndim)))


@loss("r1_penalty", "r1_regularization", target="none", per="item", unit="none", ranges={"gamma": "[0, inf)"})
def r1(prediction, at, *, gamma=10.0):
    r"""R1 penalty, per item: half the squared gradient of the discriminator at real items.

    .. math:: \ell = \frac{\gamma}{2} \|\nabla_x D(x)\|^2

    Parameters
    ----------
    prediction : float tensor (n,) or (n, 1)
        The discriminator's logit for each item, as a graph that contains `at`. The logit of an item must not depend on
        other items.
    at : float tensor (n, ...)
        The variable x by which to differentiate: the real items. With the generated ones the penalty is R2.
    gamma : float, at least 0
        Weight of the penalty, dimensionless.

    Returns
    -------
    float tensor (n,)
        At least 0, in the squared unit of the score over that of x.

    Raises
    ------
    ShapeError
        If `at` is not a float variable with an axis for the items.
    SpecError
        If `prediction` does not depend on `at`.

    Notes
    -----
    Use it beside the loss of any discriminator, for training that does not oscillate. Its gradient by the parameters is
    a second derivative, which is computed symbolically. Do not combine it with batch normalization, which mixes items.

    References
    ----------
    Mescheder, Geiger & Nowozin (2018), "Which Training Methods for GANs do actually Converge?", ICML.

    >>> x = pt.matrix("x", dtype="float64")
    >>> symloss.losses.r1((x**2).sum(axis=1), x, gamma=1.0).eval({x: [[1.0, 2.0]]}).tolist()
    [10.0]
    """
    squares = squared_slope(prediction, at, "r1")
    return number(0.5 * gamma, squares) * squares


@loss("wgan_gp", "gp", target="none", per="item", unit="none", ranges={"penalty": "[0, inf)", "norm": "[0, inf)"})
def gradient_penalty(prediction, at, *, penalty=10.0, norm=1.0):
    r"""Gradient penalty of WGAN-GP, per item: the critic's gradient should have a norm of 1.

    .. math:: \ell = \lambda \big(\|\nabla_x D(x)\| - c\big)^2

    Parameters
    ----------
    prediction : float tensor (n,) or (n, 1)
        The critic's score for each item, as a graph that contains `at`. The score of an item must not depend on other
        items.
    at : float tensor (n, ...)
        The variable x by which to differentiate: u * real + (1 - u) * fake, with u uniform in [0, 1], one for each
        item.
    penalty : float, at least 0
        Weight lambda of the penalty, dimensionless.
    norm : float, at least 0
        The target norm c, in the unit of the score over that of x.

    Returns
    -------
    float tensor (n,)
        At least 0, in the squared unit of the score over that of x.

    Raises
    ------
    ShapeError
        If `at` is not a float variable with an axis for the items.
    SpecError
        If `prediction` does not depend on `at`.

    Notes
    -----
    Use it beside `wasserstein_critic`. Its gradient by the parameters is a second derivative, which is computed
    symbolically. Where the critic's gradient is 0, the gradient of the penalty is 0, too.

    References
    ----------
    Gulrajani et al. (2017), "Improved Training of Wasserstein GANs", NIPS.

    >>> x = pt.matrix("x", dtype="float64")
    >>> symloss.losses.gradient_penalty(3 * x.sum(axis=1), x).eval({x: [[1.0]]}).tolist()
    [40.0]
    """
    length = root(squared_slope(prediction, at, "gradient_penalty"))
    return number(penalty, length) * pt.sqr(length - number(norm, length))
