"""What does the generated C look like, and how fast is it?

symloss turns a model and its loss into one C file that you can read. This tutorial prints the file of a small model and
measures how many items per second it trains on, with batches of one item up to about a thousand. Run it with ``python
tutorials/24_generated_c.py``. It takes about ten seconds.
"""

import importlib.util
import pathlib
import tempfile
import time

import numpy as np
import pytensor

import symloss


def main(epochs: int = 1, folder=None, count: int = 20_000) -> float:
    """Measure `epochs` epochs for each batch size, save a figure, and return the highest number of items per second."""
    pytensor.config.floatX = "float32"
    net = symloss.Regressor([10, 20, 3], loss="mae", seed=1)

    # 1. The C file. Each function is a kernel, and its comment is the formula that it computes, with the names of the
    # model. The function `step` at the end calls the kernels in order: forward, loss, gradients, updates.
    text = net.c_source("sgd")
    print(text[text.index("static void update_updates"):text.index("int symloss_step")])
    print(f"{len(text.splitlines())} lines of C in all, with the products and sums that these functions call")

    # 2. What the compiler decided: kernels, products and memory.
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(count, 10)).astype("float32"), rng.normal(size=(count, 3)).astype("float32")
    net.train([x, y], algo="sgd", epochs=1, verbose=0)
    print(net.explain())

    # 3. Each step has a fixed cost: it gathers rows, calls kernels and updates every parameter. With a batch size of 1,
    # every item pays this cost in full. The items of a larger batch share it.
    sizes, speeds = [1, 4, 16, 64, 256, 1024], []
    for size in sizes:
        net.train([x[:2048], y[:2048]], algo="sgd", batch_size=size, epochs=1, verbose=0)  # compiles
        start = time.perf_counter()
        net.train([x, y], algo="sgd", batch_size=size, epochs=epochs, patience=None, verbose=0)
        speeds.append(epochs * count / (time.perf_counter() - start))
        print(f"batch size {size:5}: {speeds[-1]:12,.0f} items a second")

    if importlib.util.find_spec("matplotlib"):
        folder = pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-"))
        draw(sizes, speeds, folder / "24_generated_c.png")
    return max(speeds)


def draw(sizes, speeds, path):
    """Draw the items per second over the batch size."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.subplots()
    axes.loglog(sizes, speeds, "o-")
    axes.set(xlabel="batch size", ylabel="items a second", title="(10, 20, 3), mean absolute error, sgd")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    print(f"figure: {path}")


if __name__ == "__main__":
    main()
