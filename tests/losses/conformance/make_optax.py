"""Write optax.json: the losses of optax.losses on small arrays, and their gradients by the first port or by each.

Run ``python make_optax.py`` where optax is installed.
"""

import inspect
import json
import os
import pathlib

os.environ["JAX_ENABLE_X64"] = "1"

import jax
import jax.numpy as jnp
import numpy as np
import optax
from optax import losses

ROWS, COLUMNS = 4, 3
ITEM = np.array([0.5, 2.0, 0.0, 1.25])  # a weight for each item
WEIGHTLESS = ["generalised_dice", "nt_xent", "supervised_contrastive"]
ABSENT = {
    "cosine_similarity": "no loss: 1 minus it is cosine_distance",
    "make_fenchel_young_loss": "makes losses of functions of scores; those of logsumexp and sparsemax are here",
}
cases = []


def case(loss, own, call, *arrays, options=None, activation=None, weights=None, how=None, gradient=True, wrt=0):
    """Add one case: ``call(*arrays)`` gives optax' value; its users multiply values with weights, and reduce."""
    arrays = [np.asarray(a).round(5) if np.asarray(a).dtype == "float64" else np.asarray(a) for a in arrays]

    def reduced(*ports):
        values = call(*ports)
        if weights is not None:
            values = values * np.asarray(weights).reshape(np.shape(weights) + (1,) * (values.ndim - np.ndim(weights)))
        if how == "mean" and weights is not None:
            return values.sum() / np.sum(weights)
        return values if how in (None, "none") else {"mean": jnp.mean, "count": jnp.mean, "sum": jnp.sum}[how](values)

    given = [jnp.asarray(a) for a in arrays]
    slope = jax.grad(lambda *ports: reduced(*ports).sum(), argnums=wrt)(*given).tolist() if gradient else None
    cases.append({
        "loss": loss, "own": own, "options": options or {}, "activation": activation,
        "ports": [a.tolist() for a in arrays], "dtypes": [str(a.dtype) for a in arrays],
        "weights": None if weights is None else np.asarray(weights).tolist(), "how": how, "wrt": wrt,
        "value": reduced(*given).tolist(), "gradient": slope})


def thrice(loss, own, call, *arrays, **more):
    """Add a loss as it is, with weights, and as the mean that optax' users take."""
    case(loss, own, call, *arrays, **more)
    case(loss, own, call, *arrays, weights=ITEM, **more)
    case(loss, own, call, *arrays, how="mean", **more)


def shares(z):
    """Return the softmax of `z` to 4 digits, whose sum is 1."""
    p = (np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)).round(4)
    p[..., -1] = 1 - p[..., :-1].sum(axis=-1)
    return p


def of_numbers(rng):
    p, t = rng.normal(0, 2, (2, ROWS, COLUMNS))
    t[0, 0] = p[0, 0]
    thrice("squared_error", "squared_error", losses.squared_error, p, t)
    thrice("half_squared_error", "l2_loss", losses.l2_loss, p, t)
    thrice("huber", "huber_loss", losses.huber_loss, p, t)
    case("huber", "huber_loss", lambda p, t: losses.huber_loss(p, t, delta=0.3), p, t, options={"delta": 0.3})
    thrice("log_cosh", "log_cosh", losses.log_cosh, p, 100 * t)
    thrice("cosine_distance", "cosine_distance", losses.cosine_distance, p, t)
    short = p * np.array([[0.0], [0.01], [1.0], [1.0]])
    case("cosine_distance", "cosine_distance", lambda p, t: losses.cosine_distance(p, t, epsilon=0.05), short, t,
         options={"epsilon": 0.05})
    case("cosine_distance", "cosine_distance", losses.cosine_distance, short, t)


def of_yes_or_no(rng):
    z, t = rng.normal(0, 2, (ROWS, COLUMNS)), rng.integers(0, 2, (ROWS, COLUMNS)).astype("float64")
    own = losses.sigmoid_binary_cross_entropy
    thrice("binary_cross_entropy", own.__name__, own, z, t, activation="sigmoid")
    case("binary_cross_entropy", own.__name__, own, 300 * z, t, activation="sigmoid")
    case("binary_cross_entropy", own.__name__, lambda p, t: own(jax.scipy.special.logit(p), t), 1 / (1 + np.exp(-z)), t)
    thrice("binary_sparsemax", "sparsemax_loss", losses.sparsemax_loss, z, t)
    soft, own = np.abs(t - 0.1), losses.sigmoid_focal_loss
    thrice("binary_focal", own.__name__, own, z, t, activation="sigmoid")
    for options in ({"gamma": 0.5}, {"alpha": 0.25}, {"alpha": 0.9, "gamma": 3.0}):
        for target in (t, soft):
            for scale in (1, 10):
                case("binary_focal", own.__name__, lambda z, t, o=options: own(z, t, **o), scale * z, target,
                     options=options, activation="sigmoid")
    case("binary_focal", own.__name__, lambda p, t: own(jax.scipy.special.logit(p), t), 1 / (1 + np.exp(-z)), soft)
    signs = 2 * t - 1
    z[0, 0], z[0, 1] = signs[0, 0], 0.0  # scores at which the maxima are tied
    for loss in ("binary_hinge", "hinge"):
        thrice(loss, "hinge_loss", losses.hinge_loss, z, signs)
    thrice("perceptron", "perceptron_loss", losses.perceptron_loss, z, signs)


def of_labels(rng):
    z, labels = rng.normal(0, 2, (ROWS, COLUMNS)), np.array([0, 2, 1, 1])
    own = losses.softmax_cross_entropy_with_integer_labels
    for loss in ("cross_entropy", "label_cross_entropy"):
        thrice(loss, own.__name__, own, z, labels, activation="softmax")
        case(loss, own.__name__, own, 300 * z, labels, activation="softmax")

    def smoothed(z, labels):
        return losses.softmax_cross_entropy(z, losses.smooth_labels(jax.nn.one_hot(labels, COLUMNS), 0.2))

    thrice("cross_entropy", "smooth_labels", smoothed, z, labels, options={"smoothing": 0.2}, activation="softmax")
    thrice("sparsemax", "multiclass_sparsemax_loss", losses.multiclass_sparsemax_loss, z, labels)
    tied = z.copy()
    tied[0], tied[1], tied[2] = 0.0, [1.0, 1.0, 0.0], [1.0, 2.0, 1.0]
    for scores in (z, tied):
        for loss in ("multiclass_hinge", "hinge"):
            thrice(loss, "multiclass_hinge_loss", losses.multiclass_hinge_loss, scores, labels)
        thrice("multiclass_perceptron", "multiclass_perceptron_loss", losses.multiclass_perceptron_loss, scores, labels)


def of_shares(rng):
    z, y = rng.normal(0, 1, (2, ROWS, COLUMNS))
    t = shares(y)
    t[0] = [0.0, 0.25, 0.75]
    t[1] = [0.0, 1.0, 0.0]
    p = shares(z)
    for loss in ("cross_entropy", "categorical_cross_entropy"):
        for own in (losses.softmax_cross_entropy, losses.safe_softmax_cross_entropy):
            thrice(loss, own.__name__, own, z, t, activation="softmax")
        case(loss, "smooth_labels", lambda z, t: losses.softmax_cross_entropy(z, losses.smooth_labels(t, 0.2)), z, t,
             options={"smoothing": 0.2}, activation="softmax")
    case("categorical_cross_entropy", "safe_softmax_cross_entropy", losses.safe_softmax_cross_entropy, 1000 * z, t,
         activation="softmax")
    own = losses.poly_loss_cross_entropy
    thrice("poly1", own.__name__, own, z, t, activation="softmax")
    case("poly1", own.__name__, lambda z, t: own(z, t, epsilon=-1.0), z, t, options={"epsilon": -1.0},
         activation="softmax")
    case("poly1", own.__name__, lambda z, t: own(z, jax.nn.one_hot(t, 3)), z, np.array([0, 2, 1, 1]),
         activation="softmax")
    of_divergences(z, p, t)
    relevances = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0], [3.0, -1.0, 1.0], [0.0, 1.0, -1.0]])
    of_lists(z, relevances)


def of_divergences(z, p, t):
    logs = np.log(p)
    for own in (losses.kl_divergence, losses.kl_divergence_with_log_targets):
        def call(x, t, own=own):
            return own(x, t if own is losses.kl_divergence else jnp.log(t))

        target = t if own is losses.kl_divergence else np.maximum(t, 0.01)
        thrice("kl_from_logs", own.__name__, call, logs, target)
        thrice("kl_divergence", own.__name__, lambda z, t, c=call: c(jax.nn.log_softmax(z), t), z, target,
               activation="softmax")
        case("kl_divergence", own.__name__, lambda p, t, c=call: c(jnp.log(p), t), p, target)
    for own in (losses.generalized_kl_divergence, losses.convex_kl_divergence):
        name = "generalized_kl_divergence" if own is losses.generalized_kl_divergence else "convex_kl_divergence"
        thrice("generalised_kl", name, lambda p, t, own=own: own(jnp.log(p), t), 3 * p, 2 * t)


def of_lists(z, relevances):
    own = losses.ranking_softmax_loss

    def call(z, t, weights=None, reduce_fn=jnp.mean):
        return own(z, t, where=t >= 0, weights=weights, reduce_fn=reduce_fn)

    case("listnet", own.__name__, call, z, relevances)
    padding = np.where(np.arange(ROWS)[:, None] == 1, -1.0, relevances)
    case("listnet", own.__name__, call, z, padding)
    weighted = np.repeat(ITEM[:, None], COLUMNS, axis=1)
    for target in (relevances, padding):
        given = [z.round(5), target]
        value, slope = jax.value_and_grad(call)(*map(jnp.asarray, given), weights=jnp.asarray(weighted))
        cases.append({
            "loss": "listnet", "own": own.__name__, "options": {}, "activation": None,
            "ports": [a.tolist() for a in given], "dtypes": ["float64", "float64"], "weights": ITEM.tolist(),
            "how": None, "wrt": 0, "value": value.tolist(), "gradient": slope.tolist()})
    for how, reduce_fn in (("sum", jnp.sum), ("none", None)):
        case("listnet", own.__name__, lambda z, t, f=reduce_fn: call(z, t, reduce_fn=f), z, padding, how=how)


def of_regions(rng):
    z = rng.normal(0, 1, (2, 5, 3))
    labels = rng.integers(0, 3, (2, 5))
    t, yes = np.eye(3)[labels], (labels > 0).astype("float64")
    p = shares(z)
    weights = np.array([0.5, 2.0])
    own = losses.binary_dice_loss
    for options in ({}, {"smooth": 0.25}):
        for w in (None, weights):
            case("dice", own.__name__, lambda z, t, o=options: own(z, t, **o), z[..., 0], yes, options=options,
                 activation="sigmoid", weights=w)
    case("dice", own.__name__, lambda p, t: own(jax.scipy.special.logit(p), t), p, t)
    case("dice", own.__name__, own, z[..., :1], yes[..., None], activation="sigmoid")
    own = losses.dice_loss
    choices = ({}, {"smooth": 0.1, "alpha": 0.3, "beta": 0.7}, {"class_weights": [0.5, 1.0, 2.0]},
               {"reduction": "sum", "ignore_background": True}, {"reduction": "none"})
    for options in choices:
        def call(z, t, o=options):
            extra = {"class_weights": jnp.asarray(o["class_weights"])} if "class_weights" in o else {}
            return own(z, t, **(o | extra))

        for w in (None, weights):
            case("tversky", own.__name__, call, z, t, options=options, activation="softmax", weights=w)
    case("tversky", own.__name__, lambda p, t: own(jnp.log(p), t), p, t, gradient=False)
    case("tversky", own.__name__, own, z[..., :1], yes[..., None], activation="sigmoid")
    own = losses.multiclass_generalized_dice_loss
    for options in ({}, {"smooth": 0.1}, {"ignore_background": True}):
        case("generalised_dice", own.__name__, lambda z, t, o=options: own(z, t, **o), z, t, options=options,
             activation="softmax")


def of_embeddings(rng):
    a, b, c = rng.normal(0, 1, (3, ROWS, COLUMNS))
    own = losses.triplet_margin_loss
    for options in ({}, {"norm_degree": 1}, {"norm_degree": 4, "eps": 0.01}, {"margin": 3.0}):
        for wrt in (0, 1, 2):
            case("triplet", own.__name__, lambda a, b, c, o=options: own(a, b, c, **o), a, b, c, options=options,
                 wrt=wrt)
    thrice("triplet", own.__name__, own, a, a, c)  # the positive is the anchor itself: eps alone is left

    def of_views(first, second, **options):
        return losses.ntxent(jnp.concatenate([first, second]), jnp.tile(jnp.arange(ROWS), 2), **options)

    for options in ({}, {"temperature": 0.5}):
        for wrt in (0, 1):
            case("nt_xent", "ntxent", lambda a, b, o=options: of_views(a, b, **o), a, b, options=options, wrt=wrt)
        for labels in ([0, 0, 1, 1], [5, 5, 5, 2], [1, 1, 1, 1]):
            case("supervised_contrastive", "ntxent", lambda a, t, o=options: losses.ntxent(a, t, **o), a,
                 np.array(labels), options=options)


def of_sequences(rng):
    z = rng.normal(0, 1, (4, 5, 4))
    t = np.array([[1, 1, 2], [3, -1, -1], [2, 1, -1], [-1, -1, -1]])
    impossible = np.array([[1, 1, 1], [3, 2, 1], [2, -1, -1], [2, 2, 2]])

    def call(z, t, **options):
        padding = (t < 0).astype(z.dtype)
        return losses.ctc_loss(z, jnp.zeros(z.shape[:2]), jnp.where(t < 0, options.get("blank_id", 0), t), padding,
                               **options)

    thrice("ctc", "ctc_loss", call, z, t, activation="softmax")
    case("ctc", "ctc_loss_with_forward_probs", lambda z, t: losses.ctc_loss_with_forward_probs(
        z, jnp.zeros(z.shape[:2]), t, jnp.zeros(t.shape))[0], z, np.abs(t), activation="softmax")
    case("ctc", "ctc_loss", lambda z, t: call(z, t, blank_id=3), z, np.where(t == 3, 0, t), options={"blank": 3},
         activation="softmax")
    for epsilon in (-1e5, -50.0):
        for labels in (t, impossible):
            case("ctc", "ctc_loss", lambda z, t, e=epsilon: call(z, t, log_epsilon=e), z[:, :4], labels,
                 options={"log_epsilon": epsilon}, activation="softmax")
    p = shares(z)
    case("ctc", "ctc_loss", lambda p, t: call(jnp.log(p), t), p, t, gradient=False)


def main():
    rng = np.random.default_rng(11)
    for part in (of_numbers, of_yes_or_no, of_labels, of_shares, of_regions, of_embeddings, of_sequences):
        part(rng)
    public = sorted(name for name, value in vars(losses).items() if inspect.isfunction(value) or
                    (callable(value) and not name.startswith("_")))
    file = {"made by": "make_optax.py", "versions": {"optax": optax.__version__, "jax": jax.__version__},
            "public": public, "absent": ABSENT, "no weights": WEIGHTLESS, "cases": cases}
    text = json.dumps(file).replace('{"loss"', '\n{"loss"')
    pathlib.Path(__file__).with_name("optax.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
