"""Write golden.json: ``python numpy_ml_golden.py`` where numpy_ml 0.1.2 and scikit-learn can be imported.

What numpy_ml's classes return, in their own argument order, right or wrong; the tests say which is which. Its package
imports a name that Python 3.10 moved; this script puts it back.
"""

import collections
import collections.abc
import json
import pathlib
from importlib.metadata import version

import numpy as np

collections.Hashable = collections.abc.Hashable
from numpy_ml.neural_nets import activations, initializers, losses, optimizers, schedulers  # noqa: E402
from numpy_ml.utils.data_structures import DiscreteSampler  # noqa: E402
from sklearn.metrics import log_loss, mean_squared_error  # noqa: E402

rng = np.random.default_rng(0)

SCHEDULERS = {
    "ConstantScheduler": [{}, {"lr": 0.2}],
    "ExponentialScheduler": [{}, {"initial_lr": 0.5, "stage_length": 3, "decay": 0.5},
                             {"initial_lr": 0.5, "stage_length": 3, "staircase": True, "decay": 0.5}],
    "NoamScheduler": [{}, {"model_dim": 16, "scale_factor": 2, "warmup_steps": 4}],
    "KingScheduler": [{}, {"initial_lr": 0.5, "patience": 6, "decay": 0.5}],
}
OPTIMIZERS = {
    "SGD": [{}, {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "clip_norm": 0.5}],
    "AdaGrad": [{}, {"lr": 0.1, "eps": 1e-3, "clip_norm": 0.5}],
    "RMSProp": [{}, {"lr": 0.1, "decay": 0.5, "eps": 1e-3, "clip_norm": 0.5}],
    "Adam": [{}, {"lr": 0.1, "decay1": 0.5, "decay2": 0.9, "eps": 1e-3, "clip_norm": 0.5}],
}
ACTIVATIONS = {"Sigmoid": {}, "Tanh": {}, "ReLU": {}, "SoftPlus": {}, "Exponential": {}, "SELU": {}, "HardSigmoid": {},
               "Identity": {}, "Affine": {"slope": 2, "intercept": 0.5}, "LeakyReLU": {"alpha": 0.1},
               "ELU": {"alpha": 0.7}}
MODES = ["he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "std_normal"]


def plain(value):
    """Return arrays and tuples as lists."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(v) for v in value]
    return np.asarray(value).tolist() if isinstance(value, np.ndarray | np.generic) else value


def probabilities(*shape):
    z = np.exp(rng.normal(size=shape))
    return z / z.sum(axis=-1, keepdims=True)


def of_losses():
    y, z = rng.normal(size=(2, 5, 3))
    squared = {"y": y, "z": z, "y_pred": np.tanh(z), "loss": losses.SquaredError.loss(y, np.tanh(z)),
               "grad": losses.SquaredError.grad(y, np.tanh(z), z, activations.Tanh()),
               "sklearn": mean_squared_error(y, np.tanh(z)) * y.size / 2}
    hot, p = np.eye(4)[[0, 3, 1, 3, 2]], probabilities(5, 4)
    crossed = {"y": hot, "y_pred": p, "loss": losses.CrossEntropy.loss(hot, p),
               "grad": losses.CrossEntropy.grad(hot, p), "sklearn": log_loss(hot, p, normalize=False)}
    image, made = rng.uniform(size=(4, 6)), rng.uniform(0.01, 0.99, size=(4, 6))
    mean, log_var = rng.normal(size=(2, 4, 2))
    vae = {"ports": [image, made, mean, log_var], "loss": losses.VAELoss.loss(image, made, mean, log_var),
           "grad": losses.VAELoss.grad(image, made, mean, log_var)}
    fake, real, slopes = rng.normal(size=5), rng.normal(size=5), rng.normal(size=(5, 3))
    wgan = losses.WGAN_GPLoss(lambda_=4)
    gan = {"ports": [fake, real, slopes], "critic": wgan.loss(fake, "C", real, slopes),
           "generator": wgan.loss(fake, "G"),
           "critic grad": wgan.grad(fake, "C", real, slopes), "generator grad": wgan.grad(fake, "G"), "str": str(wgan)}
    return {"SquaredError": squared, "CrossEntropy": crossed, "VAELoss": vae, "WGAN_GPLoss": gan}


def of_nce(subtract, target, samples):
    """Return what NCELoss gives for three vectors an example, after a seed."""
    noise = probabilities(11)
    np.random.seed(7)
    nce = losses.NCELoss(11, DiscreteSampler(noise), len(samples), optimizer="SGD(lr=0.1)",
                         subtract_log_label_prob=subtract)
    x = rng.normal(size=(len(target), 3, 4))
    loss, y_pred = nce(x, target, samples)
    start = {name: value.copy() for name, value in nce.parameters.items()}
    derived = {name: value[0] for name, value in nce.derived_variables.items() if value and name != "noise_samples"}
    slope = nce.grad(update_params=False)
    gradients = {name: value.copy() for name, value in nce.gradients.items()}
    hyperparameters = plain({name: value for name, value in nce.hyperparameters.items() if name != "noise_sampler"})
    nce.update()
    return {"noise": noise, "subtract": subtract, "X": x, "target": target, "samples": samples, "loss": loss,
            "y_pred": y_pred, "start": start, "derived": derived, "grad": slope, "gradients": gradients,
            "updated": nce.parameters, "hyperparameters": hyperparameters}


def of_schedulers():
    found = []
    history = np.concatenate([np.linspace(1, 0.5, 8), 0.5 + 0.05 * rng.normal(size=40)])
    for name, options in SCHEDULERS.items():
        for some in options:
            scheduler = getattr(schedulers, name)(**some)
            rates = [scheduler(step=step, cur_loss=loss) for step, loss in enumerate(history, start=1)]
            found.append({"name": name, "options": some, "losses": history, "rates": rates, "str": str(scheduler),
                          "hyperparameters": scheduler.hyperparameters})
    return found


def of_optimizers():
    found = []
    start, gradients = rng.normal(size=(2, 3)), rng.normal(size=(6, 2, 3))
    for name, options in OPTIMIZERS.items():
        for some in [*options, {"lr_scheduler": schedulers.ExponentialScheduler(0.5, stage_length=2)}]:
            optimizer = getattr(optimizers, name)(**some)
            said = {"str": str(optimizer), "hyperparameters": dict(optimizer.hyperparameters)}
            value, steps = start, []
            for gradient in gradients:
                optimizer.step()
                value = optimizer(value, gradient, "W")
                steps.append(value)
            found.append({"name": name, "options": {k: str(v) if k == "lr_scheduler" else v for k, v in some.items()},
                          "start": start, "gradients": gradients, "steps": steps, "cache": optimizer.cache, **said})
    return found


def of_activations():
    z = np.concatenate([rng.normal(size=6) * 3, [0.0, 2.5, -2.5]])
    found = []
    for name, options in ACTIVATIONS.items():
        act = getattr(activations, name)(**options)
        found.append({"name": name, "options": options, "z": z, "fn": act.fn(z), "grad": act.grad(z),
                      "grad2": act.grad2(z), "str": str(act)})
    return found


def of_draws():
    """Return what is drawn after ``np.random.seed(3)``."""
    noise = probabilities(9)
    found = {"noise": noise, "samples": {}, "weights": {}}
    for log in (False, True):
        for again in (False, True):
            np.random.seed(3)
            found["samples"][f"{log} {again}"] = DiscreteSampler(np.log(noise) if log else noise, log, again)(7)
    for mode in MODES:
        np.random.seed(3)
        found["weights"][mode] = initializers.WeightInitializer("Tanh", mode)((4, 3))
    return found


def main():
    file = {
        "made by": pathlib.Path(__file__).name,
        "versions": {"numpy_ml": version("numpy-ml"), "numpy": np.__version__, "sklearn": version("scikit-learn")},
        "losses": of_losses(),
        "nce": [of_nce(True, np.array([1, 8, 8]), np.array([0, 4, 4, 6])),
                of_nce(False, np.array([1, 8, 8]), np.array([0, 4, 4, 6])),
                of_nce(False, np.array([1, 8, 8]), np.array([0, 8, 4, 6]))],
        "schedulers": of_schedulers(), "optimizers": of_optimizers(), "activations": of_activations(),
        "draws": of_draws(),
    }
    pathlib.Path(__file__).with_name("golden.json").write_text(json.dumps(plain(file)))


if __name__ == "__main__":
    main()
