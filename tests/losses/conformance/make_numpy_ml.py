"""Write numpy_ml.json: ``python make_numpy_ml.py`` where numpy_ml 0.1.2 can be imported.

Its package imports a name that Python 3.10 moved; this script puts it back. Gradients are those of finite differences
of its own `loss`: its `grad` methods go through an activation, and two of them are wrong.
"""

import collections
import collections.abc
import json
import pathlib
from importlib.metadata import version

import numpy as np

collections.Hashable = collections.abc.Hashable
from numpy_ml.neural_nets import losses  # noqa: E402

rng = np.random.default_rng(0)
CASES = []


def slope(function, at, step=1e-4):
    """Return the gradient by finite differences of fourth order."""
    found = np.zeros_like(at)
    for where in np.ndindex(at.shape):
        ahead = []
        for sign in (1, -1, 2, -2):
            moved = at.copy()
            moved[where] += sign * step
            ahead.append(function(moved))
        found[where] = (8 * (ahead[0] - ahead[1]) - (ahead[2] - ahead[3])) / (12 * step)
    return found


def add(loss, own, ports, function, gradient=None, activation=None, wrt=0):
    """Add the case of a function of port number `wrt`."""
    ports = [np.asarray(p) for p in ports]
    CASES.append({
        "loss": loss, "own": own, "options": {}, "activation": activation, "ports": [p.tolist() for p in ports],
        "dtypes": [str(p.dtype) for p in ports], "weights": None, "how": None, "wrt": wrt,
        "value": float(function(ports[wrt])),
        "gradient": (slope(function, ports[wrt]) if gradient is None else gradient).tolist(),
    })


def probabilities(*shape):
    z = np.exp(rng.normal(size=shape))
    return z / z.sum(axis=-1, keepdims=True)


def main():
    p, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    for name in ("squared_error", "half_squared_error"):
        add(name, "SquaredError", [p, t], lambda x: losses.SquaredError.loss(t, x))
    z, hot = rng.normal(size=(5, 4)), np.eye(4)[rng.integers(0, 4, 5)]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    for name in ("cross_entropy", "categorical_cross_entropy"):  # it takes probabilities alone, its gradient is by z
        add(name, "CrossEntropy", [z, hot], lambda x: losses.CrossEntropy.loss(hot, p),
            losses.CrossEntropy.grad(hot, p), "softmax")
    image, made = rng.uniform(size=(4, 6)), rng.uniform(0.05, 0.95, size=(4, 6))
    mean, log_variance = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    add("vae", "VAELoss", [made, mean, log_variance, image],
        lambda x: losses.VAELoss.loss(image, x, mean, log_variance))
    _, by_log_variance, by_mean = losses.VAELoss.grad(image, made, mean, log_variance)
    add("vae", "VAELoss", [made, mean, log_variance, image],
        lambda x: losses.VAELoss.loss(image, made, x, log_variance), by_mean, wrt=1)
    add("vae", "VAELoss", [made, mean, log_variance, image],
        lambda x: losses.VAELoss.loss(image, made, mean, x), by_log_variance, wrt=2)
    wgan = losses.WGAN_GPLoss(lambda_=10)
    real, fake, still = rng.normal(size=(5, 1)), rng.normal(size=(5, 1)), np.eye(5, 3)
    still[3:] = [1, 0, 0]  # gradients with norm 1: the penalty is 0
    add("wasserstein_critic", "WGAN_GPLoss (critic, without its penalty)", [real, fake],
        lambda x: wgan.loss(fake, "C", x, still))
    add("wasserstein_critic", "WGAN_GPLoss (critic, without its penalty)", [real, fake],
        lambda x: wgan.loss(x, "C", real, still), wrt=1)
    add("wasserstein_generator", "WGAN_GPLoss (generator)", [fake], lambda x: wgan.loss(x, "G"))
    matrix, bias = rng.normal(size=(7, 3)), rng.normal(size=7)
    noise, samples, labels = probabilities(7), np.array([1, 5, 5, 0]), np.array([2, 6, 3])
    x, logs = rng.normal(size=(3, 3)), np.log(noise)
    for loss, own, subtract, extra in (("nce", "NCELoss", True, [logs]),
                                       ("negative_sampling", "NCELoss(subtract_log_label_prob=False)", False, [])):
        def value(x=x, matrix=matrix, bias=bias, log_noise=logs, subtract=subtract):
            nce = estimator(matrix, bias, np.exp(log_noise), len(samples), subtract)
            return nce.loss(x[:, None, :], labels, samples, retain_derived=False)[0]

        for wrt, port in enumerate(("x", "matrix", "bias", None, "log_noise")[: 5 if subtract else 3]):
            if port is not None:
                add(loss, own, [x, matrix, bias, samples, *extra, labels],
                    lambda array, port=port, value=value: value(**{port: array}), wrt=wrt)
    norms = rng.normal(size=(5, 3))
    zero = np.zeros((5, 1))
    penalty = {"slopes": norms.tolist(), "value": float(wgan.loss(zero, "C", zero, norms))}
    graphs = [penalty_of(lambda_, norms) for lambda_ in (10, 2.5)]
    file = {
        "made by": pathlib.Path(__file__).name,
        "versions": {"numpy_ml": version("numpy-ml"), "numpy": np.__version__},
        "public": ["SquaredError", "CrossEntropy", "VAELoss", "WGAN_GPLoss", "NCELoss"],
        "absent": {"WGAN_GPLoss": "checked in its three parts"},
        "no weights": "all", "by graph": ["gradient_penalty"], "penalty": penalty, "graphs": graphs,
        "cases": CASES,
    }
    pathlib.Path(__file__).with_name("numpy_ml.json").write_text(json.dumps(file))


def penalty_of(lambda_, slopes):
    """Return the penalty of a critic with these gradients, and the gradient of the penalty by them."""
    zero, wgan = np.zeros((len(slopes), 1)), losses.WGAN_GPLoss(lambda_=lambda_)

    def value(slopes):
        return wgan.loss(zero, "C", zero, slopes)

    return {"loss": "gradient_penalty", "options": {"lambda_": lambda_}, "slopes": slopes.tolist(),
            "value": float(value(slopes)), "gradient": slope(value, slopes).tolist()}


def estimator(matrix, bias, noise, count, subtract):
    """Return numpy_ml's NCELoss with given parameters."""
    from numpy_ml.utils.data_structures import DiscreteSampler

    nce = losses.NCELoss(n_classes=len(matrix), noise_sampler=DiscreteSampler(noise, with_replacement=True),
                         num_negative_samples=count, subtract_log_label_prob=subtract)
    nce.n_in = matrix.shape[1]
    nce._init_params()
    nce.parameters["W"], nce.parameters["b"] = matrix, bias[None, :]
    return nce


if __name__ == "__main__":
    main()
