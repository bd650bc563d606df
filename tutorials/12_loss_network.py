"""A loss that is a network and learns with the model: which of many instruments can you trust?

Run it with ``python tutorials/12_loss_network.py``. It takes about half a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss

INSTRUMENTS = 20
DEVIATIONS = np.geomspace(0.05, 4, INSTRUMENTS)  # of the noise of each instrument, which nobody knows


def truth(x):
    """Return the true value that all instruments measure."""
    return np.sin(5 * x) + x


def measurements(count: int, rng) -> dict:
    """Return places from -1 to 1, the instrument that was used at each (one-hot), and the measured values."""
    x, who = rng.uniform(-1, 1, (count, 1)), rng.integers(INSTRUMENTS, size=count)
    return {"x": x, "who": np.eye(INSTRUMENTS)[who], "y": truth(x) + DEVIATIONS[who, None] * rng.normal(size=x.shape)}


def model(loss, **options):
    """Return a network that predicts y from x with a given loss. Only the loss uses the input 'who'."""
    return symloss.Network({"x": 1, "who": INSTRUMENTS, "hid1": (20, "tanh"), "hid2": (20, "tanh"), "y": 1},
                           edges=["x -> hid1 -> hid2 -> y"], loss=loss, **options)


def noise_model():
    """Return a network that is a loss: the negative log-likelihood of a measurement, if the curve is right.

    It depends on the variance of the instrument's noise, which is learned as the exponential of one parameter for each
    instrument.
    """
    return symloss.Network(
        {"input": 1, "target": 1, "instrument": INSTRUMENTS,
         "variance": {"size": 1, "activation": "exp", "init_w": "zeros"},
         "surprise": {"form": "loss", "loss": "gaussian_nll"}},
        edges=["instrument -> variance", (["input", "target", "variance"], "surprise")], loss=None)


def main(epochs: int = 300, folder=None, count: int = 1000) -> float:
    """Train for `epochs` epochs on `count` points, save a figure in `folder` and return the RMS error of the curve."""
    pytensor.config.floatX = "float64"
    data = measurements(count, np.random.default_rng(0))
    rate = symloss.schedules.cosine(0.02, steps=epochs * -(-count // 50))
    settings = {"algo": "adam", "learning_rate": rate, "batch_size": 50, "epochs": epochs, "patience": None,
                "verbose": 0}

    # 1. The squared error treats all measurements as equally good, so the worst ones have the most influence.
    plain = model("mse")
    plain.train(data, **settings)

    # 2. The loss is a network. Its inputs 'input' and 'target' receive the prediction and the measurement. `ports` says
    # where its other inputs come from. Its parameters appear in the summary and are trained together with those of the
    # model.
    noise = noise_model()
    net = model({"form": "network", "network": noise, "ports": {"instrument": "who"}})
    print(net.explain())
    print(net.summary())
    net.train(data, **settings)

    # 3. The best possible case: we know how noisy each instrument is. The weight of a measurement is one over the
    # variance.
    told = model("mse", weighted=True)
    told.train(data | {"weights": 1 / (data["who"] @ DEVIATIONS) ** 2}, **settings)

    # 4. Predicting the curve needs no instrument. The network inside the loss is still an ordinary network, and so is
    # each part of it. What has it learned about the instruments?
    places = np.linspace(-1, 1, 400)[:, None]
    curves = {"squared error": plain, "learned noise": net, "known noise": told}
    found = {name: one.predict(places) for name, one in curves.items()}
    errors = {name: float(np.sqrt(np.square(one - truth(places)).mean())) for name, one in found.items()}
    deviations = np.sqrt(noise.part("instrument", "variance").predict(np.eye(INSTRUMENTS)))[:, 0]
    print(", ".join(f"{name}: error {error:.3f}" for name, error in errors.items()))
    draw(data, places, found, deviations, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return errors["learned noise"]


def draw(data, places, found, deviations, folder):
    """Draw the measurements with the curves, and the true and the learned noise of each instrument."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
    learned = np.log10(data["who"] @ deviations)
    points = left.scatter(data["x"], data["y"], s=6, c=learned, cmap="viridis", alpha=0.6, linewidths=0)
    figure.colorbar(points, ax=left, label="learned standard deviation, log10")
    left.plot(places, truth(places), color="gray", linewidth=1.2, linestyle="dashed", label="truth")
    left.plot(places, found["squared error"], color="C3", label="squared error")
    left.plot(places, found["learned noise"], color="C0", label="learned noise")
    left.set(xlabel="place", ylim=(-4, 4))
    left.legend(fontsize=8, loc="upper left")
    right.plot(DEVIATIONS, deviations, "o", color="C0")
    right.plot(DEVIATIONS, DEVIATIONS, color="gray", linewidth=0.8)
    right.set(xlabel="noise of an instrument (standard deviation)", ylabel="learned by the loss", xscale="log",
              yscale="log")
    figure.savefig(folder / "12_loss_network.png", dpi=120)
    print(f"figure: {folder / '12_loss_network.png'}")


if __name__ == "__main__":
    main()
